package stripe

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// itself is the translation of what is needed as Stripe says it.
func itself[P any](_ context.Context, object P) (P, error) { return object, nil }

// payment says what Stripe said of a payment, and nothing of the request.
func payment(ctx context.Context, intent *api.PaymentIntent) (*paymentsv1.Payment, error) {
	p := &paymentsv1.Payment{
		Id: intent.ID, Reference: intent.Metadata[referenceKey], Status: paymentStatus(ctx, intent),
		CreateTime: sdk.UnixTime(intent.Created), CustomerId: string(intent.Customer),
	}
	if err := setAmounts(p, intent); err != nil {
		return nil, err
	}
	setInstrumentTold(ctx, p, intent)
	switch p.GetStatus() {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		p.Decline = decline(ctx, intent.LastPaymentError)
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION:
		p.NextAction = nextAction(intent.NextAction, intent.ClientSecret)
	}
	data := map[string]any{"status": intent.Status}
	if intent.LatestCharge != nil {
		data["latest_charge"] = intent.LatestCharge.ID
	}
	p.ConnectorData = sdk.ConnectorData(data)
	return p, nil
}

// setInstrumentTold says what was paid with, and what the network said. An
// instrument that is kept for a customer can be used again by its id, and is a
// mandate where the payer need not be there.
func setInstrumentTold(ctx context.Context, p *paymentsv1.Payment, intent *api.PaymentIntent) {
	if charge := intent.LatestCharge; charge != nil && charge.PaymentMethodDetails.Type != "" {
		told := &charge.PaymentMethodDetails
		p.PaymentMethod = shown(ctx, told, "")
		p.NetworkTransactionId = told.Card.NetworkTransactionID
		p.ApprovalCode = told.Card.AuthorizationCode
		p.AuthorizationExpireTime = sdk.UnixTime(told.Card.CaptureBefore)
		p.ThreeDs = threeDSResult(ctx, told.Card.ThreeDSecure)
	}
	if intent.Customer == "" || intent.SetupFutureUsage == "" || intent.PaymentMethod == "" {
		return
	}
	if p.GetPaymentMethod() == nil {
		p.PaymentMethod = &paymentsv1.PaymentMethodDetails{}
	}
	p.PaymentMethod.Token = string(intent.PaymentMethod)
	if intent.SetupFutureUsage == "off_session" {
		p.MandateId = string(intent.PaymentMethod)
	}
}

// setAmounts fills in the five amounts. Where the charge was not expanded nobody
// has said what was authorized and refunded.
func setAmounts(p *paymentsv1.Payment, intent *api.PaymentIntent) error {
	var authorized, refunded int64
	charge := intent.LatestCharge
	if charge != nil && charge.Paid {
		authorized = cmp.Or(max(0, charge.PaymentMethodDetails.Card.AmountAuthorized), charge.Amount)
		// What a partial capture gives up counts as refunded at Stripe, with a
		// refund object of its own.
		released := charge.Amount - charge.AmountCaptured - intent.AmountCapturable
		refunded = max(0, charge.AmountRefunded-max(0, released))
	}
	for to, units := range map[**paymentsv1.Money]int64{
		&p.Amount: intent.Amount, &p.AuthorizedAmount: authorized, &p.CapturableAmount: intent.AmountCapturable,
		&p.CapturedAmount: intent.AmountReceived, &p.RefundedAmount: refunded,
	} {
		var err error
		if *to, err = money(intent.Currency, units); err != nil {
			return err
		}
	}
	if charge != nil && charge.Object == "" {
		p.AuthorizedAmount, p.RefundedAmount = nil, nil
	}
	return nil
}

// paymentStatus says what happened to the money of a payment. A payment returns to
// where it started when an attempt is refused. Cancelling releases what is not
// captured, and is told from time that ran out by its reason.
// Source: cancellation_reason in https://docs.stripe.com/api/payment_intents/object.
func paymentStatus(ctx context.Context, intent *api.PaymentIntent) paymentsv1.PaymentStatus {
	switch {
	case intent.Status == "requires_payment_method" && attemptRefused(intent.LastPaymentError):
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
	case intent.Status == "requires_capture" && intent.AmountReceived > 0:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED
	case intent.Status == "canceled" && intent.AmountReceived > 0:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	case intent.Status == "canceled" && (intent.CancellationReason == "automatic" || intent.CancellationReason == "expired"):
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED
	}
	return paymentStatuses.Meaning(ctx, intent.Status)
}

// attemptRefused says whether an error tells of a refusal, and not only of a
// request that never became an attempt.
func attemptRefused(e *api.Failure) bool {
	return e != nil && (e.Type == api.TypeCardError || e.Code != "")
}

// chargeStatus is paymentStatus as a charge tells it.
func chargeStatus(ctx context.Context, charge *api.Charge) paymentsv1.PaymentStatus {
	status := chargeStatuses.Meaning(ctx, charge.Status)
	switch {
	case status != paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED:
	case charge.Captured:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	case charge.Refunded:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED
	}
	return status
}

// mandateStatus says whether payments can be taken. An instrument that is no
// customer's any more was detached. A mandate of a bank debit has a status of its
// own once there is one.
func mandateStatus(ctx context.Context, s *api.SetupIntent) paymentsv1.MandateStatus {
	status := setupStatuses.Meaning(ctx, s.Status)
	switch {
	case s.Status == "requires_payment_method" && attemptRefused(s.LastSetupError):
		return paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED
	case status != paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE:
	case s.PaymentMethod != nil && s.PaymentMethod.Type != "" && s.PaymentMethod.Customer == "":
		return paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED
	case s.Mandate != nil && s.Mandate.Status != "":
		return mandateStatuses.Meaning(ctx, s.Mandate.Status)
	}
	return status
}

// nextAction is what somebody must do. Stripe.js and Stripe's mobile SDKs can do
// all of Stripe's actions; those that need no SDK are said in the contract's words.
// Source: https://docs.stripe.com/api/payment_intents/object#payment_intent_object-next_action.
func nextAction(a *api.NextAction, clientSecret string) *paymentsv1.NextAction {
	hand := &paymentsv1.ClientSdk{Sdk: "stripe.js", ClientSecret: clientSecret}
	if a == nil {
		return sdk.NextAction(hand)
	}
	d := &a.Details
	switch a.Type {
	case "redirect_to_url", "alipay_handle_redirect", "verify_with_microdeposits":
		if url := cmp.Or(d.URL, d.HostedVerificationURL); url != "" {
			return sdk.RedirectTo(url)
		}
	case "boleto_display_details", "konbini_display_details", "multibanco_display_details", "oxxo_display_details":
		return sdk.NextAction(&paymentsv1.DisplayVoucher{
			PaymentCode: cmp.Or(d.Number, d.Reference), Entity: d.Entity,
			VoucherUrl: cmp.Or(d.HostedVoucherURL, d.PDF), ExpireTime: sdk.UnixTime(cmp.Or(d.ExpiresAt, d.ExpiresAfter)),
		})
	case "cashapp_handle_redirect_or_display_qr_code", "klarna_display_qr_code", "paynow_display_qr_code", "pix_display_qr_code",
		"promptpay_display_qr_code", "swish_handle_redirect_or_display_qr_code", "wechat_pay_display_qr_code":
		code := &paymentsv1.DisplayQr{
			Data: cmp.Or(d.Data, d.QRCode.Data), ImageUrl: cmp.Or(d.ImageURLPNG, d.QRCode.ImageURLPNG),
			AppUrl: cmp.Or(d.MobileAuthURL, d.HostedInstructionsURL), ExpireTime: sdk.UnixTime(cmp.Or(d.ExpiresAt, d.QRCode.ExpiresAt)),
		}
		if code.GetData() != "" || code.GetImageUrl() != "" {
			return sdk.NextAction(code)
		}
	case "blik_authorize", "card_await_notification":
		return sdk.NextAction(&paymentsv1.Wait{})
	}
	action := map[string]any{}
	if json.Unmarshal(a.Raw, &action) == nil {
		hand.Parameters = sdk.ConnectorData(map[string]any{"next_action": action})
	}
	return sdk.NextAction(hand)
}
