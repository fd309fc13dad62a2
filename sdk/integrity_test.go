package sdk

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	unspecified = paymentsv1.PaymentStatus_PAYMENT_STATUS_UNSPECIFIED
	authorized  = paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED
	captured    = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	pending     = paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING
	declined    = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
	unknown     = paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
)

func eur(minor int64) *paymentsv1.Money {
	return &paymentsv1.Money{CurrencyCode: "EUR", MinorUnits: minor}
}

// integrityCase changes a good answer; want names what then contradicts the
// request, nothing where the answer still stands.
type integrityCase[Resp proto.Message] struct {
	change func(Resp)
	want   string
}

// checkIntegrity serves a connector that answers the operation with a changed
// copy of good, and looks at what the caller gets.
func checkIntegrity[Resp proto.Message](t *testing.T, method string, answering func(Resp) Connector, good Resp, cases map[string]integrityCase[Resp]) {
	t.Helper()
	var call operationCall
	for _, c := range operationCalls() {
		if c.method == method {
			call = c
		}
	}
	cases["as it should be"] = integrityCase[Resp]{func(Resp) {}, ""}
	cases["nothing"] = integrityCase[Resp]{func(r Resp) { proto.Reset(r) }, cases["nothing"].want}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			answer := proto.CloneOf(good)
			test.change(answer)
			var log logBuffer
			resp, err := call.invoke(t.Context(), serve(t, answering(answer), WithLogger(log.logger())))
			checkMismatch(t, err, test.want)
			if test.want == "" && !proto.Equal(resp, answer) {
				t.Errorf("got %v, want the PSP's answer %v", resp, answer)
			}
			if logged := strings.Contains(log.String(), `"field":"`+test.want+`"`); logged != (test.want != "") {
				t.Errorf("the log has the mismatch: %v: %s", logged, log.String())
			}
		})
	}
}

func checkMismatch(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	}
	f := failureOf(err)
	if f.Code != codes.Unknown || f.Reason != "INTEGRITY_MISMATCH" || f.Sent != wire.SentMaybe || !strings.Contains(f.Message, " in "+want+";") {
		t.Errorf("got %+v, want a mismatch of %s", f, want)
	}
}

func TestIntegrity_authorize(t *testing.T) {
	type resp = *paymentsv1.AuthorizeResponse
	good := &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{Id: "pay_1", Reference: "order-1", Amount: usd(1050), Status: authorized}}
	answering := func(r resp) Connector {
		return struct {
			described
			authorizes
		}{minimal, func(context.Context, *paymentsv1.AuthorizeRequest) (resp, error) { return r, nil }}
	}
	checkIntegrity(t, "Authorize", answering, good, map[string]integrityCase[resp]{
		"nothing":             {nil, "payment"},
		"no id":               {func(r resp) { r.Payment.Id = "" }, "payment.id"},
		"no id, unknown":      {func(r resp) { r.Payment.Id, r.Payment.Status = "", unknown }, ""},
		"no id, declined":     {func(r resp) { r.Payment = &paymentsv1.Payment{Status: declined} }, ""},
		"declined, differs":   {func(r resp) { r.Payment.Status, r.Payment.Amount = declined, usd(1) }, "payment.amount"},
		"unknown, differs":    {func(r resp) { r.Payment.Id, r.Payment.Status, r.Payment.Amount = "", unknown, usd(1) }, "payment.amount"},
		"other amount":        {func(r resp) { r.Payment.Amount = usd(1051) }, "payment.amount"},
		"other currency":      {func(r resp) { r.Payment.Amount = eur(1050) }, "payment.amount"},
		"no amount":           {func(r resp) { r.Payment.Amount = nil }, "payment.amount"},
		"other reference":     {func(r resp) { r.Payment.Reference = "order-2" }, "payment.reference"},
		"no status":           {func(r resp) { r.Payment.Status = unspecified }, "payment.status"},
		"partial":             {func(r resp) { r.Payment.AuthorizedAmount = usd(500) }, ""},
		"authorized currency": {func(r resp) { r.Payment.AuthorizedAmount = eur(1050) }, "payment.authorized_amount.currency_code"},
		"capturable currency": {func(r resp) { r.Payment.CapturableAmount = eur(1050) }, "payment.capturable_amount.currency_code"},
		"captured currency":   {func(r resp) { r.Payment.CapturedAmount = eur(0) }, "payment.captured_amount.currency_code"},
		"refunded currency":   {func(r resp) { r.Payment.RefundedAmount = eur(0) }, "payment.refunded_amount.currency_code"},
		"no currency":         {func(r resp) { r.Payment.CapturedAmount = &paymentsv1.Money{} }, "payment.captured_amount.currency_code"},
	})
}

func TestIntegrity_capture(t *testing.T) {
	type resp = *paymentsv1.CaptureResponse
	good := &paymentsv1.CaptureResponse{Payment: &paymentsv1.Payment{Id: "pay_1", Amount: usd(2000), Status: captured}, Amount: usd(1050)}
	answering := func(r resp) Connector {
		return struct {
			described
			captures
		}{minimal, func(context.Context, *paymentsv1.CaptureRequest) (resp, error) { return r, nil }}
	}
	checkIntegrity(t, "Capture", answering, good, map[string]integrityCase[resp]{
		"nothing":             {nil, "payment.id"},
		"other payment":       {func(r resp) { r.Payment.Id = "pay_2" }, "payment.id"},
		"other amount":        {func(r resp) { r.Amount = usd(1099) }, "amount"},
		"other currency":      {func(r resp) { r.Amount = eur(1050) }, "amount"},
		"no amount":           {func(r resp) { r.Amount = nil }, "amount"},
		"no amount, pending":  {func(r resp) { r.Amount, r.Payment.Status = nil, pending }, ""},
		"no amount, unknown":  {func(r resp) { r.Amount, r.Payment.Status = nil, unknown }, ""},
		"no amount, declined": {func(r resp) { r.Amount, r.Payment.Status = nil, declined }, ""},
		"payment's currency":  {func(r resp) { r.Payment.Amount = eur(2000) }, "amount.currency_code"},
		"no status":           {func(r resp) { r.Payment.Status = unspecified }, "payment.status"},
		"amount not told":     {func(r resp) { r.Payment.Amount, r.Payment.CapturedAmount = nil, usd(1050) }, ""},
		"two currencies":      {func(r resp) { r.Payment.CapturedAmount = eur(1050) }, "payment.captured_amount.currency_code"},
		"two, amount not told": {func(r resp) {
			r.Payment.Amount, r.Payment.AuthorizedAmount, r.Payment.CapturedAmount = nil, usd(1), eur(1)
		}, "payment.captured_amount.currency_code"},
	})
}

// Without an amount in the request that of the answer is the PSP's to say.
func TestIntegrity_captureOfAll(t *testing.T) {
	for want, answered := range map[string]*paymentsv1.Money{"": usd(1), "amount.currency_code": eur(1050)} {
		conn := serve(t, struct {
			described
			captures
		}{minimal, func(context.Context, *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
			return &paymentsv1.CaptureResponse{Payment: &paymentsv1.Payment{Id: "pay_1", Amount: usd(2000), Status: captured}, Amount: answered}, nil
		}})
		_, err := paymentsv1.NewPaymentServiceClient(conn).Capture(t.Context(), &paymentsv1.CaptureRequest{PaymentId: "pay_1"})
		checkMismatch(t, err, want)
	}
}

func TestIntegrity_paymentByID(t *testing.T) {
	type (
		voidResp = *paymentsv1.VoidResponse
		getResp  = *paymentsv1.GetPaymentResponse
	)
	payment := &paymentsv1.Payment{Id: "pay_1", Amount: usd(1050), Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED}
	t.Run("Void", func(t *testing.T) {
		answering := func(r voidResp) Connector {
			return struct {
				described
				voids
			}{minimal, func(context.Context, *paymentsv1.VoidRequest) (voidResp, error) { return r, nil }}
		}
		checkIntegrity(t, "Void", answering, &paymentsv1.VoidResponse{Payment: payment}, map[string]integrityCase[voidResp]{
			"nothing":        {nil, "payment.id"},
			"other payment":  {func(r voidResp) { r.Payment.Id = "pay_2" }, "payment.id"},
			"no status":      {func(r voidResp) { r.Payment.Status = unspecified }, "payment.status"},
			"two currencies": {func(r voidResp) { r.Payment.CapturedAmount = eur(0) }, "payment.captured_amount.currency_code"},
		})
	})
	t.Run("GetPayment", func(t *testing.T) {
		answering := func(r getResp) Connector {
			return struct {
				described
				getsPayments
			}{minimal, func(context.Context, *paymentsv1.GetPaymentRequest) (getResp, error) { return r, nil }}
		}
		checkIntegrity(t, "GetPayment", answering, &paymentsv1.GetPaymentResponse{Payment: payment}, map[string]integrityCase[getResp]{
			"nothing":        {nil, "payment.id"},
			"other payment":  {func(r getResp) { r.Payment.Id = "pay_2" }, "payment.id"},
			"no status":      {func(r getResp) { r.Payment.Status = unspecified }, "payment.status"},
			"two currencies": {func(r getResp) { r.Payment.RefundedAmount = eur(0) }, "payment.refunded_amount.currency_code"},
		})
	})
}

func TestIntegrity_refunds(t *testing.T) {
	type (
		createResp = *paymentsv1.CreateRefundResponse
		getResp    = *paymentsv1.GetRefundResponse
	)
	const noStatus, notKnown = paymentsv1.RefundStatus_REFUND_STATUS_UNSPECIFIED, paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN
	t.Run("CreateRefund", func(t *testing.T) {
		answering := func(r createResp) Connector {
			return struct {
				described
				createsRefunds
			}{minimal, func(context.Context, *paymentsv1.CreateRefundRequest) (createResp, error) { return r, nil }}
		}
		checkIntegrity(t, "CreateRefund", answering, &paymentsv1.CreateRefundResponse{Refund: refund()}, map[string]integrityCase[createResp]{
			"nothing":         {nil, "refund"},
			"other payment":   {func(r createResp) { r.Refund.PaymentId = "pay_2" }, "refund.payment_id"},
			"other reference": {func(r createResp) { r.Refund.Reference = "refund-2" }, "refund.reference"},
			"other amount":    {func(r createResp) { r.Refund.Amount = usd(501) }, "refund.amount"},
			"other currency":  {func(r createResp) { r.Refund.Amount = eur(500) }, "refund.amount"},
			"no amount":       {func(r createResp) { r.Refund.Amount = nil }, "refund.amount"},
			"no status":       {func(r createResp) { r.Refund.Status = noStatus }, "refund.status"},
			"no id":           {func(r createResp) { r.Refund.Id = "" }, "refund.id"},
			"no id, unknown":  {func(r createResp) { r.Refund.Id, r.Refund.Status = "", notKnown }, ""},
		})
	})
	t.Run("GetRefund", func(t *testing.T) {
		answering := func(r getResp) Connector {
			return struct {
				described
				getsRefunds
			}{minimal, func(context.Context, *paymentsv1.GetRefundRequest) (getResp, error) { return r, nil }}
		}
		checkIntegrity(t, "GetRefund", answering, &paymentsv1.GetRefundResponse{Refund: refund()}, map[string]integrityCase[getResp]{
			"nothing":      {nil, "refund.id"},
			"other refund": {func(r getResp) { r.Refund.Id = "re_2" }, "refund.id"},
			"no status":    {func(r getResp) { r.Refund.Status = noStatus }, "refund.status"},
		})
	})
	t.Run("of all", func(t *testing.T) { // the amount is the PSP's to say
		_, err := refundAll(t.Context(), serve(t, newConnector(nothing)))
		checkMismatch(t, err, "")
	})
}

func refundAll(ctx context.Context, conn *grpc.ClientConn) (*paymentsv1.CreateRefundResponse, error) {
	return paymentsv1.NewRefundServiceClient(conn).CreateRefund(ctx, &paymentsv1.CreateRefundRequest{PaymentId: "pay_1", Reference: "refund-1"})
}
