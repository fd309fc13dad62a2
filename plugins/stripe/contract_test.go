package stripe

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// The tests of this file drive the connector against stripe-mock, one process at
// a time.

func startMock(t *testing.T, o stripemock.Options) *stripemock.Server {
	t.Helper()
	server, err := stripemock.Start(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// TestAgainstEachStateOfTheStrictMock holds every request of the connector
// against Stripe's description, closed to parameters that it does not have, and
// reads the answers of each state.
func TestAgainstEachStateOfTheStrictMock(t *testing.T) {
	for state, want := range map[string]paymentsv1.PaymentStatus{
		"succeeded":        paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED,
		"requires_capture": paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED,
		"requires_action":  paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION,
		"processing":       paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING,
		"canceled":         paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED,
	} {
		t.Run(state, func(t *testing.T) {
			mock := startMock(t, stripemock.Options{
				Intent: stripemock.Intent{
					Status: state, Amount: 1050, Currency: "eur", Reference: "order-1001",
					RedirectURL: "https://hooks.stripe.com/3d_secure_2/authenticate",
				},
				Refund: stripemock.Refund{Reference: "refund-77", Amount: 500},
			})
			h := start(t, mock.URL)
			for name, method := range map[string]*paymentsv1.PaymentMethod{"token": token("pm_card_visa"), "card": recordedCard()} {
				authorized, err := h.Payments.Authorize(h.Context(testKey), recordedAuthorize(method))
				if err != nil {
					t.Fatalf("Authorize with a %s: %v", name, err)
				}
				checkState(t, authorized.GetPayment(), want)
			}
			got, err := h.Payments.GetPayment(h.Context(testKey), &paymentsv1.GetPaymentRequest{PaymentId: "pi_1"})
			if err != nil {
				t.Fatal(err)
			}
			checkState(t, got.GetPayment(), want)
			if _, err := h.Payments.Void(h.Context(testKey), &paymentsv1.VoidRequest{PaymentId: "pi_1", Reason: "abandoned"}); err != nil {
				t.Errorf("Void: %v", err)
			}
			account, err := h.Connector.CheckAccount(h.Context(testKey), &connectorv1.CheckAccountRequest{})
			if err != nil || account.GetAccountId() == "" || account.GetLive() {
				t.Errorf("CheckAccount: %v, %v", account, err)
			}
		})
	}
}

func checkState(t *testing.T, p *paymentsv1.Payment, want paymentsv1.PaymentStatus) {
	t.Helper()
	if p.GetStatus() != want || p.GetReference() != "order-1001" || p.GetAmount().GetMinorUnits() != 1050 {
		t.Errorf("payment is %v, want status %s", p, want)
	}
	redirect := p.GetNextAction().GetRedirect()
	if waits := want == paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION; waits != (redirect != nil) {
		t.Errorf("redirect is %v", redirect)
	} else if waits && (redirect.GetUrl() != "https://hooks.stripe.com/3d_secure_2/authenticate" || redirect.GetMethod() != "GET") {
		t.Errorf("redirect is %v", redirect)
	}
}

func TestCaptureAndRefundAgainstTheStrictMock(t *testing.T) {
	mock := startMock(t, stripemock.Options{
		Intent: stripemock.Intent{Status: "succeeded", Amount: 1050, Currency: "eur", Reference: "order-1001"},
		Refund: stripemock.Refund{Reference: "refund-77", Amount: 500},
	})
	h := start(t, mock.URL)
	captured, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "pi_1", Amount: eur(1050)})
	if err != nil || captured.GetAmount().GetMinorUnits() != 1050 {
		t.Errorf("Capture: %v, %v", captured, err)
	}
	created, err := h.Refunds.CreateRefund(h.Context(testKey), &paymentsv1.CreateRefundRequest{
		PaymentId: "pi_1", Reference: "refund-77", Amount: eur(500), Reason: "duplicate"})
	if err != nil || created.GetRefund().GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED {
		t.Errorf("CreateRefund: %v, %v", created, err)
	}
	got, err := h.Refunds.GetRefund(h.Context(testKey), &paymentsv1.GetRefundRequest{RefundId: "re_1"})
	if err != nil || got.GetRefund().GetAmount().GetMinorUnits() != 500 || got.GetRefund().GetReference() != "refund-77" {
		t.Errorf("GetRefund: %v, %v", got, err)
	}
	// The mock says that all was captured, whatever is asked for.
	_, err = h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "pi_1", Amount: eur(400)})
	connectortest.WantError(t, err, codes.Unknown, "INTEGRITY_MISMATCH")
}

// TestOptionsAgainstTheStrictMock: every parameter that the connector can send is
// one that Stripe describes.
func TestOptionsAgainstTheStrictMock(t *testing.T) {
	mock := startMock(t, stripemock.Options{Intent: stripemock.Intent{
		Status: "requires_capture", Amount: 1050, Currency: "eur", Reference: "order-1001", Multicapture: true,
	}})
	h := start(t, mock.URL)
	req := recordedAuthorize(token("pm_card_visa"))
	for name, value := range map[string]string{
		"on_behalf_of": "acct_2", "transfer_group": "group 7", "request_multicapture": "if_available",
	} {
		req.GetConnectorOptions().Fields[name] = structpb.NewStringValue(value)
	}
	if _, err := h.Payments.Authorize(h.Context(testKey), req); err != nil {
		t.Error(err)
	}
	// The mock takes the request, but its answer shows no capture.
	_, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "pi_1", Amount: eur(400), MoreToCome: true})
	connectortest.WantError(t, err, codes.Unknown, "INTEGRITY_MISMATCH")
}

// TestStockMock says what stripe-mock as it comes makes of the connector's
// requests: it takes tokens, refuses raw cards, and forgets the reference, so
// that the SDK refuses to believe it.
func TestStockMock(t *testing.T) {
	mock := startMock(t, stripemock.Options{Stock: true})
	h := start(t, mock.URL)
	_, err := h.Payments.Authorize(h.Context(testKey), authorizeRequest())
	connectortest.WantError(t, err, codes.Unknown, "INTEGRITY_MISMATCH")

	withCard := authorizeRequest()
	withCard.PaymentMethod = recordedCard()
	_, err = h.Payments.Authorize(h.Context(testKey), withCard)
	connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST")

	got, err := h.Payments.GetPayment(h.Context(testKey), &paymentsv1.GetPaymentRequest{PaymentId: "pi_1"})
	if err != nil {
		t.Fatal(err)
	}
	if p := got.GetPayment(); p.GetAmount().GetMinorUnits() != 1099 || p.GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION {
		t.Errorf("payment is %v, want 1099 and an untouched PaymentIntent", p)
	}
	// 500 were asked for, 0 were received.
	_, err = h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{
		PaymentId: "pi_1", Amount: &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 500}})
	connectortest.WantError(t, err, codes.Unknown, "INTEGRITY_MISMATCH")
}

// TestStrictMockSeesMistakes makes sure that the strict description rejects what
// the stock one lets pass.
func TestStrictMockSeesMistakes(t *testing.T) {
	const good = "amount=1050&currency=eur&confirm=true&payment_method_types[0]=card" +
		"&payment_method_data[type]=card&payment_method_data[card][number]=4242424242424242" +
		"&payment_method_data[card][exp_month]=12&payment_method_data[card][exp_year]=2030"
	mock := startMock(t, stripemock.Options{Intent: stripemock.Intent{Status: "succeeded", Amount: 1050, Currency: "eur"}})
	for name, tt := range map[string]struct {
		path, form, version string
		want                int
	}{
		"as it should be":             {path: "/v1/payment_intents", form: good, want: 200},
		"unknown nested parameter":    {path: "/v1/payment_intents", form: good + "&payment_method_options[card][netwrok]=visa", want: 400},
		"unknown card parameter":      {path: "/v1/payment_intents", form: good + "&payment_method_data[card][cvv]=123", want: 400},
		"unknown billing parameter":   {path: "/v1/payment_intents", form: good + "&payment_method_data[billing_details][nmae]=x", want: 400},
		"missing card parameter":      {path: "/v1/payment_intents", form: strings.Replace(good, "&payment_method_data[card][exp_year]=2030", "", 1), want: 400},
		"unknown top-level parameter": {path: "/v1/refunds", form: "payment_intent=pi_1&refrence=x", want: 400},
		"wrong type":                  {path: "/v1/payment_intents/pi_1/capture", form: "amount_to_capture=all", want: 400},
		"another version":             {path: "/v1/payment_intents", form: good, version: "2020-08-27", want: 400},
		"operation that is not used":  {path: "/v1/charges", form: "amount=1", want: 404},
	} {
		t.Run(name, func(t *testing.T) {
			if got := post(t, mock.URL+tt.path, tt.form, tt.version); got != tt.want {
				t.Errorf("HTTP status is %d, want %d", got, tt.want)
			}
		})
	}
}

func TestStockMockLetsNestedMistakesPass(t *testing.T) {
	mock := startMock(t, stripemock.Options{Stock: true})
	form := "amount=1050&currency=eur&payment_method_options[card][netwrok]=visa"
	if got := post(t, mock.URL+"/v1/payment_intents", form, ""); got != 200 {
		t.Errorf("HTTP status is %d: the stock mock has become stricter, and the derived one may be needless", got)
	}
}

func post(t *testing.T, url, form, version string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_recorder")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if version != "" {
		req.Header.Set("Stripe-Version", version)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}
