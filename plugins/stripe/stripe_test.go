package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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
	if d.GetId() != "stripe" || d.GetVersion() != "" {
		t.Errorf("id %q, version %q", d.GetId(), d.GetVersion())
	}
	kinds := map[string]connectorv1.IdempotencyKind{}
	for _, service := range d.GetServices() {
		for _, op := range service.GetOperations() {
			kinds[op.GetName()] = op.GetIdempotency().GetKind()
			if op.GetEvidence() != connectorv1.Evidence_EVIDENCE_CONTRACT_TESTED {
				t.Errorf("%s: evidence is %s", op.GetName(), op.GetEvidence())
			}
		}
	}
	const native, reads = connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY, connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY
	for name, want := range map[string]connectorv1.IdempotencyKind{
		"Authorize": native, "Capture": native, "Void": native, "GetPayment": reads, "CreateRefund": native, "GetRefund": reads,
	} {
		if kinds[name] != want {
			t.Errorf("%s: idempotency is %s, want %s", name, kinds[name], want)
		}
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

func TestConfigSchema(t *testing.T) {
	h := connectortest.Start(t, New(), nil)
	resp, err := h.Connector.Describe(t.Context(), &connectorv1.DescribeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := resp.GetDescription().GetConfigSchema().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Required   []string
		Properties map[string]struct {
			WriteOnly bool
			Default   string
		}
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	if len(schema.Required) != 1 || schema.Required[0] != "api_key" {
		t.Errorf("required are %v", schema.Required)
	}
	if !schema.Properties["api_key"].WriteOnly || schema.Properties["base_url"].WriteOnly {
		t.Errorf("secret are not api_key alone: %s", raw)
	}
	if schema.Properties["base_url"].Default != "https://api.stripe.com" {
		t.Errorf("the schema's base_url is %q", schema.Properties["base_url"].Default)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for config, want := range map[string]string{
		`{}`: "api_key is missing",
		`{"api_key":"sk_test_1","base_url":"api.stripe.com"}`:   "base_url",
		`{"api_key":"sk_test_1","base_url":"ftp://stripe.com"}`: "base_url",
		`{"api_key":"sk_test_1","acount":"acct_1"}`:             "acount",
		`{"api_key":7}`: "api_key",
	} {
		h := connectortest.Start(t, New(), json.RawMessage(config))
		_, err := h.Payments.GetPayment(h.Context(testKey), &paymentsv1.GetPaymentRequest{PaymentId: "pi_1"})
		connectortest.WantError(t, err, codes.FailedPrecondition, "CONFIG_INVALID")
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not name %s", config, err, want)
		}
	}
}

func TestBaseURLDefaultsToStripe(t *testing.T) {
	for config, want := range map[string]string{
		`{"api_key":"sk_test_1"}`: "https://api.stripe.com",
		`{"api_key":"sk_test_1","base_url":"http://127.0.0.1:1/gateway/"}`: "http://127.0.0.1:1/gateway",
	} {
		c := newCall(sdk.WithCall(context.Background(), sdk.Call{Config: []byte(config), IdempotencyKey: testKey}))
		if c.Fault != nil {
			t.Fatal(c.Fault)
		}
		if c.BaseURL != want || c.IdempotencyKey != testKey {
			t.Errorf("%s: client is %+v", config, c)
		}
	}
}

func TestIdsThatAreNotStripesAreRefused(t *testing.T) {
	p := startPSP(t, nil)
	h := start(t, p.URL)
	for _, id := range []string{"..", "pi_1/capture", "pi_1?expand[]=x", "pi 1"} {
		_, err := h.Payments.Void(h.Context(testKey), &paymentsv1.VoidRequest{PaymentId: id})
		if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "payment_id" {
			t.Errorf("%q: fields are %v", id, fields)
		}
	}
	if sent := p.requests(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
}

func TestCheckAccount(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{"GET /v1/account": answer(200, object{"id": "acct_1", "object": "account"})})
	h := start(t, p.URL)
	got, err := h.Connector.CheckAccount(h.Context(testKey), &connectorv1.CheckAccountRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetAccountId() != "acct_1" || got.GetLive() {
		t.Errorf("account is %v", got)
	}
	if headers := p.only(t, "GET").Headers; headers["authorization"] != "Bearer sk_test_recorder" || headers["stripe-account"] != "acct_recorder" {
		t.Errorf("headers are %v", headers)
	}
}

func TestCheckAccountRefused(t *testing.T) {
	for _, code := range []int{401, 403} {
		p := startPSP(t, map[string]http.HandlerFunc{"GET /v1/account": failed(code, object{"type": "invalid_request_error", "message": "Invalid API Key provided"})})
		h := start(t, p.URL)
		_, err := h.Connector.CheckAccount(h.Context(testKey), &connectorv1.CheckAccountRequest{})
		connectortest.WantError(t, err, codes.FailedPrecondition, "CREDENTIALS_REJECTED")
	}
}

func TestLiveKey(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{"GET /v1/account": answer(http.StatusOK, object{"id": "acct_1", "object": "account"})})
	for key, want := range map[string]bool{
		"sk_test_1": false, "rk_test_1": false, "sk_live_1": true, "rk_live_1": true,
	} {
		config := fmt.Appendf(nil, `{"api_key": %q, "base_url": %q}`, key, p.URL)
		got, err := New().CheckAccount(sdk.WithCall(t.Context(), sdk.Call{Config: config}), &connectorv1.CheckAccountRequest{})
		if err != nil || got.GetLive() != want {
			t.Errorf("%s: got %v, %v", key, got, err)
		}
	}
}
