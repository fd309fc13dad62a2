package sandbox

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// GetDispute implements sdk.DisputeGetter.
func (c *Connector) GetDispute(ctx context.Context, req *paymentsv1.GetDisputeRequest) (*paymentsv1.GetDisputeResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	d, err := api.Get[api.Dispute](ctx, psp, nil, "disputes", req.GetDisputeId())
	dispute, err := told(ctx, d, err, disputeOf)
	return &paymentsv1.GetDisputeResponse{Dispute: dispute}, err
}

// ListDisputes implements sdk.DisputeLister.
func (c *Connector) ListDisputes(ctx context.Context, req *paymentsv1.ListDisputesRequest) (*paymentsv1.ListDisputesResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	page, err := api.Get[api.Disputes](ctx, psp, filter(req), "disputes")
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

// filter says which disputes are asked for. A status that the PSP has no word for is
// one that none of its disputes has.
func filter(req *paymentsv1.ListDisputesRequest) url.Values {
	query := url.Values{}
	var statuses []string
	for _, s := range req.GetStatuses() {
		statuses = append(statuses, cmp.Or(disputeStatus.Word(s), "none"))
	}
	for name, value := range map[string]string{
		"payment_id": req.GetPaymentId(), "status": strings.Join(statuses, ","), "after": req.GetPageToken(),
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if req.GetPageSize() > 0 {
		query.Set("limit", strconv.Itoa(int(req.GetPageSize())))
	}
	setTime(query, "created_after", req.GetCreatedAfterTime())
	setTime(query, "created_before", req.GetCreatedBeforeTime())
	return query
}

// AcceptDispute implements sdk.DisputeAccepter.
func (c *Connector) AcceptDispute(ctx context.Context, req *paymentsv1.AcceptDisputeRequest) (*paymentsv1.AcceptDisputeResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	dispute, err := changeDispute(ctx, psp, req.GetDisputeId(), "accept", api.None{})
	return &paymentsv1.AcceptDisputeResponse{Dispute: dispute}, err
}

// UploadEvidence implements sdk.EvidenceUploader. The file goes on to the PSP
// while it arrives.
func (c *Connector) UploadEvidence(ctx context.Context, metadata *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error) {
	psp := c.client(ctx, metadata.GetConnectorOptions())
	what := url.Values{"name": {metadata.GetFileName()}, "type": {disputeEvidence.Word(metadata.GetType())}}
	file, err := api.Upload[api.File](ctx, psp, content, metadata.GetContentType(), what,
		"disputes", metadata.GetDisputeId(), "files")
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.UploadEvidenceResponse{FileId: file.ID, SizeBytes: file.Size}, nil
}

// SubmitEvidence implements sdk.EvidenceSubmitter.
func (c *Connector) SubmitEvidence(ctx context.Context, req *paymentsv1.SubmitEvidenceRequest) (*paymentsv1.SubmitEvidenceResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	var ask api.NewEvidence
	for _, e := range req.GetEvidence() {
		ask.Evidence = append(ask.Evidence, api.Evidence{
			Type: disputeEvidence.Word(e.GetType()), FileID: e.GetFileId(), Text: e.GetText(),
		})
	}
	dispute, err := changeDispute(ctx, psp, req.GetDisputeId(), "evidence", ask)
	return &paymentsv1.SubmitEvidenceResponse{Dispute: dispute}, err
}

// DefendDispute implements sdk.DisputeDefender.
func (c *Connector) DefendDispute(ctx context.Context, req *paymentsv1.DefendDisputeRequest) (*paymentsv1.DefendDisputeResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	dispute, err := changeDispute(ctx, psp, req.GetDisputeId(), "defend", api.Why{Reason: req.GetDefenseReason()})
	return &paymentsv1.DefendDisputeResponse{Dispute: dispute}, err
}

// changeDispute asks the PSP for a change of a dispute.
func changeDispute(ctx context.Context, psp *api.Client, id, change string, ask any) (*paymentsv1.Dispute, error) {
	d, err := api.Post[api.Dispute](ctx, psp, ask, "disputes", id, change)
	return told(ctx, d, err, disputeOf)
}

// disputeOf says a dispute of the PSP's in the contract's words.
func disputeOf(ctx context.Context, d api.Dispute) (*paymentsv1.Dispute, error) {
	money, err := moneyOf(d.Currency, d.Amount)
	dispute := &paymentsv1.Dispute{
		Id: d.ID, PaymentId: d.PaymentID, Reference: d.Reference, Amount: money,
		Stage: disputeStage.Meaning(ctx, d.Stage), Status: disputeStatus.Meaning(ctx, d.Status),
		Reason: disputeReason.Meaning(ctx, d.Reason), ConnectorReason: d.Reason,
		NetworkReasonCode: d.Code, Network: d.Network, ResponseDueTime: timestamppb.New(d.Due),
		CreateTime: timestamppb.New(d.Created), UpdateTime: timestamppb.New(d.Updated),
	}
	for _, e := range d.Evidence {
		piece := &paymentsv1.DisputeEvidence{Type: disputeEvidence.Meaning(ctx, e.Type)}
		if e.FileID != "" {
			piece.Content = &paymentsv1.DisputeEvidence_FileId{FileId: e.FileID}
		} else {
			piece.Content = &paymentsv1.DisputeEvidence_Text{Text: e.Text}
		}
		dispute.Evidence = append(dispute.Evidence, piece)
	}
	return dispute, err
}
