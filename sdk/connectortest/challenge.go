package connectortest

import (
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// returnURL is where the payer's browser would come back to; nothing is there.
const returnURL = "https://shop.example/return?cart=42"

// challenged makes a payment that waits for its payer.
func (c *Case) challenged() *paymentsv1.Payment {
	if len(c.plan.Samples.Challenge) == 0 {
		c.Skipf("samples.challenge in test.yaml is missing")
	}
	req := c.authorizeSample(c.plan.Samples.Challenge, automatic)
	req.ReturnUrl = returnURL
	p, err := c.authorize(req)
	c.ok("Authorize", err)
	equal(c, "status of the payment to work with", requiresAction, p.GetStatus())
	return p
}

// visits does what the payer's browser does at the page of a challenge, with the
// payer's decision added to the query, and gives what comes back.
func (c *Case) visits(p *paymentsv1.Payment, decision string) *paymentsv1.RedirectResult {
	if decision == "" {
		c.Skipf("samples.challenge_approved and challenge_declined in test.yaml are missing")
	}
	page, err := url.Parse(p.GetNextAction().GetRedirect().GetUrl())
	if err != nil || page.Host == "" {
		c.Skipf("the payer is not sent to a page: %v", p.GetNextAction())
	}
	if page.RawQuery != "" {
		decision = page.RawQuery + "&" + decision
	}
	page.RawQuery = decision
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, page.String(), nil)
	if err != nil {
		c.Fatalf("%v", err)
	}
	resp, err := browser.Do(req)
	if err != nil {
		c.Fatalf("the page of the challenge: %v", err)
	}
	_ = resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		c.Fatalf("the page of the challenge: expected that it sends the browser back, got %s", resp.Status)
	}
	result := &paymentsv1.RedirectResult{Query: map[string]string{}}
	for name := range back.Query() {
		result.Query[name] = back.Query().Get(name)
	}
	return result
}

func beginComplete(c *Case) job {
	p := c.challenged()
	came := c.visits(p, c.plan.Samples.ChallengeApproved)
	req := asked(c, "Complete", &paymentsv1.CompleteRequest{
		PaymentId: p.GetId(), Amount: p.GetAmount(), Result: &paymentsv1.CompleteRequest_Redirect{Redirect: came},
	})
	j := onPayment(c, p, entry{}, entry{amount: usual, captured: usual})
	j.req, j.never = req, nil // the page itself may have completed it
	j.done = func(resp proto.Message) {
		got := resp.(*paymentsv1.CompleteResponse).GetPayment()
		equal(c, "payment.id", p.GetId(), got.GetId())
		equal(c, "payment.reference", p.GetReference(), got.GetReference())
		equal(c, "payment.status", captured, got.GetStatus())
		c.money("payment.amount", p.GetAmount(), got.GetAmount())
		c.amounts(got, 0, usual, 0)
		if got.GetNextAction() != nil {
			c.Fatalf("next_action of a completed payment: expected none, got %v", got.GetNextAction())
		}
	}
	return j
}

func challengeScenarios() []Scenario {
	needs := Needs{Operations: []string{"Authorize", "Complete"}}
	return []Scenario{
		{
			ID: "complete/declined", Needs: needs, Proves: cells(Declines, "Complete"), run: completeDeclined,
			Summary: "A challenge that the payer fails is a decline, and moves nothing",
		},
		{
			ID: "complete/unvisited", Needs: needs, Proves: cells(State, "Complete"), run: completeUnvisited,
			Summary: "A payment whose payer has not been at the page is not completed, whatever comes back",
		},
		{
			ID: "complete/read-after", Needs: Needs{Operations: []string{"Authorize", "GetPayment"}}, Proves: cells(State, "GetPayment"), run: readAfterChallenge,
			Summary: "GetPayment tells what became of a challenge, Complete or not",
		},
	}
}

func (c *Case) complete(p *paymentsv1.Payment, came *paymentsv1.RedirectResult) (*paymentsv1.Payment, error) {
	resp := &paymentsv1.CompleteResponse{}
	err := c.invoke("Complete", asked(c, "Complete", &paymentsv1.CompleteRequest{
		PaymentId: p.GetId(), Amount: p.GetAmount(), Result: &paymentsv1.CompleteRequest_Redirect{Redirect: came},
	}), resp)
	return resp.GetPayment(), err
}

func completeDeclined(c *Case) {
	p := c.challenged()
	got, err := c.complete(p, c.visits(p, c.plan.Samples.ChallengeDeclined))
	c.ok("Complete", err)
	equal(c, "payment.status", declined, got.GetStatus())
	if got.GetDecline().GetCode() == "" {
		c.Fatalf("decline: expected a code, got %v", got.GetDecline())
	}
	c.unbooked(p.GetReference())
}

func completeUnvisited(c *Case) {
	p := c.challenged()
	got, err := c.complete(p, &paymentsv1.RedirectResult{Query: map[string]string{"payment_id": p.GetId()}})
	if err != nil {
		c.forbidden("Complete before the payer was at the page", err)
	} else {
		equal(c, "payment.status", requiresAction, got.GetStatus())
	}
	c.unbooked(p.GetReference())
}

func readAfterChallenge(c *Case) {
	p := c.challenged()
	c.visits(p, c.plan.Samples.ChallengeApproved)
	got, err := c.getPayment(p.GetId())
	c.ok("GetPayment", err)
	if c.has("Complete") && got.GetStatus() != captured {
		got, err = c.complete(p, &paymentsv1.RedirectResult{})
		c.ok("Complete", err)
	}
	equal(c, "payment.status", captured, got.GetStatus())
	c.amounts(got, 0, usual, 0)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual})
}
