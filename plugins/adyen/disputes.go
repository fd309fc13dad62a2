package adyen

import (
	"cmp"
	"context"
	"io"
	"strings"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Adyen tells of disputes by webhook alone; what follows answers them.
// Source: https://docs.adyen.com/risk-management/disputes-api.

// AcceptDispute implements sdk.DisputeAccepter.
func (*Connector) AcceptDispute(ctx context.Context, req *paymentsv1.AcceptDisputeRequest) (*paymentsv1.AcceptDisputeResponse, error) {
	adyen := begin(ctx, req.GetConnectorOptions(), sdk.CheckID("dispute_id", req.GetDisputeId()))
	if err := adyen.dispute(ctx, "acceptDispute", api.DisputeRequest{DisputePSPReference: req.GetDisputeId()}); err != nil {
		return nil, err
	}
	return &paymentsv1.AcceptDisputeResponse{Dispute: &paymentsv1.Dispute{
		Id: req.GetDisputeId(), Status: paymentsv1.DisputeStatus_DISPUTE_STATUS_ACCEPTED,
	}}, nil
}

// DefendDispute implements sdk.DisputeDefender. Without a reason it asks Adyen for
// those that apply, and refuses with them.
func (*Connector) DefendDispute(ctx context.Context, req *paymentsv1.DefendDisputeRequest) (*paymentsv1.DefendDisputeResponse, error) {
	adyen := begin(ctx, req.GetConnectorOptions(), sdk.CheckID("dispute_id", req.GetDisputeId()))
	if req.GetDefenseReason() == "" {
		return nil, adyen.withoutReason(ctx, req.GetDisputeId())
	}
	if err := adyen.dispute(ctx, "defendDispute", api.DisputeRequest{
		DisputePSPReference: req.GetDisputeId(), DefenseReasonCode: req.GetDefenseReason(),
	}); err != nil {
		return nil, err
	}
	return &paymentsv1.DefendDisputeResponse{Dispute: &paymentsv1.Dispute{
		Id: req.GetDisputeId(), Status: paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW,
	}}, nil
}

// dispute asks for something about a dispute.
func (a *account) dispute(ctx context.Context, action string, asked api.DisputeRequest) error {
	asked.MerchantAccountCode = a.MerchantAccount
	return disputeFailure(api.Post[api.DisputeAnswer](ctx, a.Client, a.DisputeURL+api.Path(action), asked))
}

// withoutReason refuses a defence without a reason, and names those that apply.
func (a *account) withoutReason(ctx context.Context, dispute string) error {
	told, err := api.Post[api.DisputeAnswer](ctx, a.Client, a.DisputeURL+"/retrieveApplicableDefenseReasons",
		api.DisputeRequest{MerchantAccountCode: a.MerchantAccount, DisputePSPReference: dispute})
	if err != nil {
		return readFailure(err)
	}
	var codes []string
	for _, reason := range told.DefenseReasons {
		codes = append(codes, reason.Code)
	}
	return sdk.InvalidField("defense_reason", "is required; this dispute has: "+strings.Join(codes, ", "))
}

// evidenceOptions are the connector_options of UploadEvidence.
type evidenceOptions struct {
	DocumentType string `json:"defense_document_type"` // Adyen's defenseDocumentTypeCode
}

// defenseMaterial is the document that most reasons take.
// Source: https://docs.adyen.com/risk-management/understanding-disputes/defense-requirements.
const defenseMaterial = "DefenseMaterial"

// UploadEvidence implements sdk.EvidenceUploader. Adyen gives a document no id: its
// type is what names it, and another of the type takes its place. Adyen itself takes
// PDF, JPG and TIFF files of a few megabytes.
func (*Connector) UploadEvidence(ctx context.Context, metadata *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error) {
	options, err := sdk.Options[evidenceOptions](metadata.GetConnectorOptions())
	adyen := accountOf(ctx, sdk.CheckID("dispute_id", metadata.GetDisputeId()), err)
	if adyen.Fault != nil {
		return nil, adyen.Fault
	}
	document := cmp.Or(options.DocumentType, defenseMaterial)
	told, size, err := api.SupplyDocument(ctx, adyen.Client,
		api.DisputeRequest{MerchantAccountCode: adyen.MerchantAccount, DisputePSPReference: metadata.GetDisputeId()},
		api.Document{TypeCode: document, ContentType: metadata.GetContentType(), Content: content})
	if err = disputeFailure(told, err); err != nil {
		return nil, err
	}
	return &paymentsv1.UploadEvidenceResponse{FileId: document, SizeBytes: size}, nil
}

// disputeFailure is failure, and says a refusal that comes with an answer of
// success: the dispute's state forbids it.
func disputeFailure(told *api.DisputeAnswer, err error) error {
	switch {
	case err != nil:
		return failure(err)
	case !told.Result.Success:
		return sdk.Errorf(sdk.Precondition, refused, "Adyen: %s", told.Result.ErrorMessage)
	}
	return nil
}
