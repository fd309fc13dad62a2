package stripe

import (
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// disputedPayment is expanded in every dispute: it holds the caller's reference.
const disputedPayment = "payment_intent"

// GetDispute implements sdk.DisputeGetter.
func (*Connector) GetDispute(ctx context.Context, req *paymentsv1.GetDisputeRequest) (*paymentsv1.GetDisputeResponse, error) {
	stripe := callOn(ctx, req, "dispute_id", req.GetDisputeId())
	dispute, err := read(ctx, stripe, api.Path("disputes", req.GetDisputeId()), api.Expand(disputedPayment), dispute)
	return &paymentsv1.GetDisputeResponse{Dispute: dispute}, err
}

// ListDisputes implements sdk.DisputeLister. Stripe does not choose by status: the
// connector does, within each page, so that a page may be short or empty before
// the end.
// Source: https://docs.stripe.com/api/disputes/list.
func (*Connector) ListDisputes(ctx context.Context, req *paymentsv1.ListDisputesRequest) (*paymentsv1.ListDisputesResponse, error) {
	stripe := callWithoutOptions(ctx, req)
	page, err := read[api.List[api.Dispute]](ctx, stripe, "/v1/disputes", api.ListParams{
		Limit: min(int(req.GetPageSize()), pageSize), StartingAfter: req.GetPageToken(),
		CreatedFrom: req.GetCreatedAfterTime().GetSeconds(), CreatedBefore: req.GetCreatedBeforeTime().GetSeconds(),
		PaymentIntent: req.GetPaymentId(), Expand: []string{"data." + disputedPayment},
	}, itself)
	if err != nil {
		return nil, err
	}
	resp := &paymentsv1.ListDisputesResponse{}
	for i := range page.Data {
		told, err := dispute(ctx, &page.Data[i])
		if err != nil {
			return nil, stripe.readFailure(err)
		}
		if len(req.GetStatuses()) == 0 || slices.Contains(req.GetStatuses(), told.GetStatus()) {
			resp.Disputes = append(resp.Disputes, told)
		}
		if page.HasMore {
			resp.NextPageToken = told.GetId()
		}
	}
	return resp, nil
}

// AcceptDispute implements sdk.DisputeAccepter.
// Source: https://docs.stripe.com/api/disputes/close.
func (*Connector) AcceptDispute(ctx context.Context, req *paymentsv1.AcceptDisputeRequest) (*paymentsv1.AcceptDisputeResponse, error) {
	stripe := callOn(ctx, req, "dispute_id", req.GetDisputeId())
	dispute, err := write(ctx, stripe, api.Path("disputes", req.GetDisputeId(), "close"), api.Expand(disputedPayment), dispute)
	return &paymentsv1.AcceptDisputeResponse{Dispute: dispute}, err
}

// UploadEvidence implements sdk.EvidenceUploader. The file goes on to Stripe while
// it arrives; Stripe takes PDF, JPEG and PNG of at most 5 MB as evidence.
// Source: https://docs.stripe.com/file-upload.
func (*Connector) UploadEvidence(ctx context.Context, metadata *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error) {
	stripe := callOn(ctx, metadata, "dispute_id", metadata.GetDisputeId())
	file, err := stripe.UploadEvidence(ctx, metadata.GetFileName(), metadata.GetContentType(), content)
	if err != nil {
		return nil, stripe.failure(err)
	}
	return &paymentsv1.UploadEvidenceResponse{FileId: file.ID, SizeBytes: file.Size}, nil
}

// SubmitEvidence implements sdk.EvidenceSubmitter. What is attached is kept until
// DefendDispute sends it to the bank.
// Source: https://docs.stripe.com/api/disputes/update.
func (*Connector) SubmitEvidence(ctx context.Context, req *paymentsv1.SubmitEvidenceRequest) (*paymentsv1.SubmitEvidenceResponse, error) {
	stripe := callOn(ctx, req, "dispute_id", req.GetDisputeId())
	dispute, err := write(ctx, stripe, api.Path("disputes", req.GetDisputeId()), api.Params{
		Evidence: evidenceWords(stripe, req.GetEvidence()), Submit: new(false), Expand: []string{disputedPayment},
	}, dispute)
	return &paymentsv1.SubmitEvidenceResponse{Dispute: dispute}, err
}

// DefendDispute implements sdk.DisputeDefender. It can be done once.
func (*Connector) DefendDispute(ctx context.Context, req *paymentsv1.DefendDisputeRequest) (*paymentsv1.DefendDisputeResponse, error) {
	stripe := callOn(ctx, req, "dispute_id", req.GetDisputeId())
	if req.GetDefenseReason() != "" {
		stripe.refuse("defense_reason", "is not taken: Stripe has no list of reasons")
	}
	dispute, err := write(ctx, stripe, api.Path("disputes", req.GetDisputeId()), api.Params{
		Submit: new(true), Expand: []string{disputedPayment},
	}, dispute)
	return &paymentsv1.DefendDisputeResponse{Dispute: dispute}, err
}

// evidenceWords says evidence in Stripe's words.
func evidenceWords(stripe *call, pieces []*paymentsv1.DisputeEvidence) map[string]string {
	const other = paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_OTHER
	said := map[string]string{}
	for _, piece := range pieces {
		names, value := evidenceTexts, piece.GetText()
		if piece.GetFileId() != "" {
			names, value = evidenceFiles, piece.GetFileId()
		}
		name := cmp.Or(names.Word(piece.GetType()), names.Word(other))
		if said[name] != "" {
			stripe.refuse("evidence", "Stripe has one field, "+name+", for two of the pieces")
		}
		said[name] = value
	}
	return said
}

// evidenceTold says the evidence that Stripe has, in the order of the types.
func evidenceTold(has map[string]any) []*paymentsv1.DisputeEvidence {
	var pieces []*paymentsv1.DisputeEvidence
	for i := range len(paymentsv1.DisputeEvidenceType_name) {
		kind := paymentsv1.DisputeEvidenceType(i)
		if id, _ := has[evidenceFiles.Word(kind)].(string); id != "" {
			pieces = append(pieces, &paymentsv1.DisputeEvidence{Type: kind, Content: &paymentsv1.DisputeEvidence_FileId{FileId: id}})
		}
		if text, _ := has[evidenceTexts.Word(kind)].(string); text != "" {
			pieces = append(pieces, &paymentsv1.DisputeEvidence{Type: kind, Content: &paymentsv1.DisputeEvidence_Text{Text: text}})
		}
	}
	return pieces
}

// dispute says what Stripe said of a dispute.
func dispute(ctx context.Context, d *api.Dispute) (*paymentsv1.Dispute, error) {
	amount, err := money(d.Currency, d.Amount)
	told := &paymentsv1.Dispute{
		Id: d.ID, Amount: amount,
		Stage: disputeStages.Meaning(ctx, d.Status), Status: disputeStatuses.Meaning(ctx, d.Status),
		Reason: disputeReasons.Meaning(ctx, d.Reason), ConnectorReason: d.Reason,
		Network: d.PaymentMethodDetails.Card.Brand, NetworkReasonCode: d.PaymentMethodDetails.Card.NetworkReasonCode,
		ResponseDueTime: sdk.UnixTime(d.EvidenceDetails.DueBy), CreateTime: sdk.UnixTime(d.Created),
		Evidence: evidenceTold(d.Evidence),
		ConnectorData: sdk.ConnectorData(map[string]any{
			"status": d.Status, "has_evidence": d.EvidenceDetails.HasEvidence, "past_due": d.EvidenceDetails.PastDue,
			"submission_count": d.EvidenceDetails.SubmissionCount, "is_charge_refundable": d.IsChargeRefundable,
			"charge": string(d.Charge),
		}),
	}
	if d.PaymentIntent != nil {
		told.PaymentId, told.Reference = d.PaymentIntent.ID, d.PaymentIntent.Metadata[referenceKey]
	}
	return told, err
}
