package stripe

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// TestRequestsEqualThoseOfStripesSDK compares what the connector sends with what
// Stripe's own SDK sent for the same inputs, field by field. The recordings and
// the script that made them are in testdata/sdk.
func TestRequestsEqualThoseOfStripesSDK(t *testing.T) {
	const payment = "/v1/payment_intents/pi_recorded"
	recorded := intent(t, stripemock.Intent{Status: "requires_capture", Multicapture: true}, object{"id": "pi_recorded"})
	routes := map[string]http.HandlerFunc{
		"POST /v1/payment_intents":     answer(200, recorded),
		"GET " + payment:               answer(200, recorded),
		"POST " + payment + "/capture": answer(200, recorded),
		"POST " + payment + "/cancel":  answer(200, recorded),
		"POST /v1/refunds":             answer(200, refundObject(t, "succeeded", object{"payment_intent": "pi_recorded"})),
		"GET /v1/refunds/re_recorded":  answer(200, refundObject(t, "succeeded", object{"id": "re_recorded"})),
	}
	for name, send := range map[string]func(h *connectortest.Harness) error{
		"authorize_token": func(h *connectortest.Harness) error {
			_, err := h.Payments.Authorize(h.Context(testKey), recordedAuthorize(token("pm_card_visa")))
			return err
		},
		"authorize_card": func(h *connectortest.Harness) error {
			_, err := h.Payments.Authorize(h.Context(testKey), recordedAuthorize(recordedCard()))
			return err
		},
		"capture": func(h *connectortest.Harness) error {
			// Nothing in the canned answer was captured: the SDK must not believe it.
			_, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{
				PaymentId: "pi_recorded", Amount: eur(500), MoreToCome: true})
			wantError(t, err, codes.Unknown, "INTEGRITY_MISMATCH")
			return nil
		},
		"void": func(h *connectortest.Harness) error {
			_, err := h.Payments.Void(h.Context(testKey), &paymentsv1.VoidRequest{PaymentId: "pi_recorded", Reason: "abandoned"})
			return err
		},
		"get_payment": func(h *connectortest.Harness) error {
			_, err := h.Payments.GetPayment(h.Context(testKey), &paymentsv1.GetPaymentRequest{PaymentId: "pi_recorded"})
			return err
		},
		"create_refund": func(h *connectortest.Harness) error {
			_, err := h.Refunds.CreateRefund(h.Context(testKey), &paymentsv1.CreateRefundRequest{
				PaymentId: "pi_recorded", Reference: "refund-77", Amount: eur(500), Reason: "requested_by_customer"})
			return err
		},
		"get_refund": func(h *connectortest.Harness) error {
			_, err := h.Refunds.GetRefund(h.Context(testKey), &paymentsv1.GetRefundRequest{RefundId: "re_recorded"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := recording(t, name)
			p := startPSP(t, routes)
			if err := send(start(t, p.URL)); err != nil {
				t.Fatal(err)
			}
			if diff := differences(p.only(t, want.Method), want); len(diff) > 0 {
				t.Errorf("differs from Stripe's SDK: %v", diff)
			}
		})
	}
}

// TestComparisonWithTheSDKCanFail makes sure that the test above sees a mistake.
func TestComparisonWithTheSDKCanFail(t *testing.T) {
	want := recording(t, "authorize_card")
	for name, spoil := range map[string]func(*request){
		"method":                  func(r *request) { r.Method = "PUT" },
		"path":                    func(r *request) { r.Path += "/" },
		"a field less":            func(r *request) { delete(r.Form, "payment_method_data[card][cvc]") },
		"a field more":            func(r *request) { r.Form["off_session"] = "true" },
		"another value":           func(r *request) { r.Form["amount"] = "10.50" },
		"no idempotency key":      func(r *request) { delete(r.Headers, "idempotency-key") },
		"another Stripe-Version":  func(r *request) { r.Headers["stripe-version"] = "2020-08-27" },
		"another way of encoding": func(r *request) { r.Headers["content-type"] = "application/json" },
	} {
		got := recording(t, "authorize_card")
		spoil(&got)
		if len(differences(got, want)) == 0 {
			t.Errorf("%s: not noticed", name)
		}
	}
}

// differences lists what differs, but for what is explained:
//   - the key is the gateway's, so that only its presence counts;
//   - Stripe's SDK says the content type of a GET, which has no content.
func differences(got, want request) map[string][2]any {
	diff := map[string][2]any{}
	compare := func(what string, got, want any) {
		if !reflect.DeepEqual(got, want) {
			diff[what] = [2]any{got, want}
		}
	}
	headers := maps.Clone(want.Headers)
	if want.Method == http.MethodGet {
		delete(headers, "content-type")
	}
	if _, has := headers["idempotency-key"]; has && got.Headers["idempotency-key"] != "" {
		headers["idempotency-key"] = got.Headers["idempotency-key"]
	}
	compare("method", got.Method, want.Method)
	compare("path", got.Path, want.Path)
	compare("headers", got.Headers, headers)
	compare("query", got.Query, want.Query)
	compare("form", got.Form, want.Form)
	return diff
}

func recording(t *testing.T, name string) request {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "sdk", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r request
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func recordedAuthorize(method *paymentsv1.PaymentMethod) *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{
		Reference:           "order-1001",
		Amount:              eur(1050),
		CaptureMethod:       paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL,
		PaymentMethod:       method,
		ReturnUrl:           "https://shop.example/return?order=1001",
		Description:         "Two tickets & a programme",
		StatementDescriptor: "TICKETS",
		Email:               "jo@example.com",
		Metadata:            map[string]string{"seat": "A 12"},
		ConnectorOptions: &structpb.Struct{Fields: map[string]*structpb.Value{
			"setup_future_usage": structpb.NewStringValue("off_session"),
		}},
	}
}

func recordedCard() *paymentsv1.PaymentMethod {
	return &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
		Number: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2030, SecurityCode: "123",
		HolderName: "Test Card", Network: "visa",
	}}}
}
