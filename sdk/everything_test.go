package sdk

import (
	"context"

	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// everything is a connector that offers every operation of the contract. It
// answers each call with what psp says to the method's name.
type everything struct {
	uploads
	psp func(method string) (proto.Message, error)
}

func (everything) Describe() Description {
	return Description{ID: "acme", Webhooks: connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_SIGNATURE}
}

// said is the PSP's answer to a method.
func said[Resp proto.Message](e everything, method string) (Resp, error) {
	resp, err := e.psp(method)
	if err != nil {
		var none Resp
		return none, err
	}
	return resp.(Resp), nil
}

func (e everything) Authorize(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	return said[*paymentsv1.AuthorizeResponse](e, "Authorize")
}

func (e everything) Complete(context.Context, *paymentsv1.CompleteRequest) (*paymentsv1.CompleteResponse, error) {
	return said[*paymentsv1.CompleteResponse](e, "Complete")
}

func (e everything) Capture(context.Context, *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	return said[*paymentsv1.CaptureResponse](e, "Capture")
}

func (e everything) Void(context.Context, *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	return said[*paymentsv1.VoidResponse](e, "Void")
}

func (e everything) Reverse(context.Context, *paymentsv1.ReverseRequest) (*paymentsv1.ReverseResponse, error) {
	return said[*paymentsv1.ReverseResponse](e, "Reverse")
}

func (e everything) GetPayment(context.Context, *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	return said[*paymentsv1.GetPaymentResponse](e, "GetPayment")
}

func (e everything) FindPayment(context.Context, *paymentsv1.FindPaymentRequest) (*paymentsv1.FindPaymentResponse, error) {
	return said[*paymentsv1.FindPaymentResponse](e, "FindPayment")
}

func (e everything) AdjustAuthorization(context.Context, *paymentsv1.AdjustAuthorizationRequest) (*paymentsv1.AdjustAuthorizationResponse, error) {
	return said[*paymentsv1.AdjustAuthorizationResponse](e, "AdjustAuthorization")
}

func (e everything) ExtendAuthorization(context.Context, *paymentsv1.ExtendAuthorizationRequest) (*paymentsv1.ExtendAuthorizationResponse, error) {
	return said[*paymentsv1.ExtendAuthorizationResponse](e, "ExtendAuthorization")
}

func (e everything) CreateOrder(context.Context, *paymentsv1.CreateOrderRequest) (*paymentsv1.CreateOrderResponse, error) {
	return said[*paymentsv1.CreateOrderResponse](e, "CreateOrder")
}

func (e everything) CreateRefund(context.Context, *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
	return said[*paymentsv1.CreateRefundResponse](e, "CreateRefund")
}

func (e everything) GetRefund(context.Context, *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error) {
	return said[*paymentsv1.GetRefundResponse](e, "GetRefund")
}

func (e everything) SetupMandate(context.Context, *paymentsv1.SetupMandateRequest) (*paymentsv1.SetupMandateResponse, error) {
	return said[*paymentsv1.SetupMandateResponse](e, "SetupMandate")
}

func (e everything) ChargeMandate(context.Context, *paymentsv1.ChargeMandateRequest) (*paymentsv1.ChargeMandateResponse, error) {
	return said[*paymentsv1.ChargeMandateResponse](e, "ChargeMandate")
}

func (e everything) GetMandate(context.Context, *paymentsv1.GetMandateRequest) (*paymentsv1.GetMandateResponse, error) {
	return said[*paymentsv1.GetMandateResponse](e, "GetMandate")
}

func (e everything) RevokeMandate(context.Context, *paymentsv1.RevokeMandateRequest) (*paymentsv1.RevokeMandateResponse, error) {
	return said[*paymentsv1.RevokeMandateResponse](e, "RevokeMandate")
}

func (e everything) PreAuthenticate(context.Context, *paymentsv1.PreAuthenticateRequest) (*paymentsv1.PreAuthenticateResponse, error) {
	return said[*paymentsv1.PreAuthenticateResponse](e, "PreAuthenticate")
}

func (e everything) Authenticate(context.Context, *paymentsv1.AuthenticateRequest) (*paymentsv1.AuthenticateResponse, error) {
	return said[*paymentsv1.AuthenticateResponse](e, "Authenticate")
}

func (e everything) PostAuthenticate(context.Context, *paymentsv1.PostAuthenticateRequest) (*paymentsv1.PostAuthenticateResponse, error) {
	return said[*paymentsv1.PostAuthenticateResponse](e, "PostAuthenticate")
}

func (e everything) Tokenize(context.Context, *paymentsv1.TokenizeRequest) (*paymentsv1.TokenizeResponse, error) {
	return said[*paymentsv1.TokenizeResponse](e, "Tokenize")
}

func (e everything) DeletePaymentMethod(context.Context, *paymentsv1.DeletePaymentMethodRequest) (*paymentsv1.DeletePaymentMethodResponse, error) {
	return said[*paymentsv1.DeletePaymentMethodResponse](e, "DeletePaymentMethod")
}

func (e everything) CheckEligibility(context.Context, *paymentsv1.CheckEligibilityRequest) (*paymentsv1.CheckEligibilityResponse, error) {
	return said[*paymentsv1.CheckEligibilityResponse](e, "CheckEligibility")
}

func (e everything) CreateCustomer(context.Context, *paymentsv1.CreateCustomerRequest) (*paymentsv1.CreateCustomerResponse, error) {
	return said[*paymentsv1.CreateCustomerResponse](e, "CreateCustomer")
}

func (e everything) GetCustomer(context.Context, *paymentsv1.GetCustomerRequest) (*paymentsv1.GetCustomerResponse, error) {
	return said[*paymentsv1.GetCustomerResponse](e, "GetCustomer")
}

func (e everything) UpdateCustomer(context.Context, *paymentsv1.UpdateCustomerRequest) (*paymentsv1.UpdateCustomerResponse, error) {
	return said[*paymentsv1.UpdateCustomerResponse](e, "UpdateCustomer")
}

func (e everything) DeleteCustomer(context.Context, *paymentsv1.DeleteCustomerRequest) (*paymentsv1.DeleteCustomerResponse, error) {
	return said[*paymentsv1.DeleteCustomerResponse](e, "DeleteCustomer")
}

func (e everything) CreateClientSession(context.Context, *paymentsv1.CreateClientSessionRequest) (*paymentsv1.CreateClientSessionResponse, error) {
	return said[*paymentsv1.CreateClientSessionResponse](e, "CreateClientSession")
}

func (e everything) CreateServerSession(context.Context, *paymentsv1.CreateServerSessionRequest) (*paymentsv1.CreateServerSessionResponse, error) {
	return said[*paymentsv1.CreateServerSessionResponse](e, "CreateServerSession")
}

func (e everything) CreateAccessToken(context.Context, *paymentsv1.CreateAccessTokenRequest) (*paymentsv1.CreateAccessTokenResponse, error) {
	return said[*paymentsv1.CreateAccessTokenResponse](e, "CreateAccessToken")
}

func (e everything) GetDispute(context.Context, *paymentsv1.GetDisputeRequest) (*paymentsv1.GetDisputeResponse, error) {
	return said[*paymentsv1.GetDisputeResponse](e, "GetDispute")
}

func (e everything) ListDisputes(context.Context, *paymentsv1.ListDisputesRequest) (*paymentsv1.ListDisputesResponse, error) {
	return said[*paymentsv1.ListDisputesResponse](e, "ListDisputes")
}

func (e everything) AcceptDispute(context.Context, *paymentsv1.AcceptDisputeRequest) (*paymentsv1.AcceptDisputeResponse, error) {
	return said[*paymentsv1.AcceptDisputeResponse](e, "AcceptDispute")
}

func (e everything) SubmitEvidence(context.Context, *paymentsv1.SubmitEvidenceRequest) (*paymentsv1.SubmitEvidenceResponse, error) {
	return said[*paymentsv1.SubmitEvidenceResponse](e, "SubmitEvidence")
}

func (e everything) DefendDispute(context.Context, *paymentsv1.DefendDisputeRequest) (*paymentsv1.DefendDisputeResponse, error) {
	return said[*paymentsv1.DefendDisputeResponse](e, "DefendDispute")
}

func (e everything) CreatePayout(context.Context, *paymentsv1.CreatePayoutRequest) (*paymentsv1.CreatePayoutResponse, error) {
	return said[*paymentsv1.CreatePayoutResponse](e, "CreatePayout")
}

func (e everything) TransferPayout(context.Context, *paymentsv1.TransferPayoutRequest) (*paymentsv1.TransferPayoutResponse, error) {
	return said[*paymentsv1.TransferPayoutResponse](e, "TransferPayout")
}

func (e everything) GetPayout(context.Context, *paymentsv1.GetPayoutRequest) (*paymentsv1.GetPayoutResponse, error) {
	return said[*paymentsv1.GetPayoutResponse](e, "GetPayout")
}

func (e everything) VoidPayout(context.Context, *paymentsv1.VoidPayoutRequest) (*paymentsv1.VoidPayoutResponse, error) {
	return said[*paymentsv1.VoidPayoutResponse](e, "VoidPayout")
}

func (e everything) StagePayout(context.Context, *paymentsv1.StagePayoutRequest) (*paymentsv1.StagePayoutResponse, error) {
	return said[*paymentsv1.StagePayoutResponse](e, "StagePayout")
}

func (e everything) CreatePayoutLink(context.Context, *paymentsv1.CreatePayoutLinkRequest) (*paymentsv1.CreatePayoutLinkResponse, error) {
	return said[*paymentsv1.CreatePayoutLinkResponse](e, "CreatePayoutLink")
}

func (e everything) CreatePayoutRecipient(context.Context, *paymentsv1.CreatePayoutRecipientRequest) (*paymentsv1.CreatePayoutRecipientResponse, error) {
	return said[*paymentsv1.CreatePayoutRecipientResponse](e, "CreatePayoutRecipient")
}

func (e everything) EnrollPayoutAccount(context.Context, *paymentsv1.EnrollPayoutAccountRequest) (*paymentsv1.EnrollPayoutAccountResponse, error) {
	return said[*paymentsv1.EnrollPayoutAccountResponse](e, "EnrollPayoutAccount")
}

func (e everything) CalculateSurcharge(context.Context, *paymentsv1.CalculateSurchargeRequest) (*paymentsv1.CalculateSurchargeResponse, error) {
	return said[*paymentsv1.CalculateSurchargeResponse](e, "CalculateSurcharge")
}

func (e everything) ParseWebhook(context.Context, *paymentsv1.ParseWebhookRequest) (*paymentsv1.ParseWebhookResponse, error) {
	return said[*paymentsv1.ParseWebhookResponse](e, "ParseWebhook")
}

func (e everything) HandleWebhook(context.Context, *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error) {
	return said[*paymentsv1.HandleWebhookResponse](e, "HandleWebhook")
}
