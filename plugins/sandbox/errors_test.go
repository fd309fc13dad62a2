package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

func TestRefusals(t *testing.T) {
	h, url := start(t)
	captured, voided := pay(t, h, "captured", automatic), pay(t, h, "voided", manual)
	if _, err := h.Payments.Void(h.Context(key("void")), &paymentsv1.VoidRequest{PaymentId: voided}); err != nil {
		t.Fatal(err)
	}
	capture := func(id string, m *paymentsv1.Money) error {
		_, err := h.Payments.Capture(h.Context(key("")), &paymentsv1.CaptureRequest{PaymentId: id, Amount: m})
		return err
	}
	refund := func(k, id string, m *paymentsv1.Money) error {
		_, err := h.Refunds.CreateRefund(h.Context(key(k)), &paymentsv1.CreateRefundRequest{PaymentId: id, Reference: "r", Amount: m})
		return err
	}
	authorize := func(k string, req *paymentsv1.AuthorizeRequest) error {
		_, err := h.Payments.Authorize(h.Context(key(k)), req)
		return err
	}
	wrongNumber := order("", automatic)
	wrongNumber.PaymentMethod.Method = &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{Number: psp.IncorrectNumber, ExpiryMonth: 1, ExpiryYear: 2030}}
	before := len(charges(t, url))
	for name, c := range map[string]struct {
		err  error
		want failure
	}{
		"capture of a voided payment": {capture(voided, nil), failure{codes.FailedPrecondition, "PAYMENT_NOT_CAPTURABLE", "NEVER", "", 0}},
		"refund of a voided payment":  {refund("r1", voided, nil), failure{codes.FailedPrecondition, "PAYMENT_NOT_REFUNDABLE", "NEVER", "", 0}},
		"too large a refund":          {refund("r2", captured, dollars(1001)), failure{codes.FailedPrecondition, "AMOUNT_TOO_LARGE", "NEVER", "", 0}},
		"refund in another currency": {refund("r3", captured, &paymentsv1.Money{CurrencyCode: "EUR", MinorUnits: 1}),
			failure{codes.InvalidArgument, "CURRENCY_MISMATCH", "NEVER", "amount.currency_code", 0}},
		"no such payment": {refund("r4", "pay_x", nil), failure{codes.InvalidArgument, "PAYMENT_NOT_FOUND", "NEVER", "payment_id", 0}},
		"no such path":    {refund("r5", "../../v2", nil), failure{codes.InvalidArgument, "PAYMENT_NOT_FOUND", "NEVER", "payment_id", 0}},
		"key of another request": {authorize("captured", order("tok_approve", manual)),
			failure{codes.FailedPrecondition, "IDEMPOTENCY_KEY_REUSED", "NEVER", "", 0}},
		"card number": {authorize("n", wrongNumber), failure{codes.InvalidArgument, "INCORRECT_NUMBER", "NEVER", "payment_method.card.number", 0}},
		"token": {authorize("t", order("tok_other", automatic)),
			failure{codes.InvalidArgument, "INVALID_TOKEN", "NEVER", "payment_method.card_token.token", 0}},
	} {
		if got := failureOf(c.err); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
	_, err := h.Refunds.GetRefund(h.Context(key("g")), &paymentsv1.GetRefundRequest{RefundId: "re_x"})
	if got := failureOf(err); got.reason != "REFUND_NOT_FOUND" || got.field != "refund_id" {
		t.Errorf("no such refund: got %+v", got)
	}
	if n := len(charges(t, url)); n != before {
		t.Errorf("%d charges, want %d as before", n, before)
	}
}

// canned answers every request alike, as a PSP that is broken or another server
// does.
func canned(t *testing.T, status int, body string) *connectortest.Harness {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return connectortest.Start(t, sandbox.New(), map[string]string{"base_url": server.URL + "/"})
}

const unknown = paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN

func TestAnswers_thatLeaveTheOutcomeOpen(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"internal error":    {500, `{"error":{"code":"internal_error","message":"?"}}`},
		"a proxy's":         {502, `<html>Bad Gateway</html>`},
		"unavailable":       {503, ``},
		"gateway timeout":   {504, `{}`},
		"no JSON":           {200, `OK`},
		"no id":             {201, `{"status":"captured","currency":"USD","amount":1000,"reference":"order-1001"}`},
		"wrong type":        {201, `{"id":7}`},
		"undocumented code": {400, `{"error":{"code":"new_rule","message":"?"}}`},
		"another's 404":     {404, `not found`},
		"a redirect":        {307, ``},
	} {
		t.Run(name, func(t *testing.T) {
			h := canned(t, c.status, c.body)
			resp, err := h.Payments.Authorize(h.Context(key("a")), order("tok_approve", automatic))
			if err != nil || resp.GetPayment().GetStatus() != unknown {
				t.Errorf("Authorize: got %v %v, want the status UNKNOWN", resp, err)
			}
			done, err := h.Refunds.CreateRefund(h.Context(key("b")), &paymentsv1.CreateRefundRequest{PaymentId: "pay_1", Reference: "r"})
			if err != nil || done.GetRefund().GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN {
				t.Errorf("CreateRefund: got %v %v, want the status UNKNOWN", done, err)
			}
			_, err = h.Payments.GetPayment(h.Context(key("c")), &paymentsv1.GetPaymentRequest{PaymentId: "pay_1"})
			if got := failureOf(err); got.code != codes.Unavailable || got.sent != "NEVER" {
				t.Errorf("GetPayment: got %+v, want UNAVAILABLE", got)
			}
		})
	}
}

func TestAnswers_thatSayThatNothingWasDone(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   failure
	}{
		"shutting down": {503, `{"error":{"code":"shutting_down","message":"?","nothing_done":true}}`,
			failure{codes.Unavailable, "CONNECTOR_UNAVAILABLE", "NEVER", "", time.Second}},
		"rate limit, no body":   {429, ``, failure{codes.ResourceExhausted, "RATE_LIMITED", "NEVER", "", 7 * time.Second}},
		"unauthorized, no body": {401, ``, failure{codes.FailedPrecondition, "CREDENTIALS_REJECTED", "NEVER", "", 0}},
		"no such route":         {404, `{"error":{"code":"route_not_found","message":"?"}}`, failure{codes.FailedPrecondition, "CONFIG_INVALID", "NEVER", "", 0}},
		"invalid capture": {400, `{"error":{"code":"invalid_request","message":"?","param":"capture"}}`,
			failure{codes.InvalidArgument, "INVALID_REQUEST", "NEVER", "capture_method", 0}},
		"invalid amount": {400, `{"error":{"code":"invalid_request","message":"?","param":"amount"}}`,
			failure{codes.InvalidArgument, "INVALID_REQUEST", "NEVER", "amount.minor_units", 0}},
		"invalid something": {400, `{"error":{"code":"invalid_request","message":"?","param":"odd"}}`,
			failure{codes.InvalidArgument, "INVALID_REQUEST", "NEVER", "", 0}},
	} {
		t.Run(name, func(t *testing.T) {
			h := canned(t, c.status, c.body)
			_, err := h.Payments.Authorize(h.Context(key("a")), order("tok_approve", automatic))
			if got := failureOf(err); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestAnswers_withUnknownWords(t *testing.T) {
	h := canned(t, 201, `{"id":"pay_1","payment_id":"pay_1","reference":"order-1001","status":"pondering","currency":"USD","amount":1000}`)
	resp, err := h.Payments.Authorize(h.Context(key("a")), order("tok_approve", automatic))
	if err != nil || resp.GetPayment().GetStatus() != unknown || resp.GetPayment().GetId() != "pay_1" {
		t.Errorf("payment: got %v %v, want pay_1 with the status UNKNOWN", resp, err)
	}
	read, err := h.Refunds.GetRefund(h.Context(key("b")), &paymentsv1.GetRefundRequest{RefundId: "pay_1"})
	if err != nil || read.GetRefund().GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN {
		t.Errorf("refund: got %v %v, want the status UNKNOWN", read, err)
	}
}

// An answer about another amount never passes as this payment's.
func TestAnswers_areNotEchoes(t *testing.T) {
	h := canned(t, 201, `{"id":"pay_1","reference":"order-1001","status":"captured","currency":"USD","amount":999}`)
	_, err := h.Payments.Authorize(h.Context(key("a")), order("tok_approve", automatic))
	if got := failureOf(err); got.reason != "INTEGRITY_MISMATCH" || got.sent != "MAYBE" {
		t.Errorf("got %+v, want INTEGRITY_MISMATCH", got)
	}
}

func TestNothingListens(t *testing.T) {
	h := connectortest.Start(t, sandbox.New(), map[string]string{"base_url": connectortest.Nowhere})
	_, err := h.Payments.Authorize(h.Context(key("a")), order("tok_approve", automatic))
	if got := failureOf(err); got.code != codes.Unavailable || got.sent != "NEVER" {
		t.Errorf("got %+v, want UNAVAILABLE, sent NEVER", got)
	}
}

// The PSP's decline codes become codes of the contract's, and one that nobody
// knows becomes generic_decline.
func TestDeclines(t *testing.T) {
	h, url := start(t)
	for word, want := range map[string]string{
		"authentication_failed": "", "authentication_required": "", "avs_mismatch": "", "blocked_account": "",
		"closed_account": "", "currency_not_supported": "", "do_not_honor": "", "duplicate_transaction": "",
		"expired_card": "", "generic_decline": "", "incorrect_pin": "", "insufficient_funds": "",
		"invalid_account": "", "invalid_amount": "", "invalid_merchant": "", "invalid_transaction": "",
		"lost_card": "", "no_such_issuer": "", "pick_up_card": "", "pin_required": "", "pin_tries_exceeded": "",
		"refer_to_issuer": "", "restricted_card": "", "stolen_card": "", "stop_this_payment": "",
		"incorrect_cvc": "incorrect_cvv", "incorrect_number": "invalid_account", "processing_error": "processor_unavailable",
		"transaction_not_allowed": "transaction_not_permitted_card", "suspected_fraud": "suspected_fraud_issuer",
		"limit_exceeded": "exceeds_amount_limit", "frequency_exceeded": "exceeds_frequency_limit",
		"issuer_not_available": "issuer_unavailable", "issuer_error": "issuer_system_error",
		"blocked_by_risk": "risk_rejected_processor", "flying_saucer": "generic_decline",
	} {
		if want == "" {
			want = word
		}
		resp, err := h.Payments.Authorize(h.Context(key(word)), order("tok_decline_"+word, automatic))
		if err != nil {
			t.Errorf("%s: %v", word, err)
			continue
		}
		d := resp.GetPayment().GetDecline()
		if resp.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED ||
			d.GetCode() != want || d.GetConnectorCode() != word || d.GetConnectorMessage() == "" || d.GetHardness() == 0 {
			t.Errorf("%s: got %v, want %s", word, resp.GetPayment(), want)
		}
		// Where the network says something too, it says the same.
		if network, ok := sdk.NetworkDecline("visa", d.GetNetworkCode()); ok && network != want {
			t.Errorf("%s: network code %s means %s, want %s", word, d.GetNetworkCode(), network, want)
		}
	}
	if n := len(charges(t, url)); n != 0 {
		t.Errorf("%d charges, want none", n)
	}
}

func TestOptions_areChecked(t *testing.T) {
	h, url := start(t)
	for options, field := range map[string]string{
		`{"simulat":{}}`:                            "connector_options.simulat",
		`{"simulate":7}`:                            "connector_options.simulate",
		`{"simulate":{"speed":1}}`:                  "connector_options.simulate.speed",
		`{"simulate":{"outcome":"explode"}}`:        "connector_options.simulate.outcome",
		`{"simulate":{"outcome":7}}`:                "connector_options.simulate.outcome",
		`{"simulate":{"delay_ms":-1}}`:              "connector_options.simulate.delay_ms",
		`{"simulate":{"delay_ms":1.5}}`:             "connector_options.simulate.delay_ms",
		`{"simulate":{"delay_ms":600001}}`:          "connector_options.simulate.delay_ms",
		`{"simulate":{"delay_ms":"1500"}}`:          "connector_options.simulate.delay_ms",
		`{"simulate":{"outcome":"crash","x":true}}`: "connector_options.simulate.x",
	} {
		o := &structpb.Struct{}
		if err := o.UnmarshalJSON([]byte(options)); err != nil {
			t.Fatal(err)
		}
		authorize, capture := order("tok_approve", automatic), &paymentsv1.CaptureRequest{PaymentId: "p", ConnectorOptions: o}
		authorize.ConnectorOptions = o
		_, err1 := h.Payments.Authorize(h.Context(key("a")), authorize)
		_, err2 := h.Payments.Capture(h.Context(key("b")), capture)
		_, err3 := h.Payments.Void(h.Context(key("c")), &paymentsv1.VoidRequest{PaymentId: "p", ConnectorOptions: o})
		_, err4 := h.Payments.GetPayment(h.Context(key("d")), &paymentsv1.GetPaymentRequest{PaymentId: "p", ConnectorOptions: o})
		_, err5 := h.Refunds.CreateRefund(h.Context(key("e")), &paymentsv1.CreateRefundRequest{PaymentId: "p", Reference: "r", ConnectorOptions: o})
		_, err6 := h.Refunds.GetRefund(h.Context(key("f")), &paymentsv1.GetRefundRequest{RefundId: "r", ConnectorOptions: o})
		for i, err := range []error{err1, err2, err3, err4, err5, err6} {
			if got := failureOf(err); got.code != codes.InvalidArgument || got.field != field {
				t.Errorf("%s, call %d: got %+v, want INVALID_ARGUMENT at %s", options, i+1, got, field)
			}
		}
	}
	if n := len(charges(t, url)); n != 0 {
		t.Errorf("%d charges, want none", n)
	}
}
