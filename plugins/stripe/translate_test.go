package stripe

import (
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestAmounts(t *testing.T) {
	type amounts struct{ authorized, capturable, captured, refunded int64 }
	charge := func(captured, refunded, authorized int64) *api.Charge {
		c := &api.Charge{ID: "ch_1", Amount: 1000, AmountCaptured: captured, AmountRefunded: refunded, Paid: true}
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

// TestClientAction: what only Stripe's own SDKs can do is handed on to them.
func TestClientAction(t *testing.T) {
	for name, next := range map[string]*api.NextAction{
		"use_stripe_sdk": {Type: "use_stripe_sdk", Raw: []byte(`{"type":"use_stripe_sdk","use_stripe_sdk":{"source":"src_1"}}`)},
		"nothing said":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := payment(t.Context(), &api.PaymentIntent{
				ID: "pi_1", Currency: "eur", Status: "requires_action", ClientSecret: "pi_1_secret_2", NextAction: next,
			})
			if err != nil {
				t.Fatal(err)
			}
			data := p.GetConnectorData().GetFields()
			if p.GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION || p.GetNextAction() != nil {
				t.Errorf("payment is %v", p)
			}
			if got := data["client_secret"].GetStringValue(); got != "pi_1_secret_2" {
				t.Errorf("client secret is %q", got)
			}
			source := data["next_action"].GetStructValue().GetFields()["use_stripe_sdk"].GetStructValue().GetFields()["source"].GetStringValue()
			if (next != nil) != (source == "src_1") {
				t.Errorf("next action is %v", data["next_action"])
			}
		})
	}
}

// TestRedirectNeedsNoClientSecret: what nobody needs is not handed out.
func TestRedirectNeedsNoClientSecret(t *testing.T) {
	p, err := payment(t.Context(), &api.PaymentIntent{
		ID: "pi_1", Currency: "eur", Status: "requires_action", ClientSecret: "pi_1_secret_2",
		NextAction: &api.NextAction{Type: "redirect_to_url", RedirectToURL: &api.RedirectToURL{URL: "https://hooks.stripe.com/3ds"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.GetNextAction().GetRedirect().GetUrl(); got != "https://hooks.stripe.com/3ds" {
		t.Errorf("redirect is %q", got)
	}
	if _, given := p.GetConnectorData().GetFields()["client_secret"]; given {
		t.Error("the client secret was handed out")
	}
}
