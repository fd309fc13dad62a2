package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// visit opens a page as the payer's browser does, and gives the query with which
// it is sent back.
func visit(t *testing.T, action *paymentsv1.NextAction, outcome string) map[string]string {
	t.Helper()
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Get(action.GetRedirect().GetUrl() + "?outcome=" + outcome)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	query := map[string]string{}
	for name := range back.Query() {
		query[name] = back.Query().Get(name)
	}
	return query
}

// hook posts to one of the PSP's hooks for tests.
func hook(t *testing.T, address, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode > 299 {
		t.Fatalf("%s: %d", path, res.StatusCode)
	}
}

func completeWith(id string, query map[string]string) *paymentsv1.CompleteRequest {
	return &paymentsv1.CompleteRequest{PaymentId: id, Result: &paymentsv1.CompleteRequest_Redirect{
		Redirect: &paymentsv1.RedirectResult{Query: query},
	}}
}

// What a payer's browser brings can be forged: it never completes a payment.
func TestComplete_redirect(t *testing.T) {
	h, address := start(t)
	ask := order("tok_challenge", automatic)
	ask.ReturnUrl = "https://shop.example/return"
	begun, err := h.Payments.Authorize(h.Context(key("a")), ask)
	if err != nil {
		t.Fatal(err)
	}
	id := begun.GetPayment().GetId()
	waits := want{status: paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION}
	for name, forged := range map[string]map[string]string{
		"nothing":        {},
		"an outcome":     {"payment_id": id, "outcome": "approve"},
		"a made-up one":  {"payment_id": id, "redirect_result": "rr_forged"},
		"of another one": {"payment_id": "pay_other", "redirect_result": "rr_forged"},
	} {
		resp, err := h.Payments.Complete(h.Context(key(name)), completeWith(id, forged))
		switch f := failureOf(err); {
		case forged["redirect_result"] != "":
			if f.reason != "REDIRECT_FORGED" || f.field != "redirect.query" {
				t.Errorf("%s: got %+v", name, f)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			check(t, resp.GetPayment(), waits)
		}
	}
	if got := charges(t, address); len(got) != 0 {
		t.Errorf("charges %+v before the payer has answered", got)
	}
	query := visit(t, begun.GetPayment().GetNextAction(), "approve")
	resp, err := h.Payments.Complete(h.Context(key("done")), completeWith(id, query))
	if err != nil {
		t.Fatal(err)
	}
	check(t, resp.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1000, 0, 1000, 0})
	if resp.GetPayment().GetThreeDs().GetLiabilityShift() != paymentsv1.LiabilityShift_LIABILITY_SHIFT_SHIFTED {
		t.Errorf("three_ds %v", resp.GetPayment().GetThreeDs())
	}
}

func TestComplete_oneTimePassword(t *testing.T) {
	h, _ := start(t)
	for password, status := range map[string]paymentsv1.PaymentStatus{
		"123456": paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED,
		"654321": paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED,
	} {
		begun, err := h.Payments.Authorize(h.Context(key("a"+password)), order("tok_otp", automatic))
		if err != nil || begun.GetPayment().GetNextAction().GetOtp().GetLength() != 6 {
			t.Fatalf("got %v %v", begun, err)
		}
		ask := &paymentsv1.CompleteRequest{PaymentId: begun.GetPayment().GetId(), Result: &paymentsv1.CompleteRequest_OneTimePassword{OneTimePassword: password}}
		resp, err := h.Payments.Complete(h.Context(key("b"+password)), ask)
		if err != nil || resp.GetPayment().GetStatus() != status {
			t.Errorf("got %v %v, want %s", resp, err, status)
		}
		_, err = h.Payments.Complete(h.Context(key("c"+password)), ask)
		if f := failureOf(err); f.reason != "NO_PASSWORD_WANTED" {
			t.Errorf("a second one: %+v", f)
		}
	}
	_, err := h.Payments.Complete(h.Context(key("sdk")), &paymentsv1.CompleteRequest{
		PaymentId: "pay_1", Result: &paymentsv1.CompleteRequest_ClientSdk{ClientSdk: &paymentsv1.ClientSdkResult{}},
	})
	if f := failureOf(err); f.code != codes.Unimplemented {
		t.Errorf("an SDK's result: %+v", f)
	}
}

func TestReverse(t *testing.T) {
	h, _ := start(t)
	for name, c := range map[string]struct {
		capture paymentsv1.CaptureMethod
		want    want
		refund  int64
	}{
		"voids":   {manual, want{paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED, 1000, 0, 0, 0}, 0},
		"refunds": {automatic, want{paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1000, 0, 1000, 1000}, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			id := pay(t, h, name, c.capture)
			ask := &paymentsv1.ReverseRequest{PaymentId: id, Reference: "reverse-1", Reason: "duplicate"}
			resp, err := h.Payments.Reverse(h.Context(key("r"+name)), ask)
			if err != nil {
				t.Fatal(err)
			}
			check(t, resp.GetPayment(), c.want)
			if resp.GetRefund().GetAmount().GetMinorUnits() != c.refund {
				t.Errorf("refund %v, want %d", resp.GetRefund(), c.refund)
			}
			_, err = h.Payments.Reverse(h.Context(key("again"+name)), ask)
			if f := failureOf(err); f.reason != "PAYMENT_NOT_REVERSIBLE" {
				t.Errorf("again: %+v", f)
			}
		})
	}
}

func TestReverse_partlyCaptured(t *testing.T) {
	h, _ := start(t)
	id := pay(t, h, "a", manual)
	if _, err := h.Payments.Capture(h.Context(key("b")), &paymentsv1.CaptureRequest{PaymentId: id, Amount: dollars(400), MoreToCome: true}); err != nil {
		t.Fatal(err)
	}
	resp, err := h.Payments.Reverse(h.Context(key("c")), &paymentsv1.ReverseRequest{PaymentId: id, Reference: "reverse-1"})
	if err != nil || resp.GetRefund().GetAmount().GetMinorUnits() != 400 {
		t.Fatalf("got %v %v", resp, err)
	}
	check(t, resp.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1000, 0, 400, 400})
}

func TestFindPayment(t *testing.T) {
	h, _ := start(t)
	first, second := pay(t, h, "a", automatic), pay(t, h, "b", automatic)
	resp, err := h.Payments.FindPayment(h.Context(key("c")), &paymentsv1.FindPaymentRequest{Reference: "order-1001"})
	if err != nil || !resp.GetConclusive() || len(resp.GetPayments()) != 2 ||
		resp.GetPayments()[0].GetId() != second || resp.GetPayments()[1].GetId() != first {
		t.Fatalf("got %v %v, want %s and %s", resp, err, second, first)
	}
	later, err := h.Payments.FindPayment(h.Context(key("d")), &paymentsv1.FindPaymentRequest{
		Reference: "order-1001", CreatedAfterTime: resp.GetPayments()[0].GetCreateTime(),
	})
	if err != nil || len(later.GetPayments()) != 1 {
		t.Errorf("later: %v %v", later, err)
	}
	none, err := h.Payments.FindPayment(h.Context(key("e")), &paymentsv1.FindPaymentRequest{Reference: "order-2"})
	if err != nil || !none.GetConclusive() || len(none.GetPayments()) != 0 {
		t.Errorf("none: %v %v", none, err)
	}
}

func TestAdjustAuthorization(t *testing.T) {
	h, _ := start(t)
	id := pay(t, h, "a", manual)
	for _, units := range []int64{1500, 700} {
		resp, err := h.Payments.AdjustAuthorization(h.Context(key("to"+dollars(units).String())), &paymentsv1.AdjustAuthorizationRequest{PaymentId: id, Amount: dollars(units)})
		if err != nil {
			t.Fatal(err)
		}
		check(t, resp.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, units, units, 0, 0})
	}
	ask := order("", manual)
	ask.PaymentMethod = cardNumbered("4000000000000408")
	begun, err := h.Payments.Authorize(h.Context(key("b")), ask)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := h.Payments.AdjustAuthorization(h.Context(key("c")), &paymentsv1.AdjustAuthorizationRequest{
		PaymentId: begun.GetPayment().GetId(), Amount: dollars(1500),
	})
	if err != nil || resp.GetPayment().GetDecline().GetCode() != "insufficient_funds" {
		t.Fatalf("got %v %v", resp, err)
	}
	check(t, resp.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, 1000, 1000, 0, 0})
	read, err := h.Payments.GetPayment(h.Context(key("d")), &paymentsv1.GetPaymentRequest{PaymentId: begun.GetPayment().GetId()})
	if err != nil || !proto.Equal(read.GetPayment(), begun.GetPayment()) {
		t.Errorf("after a refused increase: %v %v", read, err)
	}
}

func TestExtendAuthorization(t *testing.T) {
	h, _ := start(t)
	id := pay(t, h, "a", manual)
	before, err := h.Payments.GetPayment(h.Context(key("b")), &paymentsv1.GetPaymentRequest{PaymentId: id})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := h.Payments.ExtendAuthorization(h.Context(key("c")), &paymentsv1.ExtendAuthorizationRequest{PaymentId: id})
	if err != nil || !resp.GetPayment().GetAuthorizationExpireTime().AsTime().After(before.GetPayment().GetAuthorizationExpireTime().AsTime()) {
		t.Errorf("got %v %v", resp, err)
	}
	_, err = h.Payments.ExtendAuthorization(h.Context(key("d")), &paymentsv1.ExtendAuthorizationRequest{PaymentId: pay(t, h, "e", automatic)})
	if f := failureOf(err); f.reason != "PAYMENT_NOT_EXTENDABLE" {
		t.Errorf("a captured one: %+v", f)
	}
}

func TestCreateOrder(t *testing.T) {
	h, _ := start(t)
	made, err := h.Payments.CreateOrder(h.Context(key("a")), &paymentsv1.CreateOrderRequest{Reference: "order-1001", Amount: dollars(1000)})
	if err != nil || made.GetOrder().GetStatus() != paymentsv1.OrderStatus_ORDER_STATUS_OPEN {
		t.Fatalf("got %v %v", made, err)
	}
	ask := order("tok_approve", automatic)
	ask.OrderId = made.GetOrder().GetId()
	paid, err := h.Payments.Authorize(h.Context(key("b")), ask)
	if err != nil || paid.GetPayment().GetOrderId() != ask.GetOrderId() {
		t.Fatalf("got %v %v", paid, err)
	}
	_, err = h.Payments.Authorize(h.Context(key("c")), ask)
	if f := failureOf(err); f.reason != "ORDER_NOT_PAYABLE" {
		t.Errorf("paid twice: %+v", f)
	}
}

func cardNumbered(number string) *paymentsv1.PaymentMethod {
	return &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
		Number: number, ExpiryMonth: 12, ExpiryYear: 2030,
	}}}
}
