package webhook

import (
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Verified is the answer to a webhook that is the PSP's: what the PSP must be
// answered, and what it says, in its order. An event that the contract has no words
// for has no subject.
func Verified(ack *paymentsv1.HttpResponse, events ...*paymentsv1.WebhookEvent) *paymentsv1.HandleWebhookResponse {
	return &paymentsv1.HandleWebhookResponse{
		Verification:    paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED,
		Events:          events,
		Acknowledgement: ack,
	}
}

// Rejected is the answer to a webhook whose signature can't be believed. The PSP is
// answered with the status, which is none of success; the reason is for the operator
// and quotes nothing of the webhook.
func Rejected(status int, reason string) *paymentsv1.HandleWebhookResponse {
	return refused(paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED, status, reason)
}

// Unsigned is Rejected for a webhook that has no signature, of a PSP that signs.
func Unsigned(status int, reason string) *paymentsv1.HandleWebhookResponse {
	return refused(paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_UNSIGNED, status, reason)
}

func refused(as paymentsv1.WebhookVerification, status int, reason string) *paymentsv1.HandleWebhookResponse {
	return &paymentsv1.HandleWebhookResponse{
		Verification:    as,
		RejectionReason: reason,
		Acknowledgement: &paymentsv1.HttpResponse{StatusCode: int32(status)},
	}
}
