package stripe

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
	"github.com/patchbay/patchbay/sdk/connectortest/sdkdiff"
)

// seeded is a harness over a stand-in in which the samples' things are, and what it
// is sent.
func seeded(t *testing.T) (*connectortest.Harness, *standIn, *sdkdiff.Recorder) {
	t.Helper()
	s := newStandIn(t)
	s.seed()
	recorder := sdkdiff.Record(t, s)
	return start(t, recorder.URL), s, recorder
}

// sent is the one request to a path.
func sent(t *testing.T, r *sdkdiff.Recorder, method, path string) sdkdiff.Request {
	t.Helper()
	all := slices.DeleteFunc(r.Requests(), func(r sdkdiff.Request) bool { return r.Method != method || r.Path != path })
	if len(all) != 1 {
		t.Fatalf("%d requests to %s %s were sent, want 1", len(all), method, path)
	}
	return all[0]
}

func form(r sdkdiff.Request, name string) string { return strings.Join(r.Form[name], ",") }

// TestEveryTypeIsSent: each type of the description is paid with in Stripe's word for
// it, and those that the payer has to confirm say so.
func TestEveryTypeIsSent(t *testing.T) {
	h, _, _ := seeded(t)
	resp, err := h.Connector.Describe(t.Context(), &connectorv1.DescribeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range resp.GetDescription().GetPaymentMethodTypes() {
		t.Run(kind, func(t *testing.T) {
			h, _, recorder := seeded(t)
			i := slices.IndexFunc(samples(), func(s sample) bool { return s.name == "pay with "+kind })
			if i < 0 {
				t.Fatal("there is no sample")
			}
			req := &paymentsv1.AuthorizeRequest{}
			if err := protojson.Unmarshal([]byte(samples()[i].request), req); err != nil {
				t.Fatal(err)
			}
			got, err := h.Payments.Authorize(h.Context(testKey), req)
			if err != nil {
				t.Fatal(err)
			}
			theirs := words.Texts("payment_method.type")[kind]
			want := paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
			switch {
			case strings.HasSuffix(kind, "_debit"):
				want = paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING
			case theirs != "card" && kind != "mandate":
				want = paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
			}
			if got.GetPayment().GetStatus() != want || (got.GetPayment().GetNextAction() != nil) != (want == paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION) {
				t.Errorf("payment is %v, want %s", got.GetPayment(), want)
			}
			r := sent(t, recorder, "POST", "/v1/payment_intents")
			if kind == "mandate" {
				theirs = "card" // the type of the mandate's instrument
			}
			if form(r, "payment_method_types[0]") != theirs {
				t.Errorf("the type is %q, want %q", form(r, "payment_method_types[0]"), theirs)
			}
			if debit := strings.HasSuffix(kind, "_debit"); debit != (form(r, "mandate_data[customer_acceptance][online][ip_address]") == "203.0.113.7") {
				t.Errorf("acceptance is %v", r.Form)
			}
		})
	}
}

// TestInstrumentsThatAreRefused: what Stripe has no parameter for is refused by name,
// and nothing is sent.
func TestInstrumentsThatAreRefused(t *testing.T) {
	h, _, recorder := seeded(t)
	for request, field := range map[string]string{
		`{"cardToken":{"token":"pm_1","securityCode":"123"}}`:                                                                                    "payment_method.card_token.security_code",
		`{"wallet":{"type":"google_pay","encrypted":{"payload":"{\"signature\":\"x\"}"}}}`:                                                       "payment_method.wallet.encrypted.payload",
		`{"wallet":{"type":"apple_pay","encrypted":{"payload":"not JSON"}}}`:                                                                     "payment_method.wallet.encrypted.payload",
		`{"wallet":{"type":"apple_pay","decrypted":{"number":"4895370012003478","expiryMonth":12,"expiryYear":2030}}}`:                           "payment_method.wallet.decrypted",
		`{"payLater":{"type":"klarna","token":"b4bd3423-24e3"}}`:                                                                                 "payment_method.pay_later.token",
		`{"bankDebit":{"type":"bacs_debit","account":{"accountNumber":"00012345"}}}`:                                                             "payment_method.bank_debit.account",
		`{"bankDebit":{"type":"sepa_debit","account":{"iban":"DE89370400440532013000"},"acceptance":{"kind":"MANDATE_ACCEPTANCE_KIND_ONLINE"}}}`: "payment_method.bank_debit.acceptance",
		`{"mandate":{"mandateId":"../x"}}`:                                                                                                       "payment_method.mandate.mandate_id",
		`{"voucher":{"type":"efecty"}}`:                                                                                                          "unsupported", `{"wallet":{"type":"venmo"}}`: "unsupported", `{"bankDebit":{"type":"autogiro","account":{"iban":"DE89370400440532013000"}}}`: "unsupported",
		`{"crypto":{"asset":"BTC"}}`: "unsupported", `{"networkToken":{"number":"4895370012003478","expiryMonth":12,"expiryYear":2030}}`: "unsupported",
	} {
		req := authorizeRequest()
		req.PaymentMethod = &paymentsv1.PaymentMethod{}
		if err := protojson.Unmarshal([]byte(request), req.GetPaymentMethod()); err != nil {
			t.Fatal(err)
		}
		_, err := h.Payments.Authorize(h.Context(testKey), req)
		if field == "unsupported" {
			connectortest.WantError(t, err, codes.Unimplemented, "OPERATION_UNSUPPORTED")
			continue
		}
		if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != field {
			t.Errorf("%s: fields are %v, want %s", request, fields, field)
		}
	}
	if all := recorder.Requests(); len(all) > 0 {
		t.Errorf("sent %v", all)
	}
}

// TestStoredCredentials: how a stored instrument is used, in Stripe's words.
func TestStoredCredentials(t *testing.T) {
	for stored, want := range map[string]map[string]string{
		`{"initiator":"INITIATOR_MERCHANT","reason":"MERCHANT_INITIATED_REASON_RECURRING"}`:   {"off_session": "recurring"},
		`{"initiator":"INITIATOR_MERCHANT","reason":"MERCHANT_INITIATED_REASON_INSTALLMENT"}`: {"off_session": "recurring"},
		`{"initiator":"INITIATOR_MERCHANT","reason":"MERCHANT_INITIATED_REASON_NO_SHOW","networkTransactionId":"MCC1"}`: {
			"off_session": "one_off", "payment_method_options[card][mit_exemption][network_transaction_id]": "MCC1",
		},
		`{"offSession":true}`: {"off_session": "true", "setup_future_usage": "", "customer": ""},
		`{"setupFutureUsage":"SETUP_FUTURE_USAGE_ON_SESSION"}`: {"setup_future_usage": "on_session", "off_session": ""},
		`{}`: {"off_session": "", "setup_future_usage": "", "customer": ""},
	} {
		h, _, recorder := seeded(t)
		req := authorizeRequest()
		req.StoredCredential = &paymentsv1.StoredCredential{}
		if err := protojson.Unmarshal([]byte(stored), req.GetStoredCredential()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Payments.Authorize(h.Context(testKey), req); err != nil {
			t.Fatal(err)
		}
		r := sent(t, recorder, "POST", "/v1/payment_intents")
		for name, value := range want {
			if form(r, name) != value {
				t.Errorf("%s: %s is %q, want %q", stored, name, form(r, name), value)
			}
		}
		if made := form(r, "customer") != ""; made != strings.Contains(stored, "setupFutureUsage") {
			t.Errorf("%s: customer is %q", stored, form(r, "customer"))
		}
	}
}
