package sdk

import (
	"maps"
	"slices"
)

func contractCases() []contractCase {
	return slices.Concat(paymentCases(), mandateCases(), customerCases(), disputeCases(), payoutCases(), webhookCases())
}

const (
	jsonUSD  = `{"currency_code":"USD","minor_units":"1050"}`
	jsonEUR  = `{"currency_code":"EUR","minor_units":"1050"}`
	jsonLess = `{"currency_code":"USD","minor_units":"1049"}`
	jsonCard = `{"card":{"number":"4242424242424242","expiry_month":12,"expiry_year":2030}}`
)

// jsonPayment is a payment with this id and status, and further fields.
func jsonPayment(id, status, further string) string {
	return `{"payment":{"id":"` + id + `","status":"PAYMENT_STATUS_` + status + `"` + further + `}}`
}

func paymentCases() []contractCase {
	const (
		asked     = `,"reference":"order-1","amount":` + jsonUSD
		byID      = `{"payment_id":"pay_1"}`
		unknownID = `{"payment":{"id":"pay_1","status":"PAYMENT_STATUS_UNKNOWN"}}`
		authorize = `{"reference":"order-1","amount":` + jsonUSD + `,"payment_method":` + jsonCard + `}`
	)
	other := map[string]string{
		`{}`:                                 "payment.id",
		jsonPayment("pay_2", "CAPTURED", ""): "payment.id",
		`{"payment":{"id":"pay_1"}}`:         "payment.status",
		jsonPayment("pay_1", "CAPTURED", `,"amount":`+jsonUSD+`,"captured_amount":`+jsonEUR): "payment.captured_amount.currency_code",
	}
	return []contractCase{
		{
			service: "PaymentService", method: "Authorize", request: authorize,
			answer:  jsonPayment("pay_1", "AUTHORIZED", asked),
			unknown: `{"payment":{"status":"PAYMENT_STATUS_UNKNOWN"` + asked + `}}`,
			differs: map[string]string{jsonPayment("", "AUTHORIZED", asked): "payment.id"}, // more in TestIntegrity_authorize
		},
		{
			service: "PaymentService", method: "Complete", request: `{"payment_id":"pay_1","one_time_password":"1","amount":` + jsonUSD + `}`,
			answer: jsonPayment("pay_1", "AUTHORIZED", asked), unknown: unknownID,
			differs: merged(other, map[string]string{
				jsonPayment("pay_1", "AUTHORIZED", `,"amount":`+jsonLess): "payment.amount",
			}),
		},
		{
			service: "PaymentService", method: "Capture", request: byID,
			answer: jsonPayment("pay_1", "CAPTURED", asked), unknown: unknownID, differs: other,
		},
		{
			service: "PaymentService", method: "Void", request: byID,
			answer: jsonPayment("pay_1", "VOIDED", asked), unknown: unknownID, differs: other,
		},
		{
			service: "PaymentService", method: "Reverse", request: `{"payment_id":"pay_1","reference":"refund-1"}`,
			answer: jsonPayment("pay_1", "VOIDED", asked), unknown: unknownID,
			fits: []string{`{"payment":{"id":"pay_1","status":"PAYMENT_STATUS_CAPTURED"},"refund":{"id":"re_1","payment_id":"pay_1","status":"REFUND_STATUS_PENDING"}}`},
			differs: merged(other, map[string]string{
				`{"payment":{"id":"pay_1","status":"PAYMENT_STATUS_CAPTURED"},"refund":{"payment_id":"pay_2","status":"REFUND_STATUS_PENDING"}}`: "refund.payment_id",
				`{"payment":{"id":"pay_1","status":"PAYMENT_STATUS_CAPTURED"},"refund":{"payment_id":"pay_1"}}`:                                  "refund.status",
				`{"refund":{"payment_id":"pay_1","status":"REFUND_STATUS_PENDING"}}`:                                                             "payment.id",
			}),
		},
		{
			service: "PaymentService", method: "GetPayment", reads: true, request: byID,
			answer: jsonPayment("pay_1", "CAPTURED", asked), differs: other,
		},
		{
			service: "PaymentService", method: "FindPayment", reads: true, request: `{"reference":"order-1"}`,
			answer: `{"payments":[{"id":"pay_1","status":"PAYMENT_STATUS_CAPTURED"` + asked + `}]}`,
			fits:   []string{`{}`, `{"conclusive":true}`},
			differs: map[string]string{
				`{"payments":[{"id":"pay_1","status":"PAYMENT_STATUS_CAPTURED"` + asked + `},{"reference":"order-1","status":"PAYMENT_STATUS_CAPTURED"}]}`: "payments.id",
				`{"payments":[{"id":"pay_1","reference":"order-2","status":"PAYMENT_STATUS_CAPTURED"}]}`:                                                   "payments.reference",
				`{"payments":[{"id":"pay_1","reference":"order-1"}]}`:                                                                                      "payment.status",
			},
		},
		{
			service: "PaymentService", method: "AdjustAuthorization", request: `{"payment_id":"pay_1","amount":` + jsonUSD + `}`,
			answer: jsonPayment("pay_1", "AUTHORIZED", `,"authorized_amount":`+jsonUSD), unknown: unknownID,
			fits: []string{
				jsonPayment("pay_1", "PENDING", ""),
				jsonPayment("pay_1", "AUTHORIZED", `,"authorized_amount":`+jsonLess+`,"decline":{"code":"insufficient_funds"}`),
			},
			differs: merged(other, map[string]string{
				jsonPayment("pay_1", "AUTHORIZED", `,"authorized_amount":`+jsonLess):         "payment.authorized_amount",
				jsonPayment("pay_1", "PARTIALLY_CAPTURED", `,"authorized_amount":`+jsonLess): "payment.authorized_amount",
				jsonPayment("pay_2", "AUTHORIZED", `,"authorized_amount":`+jsonUSD):          "payment.id",
			}),
		},
		{
			service: "PaymentService", method: "ExtendAuthorization", request: byID,
			answer: jsonPayment("pay_1", "AUTHORIZED", asked), unknown: unknownID, differs: other,
		},
		{
			service: "PaymentService", method: "CreateOrder", request: `{"reference":"order-1","amount":` + jsonUSD + `}`,
			answer:  `{"order":{"id":"ord_1","status":"ORDER_STATUS_OPEN"` + asked + `}}`,
			unknown: `{"order":{"status":"ORDER_STATUS_UNKNOWN"` + asked + `}}`,
			differs: map[string]string{
				`{}`: "order.id",
				`{"order":{"status":"ORDER_STATUS_OPEN"` + asked + `}}`:                                                "order.id",
				`{"order":{"id":"ord_1"` + asked + `}}`:                                                                "order.status",
				`{"order":{"id":"ord_1","status":"ORDER_STATUS_OPEN","amount":` + jsonUSD + `}}`:                       "order.reference",
				`{"order":{"id":"ord_1","status":"ORDER_STATUS_OPEN","reference":"order-1","amount":` + jsonEUR + `}}`: "order.amount",
			},
		},
		{
			service: "RefundService", method: "CreateRefund", request: `{"payment_id":"pay_1","reference":"refund-1"}`,
			answer:  `{"refund":{"id":"re_1","payment_id":"pay_1","reference":"refund-1","status":"REFUND_STATUS_PENDING"}}`,
			unknown: `{"refund":{"payment_id":"pay_1","reference":"refund-1","status":"REFUND_STATUS_UNKNOWN"}}`,
			differs: map[string]string{`{}`: "refund"}, // more in TestIntegrity_refunds
		},
		{
			service: "RefundService", method: "GetRefund", reads: true, request: `{"refund_id":"re_1"}`,
			answer: `{"refund":{"id":"re_1","status":"REFUND_STATUS_PENDING"}}`, differs: map[string]string{`{}`: "refund.id"},
		},
		{
			service: "SurchargeService", method: "CalculateSurcharge", reads: true, request: `{"amount":` + jsonUSD + `,"payment_method":` + jsonCard + `}`,
			answer: `{"surcharge_amount":{"currency_code":"USD","minor_units":"20"},"total_amount":{"currency_code":"USD","minor_units":"1070"}}`,
			fits:   []string{`{"surcharge_amount":{"currency_code":"USD"},"total_amount":` + jsonUSD + `}`},
			differs: map[string]string{
				`{}`: "surcharge_amount.currency_code",
				`{"surcharge_amount":{"currency_code":"EUR","minor_units":"20"},"total_amount":{"currency_code":"EUR","minor_units":"1070"}}`: "surcharge_amount.currency_code",
				`{"surcharge_amount":{"currency_code":"USD","minor_units":"20"},"total_amount":{"currency_code":"USD","minor_units":"1071"}}`: "total_amount",
				`{"surcharge_amount":{"currency_code":"USD","minor_units":"20"}}`:                                                             "total_amount",
			},
		},
	}
}

// merged joins the rows of both.
func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
