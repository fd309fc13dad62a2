package stripe

import (
	"net/http"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
	"github.com/patchbay/patchbay/sdk/connectortest/sdkdiff"
)

// recordings lie beside the script that made them.
const recordings = "testdata/sdk"

// recordedCalls say what the connector is asked so that it sends what each recording
// has: a request of this file, or a sample.
func recordedCalls() map[string]any {
	return map[string]any{
		"authorize_token": recordedAuthorize(token("pm_card_visa")),
		"authorize_card":  recordedAuthorize(recordedCard()),
		"capture":         &paymentsv1.CaptureRequest{PaymentId: "pi_recorded", Amount: eur(500), MoreToCome: true},
		"void":            &paymentsv1.VoidRequest{PaymentId: "pi_recorded", Reason: "abandoned"},
		"get_payment":     &paymentsv1.GetPaymentRequest{PaymentId: "pi_recorded"},
		"create_refund": &paymentsv1.CreateRefundRequest{
			PaymentId: "pi_recorded", Reference: "refund-77", Amount: eur(500), Reason: "requested_by_customer",
		},
		"get_refund": &paymentsv1.GetRefundRequest{RefundId: "re_recorded"},

		"authorize_ideal": "pay with ideal", "authorize_blik": "pay with blik", "authorize_klarna": "pay with klarna",
		"authorize_boleto": "pay with boleto", "authorize_sepa_debit": "pay with sepa_debit", "authorize_google_pay": "pay with google_pay",
		"authorize_3ds": "authenticated elsewhere", "find_search": "find in the index", "find_list": "find in the list", "adjust": "raise",
		"setup_mandate": "set a card up", "charge_mandate": "charge a setup", "get_mandate": "read a setup", "revoke_mandate": "revoke",
		"tokenize": "keep a card", "tokenize_attach": "keep what is there", "create_customer": "create a customer", "get_customer": "read a customer",
		"update_customer": "change a customer", "delete_customer": "delete a customer", "client_session": "open a session",
		"list_disputes": "list some disputes", "get_dispute": "read a dispute", "accept_dispute": "accept a dispute",
		"submit_evidence": "submit evidence", "defend_dispute": "defend", "create_payout": "pay out", "get_payout": "read a payout",
		"void_payout": "withdraw a payout",
	}
}

// explained is what differs and why.
func explained(method string) []sdkdiff.Explained {
	switch method {
	case http.MethodPost:
		return []sdkdiff.Explained{sdkdiff.Differs("headers.idempotency-key", "the key is the gateway's")}
	default:
		return []sdkdiff.Explained{sdkdiff.Missing("headers.content-type", "Stripe's SDK says the content type of a request without content")}
	}
}

// TestRequestsEqualThoseOfStripesSDK compares what the connector sends with what
// Stripe's own SDK sent for the same inputs, field by field.
func TestRequestsEqualThoseOfStripesSDK(t *testing.T) {
	for name, of := range recordedCalls() {
		t.Run(name, func(t *testing.T) {
			want := sdkdiff.Load(t, recordings, name)
			standIn := newStandIn(t)
			standIn.seed()
			standIn.seedRecorded()
			recorder := sdkdiff.Record(t, standIn)
			h := start(t, recorder.URL)
			sendRecorded(t, h, of)
			sent := slices.DeleteFunc(recorder.Requests(), func(r sdkdiff.Request) bool { return r.Method != want.Method || r.Path != want.Path })
			if len(sent) != 1 {
				t.Fatalf("%d requests to %s %s were sent, want 1: %v", len(sent), want.Method, want.Path, recorder.Requests())
			}
			sdkdiff.Compare(t, recordings, name, sent[0], explained(want.Method)...)
			if noticed := sdkdiff.MustNotice(t, recordings, name, explained(want.Method)...); noticed == 0 {
				t.Error("no mistake was tried")
			}
		})
	}
}

func sendRecorded(t *testing.T, h *connectortest.Harness, of any) {
	t.Helper()
	var err error
	switch of := of.(type) {
	case string:
		all := samples()
		i := slices.IndexFunc(all, func(s sample) bool { return s.name == of })
		if i < 0 {
			t.Fatalf("there is no sample %q", of)
		}
		_, err = all[i].send(h.Context(testKey), t, h)
	case proto.Message:
		operation := string(of.ProtoReflect().Descriptor().Name())
		operation = operation[:len(operation)-len("Request")]
		service, method := operationOf(t, operation)
		err = h.Conn.Invoke(h.Context(testKey), "/"+string(service.FullName())+"/"+operation, of, newMessage(t, method.Output()))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// seedRecorded puts in what the recordings name and the samples do not.
func (s *standIn) seedRecorded() {
	s.put("pi_recorded", "requires_capture", 500)
	refund := s.fixture("refund")
	refund["id"] = "re_recorded"
	s.keep(refund)
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
