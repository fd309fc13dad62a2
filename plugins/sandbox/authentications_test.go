package sandbox_test

import (
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestAuthentication(t *testing.T) {
	h, _ := start(t)
	client := paymentsv1.NewAuthenticationServiceClient(h.Conn)
	type status = paymentsv1.AuthenticationStatus
	const (
		succeeded = paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_SUCCEEDED
		declined  = paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_DECLINED
		waits     = paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_REQUIRES_ACTION
	)
	for name, c := range map[string]struct {
		number  string
		method  bool
		outcome string // of the challenge
		want    status
		pays    paymentsv1.PaymentStatus
	}{
		"frictionless":        {"4242424242424242", false, "", succeeded, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		"method":              {"4000000000003105", true, "", succeeded, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		"method, challenge":   {"4000000000003220", true, "approve", succeeded, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		"failed challenge":    {"4000002500003155", false, "decline", declined, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		"declined":            {"4000000000003113", false, "", declined, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		"unavailable, passes": {"4000000000003121", false, "", paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_UNAVAILABLE, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
	} {
		t.Run(name, func(t *testing.T) {
			card := cardNumbered(c.number)
			pre, err := client.PreAuthenticate(h.Context(key("pre"+name)), &paymentsv1.PreAuthenticateRequest{Reference: "order-1001", PaymentMethod: card, Amount: dollars(1000)})
			if err != nil || (pre.GetAuthentication().GetNextAction().GetThreeDsMethod() != nil) != c.method {
				t.Fatalf("got %v %v", pre, err)
			}
			id := pre.GetAuthentication().GetId()
			ask := &paymentsv1.AuthenticateRequest{
				AuthenticationId: id, PaymentMethod: card, Amount: dollars(1000), BrowserInfo: &paymentsv1.BrowserInfo{UserAgent: "Mozilla/5.0"},
				ThreeDsMethod: &paymentsv1.ThreeDsMethodResult{Completed: true}, ReturnUrl: "https://shop.example/return",
			}
			resp, err := client.Authenticate(h.Context(key("auth"+name)), ask)
			if err != nil {
				t.Fatal(err)
			}
			a := resp.GetAuthentication()
			if c.outcome != "" {
				if a.GetStatus() != waits {
					t.Fatalf("got %v", a)
				}
				_, err := client.PostAuthenticate(h.Context(key("forged"+name)), &paymentsv1.PostAuthenticateRequest{
					AuthenticationId: id, Redirect: &paymentsv1.RedirectResult{Query: map[string]string{"redirect_result": "rr_forged"}},
				})
				if f := failureOf(err); f.reason != "REDIRECT_FORGED" {
					t.Errorf("forged: %+v", f)
				}
				query := visit(t, a.GetNextAction(), c.outcome)
				post, err := client.PostAuthenticate(h.Context(key("post"+name)), &paymentsv1.PostAuthenticateRequest{
					AuthenticationId: id, Redirect: &paymentsv1.RedirectResult{Query: query},
				})
				if err != nil {
					t.Fatal(err)
				}
				a = post.GetAuthentication()
			}
			if a.GetStatus() != c.want || (a.GetDecline() != nil) != (c.want == declined) || a.GetResult().GetAuthentication().GetVersion() != "2.2.0" {
				t.Fatalf("got %v, want %s", a, c.want)
			}
			for how, threeDS := range map[string]*paymentsv1.ThreeDs{
				"by id":    {Source: &paymentsv1.ThreeDs_AuthenticationId{AuthenticationId: id}},
				"external": {Source: &paymentsv1.ThreeDs_External{External: a.GetResult().GetAuthentication()}},
			} {
				pays := order("", automatic)
				pays.PaymentMethod, pays.ThreeDs = card, threeDS
				paid, err := h.Payments.Authorize(h.Context(key("pay"+how+name)), pays)
				if err != nil || paid.GetPayment().GetStatus() != c.pays {
					t.Errorf("%s: got %v %v, want %s", how, paid, err, c.pays)
				}
			}
			_, err = client.Authenticate(h.Context(key("again"+name)), ask)
			if f := failureOf(err); f.reason != "AUTHENTICATION_NOT_READY" {
				t.Errorf("again: %+v", f)
			}
		})
	}
}
