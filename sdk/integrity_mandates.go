package sdk

import (
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func setupMandateDiffers(req *paymentsv1.SetupMandateRequest, resp *paymentsv1.SetupMandateResponse) string {
	m := resp.GetMandate()
	switch m.GetStatus() {
	case paymentsv1.MandateStatus_MANDATE_STATUS_UNKNOWN, paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED:
	default:
		if m.GetId() == "" {
			return "mandate.id"
		}
	}
	return first(told("mandate.status", m.GetStatus() != 0), same("mandate.reference", m.GetReference(), req.GetReference()))
}

func chargeMandateDiffers(req *paymentsv1.ChargeMandateRequest, resp *paymentsv1.ChargeMandateResponse) string {
	return authorizeDiffers(
		&paymentsv1.AuthorizeRequest{Reference: req.GetReference(), Amount: req.GetAmount()},
		&paymentsv1.AuthorizeResponse{Payment: resp.GetPayment()},
	)
}

func getMandateDiffers(req *paymentsv1.GetMandateRequest, resp *paymentsv1.GetMandateResponse) string {
	return sameMandate(resp.GetMandate(), req.GetMandateId())
}

func revokeMandateDiffers(req *paymentsv1.RevokeMandateRequest, resp *paymentsv1.RevokeMandateResponse) string {
	return sameMandate(resp.GetMandate(), req.GetMandateId())
}

func sameMandate(m *paymentsv1.Mandate, id string) string {
	return first(same("mandate.id", m.GetId(), id), told("mandate.status", m.GetStatus() != 0))
}

func preAuthenticateDiffers(req *paymentsv1.PreAuthenticateRequest, resp *paymentsv1.PreAuthenticateResponse) string {
	a := resp.GetAuthentication()
	return first(
		told("authentication.id", a.GetId() != "" || a.GetStatus() == paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_UNKNOWN),
		told("authentication.status", a.GetStatus() != 0),
		same("authentication.reference", a.GetReference(), req.GetReference()),
	)
}

func authenticateDiffers(req *paymentsv1.AuthenticateRequest, resp *paymentsv1.AuthenticateResponse) string {
	return sameAuthentication(resp.GetAuthentication(), req.GetAuthenticationId())
}

func postAuthenticateDiffers(req *paymentsv1.PostAuthenticateRequest, resp *paymentsv1.PostAuthenticateResponse) string {
	return sameAuthentication(resp.GetAuthentication(), req.GetAuthenticationId())
}

func sameAuthentication(a *paymentsv1.Authentication, id string) string {
	return first(same("authentication.id", a.GetId(), id), told("authentication.status", a.GetStatus() != 0))
}
