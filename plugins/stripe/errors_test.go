package stripe

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// hang reads the request and never answers.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// reset reads the request and resets the connection, with or without a part of
// an answer.
func reset(part string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = conn.Write([]byte(part))
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// raw answers with text that need not be JSON.
func raw(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// TestFaults is what becomes of a payment, and of reading one, when something
// goes wrong on the way: never a success or a decline that nobody told.
func TestFaults(t *testing.T) {
	const (
		unknown = codes.OK // with PAYMENT_STATUS_UNKNOWN
		none    = ""
		hangs   = "no answer in time"
	)
	apiError := object{"type": "api_error", "message": "Something went wrong."}
	invalidRequest := func(code string) object {
		return object{"type": "invalid_request_error", "code": code, "message": "No."}
	}
	idempotency := func(code string) object { return object{"type": "idempotency_error", "code": code, "message": "No."} }
	halfAnswer := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"id\":\"pi_1\","
	rateLimited := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		failed(429, object{"type": "invalid_request_error", "code": "lock_timeout", "message": "Busy."})(w, r)
	}
	succeeded := stripemock.Intent{Status: "succeeded"}

	for name, tt := range map[string]struct {
		fault       http.HandlerFunc
		write       codes.Code
		writeReason string
		read        codes.Code
		readReason  string
	}{
		hangs:                       {hang, unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"reset before the answer":   {reset(""), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"reset amid the answer":     {reset(halfAnswer), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"500":                       {failed(500, apiError), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"502 of a proxy":            {raw(502, "<html>Bad Gateway</html>"), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"503":                       {failed(503, apiError), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"500 with a card error":     {failed(500, object{"type": "card_error", "code": "card_declined"}), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"424":                       {failed(424, apiError), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"redirect":                  {raw(302, ""), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"malformed":                 {raw(200, `{"id": "pi_1", "amount": `), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"another object":            {answer(200, object{"id": "cus_1", "object": "customer"}), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"402 that is not Stripe's":  {raw(402, "Payment Required"), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"400 that is not Stripe's":  {raw(400, "Bad Request"), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"409, the key is in use":    {failed(409, idempotency("idempotency_key_in_use")), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"409, the object is locked": {failed(409, invalidRequest("lock_timeout")), unknown, none, codes.Unavailable, "CONNECTOR_UNAVAILABLE"},
		"429, the object is locked": {rateLimited, codes.ResourceExhausted, "RATE_LIMITED", codes.ResourceExhausted, "RATE_LIMITED"},
		"429 of a proxy":            {raw(429, ""), codes.ResourceExhausted, "RATE_LIMITED", codes.ResourceExhausted, "RATE_LIMITED"},
		"401":                       {failed(401, invalidRequest("")), codes.FailedPrecondition, "CREDENTIALS_REJECTED", codes.FailedPrecondition, "CREDENTIALS_REJECTED"},
		"403":                       {failed(403, invalidRequest("")), codes.FailedPrecondition, "CREDENTIALS_REJECTED", codes.FailedPrecondition, "CREDENTIALS_REJECTED"},
		"404":                       {failed(404, invalidRequest("resource_missing")), codes.InvalidArgument, "INVALID_REQUEST", codes.InvalidArgument, "INVALID_REQUEST"},
		"the key is another's":      {failed(400, idempotency("")), codes.FailedPrecondition, "IDEMPOTENCY_KEY_REUSED", codes.FailedPrecondition, "IDEMPOTENCY_KEY_REUSED"},
		"the state forbids it":      {failed(400, invalidRequest("payment_intent_unexpected_state")), codes.FailedPrecondition, "STATE_FORBIDS", codes.FailedPrecondition, "STATE_FORBIDS"},
		"unknown status": {answer(200, intent(t, succeeded, object{"status": "requires_patience"})),
			unknown, none, codes.OK, none},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPSP(t, map[string]http.HandlerFunc{"POST /v1/payment_intents": tt.fault, getIntent: tt.fault})
			h := start(t, p.URL)
			call := func(send func(context.Context) error) error {
				if name == hangs {
					return connectortest.AnswerWithin(h.Context(testKey), 2*time.Second, send)
				}
				return send(h.Context(testKey))
			}
			var written *paymentsv1.AuthorizeResponse
			err := call(func(ctx context.Context) (err error) {
				written, err = h.Payments.Authorize(ctx, authorizeRequest())
				return err
			})
			if connectortest.WantError(t, err, tt.write, tt.writeReason); err == nil {
				if got := written.GetPayment().GetStatus(); got != paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN {
					t.Errorf("the payment is %s", got)
				}
			}
			var read *paymentsv1.GetPaymentResponse
			err = call(func(ctx context.Context) (err error) {
				read, err = h.Payments.GetPayment(ctx, &paymentsv1.GetPaymentRequest{PaymentId: "pi_1"})
				return err
			})
			if connectortest.WantError(t, err, tt.read, tt.readReason); err == nil {
				if got := read.GetPayment().GetStatus(); got != paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN {
					t.Errorf("the payment that was read is %s", got)
				}
			}
		})
	}
}

// TestFaultsOfFollowUps: what becomes of the operations on a payment when the
// answer is lost.
func TestFaultsOfFollowUps(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{
		getIntent:                              answer(200, intent(t, stripemock.Intent{Status: "requires_capture"}, nil)),
		captureIntent:                          reset(""),
		"POST /v1/payment_intents/pi_1/cancel": reset(""),
		"POST /v1/refunds":                     reset(""),
	})
	h := start(t, p.URL)
	captured, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "pi_1", Amount: eur(1050)})
	if err != nil || captured.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN {
		t.Errorf("Capture: %v, %v", captured, err)
	}
	voided, err := h.Payments.Void(h.Context(testKey), &paymentsv1.VoidRequest{PaymentId: "pi_1"})
	if err != nil || voided.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN {
		t.Errorf("Void: %v, %v", voided, err)
	}
	refunded, err := h.Refunds.CreateRefund(h.Context(testKey), &paymentsv1.CreateRefundRequest{PaymentId: "pi_1", Reference: "refund-77", Amount: eur(500)})
	if err != nil || refunded.GetRefund().GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN {
		t.Errorf("CreateRefund: %v, %v", refunded, err)
	}
	_, err = h.Refunds.GetRefund(h.Context(testKey), &paymentsv1.GetRefundRequest{RefundId: "re_1"})
	connectortest.WantError(t, err, codes.Unavailable, "CONNECTOR_UNAVAILABLE") // a 404 that is not Stripe's
}

// TestReadThatFailsStopsTheFollowUp: nothing was sent that moves money.
func TestReadThatFailsStopsTheFollowUp(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{getIntent: failed(500, object{"type": "api_error"})})
	h := start(t, p.URL)
	_, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "pi_1"})
	connectortest.WantError(t, err, codes.Unavailable, "CONNECTOR_UNAVAILABLE")
	_, err = h.Refunds.CreateRefund(h.Context(testKey), &paymentsv1.CreateRefundRequest{PaymentId: "pi_1", Reference: "refund-77", Amount: eur(500)})
	connectortest.WantError(t, err, codes.Unavailable, "CONNECTOR_UNAVAILABLE")
	for _, r := range p.requests() {
		if r.Method != http.MethodGet {
			t.Errorf("sent %v", r)
		}
	}
}

func TestRetryAfterIsPassedOn(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{"POST /v1/payment_intents": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		failed(429, object{"type": "invalid_request_error", "code": "rate_limit"})(w, r)
	}})
	h := start(t, p.URL)
	_, err := h.Payments.Authorize(h.Context(testKey), authorizeRequest())
	var after time.Duration
	for _, detail := range status.Convert(err).Details() {
		if retry, ok := detail.(*errdetails.RetryInfo); ok {
			after = retry.GetRetryDelay().AsDuration()
		}
	}
	if after != 7*time.Second {
		t.Errorf("retry after %s, want 7s (%v)", after, err)
	}
}

func TestFieldOf(t *testing.T) {
	for param, want := range map[string]string{
		"amount": "amount", "amount_to_capture": "amount", "cancellation_reason": "reason", "currency": "amount.currency_code",
		"cvc": "payment_method.card.security_code", "exp_month": "payment_method.card.expiry_month", "exp_year": "payment_method.card.expiry_year",
		"final_capture": "more_to_come", "metadata[seat]": "metadata.seat", "number": "payment_method.card.number",
		"on_behalf_of":   "connector_options.on_behalf_of",
		"payment_method": "payment_method.card_token.token", "payment_method_data[card]": "payment_method.card",
		"payment_method_data[card][number]": "payment_method.card.number", "payment_method_options[card][network]": "payment_method.card.network",
		"payment_method_options[card][request_multicapture]":    "connector_options.request_multicapture",
		"payment_method_data[billing_details][name]":            "payment_method.card.holder_name",
		"payment_method_data[billing_details][email]":           "email",
		"payment_method_data[billing_details][address][city]":   "billing_address",
		"payment_method_data[ideal][bank]":                      "payment_method.bank_redirect.bank",
		"payment_method_data[sepa_debit][iban]":                 "payment_method.bank_debit.account.iban",
		"payment_method_data[us_bank_account][routing_number]":  "payment_method.bank_debit.account",
		"payment_method_data[boleto][tax_id]":                   "customer.document",
		"payment_method_options[blik][code]":                    "payment_method.bank_redirect.one_time_code",
		"payment_method_options[card][three_d_secure][version]": "three_ds.external",
		"mandate_data[customer_acceptance]":                     "payment_method.bank_debit.acceptance",
		"evidence[receipt]":                                     "evidence",
		"shipping[name]":                                        "shipping", "receipt_email": "email", "return_url": "return_url", "statement_descriptor_suffix": "statement_descriptor",
		"customer": "customer_id", "destination": "destination", "something_new": "", "": "", "id": "",
	} {
		if got := fieldOf(&api.Error{Path: "/v1/payment_intents", Failure: api.Failure{Param: param}}); got != want {
			t.Errorf("%q is our %q, want %q", param, got, want)
		}
	}
	if got := fieldOf(&api.Error{Failure: api.Failure{Code: "amount_too_small"}}); got != "amount" {
		t.Errorf("amount_too_small is our %q", got)
	}
}

func TestFieldOfAnID(t *testing.T) {
	for at, want := range map[[2]string]string{
		{"/v1/payment_intents/pi_1", "intent"}: "payment_id", {"/v1/payment_intents/pi_1/capture", "intent"}: "payment_id",
		{"/v1/setup_intents/seti_1", "intent"}: "mandate_id", {"/v1/refunds/re_1", "id"}: "refund_id", {"/v1/customers/cus_1", "id"}: "customer_id",
		{"/v1/customers/cus_1", "customer"}: "customer_id", {"/v1/disputes/du_1/close", "dispute"}: "dispute_id", {"/v1/payouts/po_1", "payout"}: "payout_id",
		{"/v1/payment_methods/pm_1/detach", "payment_method"}: "token", {"/v1/plans/p_1", "id"}: "",
		{"/v1/refunds", "payment_intent"}: "payment_id", {"/v1/payment_intents", "customer"}: "customer_id",
	} {
		if got := fieldOf(&api.Error{Path: at[0], Failure: api.Failure{Param: at[1]}}); got != want {
			t.Errorf("%v is our %q, want %q", at, got, want)
		}
	}
}
