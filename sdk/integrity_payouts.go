package sdk

import (
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func createPayoutDiffers(req *paymentsv1.CreatePayoutRequest, resp *paymentsv1.CreatePayoutResponse) string {
	return askedPayout(resp.GetPayout(), req)
}

func stagePayoutDiffers(req *paymentsv1.StagePayoutRequest, resp *paymentsv1.StagePayoutResponse) string {
	return askedPayout(resp.GetPayout(), req.GetPayout())
}

func askedPayout(p *paymentsv1.Payout, req *paymentsv1.CreatePayoutRequest) string {
	switch p.GetStatus() {
	case paymentsv1.PayoutStatus_PAYOUT_STATUS_UNKNOWN, paymentsv1.PayoutStatus_PAYOUT_STATUS_DECLINED:
	default:
		if p.GetId() == "" {
			return "payout.id"
		}
	}
	return first(
		told("payout.status", p.GetStatus() != 0),
		same("payout.reference", p.GetReference(), req.GetReference()),
		sameAmount("payout.amount", p.GetAmount(), req.GetAmount()),
	)
}

func transferPayoutDiffers(req *paymentsv1.TransferPayoutRequest, resp *paymentsv1.TransferPayoutResponse) string {
	return samePayout(resp.GetPayout(), req.GetPayoutId())
}

func getPayoutDiffers(req *paymentsv1.GetPayoutRequest, resp *paymentsv1.GetPayoutResponse) string {
	return samePayout(resp.GetPayout(), req.GetPayoutId())
}

func voidPayoutDiffers(req *paymentsv1.VoidPayoutRequest, resp *paymentsv1.VoidPayoutResponse) string {
	return samePayout(resp.GetPayout(), req.GetPayoutId())
}

func samePayout(p *paymentsv1.Payout, id string) string {
	return first(same("payout.id", p.GetId(), id), told("payout.status", p.GetStatus() != 0))
}

func payoutLinkDiffers(req *paymentsv1.CreatePayoutLinkRequest, resp *paymentsv1.CreatePayoutLinkResponse) string {
	p := resp.GetPayout()
	known := p.GetStatus() != paymentsv1.PayoutStatus_PAYOUT_STATUS_UNKNOWN
	findings := first(told("link_id", resp.GetLinkId() != "" || !known), told("url", resp.GetUrl() != "" || !known))
	if p != nil {
		return first(findings, sameAmount("payout.amount", p.GetAmount(), req.GetAmount()), same("payout.reference", p.GetReference(), req.GetReference()))
	}
	return findings
}

func payoutRecipientDiffers(req *paymentsv1.CreatePayoutRecipientRequest, resp *paymentsv1.CreatePayoutRecipientResponse) string {
	r := resp.GetRecipient()
	return first(
		told("recipient.id", r.GetId() != "" || r.GetStatus() == paymentsv1.PayoutRecipientStatus_PAYOUT_RECIPIENT_STATUS_UNKNOWN),
		told("recipient.status", r.GetStatus() != 0),
		same("recipient.reference", r.GetReference(), req.GetReference()),
	)
}

func enrollDiffers(_ *paymentsv1.EnrollPayoutAccountRequest, resp *paymentsv1.EnrollPayoutAccountResponse) string {
	return first(
		told("payout_account_id", resp.GetPayoutAccountId() != "" || resp.GetStatus() == paymentsv1.PayoutRecipientStatus_PAYOUT_RECIPIENT_STATUS_UNKNOWN),
		told("status", resp.GetStatus() != 0),
	)
}

func getDisputeDiffers(req *paymentsv1.GetDisputeRequest, resp *paymentsv1.GetDisputeResponse) string {
	return sameDispute(resp.GetDispute(), req.GetDisputeId())
}

func acceptDisputeDiffers(req *paymentsv1.AcceptDisputeRequest, resp *paymentsv1.AcceptDisputeResponse) string {
	return sameDispute(resp.GetDispute(), req.GetDisputeId())
}

func submitEvidenceDiffers(req *paymentsv1.SubmitEvidenceRequest, resp *paymentsv1.SubmitEvidenceResponse) string {
	return sameDispute(resp.GetDispute(), req.GetDisputeId())
}

func defendDisputeDiffers(req *paymentsv1.DefendDisputeRequest, resp *paymentsv1.DefendDisputeResponse) string {
	return sameDispute(resp.GetDispute(), req.GetDisputeId())
}

func sameDispute(d *paymentsv1.Dispute, id string) string {
	return first(same("dispute.id", d.GetId(), id), told("dispute.status", d.GetStatus() != 0))
}

func listDisputesDiffers(req *paymentsv1.ListDisputesRequest, resp *paymentsv1.ListDisputesResponse) string {
	for _, d := range resp.GetDisputes() {
		if req.GetPaymentId() != "" && d.GetPaymentId() != req.GetPaymentId() {
			return "disputes.payment_id"
		}
		if what := first(told("disputes.id", d.GetId() != ""), told("disputes.status", d.GetStatus() != 0)); what != "" {
			return what
		}
	}
	return ""
}
