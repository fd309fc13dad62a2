package stripe

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

const (
	getIntent     = "GET /v1/payment_intents/pi_1"
	captureIntent = "POST /v1/payment_intents/pi_1/capture"
)

func TestCapture(t *testing.T) {
	authorized := stripemock.Intent{Status: "requires_capture"}
	several := stripemock.Intent{Status: "requires_capture", Multicapture: true}
	for name, tt := range map[string]struct {
		before, after object
		amount        int64 // 0: all
		moreToCome    bool
		taken         int64
		status        paymentsv1.PaymentStatus
		form          map[string]string
	}{
		"all": {
			before: intent(t, authorized, nil),
			after:  intent(t, stripemock.Intent{Status: "succeeded"}, nil),
			taken:  1050, status: paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED,
			form: map[string]string{"amount_to_capture": "", "final_capture": ""},
		},
		"a part, and the rest is released": {
			before: intent(t, authorized, nil),
			after:  intent(t, stripemock.Intent{Status: "succeeded"}, object{"amount_received": 400}),
			amount: 400, taken: 400, status: paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED,
			form: map[string]string{"amount_to_capture": "400", "final_capture": ""},
		},
		"a part, and more to come": {
			before: intent(t, several, nil),
			after:  intent(t, several, object{"amount_received": 400, "amount_capturable": 650}),
			amount: 400, moreToCome: true, taken: 400, status: paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED,
			form: map[string]string{"amount_to_capture": "400", "final_capture": "false"},
		},
		"the last part": {
			before: intent(t, several, object{"amount_received": 400, "amount_capturable": 650}),
			after:  intent(t, stripemock.Intent{Status: "succeeded", Multicapture: true}, object{"amount_received": 700}),
			amount: 300, taken: 300, status: paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED,
			form: map[string]string{"amount_to_capture": "300", "final_capture": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPSP(t, map[string]http.HandlerFunc{getIntent: answer(200, tt.before), captureIntent: answer(200, tt.after)})
			h := start(t, p.URL)
			req := &paymentsv1.CaptureRequest{PaymentId: "pi_1", MoreToCome: tt.moreToCome}
			if tt.amount > 0 {
				req.Amount = eur(tt.amount)
			}
			got, err := h.Payments.Capture(h.Context(testKey), req)
			if err != nil {
				t.Fatal(err)
			}
			if got.GetAmount().GetMinorUnits() != tt.taken || got.GetPayment().GetStatus() != tt.status {
				t.Errorf("capture is %v, want %d and %s", got, tt.taken, tt.status)
			}
			for field, want := range tt.form {
				if sent := p.only(t, "POST").Form[field]; sent != want {
					t.Errorf("%s = %q, want %q", field, sent, want)
				}
			}
		})
	}
}

// TestCaptureIsNotBelieved: Stripe received another amount than was asked for.
func TestCaptureIsNotBelieved(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{
		getIntent:     answer(200, intent(t, stripemock.Intent{Status: "requires_capture"}, nil)),
		captureIntent: answer(200, intent(t, stripemock.Intent{Status: "succeeded"}, nil)),
	})
	h := start(t, p.URL)
	_, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "pi_1", Amount: eur(500)})
	connectortest.WantError(t, err, codes.Unknown, "INTEGRITY_MISMATCH")
}

// TestReplayedCapture: a stored answer is older than the state that was read
// before it.
func TestReplayedCapture(t *testing.T) {
	replayed := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Idempotent-Replayed", "true")
			next(w, r)
		}
	}
	for name, tt := range map[string]struct {
		multicapture bool
		want         paymentsv1.PaymentStatus
	}{
		"one capture":      {false, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		"several captures": {true, paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN},
	} {
		t.Run(name, func(t *testing.T) {
			state := intent(t, stripemock.Intent{Status: "succeeded", Multicapture: tt.multicapture}, nil)
			p := startPSP(t, map[string]http.HandlerFunc{getIntent: answer(200, state), captureIntent: replayed(answer(200, state))})
			h := start(t, p.URL)
			got, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "pi_1", Amount: eur(1050)})
			if err != nil {
				t.Fatal(err)
			}
			if got.GetPayment().GetStatus() != tt.want {
				t.Errorf("capture is %v, want %s", got, tt.want)
			}
		})
	}
}

func TestCaptureIsRefusedBeforeItIsSent(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{getIntent: answer(200, intent(t, stripemock.Intent{Status: "requires_capture"}, nil))})
	h := start(t, p.URL)

	_, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{
		PaymentId: "pi_1", Amount: &paymentsv1.Money{CurrencyCode: "JPY", MinorUnits: 500}})
	if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "amount.currency_code" {
		t.Errorf("fields are %v", fields)
	}
	_, err = h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "pi_1", Amount: eur(400), MoreToCome: true})
	connectortest.WantError(t, err, codes.FailedPrecondition, "MULTICAPTURE_UNAVAILABLE")
	_, err = h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{
		PaymentId: "pi_1", Amount: &paymentsv1.Money{CurrencyCode: "KWD", MinorUnits: 5}})
	connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST")

	for _, r := range p.requests() {
		if r.Method != http.MethodGet {
			t.Errorf("sent %v", r)
		}
	}
}

func TestCaptureDeclined(t *testing.T) {
	refused := object{"type": "card_error", "code": "card_declined", "decline_code": "do_not_honor", "message": "No."}
	withIntent := object{"type": "card_error", "code": "card_declined", "decline_code": "do_not_honor",
		"payment_intent": intent(t, stripemock.Intent{Status: "canceled"}, nil)}
	for name, failure := range map[string]object{"alone": refused, "with its payment": withIntent} {
		t.Run(name, func(t *testing.T) {
			p := startPSP(t, map[string]http.HandlerFunc{
				getIntent:     answer(200, intent(t, stripemock.Intent{Status: "requires_capture"}, nil)),
				captureIntent: failed(402, failure),
			})
			h := start(t, p.URL)
			got, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "pi_1", Amount: eur(400)})
			if err != nil {
				t.Fatal(err)
			}
			pay := got.GetPayment()
			if pay.GetId() != "pi_1" || pay.GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED || pay.GetDecline().GetCode() != "do_not_honor" {
				t.Errorf("payment is %v", pay)
			}
			if got.GetAmount() != nil {
				t.Errorf("declined, and yet it took %v", got.GetAmount())
			}
		})
	}
}
