package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// TestMain lets the test binary be a connector's process that ends badly.
func TestMain(m *testing.M) {
	if url := os.Getenv(doomedEnv); url != "" {
		doomed(url, os.Args[1])
		return
	}
	os.Exit(m.Run())
}

// newPSP serves a PSP on loopback and gives its address.
func newPSP(t *testing.T) string {
	t.Helper()
	p := psp.New()
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		p.Close()
		server.Close()
	})
	return server.URL
}

// start serves the connector with a PSP of its own on loopback.
func start(t *testing.T) (h *connectortest.Harness, url string) {
	t.Helper()
	url = newPSP(t)
	return connectortest.Start(t, sandbox.New(), map[string]string{"base_url": url}), url
}

// both runs a test against a PSP on loopback and against the one in process.
func both(t *testing.T, test func(*testing.T, *connectortest.Harness)) {
	t.Run("loopback", func(t *testing.T) {
		h, _ := start(t)
		test(t, h)
	})
	t.Run("in process", func(t *testing.T) {
		test(t, connectortest.Start(t, sandbox.New(), nil))
	})
}

// charge is what the tests want to know of a line of the PSP's ledger.
type charge struct {
	Captured, Refunded int64
	Voided             bool
	Attempts           int
}

func charges(t *testing.T, url string) []charge {
	t.Helper()
	res, err := http.Get(url + "/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var told struct{ Charges []charge }
	if err := json.NewDecoder(res.Body).Decode(&told); err != nil {
		t.Fatal(err)
	}
	return told.Charges
}

// key makes an idempotency key as the host does, 43 characters.
func key(name string) string { return (name + strings.Repeat("-", 43))[:43] }

func dollars(units int64) *paymentsv1.Money {
	return &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: units}
}

// order is a request to pay 1000 with a token.
func order(token string, capture paymentsv1.CaptureMethod) *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{
		Reference:     "order-1001",
		Amount:        dollars(1000),
		CaptureMethod: capture,
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_CardToken{
			CardToken: &paymentsv1.CardToken{Token: token},
		}},
	}
}

// pay authorizes 1000 and gives the payment's id.
func pay(t *testing.T, h *connectortest.Harness, name string, capture paymentsv1.CaptureMethod) string {
	t.Helper()
	resp, err := h.Payments.Authorize(h.Context(key(name)), order("tok_approve", capture))
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetPayment().GetId()
}

// simulate makes the option from JSON.
func simulate(t *testing.T, what string) *structpb.Struct {
	t.Helper()
	options := &structpb.Struct{}
	if err := options.UnmarshalJSON([]byte(`{"simulate":` + what + `}`)); err != nil {
		t.Fatal(err)
	}
	return options
}

// failure is what a caller sees of an error.
type failure struct {
	code       codes.Code
	reason     string
	sent       string
	field      string
	retryAfter time.Duration
}

func failureOf(err error) failure {
	st := status.Convert(err)
	f := failure{code: st.Code()}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			f.reason, f.sent = d.GetReason(), d.GetMetadata()["sent"]
		case *errdetails.BadRequest:
			f.field = d.GetFieldViolations()[0].GetField()
		case *errdetails.RetryInfo:
			f.retryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	return f
}
