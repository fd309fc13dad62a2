package sdk

import (
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// The answers below are given where a request may have reached the PSP and
// nobody knows what became of it.

func unknownAuthorize(req *paymentsv1.AuthorizeRequest) *paymentsv1.AuthorizeResponse {
	return &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{
		Reference: req.GetReference(),
		Amount:    req.GetAmount(),
		Status:    paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN,
	}}
}

func unknownCapture(req *paymentsv1.CaptureRequest) *paymentsv1.CaptureResponse {
	return &paymentsv1.CaptureResponse{Payment: unknownPayment(req.GetPaymentId())}
}

func unknownVoid(req *paymentsv1.VoidRequest) *paymentsv1.VoidResponse {
	return &paymentsv1.VoidResponse{Payment: unknownPayment(req.GetPaymentId())}
}

func unknownPayment(id string) *paymentsv1.Payment {
	return &paymentsv1.Payment{Id: id, Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN}
}

func unknownCreateRefund(req *paymentsv1.CreateRefundRequest) *paymentsv1.CreateRefundResponse {
	return &paymentsv1.CreateRefundResponse{Refund: &paymentsv1.Refund{
		PaymentId: req.GetPaymentId(),
		Reference: req.GetReference(),
		Amount:    req.GetAmount(),
		Status:    paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
	}}
}

func unknownComplete(req *paymentsv1.CompleteRequest) *paymentsv1.CompleteResponse {
	return &paymentsv1.CompleteResponse{Payment: unknownPayment(req.GetPaymentId())}
}

func unknownReverse(req *paymentsv1.ReverseRequest) *paymentsv1.ReverseResponse {
	return &paymentsv1.ReverseResponse{Payment: unknownPayment(req.GetPaymentId())}
}

func unknownAdjust(req *paymentsv1.AdjustAuthorizationRequest) *paymentsv1.AdjustAuthorizationResponse {
	return &paymentsv1.AdjustAuthorizationResponse{Payment: unknownPayment(req.GetPaymentId())}
}

func unknownExtend(req *paymentsv1.ExtendAuthorizationRequest) *paymentsv1.ExtendAuthorizationResponse {
	return &paymentsv1.ExtendAuthorizationResponse{Payment: unknownPayment(req.GetPaymentId())}
}

func unknownCreateOrder(req *paymentsv1.CreateOrderRequest) *paymentsv1.CreateOrderResponse {
	return &paymentsv1.CreateOrderResponse{Order: &paymentsv1.Order{
		Reference: req.GetReference(), Amount: req.GetAmount(), Status: paymentsv1.OrderStatus_ORDER_STATUS_UNKNOWN,
	}}
}

func unknownSetupMandate(req *paymentsv1.SetupMandateRequest) *paymentsv1.SetupMandateResponse {
	return &paymentsv1.SetupMandateResponse{Mandate: &paymentsv1.Mandate{
		Reference: req.GetReference(), Status: paymentsv1.MandateStatus_MANDATE_STATUS_UNKNOWN,
	}}
}

func unknownChargeMandate(req *paymentsv1.ChargeMandateRequest) *paymentsv1.ChargeMandateResponse {
	return &paymentsv1.ChargeMandateResponse{Payment: &paymentsv1.Payment{
		Reference: req.GetReference(), Amount: req.GetAmount(), Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN,
	}}
}

func unknownRevokeMandate(req *paymentsv1.RevokeMandateRequest) *paymentsv1.RevokeMandateResponse {
	return &paymentsv1.RevokeMandateResponse{Mandate: &paymentsv1.Mandate{
		Id: req.GetMandateId(), Status: paymentsv1.MandateStatus_MANDATE_STATUS_UNKNOWN,
	}}
}

func unknownPreAuthenticate(req *paymentsv1.PreAuthenticateRequest) *paymentsv1.PreAuthenticateResponse {
	return &paymentsv1.PreAuthenticateResponse{Authentication: &paymentsv1.Authentication{
		Reference: req.GetReference(), Status: paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_UNKNOWN,
	}}
}

func unknownAuthenticate(req *paymentsv1.AuthenticateRequest) *paymentsv1.AuthenticateResponse {
	return &paymentsv1.AuthenticateResponse{Authentication: unknownAuthentication(req.GetAuthenticationId())}
}

func unknownPostAuthenticate(req *paymentsv1.PostAuthenticateRequest) *paymentsv1.PostAuthenticateResponse {
	return &paymentsv1.PostAuthenticateResponse{Authentication: unknownAuthentication(req.GetAuthenticationId())}
}

func unknownAuthentication(id string) *paymentsv1.Authentication {
	return &paymentsv1.Authentication{Id: id, Status: paymentsv1.AuthenticationStatus_AUTHENTICATION_STATUS_UNKNOWN}
}

func unknownCreateCustomer(req *paymentsv1.CreateCustomerRequest) *paymentsv1.CreateCustomerResponse {
	customer := unknownCustomer("")
	if reference := req.GetDetails().GetReference(); reference != "" {
		customer.Details = &paymentsv1.CustomerDetails{Reference: reference}
	}
	return &paymentsv1.CreateCustomerResponse{Customer: customer}
}

func unknownUpdateCustomer(req *paymentsv1.UpdateCustomerRequest) *paymentsv1.UpdateCustomerResponse {
	return &paymentsv1.UpdateCustomerResponse{Customer: unknownCustomer(req.GetCustomerId())}
}

func unknownDeleteCustomer(req *paymentsv1.DeleteCustomerRequest) *paymentsv1.DeleteCustomerResponse {
	return &paymentsv1.DeleteCustomerResponse{Customer: unknownCustomer(req.GetCustomerId())}
}

func unknownCustomer(id string) *paymentsv1.Customer {
	return &paymentsv1.Customer{Id: id, Status: paymentsv1.CustomerStatus_CUSTOMER_STATUS_UNKNOWN}
}

func unknownAcceptDispute(req *paymentsv1.AcceptDisputeRequest) *paymentsv1.AcceptDisputeResponse {
	return &paymentsv1.AcceptDisputeResponse{Dispute: unknownDispute(req.GetDisputeId())}
}

func unknownSubmitEvidence(req *paymentsv1.SubmitEvidenceRequest) *paymentsv1.SubmitEvidenceResponse {
	return &paymentsv1.SubmitEvidenceResponse{Dispute: unknownDispute(req.GetDisputeId())}
}

func unknownDefendDispute(req *paymentsv1.DefendDisputeRequest) *paymentsv1.DefendDisputeResponse {
	return &paymentsv1.DefendDisputeResponse{Dispute: unknownDispute(req.GetDisputeId())}
}

func unknownDispute(id string) *paymentsv1.Dispute {
	return &paymentsv1.Dispute{Id: id, Status: paymentsv1.DisputeStatus_DISPUTE_STATUS_UNKNOWN}
}

func unknownCreatePayout(req *paymentsv1.CreatePayoutRequest) *paymentsv1.CreatePayoutResponse {
	return &paymentsv1.CreatePayoutResponse{Payout: unknownAsked(req)}
}

func unknownStagePayout(req *paymentsv1.StagePayoutRequest) *paymentsv1.StagePayoutResponse {
	return &paymentsv1.StagePayoutResponse{Payout: unknownAsked(req.GetPayout())}
}

func unknownAsked(req *paymentsv1.CreatePayoutRequest) *paymentsv1.Payout {
	return &paymentsv1.Payout{Reference: req.GetReference(), Amount: req.GetAmount(), Status: paymentsv1.PayoutStatus_PAYOUT_STATUS_UNKNOWN}
}

func unknownPayoutLink(req *paymentsv1.CreatePayoutLinkRequest) *paymentsv1.CreatePayoutLinkResponse {
	return &paymentsv1.CreatePayoutLinkResponse{Payout: &paymentsv1.Payout{
		Reference: req.GetReference(), Amount: req.GetAmount(), Status: paymentsv1.PayoutStatus_PAYOUT_STATUS_UNKNOWN,
	}}
}

func unknownTransferPayout(req *paymentsv1.TransferPayoutRequest) *paymentsv1.TransferPayoutResponse {
	return &paymentsv1.TransferPayoutResponse{Payout: unknownPayout(req.GetPayoutId())}
}

func unknownVoidPayout(req *paymentsv1.VoidPayoutRequest) *paymentsv1.VoidPayoutResponse {
	return &paymentsv1.VoidPayoutResponse{Payout: unknownPayout(req.GetPayoutId())}
}

func unknownPayout(id string) *paymentsv1.Payout {
	return &paymentsv1.Payout{Id: id, Status: paymentsv1.PayoutStatus_PAYOUT_STATUS_UNKNOWN}
}

func unknownPayoutRecipient(req *paymentsv1.CreatePayoutRecipientRequest) *paymentsv1.CreatePayoutRecipientResponse {
	return &paymentsv1.CreatePayoutRecipientResponse{Recipient: &paymentsv1.PayoutRecipient{
		Reference: req.GetReference(), Status: paymentsv1.PayoutRecipientStatus_PAYOUT_RECIPIENT_STATUS_UNKNOWN,
	}}
}

func unknownEnroll(*paymentsv1.EnrollPayoutAccountRequest) *paymentsv1.EnrollPayoutAccountResponse {
	return &paymentsv1.EnrollPayoutAccountResponse{Status: paymentsv1.PayoutRecipientStatus_PAYOUT_RECIPIENT_STATUS_UNKNOWN}
}
