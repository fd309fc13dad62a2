package adyen

import (
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// sdkName is Adyen's own SDK for browsers and apps; it takes an action as it is.
// Source: https://docs.adyen.com/online-payments/build-your-integration/advanced-flow.
const sdkName = "adyen-checkout"

// nextAction says what somebody must do. What needs Adyen's SDK, native 3-D Secure
// among it, goes there whole.
func nextAction(a *api.Action) *paymentsv1.NextAction {
	switch {
	case a.Type == "redirect" && a.URL != "":
		redirect := &paymentsv1.Redirect{Url: a.URL, Method: a.Method, FormFields: a.Data}
		if redirect.GetMethod() == "" {
			redirect.Method = "GET"
		}
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_Redirect{Redirect: redirect}}
	case a.Type == "await":
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_Wait{Wait: &paymentsv1.Wait{}}}
	case a.Type == "qrCode" && a.QRCodeData != "":
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_DisplayQr{DisplayQr: &paymentsv1.DisplayQr{
			Data: a.QRCodeData, ExpireTime: timeOf(a.ExpiresAt),
		}}}
	case a.Type == "voucher":
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_DisplayVoucher{DisplayVoucher: &paymentsv1.DisplayVoucher{
			PaymentCode: a.Reference, Entity: a.Entity, VoucherUrl: a.DownloadURL, ExpireTime: timeOf(a.ExpiresAt),
		}}}
	default:
		parameters := &structpb.Struct{}
		_ = parameters.UnmarshalJSON(a.Raw) // it was read as an object before
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_ClientSdk{ClientSdk: &paymentsv1.ClientSdk{
			Sdk: sdkName, Parameters: parameters,
		}}}
	}
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
