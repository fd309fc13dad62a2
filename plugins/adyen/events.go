package adyen

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// meaning is what an event code means.
type meaning struct {
	// payment says that the event is about the payment, and not about something with
	// an id of its own.
	payment bool
	// tell gives the event its subject, from the signed fields alone.
	tell func(event *paymentsv1.WebhookEvent, item *api.NotificationItem, amount *paymentsv1.Money, success bool)
}

// meanings has the event codes that the contract has words for. An event of a failed
// modification leaves the payment as it was, which nobody knows here: it has no
// subject, and neither has CANCEL_OR_REFUND, since which of the two it was is not
// signed.
//
// Sources: https://docs.adyen.com/development-resources/webhooks/webhook-types and
// https://docs.adyen.com/risk-management/disputes-api/dispute-notifications.
func meanings() map[string]meaning {
	const (
		refunded, notRefunded = paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED, paymentsv1.RefundStatus_REFUND_STATUS_FAILED

		inquiry        = paymentsv1.DisputeStage_DISPUTE_STAGE_INQUIRY
		chargeback     = paymentsv1.DisputeStage_DISPUTE_STAGE_CHARGEBACK
		preArbitration = paymentsv1.DisputeStage_DISPUTE_STAGE_PRE_ARBITRATION
		arbitration    = paymentsv1.DisputeStage_DISPUTE_STAGE_ARBITRATION

		needsResponse = paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE
		underReview   = paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW
		won           = paymentsv1.DisputeStatus_DISPUTE_STATUS_WON
		lost          = paymentsv1.DisputeStatus_DISPUTE_STATUS_LOST
	)
	return map[string]meaning{
		"AUTHORISATION":            aboutPayment(paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED),
		"AUTHORISATION_ADJUSTMENT": aboutPayment(paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, 0),
		"CAPTURE":                  aboutPayment(paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 0),
		"CAPTURE_FAILED":           aboutPayment(paymentsv1.PaymentStatus_PAYMENT_STATUS_FAILED, 0),
		"CANCELLATION":             aboutPayment(paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED, 0),
		"TECHNICAL_CANCEL":         aboutPayment(paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED, 0),
		"PENDING":                  aboutPayment(paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING, 0),
		"EXPIRE":                   aboutPayment(paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED, 0),
		"OFFER_CLOSED":             aboutPayment(paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED, 0),

		"REFUND":            aboutRefund(refunded, notRefunded),
		"REFUND_WITH_DATA":  aboutRefund(refunded, notRefunded),
		"REFUND_FAILED":     aboutRefund(notRefunded, 0),
		"REFUNDED_REVERSED": aboutRefund(notRefunded, 0),
		"POSTPONED_REFUND":  aboutRefund(paymentsv1.RefundStatus_REFUND_STATUS_PENDING, notRefunded),

		"REQUEST_FOR_INFORMATION":           aboutDispute(inquiry, needsResponse),
		"NOTIFICATION_OF_CHARGEBACK":        aboutDispute(chargeback, needsResponse),
		"CHARGEBACK":                        aboutDispute(chargeback, needsResponse),
		"INFORMATION_SUPPLIED":              aboutDispute(0, underReview),
		"CHARGEBACK_REVERSED":               aboutDispute(chargeback, won),
		"ISSUER_RESPONSE_TIMEFRAME_EXPIRED": aboutDispute(0, won),
		"DISPUTE_DEFENSE_PERIOD_ENDED":      aboutDispute(0, paymentsv1.DisputeStatus_DISPUTE_STATUS_EXPIRED),
		"SECOND_CHARGEBACK":                 aboutDispute(chargeback, lost),
		"PREARBITRATION_OPEN":               aboutDispute(preArbitration, needsResponse),
		"PREARBITRATION_ACCEPTED":           aboutDispute(preArbitration, paymentsv1.DisputeStatus_DISPUTE_STATUS_ACCEPTED),
		"PREARBITRATION_DECLINED":           aboutDispute(preArbitration, underReview),
		"PREARBITRATION_ISSUER_WITHDRAWN":   aboutDispute(preArbitration, paymentsv1.DisputeStatus_DISPUTE_STATUS_WITHDRAWN),
		"PREARBITRATION_WON":                aboutDispute(preArbitration, won),
		"PREARBITRATION_LOST":               aboutDispute(preArbitration, lost),
		"SCHEME_ARBITRATION":                aboutDispute(arbitration, underReview),
		"SCHEME_ARBITRATION_WON":            aboutDispute(arbitration, won),
		"SCHEME_ARBITRATION_LOST":           aboutDispute(arbitration, lost),

		"PAYOUT_THIRDPARTY":  aboutPayout(paymentsv1.PayoutStatus_PAYOUT_STATUS_SUCCEEDED, paymentsv1.PayoutStatus_PAYOUT_STATUS_FAILED),
		"PAYOUT_DECLINE":     aboutPayout(paymentsv1.PayoutStatus_PAYOUT_STATUS_VOIDED, 0),
		"PAYOUT_EXPIRE":      aboutPayout(paymentsv1.PayoutStatus_PAYOUT_STATUS_EXPIRED, 0),
		"PAIDOUT_REVERSED":   aboutPayout(paymentsv1.PayoutStatus_PAYOUT_STATUS_RETURNED, 0),
		"RECURRING_CONTRACT": {tell: tellMandate},
	}
}

// outcome is the status of an event that speaks of success, or of one that does not.
func outcome[S any](success bool, done, failed S) S {
	if success {
		return done
	}
	return failed
}

// aboutPayment: the amount of a capture is that of one capture, and no sum; that of a
// cancellation is the payment's own.
func aboutPayment(done, failed paymentsv1.PaymentStatus) meaning {
	return meaning{payment: true, tell: func(event *paymentsv1.WebhookEvent, item *api.NotificationItem, amount *paymentsv1.Money, success bool) {
		p := &paymentsv1.Payment{Id: event.GetObjectId(), Reference: item.MerchantReference, Status: outcome(success, done, failed)}
		if p.GetStatus() == 0 {
			return
		}
		switch item.EventCode {
		case "AUTHORISATION", "PENDING", "OFFER_CLOSED":
			p.Amount = amount
		}
		if p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED {
			p.AuthorizedAmount = amount
		}
		if p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED {
			p.Decline = sdk.NewDecline(sdk.GenericDecline) // the reason is not signed
		}
		event.Subject = &paymentsv1.WebhookEvent_Payment{Payment: p}
	}}
}

func aboutRefund(done, failed paymentsv1.RefundStatus) meaning {
	return meaning{tell: func(event *paymentsv1.WebhookEvent, item *api.NotificationItem, amount *paymentsv1.Money, success bool) {
		if status := outcome(success, done, failed); status != 0 {
			event.Subject = &paymentsv1.WebhookEvent_Refund{Refund: &paymentsv1.Refund{
				Id: item.PSPReference, PaymentId: item.OriginalReference, Status: status, Amount: amount,
			}}
		}
	}}
}

func aboutDispute(stage paymentsv1.DisputeStage, status paymentsv1.DisputeStatus) meaning {
	return meaning{tell: func(event *paymentsv1.WebhookEvent, item *api.NotificationItem, amount *paymentsv1.Money, success bool) {
		event.Subject = &paymentsv1.WebhookEvent_Dispute{Dispute: &paymentsv1.Dispute{
			Id: item.PSPReference, PaymentId: item.OriginalReference, Reference: item.MerchantReference, Amount: amount,
			Stage: stage, Status: outcome(success, status, paymentsv1.DisputeStatus_DISPUTE_STATUS_UNKNOWN),
		}}
	}}
}

func aboutPayout(done, failed paymentsv1.PayoutStatus) meaning {
	return meaning{tell: func(event *paymentsv1.WebhookEvent, item *api.NotificationItem, amount *paymentsv1.Money, success bool) {
		if status := outcome(success, done, failed); status != 0 {
			event.Subject = &paymentsv1.WebhookEvent_Payout{Payout: &paymentsv1.Payout{
				Id: cmp.Or(item.OriginalReference, item.PSPReference), Reference: item.MerchantReference, Status: status, Amount: amount,
			}}
		}
	}}
}

func tellMandate(event *paymentsv1.WebhookEvent, item *api.NotificationItem, _ *paymentsv1.Money, success bool) {
	if success {
		event.Subject = &paymentsv1.WebhookEvent_Mandate{Mandate: &paymentsv1.Mandate{
			Id: item.PSPReference, Reference: item.MerchantReference, Status: paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE,
		}}
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
	switch m := meanings()[item.EventCode]; {
	case item.Success != "true" && item.Success != "false":
		sdk.Unmapped(ctx, "webhook.success", item.Success)
	case m.tell != nil:
		m.tell(event, item, amount, item.Success == "true")
	}
	return event, nil
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
