package adyen

import (
	"context"
	"strings"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreateRefund implements sdk.RefundCreator. Adyen tells by webhook what became of
// the refund.
// Source: https://docs.adyen.com/online-payments/refund.
func (*Connector) CreateRefund(ctx context.Context, req *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
	asked, err := requiredAmount(req.GetAmount())
	if err != nil {
		return nil, err
	}
	if req.GetCaptureId() != "" {
		if err := pspReference("capture_id", req.GetCaptureId()); err != nil {
			return nil, err
		}
	}
	lines, err := lineItems(req.GetLineItems(), false)
	if err != nil {
		return nil, err
	}
	told, err := modify(ctx, req.GetPaymentId(), "refunds", req.GetConnectorOptions(), api.Modification{
		Amount: asked, Reference: req.GetReference(), MerchantRefundReason: refundReason(req.GetReason()),
		CapturePSPReference: req.GetCaptureId(), LineItems: lines,
	})
	if err != nil {
		return nil, err
	}
	given, err := money(told.Amount)
	if err != nil {
		return nil, err
	}
	refund := &paymentsv1.Refund{
		Id:            told.PSPReference,
		PaymentId:     told.PaymentPSPReference,
		Reference:     told.Reference,
		Status:        paymentsv1.RefundStatus_REFUND_STATUS_PENDING,
		Amount:        given,
		ConnectorData: requestData(told),
	}
	if told.Status != received {
		sdk.Unmapped(ctx, "refund.status", told.Status)
		refund.Status = paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN
	}
	return &paymentsv1.CreateRefundResponse{Refund: refund}, nil
}

// refundReason is Adyen's word for one of the contract's examples or its own in
// another spelling, and nothing for any other.
func refundReason(reason string) string {
	return map[string]string{
		"fraud": "FRAUD", "fraudulent": "FRAUD", "duplicate": "DUPLICATE", "return": "RETURN", "other": "OTHER",
		"customer_request": "CUSTOMER REQUEST", "requested_by_customer": "CUSTOMER REQUEST",
	}[strings.ToLower(reason)]
}
