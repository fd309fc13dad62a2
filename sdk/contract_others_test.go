package sdk

import "strings"

// byIDCases are those of the operations that name one thing by its PSP's id and
// answer with it; methods says which of them read.
func byIDCases(subject, service string, methods map[string]bool, active string) []contractCase {
	upper := strings.ToUpper(subject)
	one := func(id, status string) string {
		return `{"` + subject + `":{"id":"` + id + `","status":"` + upper + `_STATUS_` + status + `"}}`
	}
	var cases []contractCase
	for method, reads := range methods {
		c := contractCase{
			service: service, method: method, reads: reads, request: `{"` + subject + `_id":"x_1"}`, answer: one("x_1", active),
			differs: map[string]string{
				`{}`:                               subject + ".id",
				one("x_2", active):                 subject + ".id",
				`{"` + subject + `":{"id":"x_1"}}`: subject + ".status",
			},
		}
		if !reads {
			c.unknown = one("x_1", "UNKNOWN")
		}
		cases = append(cases, c)
	}
	return cases
}

func mandateCases() []contractCase {
	const (
		asked    = `,"reference":"mandate-1"`
		charged  = `,"reference":"charge-1","amount":` + jsonUSD
		browser  = `{"user_agent":"Mozilla/5.0","accept_header":"*/*","language":"en","color_depth":24,"screen_height":900,"screen_width":1600,"time_zone_offset_minutes":0,"ip_address":"192.0.2.1"}`
		threeDS  = `{"authentication_id":"x_1"`
		verified = `,"status":"AUTHENTICATION_STATUS_SUCCEEDED"`
	)
	authentication := map[string]string{
		`{}`: "authentication.id",
		`{"authentication":{"id":"x_2"` + verified + `}}`: "authentication.id",
		`{"authentication":{"id":"x_1"}}`:                 "authentication.status",
	}
	const unknownAuthentication = `{"authentication":{"id":"x_1","status":"AUTHENTICATION_STATUS_UNKNOWN"}}`
	return append(byIDCases("mandate", "MandateService", map[string]bool{"GetMandate": true, "RevokeMandate": false}, "ACTIVE"), []contractCase{
		{
			service: "MandateService", method: "SetupMandate", request: `{"reference":"mandate-1","payment_method":` + jsonCard + `}`,
			answer:  `{"mandate":{"id":"m_1","status":"MANDATE_STATUS_ACTIVE"` + asked + `}}`,
			unknown: `{"mandate":{"status":"MANDATE_STATUS_UNKNOWN"` + asked + `}}`,
			fits:    []string{`{"mandate":{"status":"MANDATE_STATUS_DECLINED"` + asked + `}}`},
			differs: map[string]string{
				`{}`: "mandate.id",
				`{"mandate":{"status":"MANDATE_STATUS_ACTIVE"` + asked + `}}`:                       "mandate.id",
				`{"mandate":{"id":"m_1"` + asked + `}}`:                                             "mandate.status",
				`{"mandate":{"id":"m_1","status":"MANDATE_STATUS_ACTIVE","reference":"mandate-2"}}`: "mandate.reference",
			},
		},
		{
			service: "MandateService", method: "ChargeMandate",
			request: `{"reference":"charge-1","mandate_id":"m_1","amount":` + jsonUSD + `,"reason":"MERCHANT_INITIATED_REASON_RECURRING"}`,
			answer:  jsonPayment("pay_1", "CAPTURED", charged),
			unknown: `{"payment":{"status":"PAYMENT_STATUS_UNKNOWN"` + charged + `}}`,
			fits:    []string{jsonPayment("", "DECLINED", "")},
			differs: map[string]string{
				`{}`:                                 "payment",
				jsonPayment("", "CAPTURED", charged): "payment.id",
				jsonPayment("pay_1", "CAPTURED", `,"reference":"charge-1","amount":`+jsonLess): "payment.amount",
				jsonPayment("pay_1", "CAPTURED", `,"reference":"charge-2","amount":`+jsonUSD):  "payment.reference",
			},
		},
		{
			service: "AuthenticationService", method: "PreAuthenticate", request: `{"reference":"order-1","payment_method":` + jsonCard + `}`,
			answer:  `{"authentication":{"id":"x_1","reference":"order-1","status":"AUTHENTICATION_STATUS_READY"}}`,
			unknown: `{"authentication":{"reference":"order-1","status":"AUTHENTICATION_STATUS_UNKNOWN"}}`,
			differs: map[string]string{
				`{}`: "authentication.id",
				`{"authentication":{"reference":"order-1","status":"AUTHENTICATION_STATUS_READY"}}`:            "authentication.id",
				`{"authentication":{"id":"x_1","reference":"order-1"}}`:                                        "authentication.status",
				`{"authentication":{"id":"x_1","reference":"order-2","status":"AUTHENTICATION_STATUS_READY"}}`: "authentication.reference",
			},
		},
		{
			service: "AuthenticationService", method: "Authenticate",
			request: threeDS + `,"payment_method":` + jsonCard + `,"amount":` + jsonUSD + `,"browser_info":` + browser + `}`,
			answer:  `{"authentication":{"id":"x_1"` + verified + `}}`, unknown: unknownAuthentication, differs: authentication,
		},
		{
			service: "AuthenticationService", method: "PostAuthenticate", request: threeDS + `}`,
			answer: `{"authentication":{"id":"x_1"` + verified + `}}`, unknown: unknownAuthentication, differs: authentication,
		},
	}...)
}

func customerCases() []contractCase {
	return append(byIDCases("customer", "CustomerService", map[string]bool{"GetCustomer": true, "UpdateCustomer": false, "DeleteCustomer": false}, "ACTIVE"), []contractCase{
		{
			service: "CustomerService", method: "CreateCustomer", request: `{"details":{"email":"jo@example.com","reference":"jo"}}`,
			answer:  `{"customer":{"id":"x_1","status":"CUSTOMER_STATUS_ACTIVE"}}`,
			unknown: `{"customer":{"status":"CUSTOMER_STATUS_UNKNOWN","details":{"reference":"jo"}}}`,
			differs: map[string]string{
				`{}`: "customer.id", `{"customer":{"status":"CUSTOMER_STATUS_ACTIVE"}}`: "customer.id", `{"customer":{"id":"x_1"}}`: "customer.status",
			},
		},
		{
			service: "PaymentMethodService", method: "Tokenize", request: `{"payment_method":` + jsonCard + `}`,
			answer: `{"payment_method":{}}`, fits: []string{`{"decline":{"code":"expired_card"}}`}, differs: map[string]string{`{}`: "payment_method"},
		},
		{service: "PaymentMethodService", method: "DeletePaymentMethod", request: `{"token":"tok_1"}`, answer: `{}`},
		{service: "PaymentMethodService", method: "CheckEligibility", reads: true, request: `{"amount":` + jsonUSD + `}`, answer: `{"payment_methods":[{"type":"card"}]}`},
		{
			service: "SessionService", method: "CreateClientSession", request: `{"reference":"order-1","amount":` + jsonUSD + `}`,
			answer: `{"session":{"id":"x_1"}}`, differs: map[string]string{`{}`: "session"},
		},
		{
			service: "SessionService", method: "CreateServerSession", request: `{"reference":"order-1"}`,
			answer: `{"session":{"id":"x_1"}}`, differs: map[string]string{`{}`: "session"},
		},
		{
			service: "SessionService", method: "CreateAccessToken", request: `{"scopes":["payments"]}`, free: true,
			answer: `{"access_token":"t"}`, differs: map[string]string{`{}`: "access_token"},
		},
	}...)
}

func disputeCases() []contractCase {
	cases := byIDCases("dispute", "DisputeService", map[string]bool{
		"GetDispute": true, "AcceptDispute": false, "SubmitEvidence": false, "DefendDispute": false,
	}, "UNDER_REVIEW")
	for i := range cases {
		if cases[i].method == "SubmitEvidence" {
			cases[i].request = `{"dispute_id":"x_1","evidence":[{"type":"DISPUTE_EVIDENCE_TYPE_RECEIPT","text":"sold"}]}`
		}
	}
	const good = `{"id":"x_1","payment_id":"pay_1","status":"DISPUTE_STATUS_WON"}`
	return append(cases, contractCase{
		service: "DisputeService", method: "ListDisputes", reads: true, request: `{"payment_id":"pay_1"}`, free: true,
		answer: `{"disputes":[` + good + `]}`, fits: []string{`{}`},
		differs: map[string]string{
			`{"disputes":[` + good + `,{"id":"x_2","payment_id":"pay_2","status":"DISPUTE_STATUS_WON"}]}`: "disputes.payment_id",
			`{"disputes":[{"payment_id":"pay_1","status":"DISPUTE_STATUS_WON"}]}`:                         "disputes.id",
			`{"disputes":[{"id":"x_1","payment_id":"pay_1"}]}`:                                            "disputes.status",
		},
	})
}

func payoutCases() []contractCase {
	const (
		asked   = `,"reference":"payout-1","amount":` + jsonUSD
		request = `{"reference":"payout-1","amount":` + jsonUSD + `,"destination":` + jsonCard + `}`
		unknown = `{"payout":{"status":"PAYOUT_STATUS_UNKNOWN"` + asked + `}}`
	)
	payout := func(id, status, further string) string {
		return `{"payout":{"id":"` + id + `","status":"PAYOUT_STATUS_` + status + `"` + further + `}}`
	}
	differs := map[string]string{
		`{}`:                                   "payout.id",
		payout("", "PENDING", asked):           "payout.id",
		`{"payout":{"id":"x_1"` + asked + `}}`: "payout.status",
		payout("x_1", "PENDING", `,"reference":"payout-2","amount":`+jsonUSD):  "payout.reference",
		payout("x_1", "PENDING", `,"reference":"payout-1","amount":`+jsonLess): "payout.amount",
	}
	return append(byIDCases("payout", "PayoutService", map[string]bool{"TransferPayout": false, "GetPayout": true, "VoidPayout": false}, "PENDING"), []contractCase{
		{
			service: "PayoutService", method: "CreatePayout", request: request, answer: payout("x_1", "PENDING", asked),
			unknown: unknown, fits: []string{payout("", "DECLINED", asked)}, differs: differs,
		},
		{
			service: "PayoutService", method: "StagePayout", request: `{"payout":` + request + `}`, answer: payout("x_1", "STAGED", asked),
			unknown: unknown, differs: differs,
		},
		{
			service: "PayoutService", method: "CreatePayoutLink", request: `{"reference":"payout-1","amount":` + jsonUSD + `}`,
			answer:  `{"link_id":"l_1","url":"https://psp.example/l_1"}`,
			unknown: unknown,
			fits:    []string{`{"link_id":"l_1","url":"https://psp.example/l_1","payout":{"reference":"payout-1","amount":` + jsonUSD + `}}`},
			differs: map[string]string{
				`{"url":"https://psp.example/l_1"}`: "link_id", `{"link_id":"l_1"}`: "url",
				`{"link_id":"l_1","url":"u","payout":{"reference":"payout-1","amount":` + jsonLess + `}}`: "payout.amount",
				`{"link_id":"l_1","url":"u","payout":{"reference":"payout-2","amount":` + jsonUSD + `}}`:  "payout.reference",
			},
		},
		{
			service: "PayoutService", method: "CreatePayoutRecipient", request: `{"reference":"jo","recipient":{"email":"jo@example.com"}}`,
			answer:  `{"recipient":{"id":"x_1","reference":"jo","status":"PAYOUT_RECIPIENT_STATUS_ACTIVE"}}`,
			unknown: `{"recipient":{"reference":"jo","status":"PAYOUT_RECIPIENT_STATUS_UNKNOWN"}}`,
			differs: map[string]string{
				`{}`: "recipient.id", `{"recipient":{"id":"x_1","reference":"jo"}}`: "recipient.status",
				`{"recipient":{"id":"x_1","reference":"al","status":"PAYOUT_RECIPIENT_STATUS_ACTIVE"}}`: "recipient.reference",
			},
		},
		{
			service: "PayoutService", method: "EnrollPayoutAccount", request: `{"recipient_id":"x_1","destination":` + jsonCard + `}`,
			answer:  `{"payout_account_id":"a_1","status":"PAYOUT_RECIPIENT_STATUS_ACTIVE"}`,
			unknown: `{"status":"PAYOUT_RECIPIENT_STATUS_UNKNOWN"}`,
			differs: map[string]string{
				`{"status":"PAYOUT_RECIPIENT_STATUS_ACTIVE"}`: "payout_account_id", `{"payout_account_id":"a_1"}`: "status",
			},
		},
	}...)
}

func webhookCases() []contractCase {
	const request = `{"request":{"method":"POST","url":"https://hooks.example/acme","body":"e30="}}`
	return []contractCase{
		{service: "WebhookService", method: "ParseWebhook", reads: true, request: request, answer: `{"account_hint":"acme","events":[{"id":"e_1"}]}`},
		{
			service: "WebhookService", method: "HandleWebhook", reads: true, request: request,
			answer: `{"verification":"WEBHOOK_VERIFICATION_VERIFIED","events":[{"id":"e_1","payment":{"id":"pay_1"}}]}`,
			fits: []string{
				`{"verification":"WEBHOOK_VERIFICATION_REJECTED"}`,
				`{"verification":"WEBHOOK_VERIFICATION_FETCH_BACK_REQUIRED","events":[{"id":"e_1","object_id":"pay_1"}]}`,
			},
			differs: map[string]string{ // content that nobody vouches for
				`{}`: "verification",
				`{"verification":"WEBHOOK_VERIFICATION_REJECTED","events":[{"id":"e_1","payment":{"id":"pay_1"}}]}`:            "events.subject",
				`{"verification":"WEBHOOK_VERIFICATION_UNSIGNED","events":[{"id":"e_1"},{"id":"e_2","refund":{"id":"re_1"}}]}`: "events.subject",
				`{"verification":"WEBHOOK_VERIFICATION_FETCH_BACK_REQUIRED","events":[{"payout":{"id":"x_1"}}]}`:               "events.subject",
			},
		},
	}
}
