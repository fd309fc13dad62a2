package sandbox

import (
	"context"
	"io"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// GetDispute implements sdk.DisputeGetter.
func (c *Connector) GetDispute(ctx context.Context, req *paymentsv1.GetDisputeRequest) (*paymentsv1.GetDisputeResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	d, err := psp.Dispute(ctx, req.GetDisputeId())
	dispute, err := told(ctx, d, err, disputeOf)
	return &paymentsv1.GetDisputeResponse{Dispute: dispute}, err
}

// ListDisputes implements sdk.DisputeLister.
func (c *Connector) ListDisputes(ctx context.Context, req *paymentsv1.ListDisputesRequest) (*paymentsv1.ListDisputesResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	filter := api.DisputeFilter{
		PaymentID:     req.GetPaymentId(),
		CreatedAfter:  timeOf(req.GetCreatedAfterTime()),
		CreatedBefore: timeOf(req.GetCreatedBeforeTime()),
		Limit:         req.GetPageSize(),
		After:         req.GetPageToken(),
	}
	for _, s := range req.GetStatuses() {
		filter.Statuses = append(filter.Statuses, wordOf(s.String(), "DISPUTE_STATUS_"))
	}
	page, err := psp.Disputes(ctx, filter)
	if err != nil {
		return nil, translate(err)
	}
	resp := &paymentsv1.ListDisputesResponse{NextPageToken: page.Next}
	for _, d := range page.Disputes {
		dispute, err := disputeOf(ctx, d)
		if err != nil {
			return nil, err
		}
		resp.Disputes = append(resp.Disputes, dispute)
	}
	return resp, nil
}

// AcceptDispute implements sdk.DisputeAccepter.
func (c *Connector) AcceptDispute(ctx context.Context, req *paymentsv1.AcceptDisputeRequest) (*paymentsv1.AcceptDisputeResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	d, err := psp.AcceptDispute(ctx, req.GetDisputeId())
	dispute, err := told(ctx, d, err, disputeOf)
	return &paymentsv1.AcceptDisputeResponse{Dispute: dispute}, err
}

// UploadEvidence implements sdk.EvidenceUploader. The file goes on to the PSP
// while it arrives.
func (c *Connector) UploadEvidence(ctx context.Context, metadata *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error) {
	psp, err := c.client(ctx, metadata.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	file, err := psp.UploadFile(ctx, metadata.GetDisputeId(), api.NewFile{
		Name:        metadata.GetFileName(),
		Shows:       evidenceWord(metadata.GetType()),
		ContentType: metadata.GetContentType(),
		Content:     content,
	})
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.UploadEvidenceResponse{FileId: file.ID, SizeBytes: file.Size}, nil
}

// SubmitEvidence implements sdk.EvidenceSubmitter.
func (c *Connector) SubmitEvidence(ctx context.Context, req *paymentsv1.SubmitEvidenceRequest) (*paymentsv1.SubmitEvidenceResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	var pieces []api.Evidence
	for _, e := range req.GetEvidence() {
		pieces = append(pieces, api.Evidence{Type: evidenceWord(e.GetType()), FileID: e.GetFileId(), Text: e.GetText()})
	}
	d, err := psp.SubmitEvidence(ctx, req.GetDisputeId(), pieces)
	dispute, err := told(ctx, d, err, disputeOf)
	return &paymentsv1.SubmitEvidenceResponse{Dispute: dispute}, err
}

// DefendDispute implements sdk.DisputeDefender.
func (c *Connector) DefendDispute(ctx context.Context, req *paymentsv1.DefendDisputeRequest) (*paymentsv1.DefendDisputeResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	d, err := psp.DefendDispute(ctx, req.GetDisputeId(), api.Why{Reason: req.GetDefenseReason()})
	dispute, err := told(ctx, d, err, disputeOf)
	return &paymentsv1.DefendDisputeResponse{Dispute: dispute}, err
}

const evidencePrefix = "DISPUTE_EVIDENCE_TYPE_"

func evidenceWord(t paymentsv1.DisputeEvidenceType) string { return wordOf(t.String(), evidencePrefix) }

// disputeOf says a dispute of the PSP's in the contract's words.
func disputeOf(ctx context.Context, d api.Dispute) (*paymentsv1.Dispute, error) {
	money, err := moneyOf(d.Currency, d.Amount)
	if err != nil {
		return nil, err
	}
	dispute := &paymentsv1.Dispute{
		Id:                d.ID,
		PaymentId:         d.PaymentID,
		Reference:         d.Reference,
		Stage:             paymentsv1.DisputeStage(valueOf(paymentsv1.DisputeStage_value, "DISPUTE_STAGE_", d.Stage)),
		Status:            disputeStatus(ctx, d.Status),
		Amount:            money,
		Reason:            paymentsv1.DisputeReason(valueOf(paymentsv1.DisputeReason_value, "DISPUTE_REASON_", d.Reason)),
		NetworkReasonCode: d.Code,
		ConnectorReason:   d.Reason,
		Network:           d.Network,
		ResponseDueTime:   timestamppb.New(d.Due),
		CreateTime:        timestamppb.New(d.Created),
		UpdateTime:        timestamppb.New(d.Updated),
	}
	for _, e := range d.Evidence {
		piece := &paymentsv1.DisputeEvidence{
			Type: paymentsv1.DisputeEvidenceType(valueOf(paymentsv1.DisputeEvidenceType_value, evidencePrefix, e.Type)),
		}
		if e.FileID != "" {
			piece.Content = &paymentsv1.DisputeEvidence_FileId{FileId: e.FileID}
		} else {
			piece.Content = &paymentsv1.DisputeEvidence_Text{Text: e.Text}
		}
		dispute.Evidence = append(dispute.Evidence, piece)
	}
	return dispute, nil
}
