package adyen

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// subject is what an event is about.
type subject int

const (
	aboutNothing subject = iota // nothing that the contract, or the signature, has words for
	aboutPayment
	aboutRefund
	aboutDispute
	aboutMandate
	aboutPayout
)

// subjectOf says what an event is about. CANCEL_OR_REFUND is about a payment, but
// which of the two it was is not signed.
// Source: https://docs.adyen.com/development-resources/webhooks/webhook-types.
func subjectOf(eventCode string) subject {
	if _, ok := paymentEvents()[eventCode]; ok {
		return aboutPayment
	}
	if _, ok := refundEvents()[eventCode]; ok {
		return aboutRefund
	}
	if _, ok := disputeEvents()[eventCode]; ok {
		return aboutDispute
	}
	if _, ok := payoutEvents()[eventCode]; ok {
		return aboutPayout
	}
	if eventCode == "RECURRING_CONTRACT" {
		return aboutMandate
	}
	return aboutNothing
}

// outcome is what an event means where it speaks of success, and where not; 0 where
// it then says nothing of the subject's state.
type outcome[S any] struct{ success, failure S }

// paymentEvents: an event of a failed modification leaves the payment as it was,
// which nobody knows here.
func paymentEvents() map[string]outcome[paymentsv1.PaymentStatus] {
	type to = outcome[paymentsv1.PaymentStatus]
	return map[string]to{
		"AUTHORISATION":            {paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		"AUTHORISATION_ADJUSTMENT": {success: paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED},
		"CAPTURE":                  {success: paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		"CAPTURE_FAILED":           {success: paymentsv1.PaymentStatus_PAYMENT_STATUS_FAILED},
		"CANCELLATION":             {success: paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED},
		"TECHNICAL_CANCEL":         {success: paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED},
		"PENDING":                  {success: paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING},
		"EXPIRE":                   {success: paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED},
		"OFFER_CLOSED":             {success: paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED},
	}
}

func refundEvents() map[string]outcome[paymentsv1.RefundStatus] {
	type to = outcome[paymentsv1.RefundStatus]
	const succeeded, failed = paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED, paymentsv1.RefundStatus_REFUND_STATUS_FAILED
	return map[string]to{
		"REFUND":            {succeeded, failed},
		"REFUND_WITH_DATA":  {succeeded, failed},
		"REFUND_FAILED":     {success: failed},
		"REFUNDED_REVERSED": {success: failed},
		"POSTPONED_REFUND":  {paymentsv1.RefundStatus_REFUND_STATUS_PENDING, failed},
	}
}

// standing is where an event leaves a dispute.
type standing struct {
	stage  paymentsv1.DisputeStage
	status paymentsv1.DisputeStatus
}

// Source: https://docs.adyen.com/risk-management/disputes-api/dispute-notifications.
func disputeEvents() map[string]standing {
	const (
		inquiry        = paymentsv1.DisputeStage_DISPUTE_STAGE_INQUIRY
		chargeback     = paymentsv1.DisputeStage_DISPUTE_STAGE_CHARGEBACK
		preArbitration = paymentsv1.DisputeStage_DISPUTE_STAGE_PRE_ARBITRATION
		arbitration    = paymentsv1.DisputeStage_DISPUTE_STAGE_ARBITRATION

		needsResponse = paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE
		underReview   = paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW
		won           = paymentsv1.DisputeStatus_DISPUTE_STATUS_WON
		lost          = paymentsv1.DisputeStatus_DISPUTE_STATUS_LOST
	)
	return map[string]standing{
		"REQUEST_FOR_INFORMATION":           {inquiry, needsResponse},
		"NOTIFICATION_OF_CHARGEBACK":        {chargeback, needsResponse},
		"CHARGEBACK":                        {chargeback, needsResponse},
		"INFORMATION_SUPPLIED":              {0, underReview},
		"CHARGEBACK_REVERSED":               {chargeback, won},
		"ISSUER_RESPONSE_TIMEFRAME_EXPIRED": {0, won},
		"DISPUTE_DEFENSE_PERIOD_ENDED":      {0, paymentsv1.DisputeStatus_DISPUTE_STATUS_EXPIRED},
		"SECOND_CHARGEBACK":                 {chargeback, lost},
		"PREARBITRATION_OPEN":               {preArbitration, needsResponse},
		"PREARBITRATION_ACCEPTED":           {preArbitration, paymentsv1.DisputeStatus_DISPUTE_STATUS_ACCEPTED},
		"PREARBITRATION_DECLINED":           {preArbitration, underReview},
		"PREARBITRATION_ISSUER_WITHDRAWN":   {preArbitration, paymentsv1.DisputeStatus_DISPUTE_STATUS_WITHDRAWN},
		"PREARBITRATION_WON":                {preArbitration, won},
		"PREARBITRATION_LOST":               {preArbitration, lost},
		"SCHEME_ARBITRATION":                {arbitration, underReview},
		"SCHEME_ARBITRATION_WON":            {arbitration, won},
		"SCHEME_ARBITRATION_LOST":           {arbitration, lost},
	}
}

func payoutEvents() map[string]outcome[paymentsv1.PayoutStatus] {
	type to = outcome[paymentsv1.PayoutStatus]
	return map[string]to{
		"PAYOUT_THIRDPARTY": {paymentsv1.PayoutStatus_PAYOUT_STATUS_SUCCEEDED, paymentsv1.PayoutStatus_PAYOUT_STATUS_FAILED},
		"PAYOUT_DECLINE":    {success: paymentsv1.PayoutStatus_PAYOUT_STATUS_VOIDED},
		"PAYOUT_EXPIRE":     {success: paymentsv1.PayoutStatus_PAYOUT_STATUS_EXPIRED},
		"PAIDOUT_REVERSED":  {success: paymentsv1.PayoutStatus_PAYOUT_STATUS_RETURNED},
	}
}

// eventOf says an item that is believed in the contract's words, from its signed
// fields alone: neither the reason nor anything in additionalData is signed.
func eventOf(ctx context.Context, item *api.NotificationItem) (*paymentsv1.WebhookEvent, error) {
	event := hint(item)
	event.ConnectorData = signedData(item)
	amount, err := itemAmount(item)
	if err != nil {
		return nil, err
	}
	success := item.Success == "true"
	if !success && item.Success != "false" {
		sdk.Unmapped(ctx, "webhook.success", item.Success)
		return event, nil
	}
	switch subjectOf(item.EventCode) {
	case aboutPayment:
		if p := paymentEvent(item, amount, success); p != nil {
			event.Subject = &paymentsv1.WebhookEvent_Payment{Payment: p}
		}
	case aboutRefund:
		if status := of(refundEvents()[item.EventCode], success); status != 0 {
			event.Subject = &paymentsv1.WebhookEvent_Refund{Refund: &paymentsv1.Refund{
				Id: item.PSPReference, PaymentId: item.OriginalReference, Status: status, Amount: amount,
			}}
		}
	case aboutDispute:
		at := disputeEvents()[item.EventCode]
		if !success {
			at.status = paymentsv1.DisputeStatus_DISPUTE_STATUS_UNKNOWN
		}
		event.Subject = &paymentsv1.WebhookEvent_Dispute{Dispute: &paymentsv1.Dispute{
			Id: item.PSPReference, PaymentId: item.OriginalReference, Reference: item.MerchantReference,
			Stage: at.stage, Status: at.status, Amount: amount,
		}}
	case aboutMandate:
		if success {
			event.Subject = &paymentsv1.WebhookEvent_Mandate{Mandate: &paymentsv1.Mandate{
				Id: item.PSPReference, Reference: item.MerchantReference, Status: paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE,
			}}
		}
	case aboutPayout:
		if status := of(payoutEvents()[item.EventCode], success); status != 0 {
			event.Subject = &paymentsv1.WebhookEvent_Payout{Payout: &paymentsv1.Payout{
				Id: cmp.Or(item.OriginalReference, item.PSPReference), Reference: item.MerchantReference, Status: status, Amount: amount,
			}}
		}
	}
	return event, nil
}

func of[S any](o outcome[S], success bool) S {
	if success {
		return o.success
	}
	return o.failure
}

// paymentEvent is the payment of an event, or nil where the event says nothing of
// its state. The amount of a capture is that of one capture, and no sum.
func paymentEvent(item *api.NotificationItem, amount *paymentsv1.Money, success bool) *paymentsv1.Payment {
	status := of(paymentEvents()[item.EventCode], success)
	if status == 0 {
		return nil
	}
	p := &paymentsv1.Payment{Id: objectID(item), Reference: item.MerchantReference, Status: status}
	switch item.EventCode {
	case "AUTHORISATION":
		p.Amount = amount
		if success {
			p.AuthorizedAmount = amount
		} else {
			p.Decline = sdk.NewDecline(sdk.GenericDecline) // the reason is not signed
		}
	case "AUTHORISATION_ADJUSTMENT":
		p.AuthorizedAmount = amount
	case "PENDING", "OFFER_CLOSED":
		p.Amount = amount
	}
	return p
}

// signedData are the signed fields as they came, under Adyen's names.
func signedData(item *api.NotificationItem) *structpb.Struct {
	data := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	names := [...]string{"pspReference", "originalReference", "merchantAccountCode", "merchantReference", "value", "currency", "eventCode", "success"}
	for i, value := range signedFields(item) {
		if value != "" {
			data.Fields[names[i]] = structpb.NewStringValue(value)
		}
	}
	return data
}
