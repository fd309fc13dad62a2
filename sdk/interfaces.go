package sdk

import (
	"context"
	"io"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// The operations that a connector may offer, one interface each. Each method
// answers with what the PSP said, never with an echo of the request; a decline is
// an answer; an error is an *Error.

// AccountChecker tries an account's configuration at the PSP without moving money.
type AccountChecker interface {
	CheckAccount(context.Context, *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error)
}

// Operations of PaymentService.
type (
	// Authorizer authorizes payments.
	Authorizer interface {
		Authorize(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error)
	}
	// Completer goes on with a payment after its next action.
	Completer interface {
		Complete(context.Context, *paymentsv1.CompleteRequest) (*paymentsv1.CompleteResponse, error)
	}
	// Capturer captures authorized payments.
	Capturer interface {
		Capture(context.Context, *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error)
	}
	// Voider releases authorizations.
	Voider interface {
		Void(context.Context, *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error)
	}
	// Reverser undoes payments: voids or refunds them.
	Reverser interface {
		Reverse(context.Context, *paymentsv1.ReverseRequest) (*paymentsv1.ReverseResponse, error)
	}
	// PaymentGetter reads payments.
	PaymentGetter interface {
		GetPayment(context.Context, *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error)
	}
	// PaymentFinder finds payments by the caller's own reference.
	PaymentFinder interface {
		FindPayment(context.Context, *paymentsv1.FindPaymentRequest) (*paymentsv1.FindPaymentResponse, error)
	}
	// AuthorizationAdjuster changes authorized amounts.
	AuthorizationAdjuster interface {
		AdjustAuthorization(context.Context, *paymentsv1.AdjustAuthorizationRequest) (*paymentsv1.AdjustAuthorizationResponse, error)
	}
	// AuthorizationExtender lets authorizations last longer.
	AuthorizationExtender interface {
		ExtendAuthorization(context.Context, *paymentsv1.ExtendAuthorizationRequest) (*paymentsv1.ExtendAuthorizationResponse, error)
	}
	// OrderCreator creates orders.
	OrderCreator interface {
		CreateOrder(context.Context, *paymentsv1.CreateOrderRequest) (*paymentsv1.CreateOrderResponse, error)
	}
)

// Operations of RefundService.
type (
	// RefundCreator refunds captured payments.
	RefundCreator interface {
		CreateRefund(context.Context, *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error)
	}
	// RefundGetter reads refunds.
	RefundGetter interface {
		GetRefund(context.Context, *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error)
	}
)

// Operations of MandateService.
type (
	// MandateStarter sets mandates up.
	MandateStarter interface {
		SetupMandate(context.Context, *paymentsv1.SetupMandateRequest) (*paymentsv1.SetupMandateResponse, error)
	}
	// MandateCharger takes payments that the merchant starts.
	MandateCharger interface {
		ChargeMandate(context.Context, *paymentsv1.ChargeMandateRequest) (*paymentsv1.ChargeMandateResponse, error)
	}
	// MandateGetter reads mandates.
	MandateGetter interface {
		GetMandate(context.Context, *paymentsv1.GetMandateRequest) (*paymentsv1.GetMandateResponse, error)
	}
	// MandateRevoker ends mandates.
	MandateRevoker interface {
		RevokeMandate(context.Context, *paymentsv1.RevokeMandateRequest) (*paymentsv1.RevokeMandateResponse, error)
	}
)

// Operations of AuthenticationService.
type (
	// PreAuthenticator begins an authentication.
	PreAuthenticator interface {
		PreAuthenticate(context.Context, *paymentsv1.PreAuthenticateRequest) (*paymentsv1.PreAuthenticateResponse, error)
	}
	// Authenticator authenticates a payer.
	Authenticator interface {
		Authenticate(context.Context, *paymentsv1.AuthenticateRequest) (*paymentsv1.AuthenticateResponse, error)
	}
	// PostAuthenticator ends an authentication after its challenge.
	PostAuthenticator interface {
		PostAuthenticate(context.Context, *paymentsv1.PostAuthenticateRequest) (*paymentsv1.PostAuthenticateResponse, error)
	}
)

// Operations of PaymentMethodService.
type (
	// Tokenizer stores payment methods.
	Tokenizer interface {
		Tokenize(context.Context, *paymentsv1.TokenizeRequest) (*paymentsv1.TokenizeResponse, error)
	}
	// PaymentMethodDeleter forgets stored payment methods.
	PaymentMethodDeleter interface {
		DeletePaymentMethod(context.Context, *paymentsv1.DeletePaymentMethodRequest) (*paymentsv1.DeletePaymentMethodResponse, error)
	}
	// EligibilityChecker says which payment methods a payer can use.
	EligibilityChecker interface {
		CheckEligibility(context.Context, *paymentsv1.CheckEligibilityRequest) (*paymentsv1.CheckEligibilityResponse, error)
	}
)

// Operations of CustomerService.
type (
	// CustomerCreator creates customers.
	CustomerCreator interface {
		CreateCustomer(context.Context, *paymentsv1.CreateCustomerRequest) (*paymentsv1.CreateCustomerResponse, error)
	}
	// CustomerGetter reads customers.
	CustomerGetter interface {
		GetCustomer(context.Context, *paymentsv1.GetCustomerRequest) (*paymentsv1.GetCustomerResponse, error)
	}
	// CustomerUpdater changes customers.
	CustomerUpdater interface {
		UpdateCustomer(context.Context, *paymentsv1.UpdateCustomerRequest) (*paymentsv1.UpdateCustomerResponse, error)
	}
	// CustomerDeleter deletes customers.
	CustomerDeleter interface {
		DeleteCustomer(context.Context, *paymentsv1.DeleteCustomerRequest) (*paymentsv1.DeleteCustomerResponse, error)
	}
)

// Operations of SessionService.
type (
	// ClientSessionCreator opens sessions for the PSP's browser or mobile SDK.
	ClientSessionCreator interface {
		CreateClientSession(context.Context, *paymentsv1.CreateClientSessionRequest) (*paymentsv1.CreateClientSessionResponse, error)
	}
	// ServerSessionCreator opens sessions that a server goes on with.
	ServerSessionCreator interface {
		CreateServerSession(context.Context, *paymentsv1.CreateServerSessionRequest) (*paymentsv1.CreateServerSessionResponse, error)
	}
	// AccessTokenCreator gets access tokens.
	AccessTokenCreator interface {
		CreateAccessToken(context.Context, *paymentsv1.CreateAccessTokenRequest) (*paymentsv1.CreateAccessTokenResponse, error)
	}
)

// Operations of DisputeService.
type (
	// DisputeGetter reads disputes.
	DisputeGetter interface {
		GetDispute(context.Context, *paymentsv1.GetDisputeRequest) (*paymentsv1.GetDisputeResponse, error)
	}
	// DisputeLister lists disputes.
	DisputeLister interface {
		ListDisputes(context.Context, *paymentsv1.ListDisputesRequest) (*paymentsv1.ListDisputesResponse, error)
	}
	// DisputeAccepter gives disputes up.
	DisputeAccepter interface {
		AcceptDispute(context.Context, *paymentsv1.AcceptDisputeRequest) (*paymentsv1.AcceptDisputeResponse, error)
	}
	// EvidenceSubmitter hands evidence in.
	EvidenceSubmitter interface {
		SubmitEvidence(context.Context, *paymentsv1.SubmitEvidenceRequest) (*paymentsv1.SubmitEvidenceResponse, error)
	}
	// DisputeDefender contests disputes.
	DisputeDefender interface {
		DefendDispute(context.Context, *paymentsv1.DefendDisputeRequest) (*paymentsv1.DefendDisputeResponse, error)
	}
	// EvidenceUploader uploads files of evidence. The content comes as it is read,
	// and ends with io.EOF when the caller has sent it all; any other error of the
	// reader is the connector's to return. How much was read is held against the
	// answer's size.
	EvidenceUploader interface {
		UploadEvidence(ctx context.Context, metadata *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error)
	}
)

// Operations of PayoutService.
type (
	// PayoutCreator pays out.
	PayoutCreator interface {
		CreatePayout(context.Context, *paymentsv1.CreatePayoutRequest) (*paymentsv1.CreatePayoutResponse, error)
	}
	// PayoutTransferrer sends staged payouts.
	PayoutTransferrer interface {
		TransferPayout(context.Context, *paymentsv1.TransferPayoutRequest) (*paymentsv1.TransferPayoutResponse, error)
	}
	// PayoutGetter reads payouts.
	PayoutGetter interface {
		GetPayout(context.Context, *paymentsv1.GetPayoutRequest) (*paymentsv1.GetPayoutResponse, error)
	}
	// PayoutVoider calls payouts back.
	PayoutVoider interface {
		VoidPayout(context.Context, *paymentsv1.VoidPayoutRequest) (*paymentsv1.VoidPayoutResponse, error)
	}
	// PayoutStager prepares payouts.
	PayoutStager interface {
		StagePayout(context.Context, *paymentsv1.StagePayoutRequest) (*paymentsv1.StagePayoutResponse, error)
	}
	// PayoutLinkCreator makes links by which recipients collect.
	PayoutLinkCreator interface {
		CreatePayoutLink(context.Context, *paymentsv1.CreatePayoutLinkRequest) (*paymentsv1.CreatePayoutLinkResponse, error)
	}
	// PayoutRecipientCreator registers recipients.
	PayoutRecipientCreator interface {
		CreatePayoutRecipient(context.Context, *paymentsv1.CreatePayoutRecipientRequest) (*paymentsv1.CreatePayoutRecipientResponse, error)
	}
	// PayoutAccountEnroller registers recipients' accounts.
	PayoutAccountEnroller interface {
		EnrollPayoutAccount(context.Context, *paymentsv1.EnrollPayoutAccountRequest) (*paymentsv1.EnrollPayoutAccountResponse, error)
	}
)

// Operations of SurchargeService.
type (
	// SurchargeCalculator calculates surcharges.
	SurchargeCalculator interface {
		CalculateSurcharge(context.Context, *paymentsv1.CalculateSurchargeRequest) (*paymentsv1.CalculateSurchargeResponse, error)
	}
)

// Operations of WebhookService.
type (
	// WebhookParser says what a webhook is about, without believing it.
	WebhookParser interface {
		ParseWebhook(context.Context, *paymentsv1.ParseWebhookRequest) (*paymentsv1.ParseWebhookResponse, error)
	}
	// WebhookHandler verifies and normalises webhooks.
	WebhookHandler interface {
		HandleWebhook(context.Context, *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error)
	}
)
