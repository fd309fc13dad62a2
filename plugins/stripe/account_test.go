package stripe

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

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
	for key, want := range map[string]bool{
		"sk_test_1": false, "rk_test_1": false, "sk_live_1": true, "rk_live_1": true,
	} {
		if got := liveKey(key); got != want {
			t.Errorf("liveKey(%s) = %t", key, got)
		}
	}
}
