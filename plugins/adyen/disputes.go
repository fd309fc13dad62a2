package adyen

import (
	"context"
	"io"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Adyen tells of disputes by webhook alone; what follows answers them.
// Source: https://docs.adyen.com/risk-management/disputes-api.

// AcceptDispute implements sdk.DisputeAccepter.
func (*Connector) AcceptDispute(ctx context.Context, req *paymentsv1.AcceptDisputeRequest) (*paymentsv1.AcceptDisputeResponse, error) {
	adyen, asked, _, err := disputeCall[sdk.NoOptions](ctx, req.GetDisputeId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	told, err := adyen.AcceptDispute(ctx, asked)
	if err = disputeFailure(told, err); err != nil {
		return nil, err
	}
	return &paymentsv1.AcceptDisputeResponse{Dispute: &paymentsv1.Dispute{
		Id: req.GetDisputeId(), Status: paymentsv1.DisputeStatus_DISPUTE_STATUS_ACCEPTED,
	}}, nil
}

// DefendDispute implements sdk.DisputeDefender. Without a reason it asks Adyen for
// those that apply, and refuses with them.
func (*Connector) DefendDispute(ctx context.Context, req *paymentsv1.DefendDisputeRequest) (*paymentsv1.DefendDisputeResponse, error) {
	adyen, asked, _, err := disputeCall[sdk.NoOptions](ctx, req.GetDisputeId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	if req.GetDefenseReason() == "" {
		return nil, adyen.withoutReason(ctx, asked)
	}
	asked.DefenseReasonCode = req.GetDefenseReason()
	told, err := adyen.DefendDispute(ctx, asked)
	if err = disputeFailure(told, err); err != nil {
		return nil, err
	}
	return &paymentsv1.DefendDisputeResponse{Dispute: &paymentsv1.Dispute{
		Id: req.GetDisputeId(), Status: paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW,
	}}, nil
}

// withoutReason refuses a defence without a reason, and names those that apply.
func (a *account) withoutReason(ctx context.Context, dispute api.DisputeRequest) error {
	told, err := a.DefenseReasons(ctx, dispute)
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
	adyen, asked, options, err := disputeCall[evidenceOptions](ctx, metadata.GetDisputeId(), metadata.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	if options.DocumentType == "" {
		options.DocumentType = defenseMaterial
	}
	told, size, err := adyen.SupplyDocument(ctx, asked, api.Document{
		TypeCode: options.DocumentType, ContentType: metadata.GetContentType(), Content: content,
	})
	if err = disputeFailure(told, err); err != nil {
		return nil, err
	}
	return &paymentsv1.UploadEvidenceResponse{FileId: options.DocumentType, SizeBytes: size}, nil
}

// disputeCall is begin for an operation on a dispute.
func disputeCall[O any](ctx context.Context, id string, given *structpb.Struct) (adyen *account, dispute api.DisputeRequest, options O, err error) {
	if err = pspReference("dispute_id", id); err != nil {
		return nil, dispute, options, err
	}
	if adyen, options, err = begin[O](ctx, given); err != nil {
		return nil, dispute, options, err
	}
	return adyen, api.DisputeRequest{MerchantAccountCode: adyen.MerchantAccount, DisputePSPReference: id}, options, nil
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
