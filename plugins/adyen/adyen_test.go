package adyen

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

func TestDescription(t *testing.T) {
	h := connectortest.Start(t, New(), nil)
	resp, err := h.Connector.Describe(t.Context(), &connectorv1.DescribeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	d := resp.GetDescription()
	if d.GetId() != "adyen" || d.GetVersion() != "" || d.GetWebhookVerificationMode() != connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_SIGNATURE {
		t.Errorf("description is %v", d)
	}
	const native, reads, none = connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY,
		connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY, connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NONE
	want := map[string]connectorv1.IdempotencyKind{
		"Authorize": native, "Complete": native, "Capture": native, "Void": native, "Reverse": native, "AdjustAuthorization": native,
		"CreateRefund": native, "SetupMandate": native, "ChargeMandate": native, "GetMandate": reads, "RevokeMandate": none,
		"Tokenize": native, "DeletePaymentMethod": none, "CheckEligibility": reads, "CreateClientSession": native,
		"AcceptDispute": none, "UploadEvidence": none, "DefendDispute": none, "ParseWebhook": reads, "HandleWebhook": reads,
	}
	got := map[string]connectorv1.IdempotencyKind{}
	for _, service := range d.GetServices() {
		for _, op := range service.GetOperations() {
			got[op.GetName()] = op.GetIdempotency().GetKind()
			if op.GetEvidence() != connectorv1.Evidence_EVIDENCE_CONTRACT_TESTED {
				t.Errorf("%s: evidence is %s", op.GetName(), op.GetEvidence())
			}
		}
	}
	for name, kind := range want {
		if got[name] != kind {
			t.Errorf("%s: idempotency is %s, want %s", name, got[name], kind)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d operations are declared, want %d: %v", len(got), len(want), got)
	}
	for _, data := range d.GetTestData() {
		raw, err := data.GetRequest().MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := protojson.Unmarshal(raw, &paymentsv1.AuthorizeRequest{}); err != nil {
			t.Errorf("test data %q is no AuthorizeRequest: %v", data.GetSummary(), err)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for config, want := range map[string]string{
		`{"merchant_account":"M"}`: "api_key is missing",
		`{"api_key":"k"}`:          "merchant_account is missing",
		`{"api_key":"k","merchant_account":"M","live_prefix":"evil.example/"}`: "live_prefix",
		`{"api_key":"k","merchant_account":"M","base_url":"adyen.com"}`:        "base_url",
		`{"api_key":"k","merchant_account":"M","return_url":"shop"}`:           "return_url",
		`{"api_key":"k","merchantAccount":"M"}`:                                "merchantAccount",
	} {
		err := accountOf(sdk.WithCall(context.Background(), sdk.Call{Config: []byte(config)})).Fault
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one that names %s", config, err, want)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for config, want := range map[string][2]string{
		``: {"https://checkout-test.adyen.com/v71", "https://ca-test.adyen.com/ca/services/DisputeService/v30"},
		`,"live_prefix":"1797a841fbb37ca7-AdyenDemo"`: {"https://1797a841fbb37ca7-AdyenDemo-checkout-live.adyenpayments.com/checkout/v71",
			"https://ca-live.adyen.com/ca/services/DisputeService/v30"},
		`,"base_url":"http://127.0.0.1:1/"`: {"http://127.0.0.1:1/v71", "http://127.0.0.1:1/ca/services/DisputeService/v30"},
	} {
		a := accountOf(sdk.WithCall(t.Context(), sdk.Call{Config: []byte(`{"api_key":"k","merchant_account":"M"` + config + `}`)}))
		if got := [2]string{a.CheckoutURL, a.DisputeURL}; a.Fault != nil || got != want {
			t.Errorf("%s: %v, %v", config, got, a.Fault)
		}
	}
}

// TestReturnURL: Adyen wants one with every payment, of the request or the account.
func TestReturnURL(t *testing.T) {
	psp := answering(t, 200, nil, object{"resultCode": "Authorised", "pspReference": "993617895204576J"})
	h := start(t, psp.URL)
	req := authorizeRequest()
	req.ReturnUrl = "https://shop.example/back"
	for want, ask := range map[string]*paymentsv1.AuthorizeRequest{"https://shop.example/back": req, "https://shop.example/return": authorizeRequest()} {
		if err := authorize(h, ask); err != nil {
			t.Fatal(err)
		}
		if sent, _ := psp.sent(); sent["returnUrl"] != want {
			t.Errorf("returnUrl is %v, want %s", sent["returnUrl"], want)
		}
	}
	err := authorize(start(t, psp.URL, object{"return_url": ""}), authorizeRequest())
	if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "return_url" {
		t.Errorf("fields are %v", fields)
	}
}

// TestEveryCurrencyTravelsBothWays: an amount that Adyen can say comes back as it was,
// in each currency of the contract.
func TestEveryCurrencyTravelsBothWays(t *testing.T) {
	for _, code := range []string{
		"AED", "ALL", "AMD", "ARS", "AUD", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BMD", "BND", "BOB", "BRL", "BSD", "BWP", "BYN", "BZD", "CAD",
		"CHF", "CLP", "CNY", "COP", "CRC", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR", "FJD", "GBP", "GEL", "GHS", "GNF", "GTQ",
		"HKD", "HNL", "HUF", "IDR", "ILS", "INR", "IQD", "ISK", "JMD", "JOD", "JPY", "KES", "KHR", "KMF", "KRW", "KWD", "KZT", "LBP", "LYD", "MAD",
		"MUR", "MXN", "MYR", "NGN", "NOK", "NZD", "OMR", "PEN", "PHP", "PLN", "PYG", "QAR", "RON", "RSD", "RWF", "SAR", "SEK", "SGD", "THB", "TND",
		"TRY", "TWD", "UAH", "UGX", "USD", "UYU", "VND", "VUV", "XAF", "XOF", "XPF", "ZAR", "ZMW",
	} {
		for _, minor := range []int64{100, 123_400, 999_999_900} {
			units, err := amount(&paymentsv1.Money{CurrencyCode: code, MinorUnits: minor})
			if err != nil {
				t.Errorf("%d %s: %v", minor, code, err)
				continue
			}
			back, err := money(&units)
			if err != nil || back.GetMinorUnits() != minor || back.GetCurrencyCode() != code {
				t.Errorf("%d %s is %v at Adyen, and back %v, %v", minor, code, units, back, err)
			}
		}
	}
	for code, want := range map[string]int64{"CLP": 10500, "CVE": 10, "IDR": 10, "ISK": 10500, "JPY": 1000, "KWD": 1000, "EUR": 1000} {
		minor := int64(1000)
		if code == "CLP" || code == "ISK" {
			minor = 105
		}
		if units, err := amount(&paymentsv1.Money{CurrencyCode: code, MinorUnits: minor}); err != nil || units.Value != want {
			t.Errorf("%d %s is %v at Adyen, want %d (%v)", minor, code, units, want, err)
		}
	}
}
