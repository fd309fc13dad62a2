package stripe

import (
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestAmounts(t *testing.T) {
	type amounts struct{ authorized, capturable, captured, refunded int64 }
	charge := func(captured, refunded, authorized int64) *api.Charge {
		c := &api.Charge{ID: "ch_1", Object: "charge", Amount: 1000, AmountCaptured: captured, AmountRefunded: refunded, Paid: true}
		c.PaymentMethodDetails.Card.AmountAuthorized = authorized
		return c
	}
	for name, tt := range map[string]struct {
		intent api.PaymentIntent
		want   amounts
	}{
		"nothing yet":          {api.PaymentIntent{}, amounts{}},
		"charge not expanded":  {api.PaymentIntent{AmountReceived: 1000, LatestCharge: &api.Charge{ID: "ch_1"}}, amounts{captured: 1000}},
		"authorized":           {api.PaymentIntent{AmountCapturable: 1000, LatestCharge: charge(0, 0, 1000)}, amounts{authorized: 1000, capturable: 1000}},
		"partially authorized": {api.PaymentIntent{AmountCapturable: 700, LatestCharge: charge(0, 0, 700)}, amounts{authorized: 700, capturable: 700}},
		"captured":             {api.PaymentIntent{AmountReceived: 1000, LatestCharge: charge(1000, 0, 0)}, amounts{authorized: 1000, captured: 1000}},
		"refunded":             {api.PaymentIntent{AmountReceived: 1000, LatestCharge: charge(1000, 300, 0)}, amounts{authorized: 1000, captured: 1000, refunded: 300}},
		"a part captured, the rest released": {
			api.PaymentIntent{AmountReceived: 400, LatestCharge: charge(400, 600, 0)}, amounts{authorized: 1000, captured: 400}},
		"a part captured, a part of it refunded": {
			api.PaymentIntent{AmountReceived: 400, LatestCharge: charge(400, 700, 0)}, amounts{authorized: 1000, captured: 400, refunded: 100}},
		"a part captured, more to come, some refunded": {
			api.PaymentIntent{AmountReceived: 400, AmountCapturable: 600, LatestCharge: charge(400, 100, 0)},
			amounts{authorized: 1000, capturable: 600, captured: 400, refunded: 100}},
		"released":      {api.PaymentIntent{LatestCharge: charge(0, 1000, 0)}, amounts{authorized: 1000}},
		"over-captured": {api.PaymentIntent{AmountReceived: 1100, LatestCharge: charge(1100, 50, 0)}, amounts{authorized: 1000, captured: 1100, refunded: 50}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.intent.Currency, tt.intent.Amount = "usd", 1000
			p := &paymentsv1.Payment{}
			if err := setAmounts(p, &tt.intent); err != nil {
				t.Fatal(err)
			}
			got := amounts{
				p.GetAuthorizedAmount().GetMinorUnits(), p.GetCapturableAmount().GetMinorUnits(),
				p.GetCapturedAmount().GetMinorUnits(), p.GetRefundedAmount().GetMinorUnits(),
			}
			if got != tt.want || p.GetAmount().GetCurrencyCode() != "USD" {
				t.Errorf("amounts are %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestWhatWasPaidWith: an instrument that is kept for a customer can be named
// again, and is a mandate where the payer need not be there.
func TestWhatWasPaidWith(t *testing.T) {
	charge := &api.Charge{ID: "ch_1", Object: "charge", Paid: true, PaymentMethodDetails: api.PaymentMethodDetails{Type: "card", Card: api.CardDetails{
		Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2030, Funding: "debit", Country: "FR", Fingerprint: "fp", AuthorizationCode: "831000",
		NetworkTransactionID: "MCC1", CaptureBefore: 1900000000,
		ThreeDSecure: &api.ThreeDSecureResult{AuthenticationFlow: "challenge", ElectronicCommerceIndicator: "05", Result: "authenticated", TransactionID: "ds", Version: "2.2.0"},
	}}}
	paidWith := &charge.PaymentMethodDetails.Card
	paidWith.Wallet.Type = "apple_pay"
	paidWith.Checks.AddressLine1Check, paidWith.Checks.AddressPostalCodeCheck, paidWith.Checks.CVCCheck = "pass", "unavailable", "fail"
	for usage, want := range map[string]struct{ token, mandate string }{
		"": {"", ""}, "on_session": {"pm_1", ""}, "off_session": {"pm_1", "pm_1"},
	} {
		p, err := payment(t.Context(), &api.PaymentIntent{
			ID: "pi_1", Currency: "eur", Status: "succeeded", LatestCharge: charge, Customer: "cus_1", PaymentMethod: "pm_1", SetupFutureUsage: usage,
		})
		if err != nil {
			t.Fatal(err)
		}
		m, c := p.GetPaymentMethod(), p.GetPaymentMethod().GetCard()
		if m.GetToken() != want.token || p.GetMandateId() != want.mandate || p.GetCustomerId() != "cus_1" {
			t.Errorf("%q: token %q, mandate %q of %q", usage, m.GetToken(), p.GetMandateId(), p.GetCustomerId())
		}
		if m.GetType() != "card" || m.GetWallet() != "apple_pay" || c.GetNetwork() != "visa" || c.GetFunding() != paymentsv1.CardFunding_CARD_FUNDING_DEBIT ||
			c.GetStreetCheck() != paymentsv1.CheckResult_CHECK_RESULT_MATCH || c.GetSecurityCodeCheck() != paymentsv1.CheckResult_CHECK_RESULT_MISMATCH ||
			c.GetPostalCodeCheck() != paymentsv1.CheckResult_CHECK_RESULT_UNAVAILABLE {
			t.Errorf("payment method is %v", m)
		}
		if p.GetApprovalCode() != "831000" || p.GetNetworkTransactionId() != "MCC1" || p.GetAuthorizationExpireTime().GetSeconds() != 1900000000 {
			t.Errorf("payment is %v", p)
		}
		a := p.GetThreeDs().GetAuthentication()
		if a.GetStatus() != paymentsv1.ThreeDsStatus_THREE_DS_STATUS_AUTHENTICATED || !a.GetChallenged() || a.GetEci() != "05" || a.GetDsTransactionId() != "ds" {
			t.Errorf("authentication is %v", a)
		}
	}
}

func TestPaymentStatus(t *testing.T) {
	refused := &api.Failure{Type: api.TypeCardError, Code: "card_declined"}
	for _, tt := range []struct {
		name   string
		intent api.PaymentIntent
		want   paymentsv1.PaymentStatus
	}{
		{"untouched", api.PaymentIntent{Status: "requires_payment_method"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION},
		{"request that was no attempt", api.PaymentIntent{Status: "requires_payment_method", LastPaymentError: &api.Failure{Type: api.TypeIdempotencyError}}, paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION},
		{"refused", api.PaymentIntent{Status: "requires_payment_method", LastPaymentError: refused}, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		{"authentication failed", api.PaymentIntent{Status: "requires_payment_method", LastPaymentError: &api.Failure{Type: "invalid_request_error", Code: "payment_intent_authentication_failure"}}, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		{"not confirmed", api.PaymentIntent{Status: "requires_confirmation"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION},
		{"action", api.PaymentIntent{Status: "requires_action", LastPaymentError: refused}, paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION},
		{"processing", api.PaymentIntent{Status: "processing"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING},
		{"authorized", api.PaymentIntent{Status: "requires_capture"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED},
		{"partly captured", api.PaymentIntent{Status: "requires_capture", AmountReceived: 1}, paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED},
		{"captured", api.PaymentIntent{Status: "succeeded"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		{"voided", api.PaymentIntent{Status: "canceled", CancellationReason: "abandoned"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED},
		{"voided without a reason", api.PaymentIntent{Status: "canceled"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED},
		{"expired", api.PaymentIntent{Status: "canceled", CancellationReason: "expired"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED},
		{"expired by itself", api.PaymentIntent{Status: "canceled", CancellationReason: "automatic"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED},
		{"rest released", api.PaymentIntent{Status: "canceled", AmountReceived: 500}, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		{"unknown word", api.PaymentIntent{Status: "requires_patience"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := paymentStatus(t.Context(), &tt.intent); got != tt.want {
				t.Errorf("status is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRefundStatus(t *testing.T) {
	for word, want := range map[string]paymentsv1.RefundStatus{
		"pending":         paymentsv1.RefundStatus_REFUND_STATUS_PENDING,
		"succeeded":       paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED,
		"failed":          paymentsv1.RefundStatus_REFUND_STATUS_FAILED,
		"canceled":        paymentsv1.RefundStatus_REFUND_STATUS_FAILED,
		"requires_action": paymentsv1.RefundStatus_REFUND_STATUS_REQUIRES_ACTION,
		"":                paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
		"on_its_way":      paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
	} {
		if got := refundStatuses.Meaning(t.Context(), word); got != want {
			t.Errorf("%q is %s, want %s", word, got, want)
		}
	}
}

// TestNextActions: each action of Stripe's in the contract's words, and what only
// Stripe's SDKs can do handed over to them.
func TestNextActions(t *testing.T) {
	const secret = "pi_1_secret_2"
	for said, want := range map[string]string{
		`{"type":"redirect_to_url","redirect_to_url":{"url":"https://hooks.stripe.com/3ds","return_url":null}}`:                                                                                                          `{"redirect":{"url":"https://hooks.stripe.com/3ds","method":"GET"}}`,
		`{"type":"alipay_handle_redirect","alipay_handle_redirect":{"url":"https://pay.example/a"}}`:                                                                                                                     `{"redirect":{"url":"https://pay.example/a","method":"GET"}}`,
		`{"type":"verify_with_microdeposits","verify_with_microdeposits":{"hosted_verification_url":"https://p.example/v"}}`:                                                                                             `{"redirect":{"url":"https://p.example/v","method":"GET"}}`,
		`{"type":"boleto_display_details","boleto_display_details":{"number":"237","hosted_voucher_url":"https://p.example/b","expires_at":60}}`:                                                                         `{"displayVoucher":{"paymentCode":"237","voucherUrl":"https://p.example/b","expireTime":"1970-01-01T00:01:00Z"}}`,
		`{"type":"oxxo_display_details","oxxo_display_details":{"number":"93","hosted_voucher_url":"https://p.example/o","expires_after":60}}`:                                                                           `{"displayVoucher":{"paymentCode":"93","voucherUrl":"https://p.example/o","expireTime":"1970-01-01T00:01:00Z"}}`,
		`{"type":"multibanco_display_details","multibanco_display_details":{"entity":"12","reference":"34"}}`:                                                                                                            `{"displayVoucher":{"paymentCode":"34","entity":"12"}}`,
		`{"type":"konbini_display_details","konbini_display_details":{"hosted_voucher_url":"https://p.example/k"}}`:                                                                                                      `{"displayVoucher":{"voucherUrl":"https://p.example/k"}}`,
		`{"type":"pix_display_qr_code","pix_display_qr_code":{"data":"000201","image_url_png":"https://p.example/q.png","expires_at":60}}`:                                                                               `{"displayQr":{"data":"000201","imageUrl":"https://p.example/q.png","expireTime":"1970-01-01T00:01:00Z"}}`,
		`{"type":"wechat_pay_display_qr_code","wechat_pay_display_qr_code":{"data":"weixin://1","hosted_instructions_url":"https://p.example/w"}}`:                                                                       `{"displayQr":{"data":"weixin://1","appUrl":"https://p.example/w"}}`,
		`{"type":"cashapp_handle_redirect_or_display_qr_code","cashapp_handle_redirect_or_display_qr_code":{"mobile_auth_url":"https://c.example/m","qr_code":{"image_url_png":"https://c.example/q","expires_at":60}}}`: `{"displayQr":{"imageUrl":"https://c.example/q","appUrl":"https://c.example/m","expireTime":"1970-01-01T00:01:00Z"}}`,
		`{"type":"swish_handle_redirect_or_display_qr_code","swish_handle_redirect_or_display_qr_code":{"qr_code":{"data":"D1"}}}`:                                                                                       `{"displayQr":{"data":"D1"}}`,
		`{"type":"blik_authorize","blik_authorize":{}}`:        `{"wait":{}}`,
		`{"type":"use_stripe_sdk","use_stripe_sdk":{"url":7}}`: `{"clientSdk":{"sdk":"stripe.js","clientSecret":"pi_1_secret_2","parameters":{"next_action":{"type":"use_stripe_sdk","use_stripe_sdk":{"url":7}}}}}`,
		`{"type":"something_new","something_new":{"n":1}}`:     `{"clientSdk":{"sdk":"stripe.js","clientSecret":"pi_1_secret_2","parameters":{"next_action":{"type":"something_new","something_new":{"n":1}}}}}`,
		`{"type":"redirect_to_url","redirect_to_url":{}}`:      `{"clientSdk":{"sdk":"stripe.js","clientSecret":"pi_1_secret_2","parameters":{"next_action":{"type":"redirect_to_url","redirect_to_url":{}}}}}`,
		`null`: `{"clientSdk":{"sdk":"stripe.js","clientSecret":"pi_1_secret_2"}}`,
	} {
		var action *api.NextAction
		if err := json.Unmarshal([]byte(said), &action); err != nil {
			t.Fatal(err)
		}
		wanted := &paymentsv1.NextAction{}
		if err := protojson.Unmarshal([]byte(want), wanted); err != nil {
			t.Fatal(err)
		}
		if got := nextAction(action, secret); !proto.Equal(got, wanted) {
			t.Errorf("%s is %v, want %v", said, got, wanted)
		}
	}
}

// TestActionsAreNotGuessed: a next action of another shape makes the answer one
// that can't be understood.
func TestActionsAreNotGuessed(t *testing.T) {
	for _, said := range []string{`7`, `{"type":7}`, `{"type":"boleto_display_details","boleto_display_details":{"number":7}}`} {
		if err := json.Unmarshal([]byte(said), &api.NextAction{}); err == nil {
			t.Errorf("%s was understood", said)
		}
	}
}
