package connectortest

import (
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// The operations below pay out, authenticate and open sessions.

func payoutRows() []row {
	return []row{
		{operation: "CreatePayout", begin: beginCreatePayout},
		{operation: "StagePayout", begin: beginStagePayout},
		{operation: "TransferPayout", needs: []string{"StagePayout"}, begin: beginTransferPayout},
		{operation: "GetPayout", needs: []string{"CreatePayout"}, begin: beginGetPayout},
		{operation: "VoidPayout", begin: beginVoidPayout},
		{operation: "CreatePayoutLink", begin: beginCreatePayoutLink},
		{operation: "CreatePayoutRecipient", begin: beginCreatePayoutRecipient},
		{operation: "EnrollPayoutAccount", needs: []string{"CreatePayoutRecipient"}, begin: beginEnrollPayoutAccount},
	}
}

func authenticationRows() []row {
	return []row{
		{operation: "PreAuthenticate", begin: beginPreAuthenticate},
		{operation: "Authenticate", needs: []string{"PreAuthenticate"}, begin: beginAuthenticate},
		{operation: "PostAuthenticate", needs: []string{"PreAuthenticate", "Authenticate"}, begin: beginPostAuthenticate},
	}
}

func sessionRows() []row {
	return []row{
		{operation: "CreateClientSession", begin: beginClientSession},
		{operation: "CreateServerSession", begin: beginServerSession},
		{operation: "CreateAccessToken", begin: beginAccessToken},
	}
}

func (c *Case) payoutRequest() *paymentsv1.CreatePayoutRequest {
	req := asked(c, "CreatePayout", &paymentsv1.CreatePayoutRequest{Reference: c.reference("payout"), Amount: c.amount(usual)})
	if req.GetDestination() == nil {
		c.Skipf("samples.requests.CreatePayout in test.yaml has no destination")
	}
	return req
}

// isPayout ends the case if a payout is not the one that was asked for, in one of
// the given states.
func (c *Case) isPayout(req *paymentsv1.CreatePayoutRequest, p *paymentsv1.Payout, states ...paymentsv1.PayoutStatus) {
	c.named("payout.id", p.GetId())
	equal(c, "payout.reference", req.GetReference(), p.GetReference())
	c.money("payout.amount", req.GetAmount(), p.GetAmount())
	for _, state := range states {
		if p.GetStatus() == state {
			return
		}
	}
	c.Fatalf("payout.status: expected one of %v, got %s", states, p.GetStatus())
}

// onTheWay are the states of a payout that is accepted.
func onTheWay() []paymentsv1.PayoutStatus {
	return []paymentsv1.PayoutStatus{paymentsv1.PayoutStatus_PAYOUT_STATUS_PENDING, paymentsv1.PayoutStatus_PAYOUT_STATUS_SUCCEEDED}
}

func beginCreatePayout(c *Case) job {
	req := c.payoutRequest()
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	return job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) {
			c.isPayout(req, resp.(*paymentsv1.CreatePayoutResponse).GetPayout(), onTheWay()...)
		},
	}
}

func beginStagePayout(c *Case) job {
	req := c.payoutRequest()
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	return job{
		req: &paymentsv1.StagePayoutRequest{Payout: req}, other: &paymentsv1.StagePayoutRequest{Payout: other},
		marks: []string{req.GetReference()},
		done: func(resp proto.Message) {
			c.isPayout(req, resp.(*paymentsv1.StagePayoutResponse).GetPayout(), paymentsv1.PayoutStatus_PAYOUT_STATUS_STAGED)
		},
	}
}

func (c *Case) staged() (*paymentsv1.CreatePayoutRequest, *paymentsv1.Payout) {
	req, resp := c.payoutRequest(), &paymentsv1.StagePayoutResponse{}
	c.ok("StagePayout", c.invoke("StagePayout", &paymentsv1.StagePayoutRequest{Payout: req}, resp))
	return req, resp.GetPayout()
}

// payoutIs reads a payout back.
func (c *Case) payoutIs(req *paymentsv1.CreatePayoutRequest, id string, states ...paymentsv1.PayoutStatus) {
	resp := &paymentsv1.GetPayoutResponse{}
	c.ok("GetPayout", c.invoke("GetPayout", &paymentsv1.GetPayoutRequest{PayoutId: id}, resp))
	equal(c, "GetPayout: payout.id", id, resp.GetPayout().GetId())
	c.isPayout(req, resp.GetPayout(), states...)
}

func beginTransferPayout(c *Case) job {
	req, staged := c.staged()
	j := job{
		req: asked(c, "TransferPayout", &paymentsv1.TransferPayoutRequest{PayoutId: staged.GetId()}), marks: []string{staged.GetId()},
		done: func(resp proto.Message) {
			got := resp.(*paymentsv1.TransferPayoutResponse).GetPayout()
			equal(c, "payout.id", staged.GetId(), got.GetId())
			c.isPayout(req, got, onTheWay()...)
		},
	}
	if c.has("GetPayout") {
		j.look = func() { c.payoutIs(req, staged.GetId(), onTheWay()...) }
	}
	return j
}

// unsent makes a payout that can still be withdrawn: one that is staged, or, where
// the PSP does not stage, one that has just been made.
func (c *Case) unsent() (*paymentsv1.CreatePayoutRequest, *paymentsv1.Payout) {
	if c.has("StagePayout") {
		return c.staged()
	}
	if !c.has("CreatePayout") {
		c.Skipf("the connector declares neither StagePayout nor CreatePayout")
	}
	req, made := c.payoutRequest(), &paymentsv1.CreatePayoutResponse{}
	c.ok("CreatePayout", c.invoke("CreatePayout", req, made))
	return req, made.GetPayout()
}

func beginVoidPayout(c *Case) job {
	req, staged := c.unsent()
	j := job{
		req: asked(c, "VoidPayout", &paymentsv1.VoidPayoutRequest{PayoutId: staged.GetId(), Reason: "duplicate"}), marks: []string{staged.GetId()},
		done: func(resp proto.Message) {
			got := resp.(*paymentsv1.VoidPayoutResponse).GetPayout()
			equal(c, "payout.id", staged.GetId(), got.GetId())
			c.isPayout(req, got, paymentsv1.PayoutStatus_PAYOUT_STATUS_VOIDED)
		},
	}
	if c.has("GetPayout") {
		j.look = func() { c.payoutIs(req, staged.GetId(), paymentsv1.PayoutStatus_PAYOUT_STATUS_VOIDED) }
	}
	return j
}

func beginGetPayout(c *Case) job {
	req, made := c.payoutRequest(), &paymentsv1.CreatePayoutResponse{}
	c.ok("CreatePayout", c.invoke("CreatePayout", req, made))
	return job{
		req: asked(c, "GetPayout", &paymentsv1.GetPayoutRequest{PayoutId: made.GetPayout().GetId()}), marks: []string{made.GetPayout().GetId()},
		done: func(resp proto.Message) {
			got := resp.(*paymentsv1.GetPayoutResponse).GetPayout()
			equal(c, "payout.id", made.GetPayout().GetId(), got.GetId())
			c.isPayout(req, got, onTheWay()...)
		},
	}
}

func beginCreatePayoutLink(c *Case) job {
	req := asked(c, "CreatePayoutLink", &paymentsv1.CreatePayoutLinkRequest{Reference: c.reference("link"), Amount: c.amount(usual)})
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	return job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) {
			r := resp.(*paymentsv1.CreatePayoutLinkResponse)
			c.named("link_id", r.GetLinkId())
			c.named("url", r.GetUrl())
		},
	}
}

func (c *Case) recipientRequest() *paymentsv1.CreatePayoutRecipientRequest {
	return asked(c, "CreatePayoutRecipient", &paymentsv1.CreatePayoutRecipientRequest{
		Reference: c.reference("recipient"),
		Recipient: &paymentsv1.CustomerDetails{GivenName: "Jo", FamilyName: "Miller", Email: "jo@example.com"},
	})
}

func beginCreatePayoutRecipient(c *Case) job {
	req := c.recipientRequest()
	other := proto.CloneOf(req)
	other.Recipient.Email = "other@example.com"
	return job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) {
			r := resp.(*paymentsv1.CreatePayoutRecipientResponse).GetRecipient()
			c.named("recipient.id", r.GetId())
			equal(c, "recipient.reference", req.GetReference(), r.GetReference())
		},
	}
}

func beginEnrollPayoutAccount(c *Case) job {
	made := &paymentsv1.CreatePayoutRecipientResponse{}
	c.ok("CreatePayoutRecipient", c.invoke("CreatePayoutRecipient", c.recipientRequest(), made))
	req := asked(c, "EnrollPayoutAccount", &paymentsv1.EnrollPayoutAccountRequest{RecipientId: made.GetRecipient().GetId()})
	if req.GetDestination() == nil {
		c.Skipf("samples.requests.EnrollPayoutAccount in test.yaml has no destination")
	}
	return job{
		req: req, marks: []string{req.GetRecipientId()},
		done: func(resp proto.Message) {
			c.named("payout_account_id", resp.(*paymentsv1.EnrollPayoutAccountResponse).GetPayoutAccountId())
		},
	}
}

func (c *Case) preAuthenticateRequest() *paymentsv1.PreAuthenticateRequest {
	return asked(c, "PreAuthenticate", &paymentsv1.PreAuthenticateRequest{
		Reference: c.reference("auth"), PaymentMethod: c.approvedMethod(), Amount: c.amount(usual), ReturnUrl: returnURL,
	})
}

// isAuthentication ends the case if an authentication has no id or says nothing.
func (c *Case) isAuthentication(id string, a *paymentsv1.Authentication) {
	c.named("authentication.id", a.GetId())
	if id != "" {
		equal(c, "authentication.id", id, a.GetId())
	}
	switch a.GetStatus() {
	case paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_UNSPECIFIED, paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_UNKNOWN:
		c.Fatalf("authentication.status: expected one that says something, got %s", a.GetStatus())
	}
}

func beginPreAuthenticate(c *Case) job {
	req := c.preAuthenticateRequest()
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	return job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) {
			a := resp.(*paymentsv1.PreAuthenticateResponse).GetAuthentication()
			c.isAuthentication("", a)
			equal(c, "authentication.reference", req.GetReference(), a.GetReference())
		},
	}
}

func (c *Case) authenticateRequest() *paymentsv1.AuthenticateRequest {
	pre := &paymentsv1.PreAuthenticateResponse{}
	c.ok("PreAuthenticate", c.invoke("PreAuthenticate", c.preAuthenticateRequest(), pre))
	return asked(c, "Authenticate", &paymentsv1.AuthenticateRequest{
		AuthenticationId: pre.GetAuthentication().GetId(), PaymentMethod: c.approvedMethod(), Amount: c.amount(usual), ReturnUrl: returnURL,
		BrowserInfo: &paymentsv1.BrowserInfo{
			IpAddress: "192.0.2.1", UserAgent: "Mozilla/5.0", AcceptHeader: "text/html", Language: "en",
			JavascriptEnabled: true, ColorDepth: 24, ScreenWidth: 1280, ScreenHeight: 800,
		},
	})
}

func beginAuthenticate(c *Case) job {
	req := c.authenticateRequest()
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	return job{
		req: req, other: other, marks: []string{req.GetAuthenticationId()},
		done: func(resp proto.Message) {
			c.isAuthentication(req.GetAuthenticationId(), resp.(*paymentsv1.AuthenticateResponse).GetAuthentication())
		},
	}
}

func beginPostAuthenticate(c *Case) job {
	asks, resp := c.authenticateRequest(), &paymentsv1.AuthenticateResponse{}
	c.ok("Authenticate", c.invoke("Authenticate", asks, resp))
	id := resp.GetAuthentication().GetId()
	return job{
		req: asked(c, "PostAuthenticate", &paymentsv1.PostAuthenticateRequest{AuthenticationId: id}), marks: []string{id},
		done: func(resp proto.Message) {
			c.isAuthentication(id, resp.(*paymentsv1.PostAuthenticateResponse).GetAuthentication())
		},
	}
}

// isSession ends the case if a session gives a client nothing to go on with.
func (c *Case) isSession(s *paymentsv1.Session) {
	if s.GetId() == "" && s.GetClientSecret() == "" && len(s.GetParameters().GetFields()) == 0 {
		c.Fatalf("session: expected an id, a client secret or parameters, got none")
	}
}

func beginClientSession(c *Case) job {
	req := asked(c, "CreateClientSession", &paymentsv1.CreateClientSessionRequest{Reference: c.reference("session"), Amount: c.amount(usual)})
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	return job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) { c.isSession(resp.(*paymentsv1.CreateClientSessionResponse).GetSession()) },
	}
}

func beginServerSession(c *Case) job {
	req := asked(c, "CreateServerSession", &paymentsv1.CreateServerSessionRequest{Reference: c.reference("session"), Amount: c.amount(usual)})
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	return job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) { c.isSession(resp.(*paymentsv1.CreateServerSessionResponse).GetSession()) },
	}
}

func beginAccessToken(c *Case) job {
	return job{
		req: asked(c, "CreateAccessToken", &paymentsv1.CreateAccessTokenRequest{}), marks: []string{c.traceID},
		done: func(resp proto.Message) {
			if resp.(*paymentsv1.CreateAccessTokenResponse).GetAccessToken() == "" {
				c.Fatalf("access_token: expected one, got none")
			}
		},
	}
}
