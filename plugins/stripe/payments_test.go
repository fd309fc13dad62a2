package stripe

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

func TestAuthorizeSendsWhatWasAskedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*paymentsv1.AuthorizeRequest)
		want   map[string]string // "" = must be absent
	}{
		"captures at once": {func(*paymentsv1.AuthorizeRequest) {}, map[string]string{
			"capture_method": "automatic", "confirm": "true", "currency": "eur", "amount": "1050",
			"payment_method": "pm_card_visa", "payment_method_types[0]": "card", "error_on_requires_action": "",
			"automatic_payment_methods[enabled]": "", "payment_method_options[card][network]": "", "return_url": "",
		}},
		"captures later": {
			func(r *paymentsv1.AuthorizeRequest) { r.CaptureMethod = paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL },
			map[string]string{"capture_method": "manual"},
		},
		"card without the optional data": {
			func(r *paymentsv1.AuthorizeRequest) {
				r.PaymentMethod = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
					Number: "4242424242424242", ExpiryMonth: 1, ExpiryYear: 2031}}}
			},
			map[string]string{
				"payment_method_data[type]": "card", "payment_method_data[card][exp_month]": "1",
				"payment_method_data[card][cvc]": "", "payment_method_data[billing_details][name]": "", "payment_method": "",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPSP(t, map[string]http.HandlerFunc{
				"POST /v1/payment_intents": answer(200, intent(t, stripemock.Intent{Status: "succeeded"}, nil)),
			})
			h := start(t, p.URL)
			req := authorizeRequest()
			tt.change(req)
			if _, err := h.Payments.Authorize(h.Context(testKey), req); err != nil {
				t.Fatal(err)
			}
			sent := p.only(t, "POST")
			for field, want := range tt.want {
				if got := sent.Form[field]; got != want {
					t.Errorf("%s = %q, want %q", field, got, want)
				}
			}
			if got := sent.Headers["idempotency-key"]; got != testKey {
				t.Errorf("Idempotency-Key is %q", got)
			}
		})
	}
}

func TestAuthorizeRefusesWhatItCantSend(t *testing.T) {
	p := startPSP(t, nil)
	h := start(t, p.URL)
	for field, change := range map[string]func(*paymentsv1.AuthorizeRequest){
		"amount.minor_units": func(r *paymentsv1.AuthorizeRequest) {
			r.Amount = &paymentsv1.Money{CurrencyCode: "KWD", MinorUnits: 5124}
		},
		"metadata.patchbay_reference": func(r *paymentsv1.AuthorizeRequest) { r.Metadata = map[string]string{referenceKey: "x"} },
		"metadata.a[b]":               func(r *paymentsv1.AuthorizeRequest) { r.Metadata = map[string]string{"a[b]": "x"} },
	} {
		req := authorizeRequest()
		change(req)
		_, err := h.Payments.Authorize(h.Context(testKey), req)
		if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != field {
			t.Errorf("fields are %v, want %s", fields, field)
		}
	}
	if sent := p.requests(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
}

func TestAuthorizeDeclined(t *testing.T) {
	refused := object{
		"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
		"message": "Your card has insufficient funds.", "network_decline_code": "51", "network_advice_code": "24",
		"advice_code": "try_again_later", "charge": "ch_1",
	}
	with := func(intent any) object {
		e := object{"payment_intent": intent}
		maps.Copy(e, refused)
		return e
	}
	untouched := intent(t, stripemock.Intent{Status: "requires_payment_method"}, object{"latest_charge": "ch_1", "last_payment_error": refused})
	authorized := intent(t, stripemock.Intent{Status: "requires_capture"}, nil)

	for name, tt := range map[string]struct {
		failure object
		id      string
		want    paymentsv1.PaymentStatus
	}{
		"with a PaymentIntent":    {with(untouched), "pi_1", paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		"before a PaymentIntent":  {refused, "", paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		"although money is taken": {with(authorized), "pi_1", paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPSP(t, map[string]http.HandlerFunc{"POST /v1/payment_intents": failed(402, tt.failure)})
			h := start(t, p.URL)
			got, err := h.Payments.Authorize(h.Context(testKey), authorizeRequest())
			if err != nil {
				t.Fatal(err)
			}
			pay := got.GetPayment()
			if pay.GetStatus() != tt.want || pay.GetId() != tt.id || pay.GetReference() != "order-1001" || pay.GetAmount().GetMinorUnits() != 1050 {
				t.Errorf("payment is %v", pay)
			}
			if tt.want != paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED {
				return
			}
			d := pay.GetDecline()
			if d.GetCode() != "insufficient_funds" || d.GetNetworkCode() != "51" || d.GetAdviceCode() != "24" || d.GetConnectorMessage() != "Your card has insufficient funds." {
				t.Errorf("decline is %v", d)
			}
			if pay.GetCapturedAmount().GetMinorUnits() != 0 || pay.GetAuthorizedAmount().GetMinorUnits() != 0 {
				t.Errorf("declined, and yet there is money in %v", pay)
			}
		})
	}
}

// TestErrorsDoNotQuoteTheToken: a token can move money.
func TestErrorsDoNotQuoteTheToken(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{"POST /v1/payment_intents": failed(400, object{
		"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method", "message": "No such PaymentMethod: 'pm_secret'",
	})})
	h := start(t, p.URL)
	req := authorizeRequest()
	req.PaymentMethod = token("pm_secret")
	_, err := h.Payments.Authorize(h.Context(testKey), req)
	if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "payment_method.card_token.token" {
		t.Errorf("fields are %v", fields)
	}
	if strings.Contains(err.Error(), "pm_secret") || !strings.Contains(err.Error(), "req_test") {
		t.Errorf("error is %v", err)
	}
}

func TestGetDeclinedPayment(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{"GET /v1/payment_intents/pi_1": answer(200, intent(t,
		stripemock.Intent{Status: "requires_payment_method"},
		object{"last_payment_error": object{"type": "card_error", "code": "expired_card", "message": "Your card has expired."}},
	))})
	h := start(t, p.URL)
	got, err := h.Payments.GetPayment(h.Context(testKey), &paymentsv1.GetPaymentRequest{PaymentId: "pi_1"})
	if err != nil {
		t.Fatal(err)
	}
	if pay := got.GetPayment(); pay.GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED || pay.GetDecline().GetCode() != "expired_card" {
		t.Errorf("payment is %v", pay)
	}
}

func TestVoid(t *testing.T) {
	for reason, want := range map[string]string{"abandoned": "abandoned", "duplicate": "duplicate", "changed my mind": "", "": ""} {
		p := startPSP(t, map[string]http.HandlerFunc{
			"POST /v1/payment_intents/pi_1/cancel": answer(200, intent(t, stripemock.Intent{Status: "canceled"}, nil)),
		})
		h := start(t, p.URL)
		got, err := h.Payments.Void(h.Context(testKey), &paymentsv1.VoidRequest{PaymentId: "pi_1", Reason: reason})
		if err != nil {
			t.Fatal(err)
		}
		if status := got.GetPayment().GetStatus(); status != paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED {
			t.Errorf("status is %s", status)
		}
		if sent := p.only(t, "POST").Form["cancellation_reason"]; sent != want {
			t.Errorf("%q: cancellation_reason is %q, want %q", reason, sent, want)
		}
	}
}
