package sandbox

import (
	"context"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// PreAuthenticate implements sdk.PreAuthenticator.
func (c *Connector) PreAuthenticate(ctx context.Context, req *paymentsv1.PreAuthenticateRequest) (*paymentsv1.PreAuthenticateResponse, error) {
	method, errMethod := instrument(req.GetPaymentMethod())
	units, errAmount := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), errMethod, errAmount)
	a, err := api.Post[api.Authentication](ctx, psp, api.NewAuthentication{
		Reference: req.GetReference(), PaymentMethod: method,
		Amount: units, Currency: req.GetAmount().GetCurrencyCode(), ReturnURL: req.GetReturnUrl(),
	}, "authentications")
	authentication, err := told(ctx, a, err, authenticationOf)
	return &paymentsv1.PreAuthenticateResponse{Authentication: authentication}, err
}

// Authenticate implements sdk.Authenticator.
func (c *Connector) Authenticate(ctx context.Context, req *paymentsv1.AuthenticateRequest) (*paymentsv1.AuthenticateResponse, error) {
	method, errMethod := instrument(req.GetPaymentMethod())
	units, errAmount := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), errMethod, errAmount)
	ask := api.Authenticate{
		PaymentMethod: method, Amount: units, Currency: req.GetAmount().GetCurrencyCode(),
		MethodCompleted: req.GetThreeDsMethod().GetCompleted(), ReturnURL: req.GetReturnUrl(),
	}
	if req.GetChallengePreference() == paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE_MANDATED {
		ask.Challenge = "mandated"
	}
	a, err := api.Post[api.Authentication](ctx, psp, ask, "authentications", req.GetAuthenticationId(), "authenticate")
	authentication, err := told(ctx, a, err, authenticationOf)
	return &paymentsv1.AuthenticateResponse{Authentication: authentication}, err
}

// PostAuthenticate implements sdk.PostAuthenticator.
func (c *Connector) PostAuthenticate(ctx context.Context, req *paymentsv1.PostAuthenticateRequest) (*paymentsv1.PostAuthenticateResponse, error) {
	brought, err := broughtBack(req.GetRedirect(), "authentication_id", req.GetAuthenticationId())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	a, err := api.Post[api.Authentication](ctx, psp, brought, "authentications", req.GetAuthenticationId(), "finish")
	authentication, err := told(ctx, a, err, authenticationOf)
	return &paymentsv1.PostAuthenticateResponse{Authentication: authentication}, err
}

// authenticationOf says an authentication of the PSP's in the contract's words.
func authenticationOf(ctx context.Context, a api.Authentication) (*paymentsv1.Authentication, error) {
	authentication := &paymentsv1.Authentication{
		Id: a.ID, Reference: a.Reference, Status: authenticationStatus.Meaning(ctx, a.Status),
		Result: threeDSOf(ctx, a.Outcome), SupportedVersion: a.SupportedVersion,
	}
	switch {
	case a.ChallengeURL != "":
		authentication.NextAction = sdk.RedirectTo(a.ChallengeURL)
	case a.Method != nil:
		authentication.NextAction = sdk.NextAction(&paymentsv1.ThreeDsMethod{
			Url: a.Method.URL, MethodData: a.Method.Data, ServerTransactionId: a.Method.ServerTransactionID,
		})
	}
	if authentication.GetStatus() == paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_DECLINED {
		authentication.Decline = declineOf(ctx, &api.Decline{Code: "authentication_failed"})
	}
	return authentication, nil
}

// threeDSWords says somebody else's result in the PSP's words.
func threeDSWords(a *paymentsv1.ThreeDsAuthentication) *api.ThreeDS {
	if a == nil {
		return nil
	}
	return &api.ThreeDS{
		Status: transStatus.Word(a.GetStatus()), Version: a.GetVersion(), StatusReason: a.GetStatusReason(),
		CAVV: a.GetCavv(), ECI: a.GetEci(), Challenged: a.GetChallenged(), DSTransactionID: a.GetDsTransactionId(),
		ServerTransactionID: a.GetServerTransactionId(), ACSTransactionID: a.GetAcsTransactionId(),
	}
}

func threeDSOf(ctx context.Context, t *api.ThreeDS) *paymentsv1.ThreeDsResult {
	if t == nil {
		return nil
	}
	return &paymentsv1.ThreeDsResult{
		LiabilityShift: liability.Meaning(ctx, t.Liability),
		Authentication: &paymentsv1.ThreeDsAuthentication{
			Status: transStatus.Meaning(ctx, t.Status), Version: t.Version, StatusReason: t.StatusReason,
			Cavv: t.CAVV, Eci: t.ECI, Challenged: t.Challenged, DsTransactionId: t.DSTransactionID,
			ServerTransactionId: t.ServerTransactionID, AcsTransactionId: t.ACSTransactionID,
		},
	}
}
