package stripe

import (
	"cmp"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// nextAction is what somebody must do. Stripe.js and Stripe's mobile SDKs can do
// all of Stripe's actions; those that need no SDK are said in the contract's words.
// Source: https://docs.stripe.com/api/payment_intents/object#payment_intent_object-next_action.
func nextAction(a *api.NextAction, clientSecret string) *paymentsv1.NextAction {
	if a == nil {
		return clientAction(nil, clientSecret)
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
			VoucherUrl: cmp.Or(d.HostedVoucherURL, d.PDF), ExpireTime: timestamp(cmp.Or(d.ExpiresAt, d.ExpiresAfter)),
		})
	case "cashapp_handle_redirect_or_display_qr_code", "klarna_display_qr_code", "paynow_display_qr_code", "pix_display_qr_code",
		"promptpay_display_qr_code", "swish_handle_redirect_or_display_qr_code", "wechat_pay_display_qr_code":
		code := &paymentsv1.DisplayQr{
			Data:       cmp.Or(d.Data, d.QRCode.Data),
			ImageUrl:   cmp.Or(d.ImageURLPNG, d.QRCode.ImageURLPNG),
			AppUrl:     cmp.Or(d.MobileAuthURL, d.HostedInstructionsURL),
			ExpireTime: timestamp(cmp.Or(d.ExpiresAt, d.QRCode.ExpiresAt)),
		}
		if code.GetData() != "" || code.GetImageUrl() != "" {
			return sdk.NextAction(code)
		}
	case "blik_authorize", "card_await_notification":
		return sdk.NextAction(&paymentsv1.Wait{})
	}
	return clientAction(a, clientSecret)
}

// clientAction hands over to Stripe's SDK.
func clientAction(a *api.NextAction, clientSecret string) *paymentsv1.NextAction {
	hand := &paymentsv1.ClientSdk{Sdk: "stripe.js", ClientSecret: clientSecret}
	if a != nil {
		action := &structpb.Struct{}
		if action.UnmarshalJSON(a.Raw) == nil {
			hand.Parameters = &structpb.Struct{Fields: map[string]*structpb.Value{"next_action": structpb.NewStructValue(action)}}
		}
	}
	return sdk.NextAction(hand)
}
