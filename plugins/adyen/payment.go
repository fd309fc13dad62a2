package adyen

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// expectation is what a payment was asked for with.
type expectation struct {
	reference string
	amount    *paymentsv1.Money // nil: not known
	automatic bool              // Adyen captures by itself, at once
}

// paymentOf says what Adyen said of a payment. Where it repeats neither amount nor
// reference, as in answers with an action, those that were asked for stand in their
// place; what it does say is never overruled.
func paymentOf(ctx context.Context, told *api.Payment, asked expectation) (*paymentsv1.Payment, error) {
	status := paymentStatus(ctx, told, asked.automatic)
	reference := cmp.Or(told.MerchantReference, asked.reference)
	data := map[string]any{"resultCode": told.ResultCode}
	for _, name := range []string{
		"acquirerReference", "authorisationMid", "fraudResultType", "refusalReasonRaw", "paymentAccountReference",
	} {
		data[name] = told.AdditionalData[name]
	}
	p := &paymentsv1.Payment{
		Id: told.PSPReference, Reference: reference, Status: status, Amount: asked.amount,
		NetworkTransactionId: told.AdditionalData["networkTxReference"], ApprovalCode: told.AdditionalData["authCode"],
		PaymentMethod: methodDetails(ctx, told), MandateId: mandateOf(told.AdditionalData),
		CustomerId: told.AdditionalData["tokenization.shopperReference"], ConnectorData: sdk.ConnectorData(data),
	}
	if shift := liabilityShift.Meaning(ctx, told.AdditionalData["liabilityShift"]); shift != 0 {
		p.ThreeDs = &paymentsv1.ThreeDsResult{LiabilityShift: shift}
	}
	if err := setAmounts(p, told, asked); err != nil {
		return nil, err
	}
	switch status {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		p.Decline = decline(ctx, told)
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION:
		p.NextAction = nextAction(told.Action)
	}
	if p.GetId() == "" && status != paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED {
		p.Id = sdk.ProvisionalID(reference)
	}
	return p, nil
}

// paymentStatus says what happened to the money of a payment. An Authorised payment
// that Adyen captures by itself at once is CAPTURED: Adyen calls it final and the
// sign to deliver, sends it for settlement without a further request, and tells by
// webhook (CAPTURE_FAILED) where that fails.
// Source: https://docs.adyen.com/online-payments/capture.
func paymentStatus(ctx context.Context, told *api.Payment, automatic bool) paymentsv1.PaymentStatus {
	status := resultCode.Meaning(ctx, told.ResultCode)
	switch {
	case status == paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED && automatic:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	case status == paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING && told.Action != nil:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
	case status == paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION && told.Action == nil:
		sdk.Unmapped(ctx, "payment.status", told.ResultCode)
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
	}
	return status
}

// setAmounts: Adyen's amount is what was authorized. An amount other than the one
// that was asked for is handed on as the payment's, where the SDK holds it against
// the request, unless Adyen says that only a part was authorized.
func setAmounts(p *paymentsv1.Payment, told *api.Payment, asked expectation) error {
	authorized, err := money(told.Amount)
	if err != nil {
		return err
	}
	if authorized != nil && (told.ResultCode != "PartiallyAuthorised" || p.GetAmount() == nil) {
		p.Amount = authorized
	}
	switch p.GetStatus() {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED:
	default:
		return nil
	}
	if authorized == nil && told.ResultCode == "Authorised" {
		authorized = asked.amount
	}
	if authorized == nil {
		return nil
	}
	zero := &paymentsv1.Money{CurrencyCode: authorized.GetCurrencyCode()}
	p.AuthorizedAmount, p.CapturableAmount, p.CapturedAmount = authorized, authorized, zero
	if asked.automatic {
		p.CapturableAmount, p.CapturedAmount = zero, authorized
	}
	return nil
}

// sdkName is Adyen's own SDK for browsers and apps; it takes an action as it is.
// Source: https://docs.adyen.com/online-payments/build-your-integration/advanced-flow.
const sdkName = "adyen-checkout"

// nextAction says what somebody must do. What needs Adyen's SDK, native 3-D Secure
// among it, goes there whole.
func nextAction(a *api.Action) *paymentsv1.NextAction {
	switch {
	case a.Type == "redirect" && a.URL != "":
		return sdk.NextAction(&paymentsv1.Redirect{Url: a.URL, Method: cmp.Or(a.Method, "GET"), FormFields: a.Data})
	case a.Type == "await":
		return sdk.NextAction(&paymentsv1.Wait{})
	case a.Type == "qrCode" && a.QRCodeData != "":
		return sdk.NextAction(&paymentsv1.DisplayQr{Data: a.QRCodeData, ExpireTime: timeOf(a.ExpiresAt)})
	case a.Type == "voucher":
		return sdk.NextAction(&paymentsv1.DisplayVoucher{
			PaymentCode: a.Reference, Entity: a.Entity, VoucherUrl: a.DownloadURL, ExpireTime: timeOf(a.ExpiresAt),
		})
	}
	parameters := &structpb.Struct{}
	_ = parameters.UnmarshalJSON(a.Raw) // it was read as an object before
	return sdk.NextAction(&paymentsv1.ClientSdk{Sdk: sdkName, Parameters: parameters})
}

// timeOf reads Adyen's times, with a zone or, in vouchers, without; nil if there is
// none that can be read.
func timeOf(text string) *timestamppb.Timestamp {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return timestamppb.New(at)
		}
	}
	return nil
}
