package sdk

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/sdk/wire"
)

// operation is one RPC of patchbay.payments.v1 as the SDK serves it.
type operation struct {
	service, method string
	readOnly        bool
	request         func() proto.Message
	// bind returns the connector's implementation, or nil if it has none.
	bind func(c Connector) handler
	// differs names what in an answer contradicts its request, or nothing.
	differs func(req, resp proto.Message) string
	// unknown is the answer to a request of which nobody knows what became; nil
	// where the answer has no status to say so.
	unknown func(req proto.Message) proto.Message
}

type handler func(ctx context.Context, req proto.Message) (proto.Message, error)

// operations lists every unary RPC of patchbay.payments.v1. What becomes of an
// unknown outcome follows from the answer: one that has a status says
// UNKNOWN, and the others end as an error.
func operations() []operation {
	return slices.Concat(paymentOperations(), mandateOperations(), customerOperations(), disputeOperations(), payoutOperations(), webhookOperations())
}

func paymentOperations() []operation {
	const payments, refunds = "PaymentService", "RefundService"
	return []operation{
		writes(payments, "Authorize", Authorizer.Authorize, authorizeDiffers, unknownAuthorize),
		writes(payments, "Complete", Completer.Complete, completeDiffers, unknownComplete),
		writes(payments, "Capture", Capturer.Capture, captureDiffers, unknownCapture),
		writes(payments, "Void", Voider.Void, voidDiffers, unknownVoid),
		writes(payments, "Reverse", Reverser.Reverse, reverseDiffers, unknownReverse),
		reads(payments, "GetPayment", PaymentGetter.GetPayment, getPaymentDiffers),
		reads(payments, "FindPayment", PaymentFinder.FindPayment, findPaymentDiffers),
		writes(payments, "AdjustAuthorization", AuthorizationAdjuster.AdjustAuthorization, adjustDiffers, unknownAdjust),
		writes(payments, "ExtendAuthorization", AuthorizationExtender.ExtendAuthorization, extendDiffers, unknownExtend),
		writes(payments, "CreateOrder", OrderCreator.CreateOrder, createOrderDiffers, unknownCreateOrder),
		writes(refunds, "CreateRefund", RefundCreator.CreateRefund, createRefundDiffers, unknownCreateRefund),
		reads(refunds, "GetRefund", RefundGetter.GetRefund, getRefundDiffers),
		reads("SurchargeService", "CalculateSurcharge", SurchargeCalculator.CalculateSurcharge, surchargeDiffers),
	}
}

func mandateOperations() []operation {
	const mandates, authentications = "MandateService", "AuthenticationService"
	return []operation{
		writes(mandates, "SetupMandate", MandateStarter.SetupMandate, setupMandateDiffers, unknownSetupMandate),
		writes(mandates, "ChargeMandate", MandateCharger.ChargeMandate, chargeMandateDiffers, unknownChargeMandate),
		reads(mandates, "GetMandate", MandateGetter.GetMandate, getMandateDiffers),
		writes(mandates, "RevokeMandate", MandateRevoker.RevokeMandate, revokeMandateDiffers, unknownRevokeMandate),
		writes(authentications, "PreAuthenticate", PreAuthenticator.PreAuthenticate, preAuthenticateDiffers, unknownPreAuthenticate),
		writes(authentications, "Authenticate", Authenticator.Authenticate, authenticateDiffers, unknownAuthenticate),
		writes(authentications, "PostAuthenticate", PostAuthenticator.PostAuthenticate, postAuthenticateDiffers, unknownPostAuthenticate),
	}
}

func customerOperations() []operation {
	const methods, customers, sessions = "PaymentMethodService", "CustomerService", "SessionService"
	return []operation{
		writes(methods, "Tokenize", Tokenizer.Tokenize, tokenizeDiffers, nil),
		writes(methods, "DeletePaymentMethod", PaymentMethodDeleter.DeletePaymentMethod, agrees, nil),
		reads(methods, "CheckEligibility", EligibilityChecker.CheckEligibility, agrees),
		writes(customers, "CreateCustomer", CustomerCreator.CreateCustomer, createCustomerDiffers, unknownCreateCustomer),
		reads(customers, "GetCustomer", CustomerGetter.GetCustomer, getCustomerDiffers),
		writes(customers, "UpdateCustomer", CustomerUpdater.UpdateCustomer, updateCustomerDiffers, unknownUpdateCustomer),
		writes(customers, "DeleteCustomer", CustomerDeleter.DeleteCustomer, deleteCustomerDiffers, unknownDeleteCustomer),
		writes(sessions, "CreateClientSession", ClientSessionCreator.CreateClientSession, clientSessionDiffers, nil),
		writes(sessions, "CreateServerSession", ServerSessionCreator.CreateServerSession, serverSessionDiffers, nil),
		writes(sessions, "CreateAccessToken", AccessTokenCreator.CreateAccessToken, accessTokenDiffers, nil),
	}
}

func disputeOperations() []operation {
	const disputes = "DisputeService"
	return []operation{
		reads(disputes, "GetDispute", DisputeGetter.GetDispute, getDisputeDiffers),
		reads(disputes, "ListDisputes", DisputeLister.ListDisputes, listDisputesDiffers),
		writes(disputes, "AcceptDispute", DisputeAccepter.AcceptDispute, acceptDisputeDiffers, unknownAcceptDispute),
		writes(disputes, "SubmitEvidence", EvidenceSubmitter.SubmitEvidence, submitEvidenceDiffers, unknownSubmitEvidence),
		writes(disputes, "DefendDispute", DisputeDefender.DefendDispute, defendDisputeDiffers, unknownDefendDispute),
	}
}

func payoutOperations() []operation {
	const payouts = "PayoutService"
	return []operation{
		writes(payouts, "CreatePayout", PayoutCreator.CreatePayout, createPayoutDiffers, unknownCreatePayout),
		writes(payouts, "TransferPayout", PayoutTransferrer.TransferPayout, transferPayoutDiffers, unknownTransferPayout),
		reads(payouts, "GetPayout", PayoutGetter.GetPayout, getPayoutDiffers),
		writes(payouts, "VoidPayout", PayoutVoider.VoidPayout, voidPayoutDiffers, unknownVoidPayout),
		writes(payouts, "StagePayout", PayoutStager.StagePayout, stagePayoutDiffers, unknownStagePayout),
		writes(payouts, "CreatePayoutLink", PayoutLinkCreator.CreatePayoutLink, payoutLinkDiffers, unknownPayoutLink),
		writes(payouts, "CreatePayoutRecipient", PayoutRecipientCreator.CreatePayoutRecipient, payoutRecipientDiffers, unknownPayoutRecipient),
		writes(payouts, "EnrollPayoutAccount", PayoutAccountEnroller.EnrollPayoutAccount, enrollDiffers, unknownEnroll),
	}
}

func webhookOperations() []operation {
	const webhooks = "WebhookService"
	return []operation{
		reads(webhooks, "ParseWebhook", WebhookParser.ParseWebhook, agrees),
		reads(webhooks, "HandleWebhook", WebhookHandler.HandleWebhook, handleWebhookDiffers),
	}
}

// writes defines an operation that changes something at the PSP. unknown is nil
// where the answer has no status to say that its outcome is unknown.
func writes[C any, Req, Resp proto.Message](
	service, method string,
	call func(C, context.Context, Req) (Resp, error),
	differs func(Req, Resp) string,
	unknown func(Req) Resp,
) operation {
	op := reads(service, method, call, differs)
	op.readOnly = false
	if unknown != nil {
		op.unknown = func(req proto.Message) proto.Message { return unknown(req.(Req)) }
	}
	return op
}

// reads defines an operation that only reads, so that repeating it is harmless.
func reads[C any, Req, Resp proto.Message](
	service, method string,
	call func(C, context.Context, Req) (Resp, error),
	differs func(Req, Resp) string,
) operation {
	var request Req
	return operation{
		service:  wire.PaymentsPackage + "." + service,
		method:   method,
		readOnly: true,
		request:  func() proto.Message { return request.ProtoReflect().New().Interface() },
		bind: func(c Connector) handler {
			impl, ok := any(c).(C)
			if !ok {
				return nil
			}
			return func(ctx context.Context, req proto.Message) (proto.Message, error) {
				return call(impl, ctx, req.(Req))
			}
		},
		differs: func(req, resp proto.Message) string { return differs(req.(Req), resp.(Resp)) },
	}
}
