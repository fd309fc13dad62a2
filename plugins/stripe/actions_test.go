package stripe

import (
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// TestNextActions: each action of Stripe's in the contract's words, and what only
// Stripe's SDKs can do handed over to them.
func TestNextActions(t *testing.T) {
	const secret = "pi_1_secret_2"
	for said, want := range map[string]string{
		`{"type":"redirect_to_url","redirect_to_url":{"url":"https://hooks.stripe.com/3ds","return_url":null}}`:                                                                                                          `{"redirect":{"url":"https://hooks.stripe.com/3ds","method":"GET"}}`,
		`{"type":"alipay_handle_redirect","alipay_handle_redirect":{"url":"https://pay.example/a"}}`:                                                                                                                     `{"redirect":{"url":"https://pay.example/a","method":"GET"}}`,
		`{"type":"verify_with_microdeposits","verify_with_microdeposits":{"hosted_verification_url":"https://p.example/v"}}`:                                                                                             `{"redirect":{"url":"https://p.example/v","method":"GET"}}`,
		`{"type":"boleto_display_details","boleto_display_details":{"number":"237","hosted_voucher_url":"https://p.example/b","expires_at":60}}`:                                                                         `{"displayVoucher":{"paymentCode":"237","voucherUrl":"https://p.example/b","expireTime":"1970-01-01T00:01:00Z"}}`,
		`{"type":"oxxo_display_details","oxxo_display_details":{"number":"93","hosted_voucher_url":"https://p.example/o","expires_after":60}}`:                                                                           `{"displayVoucher":{"paymentCode":"93","voucherUrl":"https://p.example/o","expireTime":"1970-01-01T00:01:00Z"}}`,
		`{"type":"multibanco_display_details","multibanco_display_details":{"entity":"12","reference":"34"}}`:                                                                                                            `{"displayVoucher":{"paymentCode":"34","entity":"12"}}`,
		`{"type":"konbini_display_details","konbini_display_details":{"hosted_voucher_url":"https://p.example/k"}}`:                                                                                                      `{"displayVoucher":{"voucherUrl":"https://p.example/k"}}`,
		`{"type":"pix_display_qr_code","pix_display_qr_code":{"data":"000201","image_url_png":"https://p.example/q.png","expires_at":60}}`:                                                                               `{"displayQr":{"data":"000201","imageUrl":"https://p.example/q.png","expireTime":"1970-01-01T00:01:00Z"}}`,
		`{"type":"wechat_pay_display_qr_code","wechat_pay_display_qr_code":{"data":"weixin://1","hosted_instructions_url":"https://p.example/w"}}`:                                                                       `{"displayQr":{"data":"weixin://1","appUrl":"https://p.example/w"}}`,
		`{"type":"cashapp_handle_redirect_or_display_qr_code","cashapp_handle_redirect_or_display_qr_code":{"mobile_auth_url":"https://c.example/m","qr_code":{"image_url_png":"https://c.example/q","expires_at":60}}}`: `{"displayQr":{"imageUrl":"https://c.example/q","appUrl":"https://c.example/m","expireTime":"1970-01-01T00:01:00Z"}}`,
		`{"type":"swish_handle_redirect_or_display_qr_code","swish_handle_redirect_or_display_qr_code":{"qr_code":{"data":"D1"}}}`:                                                                                       `{"displayQr":{"data":"D1"}}`,
		`{"type":"blik_authorize","blik_authorize":{}}`:        `{"wait":{}}`,
		`{"type":"use_stripe_sdk","use_stripe_sdk":{"url":7}}`: `{"clientSdk":{"sdk":"stripe.js","clientSecret":"pi_1_secret_2","parameters":{"next_action":{"type":"use_stripe_sdk","use_stripe_sdk":{"url":7}}}}}`,
		`{"type":"something_new","something_new":{"n":1}}`:     `{"clientSdk":{"sdk":"stripe.js","clientSecret":"pi_1_secret_2","parameters":{"next_action":{"type":"something_new","something_new":{"n":1}}}}}`,
		`{"type":"redirect_to_url","redirect_to_url":{}}`:      `{"clientSdk":{"sdk":"stripe.js","clientSecret":"pi_1_secret_2","parameters":{"next_action":{"type":"redirect_to_url","redirect_to_url":{}}}}}`,
		`null`: `{"clientSdk":{"sdk":"stripe.js","clientSecret":"pi_1_secret_2"}}`,
	} {
		var action *api.NextAction
		if err := json.Unmarshal([]byte(said), &action); err != nil {
			t.Fatal(err)
		}
		wanted := &paymentsv1.NextAction{}
		if err := protojson.Unmarshal([]byte(want), wanted); err != nil {
			t.Fatal(err)
		}
		if got := nextAction(action, secret); !proto.Equal(got, wanted) {
			t.Errorf("%s is %v, want %v", said, got, wanted)
		}
	}
}

// TestActionsAreNotGuessed: a next action of another shape makes the answer one
// that can't be understood.
func TestActionsAreNotGuessed(t *testing.T) {
	for _, said := range []string{`7`, `{"type":7}`, `{"type":"boleto_display_details","boleto_display_details":{"number":7}}`} {
		if err := json.Unmarshal([]byte(said), &api.NextAction{}); err == nil {
			t.Errorf("%s was understood", said)
		}
	}
}
