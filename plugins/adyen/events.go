package adyen

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// subjectOf is what an event is about, by its code, or nothing where the contract has
// no words for it.
func subjectOf(eventCode string) string {
	for _, subject := range []string{"payment", "refund", "dispute", "mandate", "payout"} {
		if _, known := words.Texts("event." + subject)[eventCode]; known {
			return subject
		}
	}
	return ""
}

// outcome is one of two things, by whether an event speaks of success.
func outcome[T any](item *api.NotificationItem, done, failed T) T {
	if item.Success == "true" {
		return done
	}
	return failed
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
	if item.Success != "true" && item.Success != "false" {
		sdk.Unmapped(ctx, "webhook.success", item.Success)
		return event, nil
	}
	switch subjectOf(item.EventCode) {
	case "payment":
		setPayment(ctx, event, item, amount)
	case "refund":
		setRefund(ctx, event, item, amount)
	case "dispute":
		setDispute(ctx, event, item, amount)
	case "mandate":
		setMandate(ctx, event, item)
	case "payout":
		setPayout(ctx, event, item, amount)
	}
	return event, nil
}

// setPayment: the amount of a capture is that of one capture, and no sum; that of a
// cancellation is the payment's own.
func setPayment(ctx context.Context, event *paymentsv1.WebhookEvent, item *api.NotificationItem, amount *paymentsv1.Money) {
	status := outcome(item, paymentEvent, paymentFailed).Meaning(ctx, item.EventCode)
	p := &paymentsv1.Payment{Id: event.GetObjectId(), Reference: item.MerchantReference, Status: status}
	switch item.EventCode {
	case "AUTHORISATION", "PENDING", "OFFER_CLOSED":
		p.Amount = amount
	}
	switch status {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_UNSPECIFIED:
		return
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED:
		p.AuthorizedAmount = amount
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		p.Decline = sdk.NewDecline(sdk.GenericDecline) // the reason is not signed
	}
	sdk.SetSubject(event, p)
}

func setRefund(ctx context.Context, event *paymentsv1.WebhookEvent, item *api.NotificationItem, amount *paymentsv1.Money) {
	if status := outcome(item, refundEvent, refundFailed).Meaning(ctx, item.EventCode); status != 0 {
		sdk.SetSubject(event, &paymentsv1.Refund{
			Id: item.PSPReference, PaymentId: item.OriginalReference, Status: status, Amount: amount,
		})
	}
}

func setDispute(ctx context.Context, event *paymentsv1.WebhookEvent, item *api.NotificationItem, amount *paymentsv1.Money) {
	status := disputeEvent.Meaning(ctx, item.EventCode)
	sdk.SetSubject(event, &paymentsv1.Dispute{
		Id: item.PSPReference, PaymentId: item.OriginalReference, Reference: item.MerchantReference, Amount: amount,
		Stage:  disputeStage.Meaning(ctx, item.EventCode),
		Status: outcome(item, status, paymentsv1.DisputeStatus_DISPUTE_STATUS_UNKNOWN),
	})
}

func setMandate(ctx context.Context, event *paymentsv1.WebhookEvent, item *api.NotificationItem) {
	if status := outcome(item, mandateEvent, mandateFailed).Meaning(ctx, item.EventCode); status != 0 {
		sdk.SetSubject(event, &paymentsv1.Mandate{Id: item.PSPReference, Reference: item.MerchantReference, Status: status})
	}
}

func setPayout(ctx context.Context, event *paymentsv1.WebhookEvent, item *api.NotificationItem, amount *paymentsv1.Money) {
	if status := outcome(item, payoutEvent, payoutFailed).Meaning(ctx, item.EventCode); status != 0 {
		sdk.SetSubject(event, &paymentsv1.Payout{
			Id: cmp.Or(item.OriginalReference, item.PSPReference), Reference: item.MerchantReference,
			Status: status, Amount: amount,
		})
	}
}

// signedData are the signed fields as they came, under Adyen's names.
func signedData(item *api.NotificationItem) *structpb.Struct {
	data := map[string]any{}
	names := [...]string{
		"pspReference", "originalReference", "merchantAccountCode", "merchantReference",
		"value", "currency", "eventCode", "success",
	}
	for i, value := range signedFields(item) {
		data[names[i]] = value
	}
	return sdk.ConnectorData(data)
}
