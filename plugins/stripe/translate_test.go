package stripe

import (
	"testing"

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
