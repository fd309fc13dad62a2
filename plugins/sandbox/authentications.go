package sandbox

import (
	"context"
	"strings"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// PreAuthenticate implements sdk.PreAuthenticator.
func (c *Connector) PreAuthenticate(ctx context.Context, req *paymentsv1.PreAuthenticateRequest) (*paymentsv1.PreAuthenticateResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	method, err := instrument(req.GetPaymentMethod())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	a, err := psp.CreateAuthentication(ctx, api.NewAuthentication{
		Reference:     req.GetReference(),
		PaymentMethod: method,
		Amount:        units,
		Currency:      req.GetAmount().GetCurrencyCode(),
		ReturnURL:     req.GetReturnUrl(),
	})
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.PreAuthenticateResponse{Authentication: authenticationOf(ctx, a)}, nil
}

// Authenticate implements sdk.Authenticator.
func (c *Connector) Authenticate(ctx context.Context, req *paymentsv1.AuthenticateRequest) (*paymentsv1.AuthenticateResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	method, err := instrument(req.GetPaymentMethod())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	ask := api.Authenticate{
		PaymentMethod:   method,
		Amount:          units,
		Currency:        req.GetAmount().GetCurrencyCode(),
		MethodCompleted: req.GetThreeDsMethod().GetCompleted(),
		ReturnURL:       req.GetReturnUrl(),
	}
	if req.GetChallengePreference() == paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE_MANDATED {
		ask.Challenge = "mandated"
	}
	a, err := psp.Authenticate(ctx, req.GetAuthenticationId(), ask)
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.AuthenticateResponse{Authentication: authenticationOf(ctx, a)}, nil
}

// PostAuthenticate implements sdk.PostAuthenticator.
func (c *Connector) PostAuthenticate(ctx context.Context, req *paymentsv1.PostAuthenticateRequest) (*paymentsv1.PostAuthenticateResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	brought, err := broughtBack(req.GetRedirect(), "authentication_id", req.GetAuthenticationId())
	if err != nil {
		return nil, err
	}
	a, err := psp.FinishAuthentication(ctx, req.GetAuthenticationId(), brought)
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.PostAuthenticateResponse{Authentication: authenticationOf(ctx, a)}, nil
}

// authenticationOf says an authentication of the PSP's in the contract's words.
func authenticationOf(ctx context.Context, a api.Authentication) *paymentsv1.Authentication {
	authentication := &paymentsv1.Authentication{
		Id:               a.ID,
		Reference:        a.Reference,
		Status:           authenticationStatus(ctx, a.Status),
		Result:           threeDSOf(a.Outcome),
		SupportedVersion: a.SupportedVersion,
	}
	switch {
	case a.ChallengeURL != "":
		authentication.NextAction = redirect(a.ChallengeURL)
	case a.Method != nil:
		authentication.NextAction = &paymentsv1.NextAction{Action: &paymentsv1.NextAction_ThreeDsMethod{
			ThreeDsMethod: &paymentsv1.ThreeDsMethod{
				Url: a.Method.URL, MethodData: a.Method.Data, ServerTransactionId: a.Method.ServerTransactionID,
			},
		}}
	}
	if authentication.GetStatus() == paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_DECLINED {
		authentication.Decline = declineOf(ctx, &api.Decline{Code: "authentication_failed"})
	}
	return authentication
}

// threeDSStatuses are the letters of transStatus, in the order of the contract's
// enum (EMV 3-D Secure, table A.1).
const threeDSStatuses = "YANURCDI"

func threeDSWords(a *paymentsv1.ThreeDsAuthentication) *api.ThreeDS {
	if a == nil {
		return nil
	}
	return &api.ThreeDS{
		Status:              string(threeDSStatuses[a.GetStatus()-1]), // the contract's rules want a known one
		Version:             a.GetVersion(),
		DSTransactionID:     a.GetDsTransactionId(),
		CAVV:                a.GetCavv(),
		ECI:                 a.GetEci(),
		ServerTransactionID: a.GetServerTransactionId(),
		ACSTransactionID:    a.GetAcsTransactionId(),
		StatusReason:        a.GetStatusReason(),
		Challenged:          a.GetChallenged(),
	}
}

func threeDSOf(t *api.ThreeDS) *paymentsv1.ThreeDsResult {
	if t == nil {
		return nil
	}
	result := &paymentsv1.ThreeDsResult{Authentication: &paymentsv1.ThreeDsAuthentication{
		Status:              transStatus(t.Status),
		Version:             t.Version,
		DsTransactionId:     t.DSTransactionID,
		Cavv:                t.CAVV,
		Eci:                 t.ECI,
		ServerTransactionId: t.ServerTransactionID,
		AcsTransactionId:    t.ACSTransactionID,
		StatusReason:        t.StatusReason,
		Challenged:          t.Challenged,
	}}
	switch t.Liability {
	case "shifted":
		result.LiabilityShift = paymentsv1.LiabilityShift_LIABILITY_SHIFT_SHIFTED
	case "not_shifted":
		result.LiabilityShift = paymentsv1.LiabilityShift_LIABILITY_SHIFT_NOT_SHIFTED
	}
	return result
}

// transStatus is the contract's word for a letter; UNSPECIFIED if there is none.
func transStatus(letter string) paymentsv1.ThreeDsStatus {
	if len(letter) != 1 {
		return paymentsv1.ThreeDsStatus_THREE_DS_STATUS_UNSPECIFIED
	}
	return paymentsv1.ThreeDsStatus(strings.Index(threeDSStatuses, letter) + 1)
}
