package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// amount is what every payment is about.
const amount = 1050

// client calls the gateway. It repeats nothing.
type client struct {
	conn     *grpc.ClientConn
	payments paymentsv1.PaymentServiceClient
}

func newClient(address string) (*client, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond},
			MinConnectTimeout: time.Second,
		}))
	if err != nil {
		return nil, err
	}
	return &client{conn, paymentsv1.NewPaymentServiceClient(conn)}, nil
}

// told is what a caller was told of one call.
type told struct {
	ask
	id       string
	status   paymentsv1.PaymentStatus
	err      error
	servedBy string // name@version, if an instance was found
}

// pay makes one call, with the reference as its idempotency key.
func (c *client) pay(ctx context.Context, a ask) told {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	method := paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
	if a.automatic {
		method = paymentsv1.CaptureMethod_CAPTURE_METHOD_AUTOMATIC
	}
	var header metadata.MD
	answer, err := c.payments.Authorize(
		metadata.AppendToOutgoingContext(ctx, wire.ConnectorHeader, connector, wire.IdempotencyKeyHeader, a.reference),
		&paymentsv1.AuthorizeRequest{
			Reference:        a.reference,
			Amount:           &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: amount},
			CaptureMethod:    method,
			PaymentMethod:    &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{Token: a.token}}},
			ConnectorOptions: a.trouble.options(),
		}, grpc.Header(&header))
	t := told{ask: a, id: answer.GetPayment().GetId(), status: answer.GetPayment().GetStatus(), err: err}
	if by := header.Get(wire.ConnectorHeader); len(by) == 1 {
		t.servedBy = by[0]
	}
	return t
}

// find asks for a payment by its reference; found is false if the PSP has none,
// or was not reached.
func (c *client) find(ctx context.Context, reference string) (payment *paymentsv1.Payment, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	answer, err := c.payments.FindPayment(metadata.AppendToOutgoingContext(ctx, wire.ConnectorHeader, connector), &paymentsv1.FindPaymentRequest{Reference: reference})
	if err != nil || len(answer.GetPayments()) == 0 {
		return nil, false, err
	}
	if n := len(answer.GetPayments()); n > 1 {
		return nil, false, fmt.Errorf("the PSP has %d payments %q", n, reference)
	}
	return answer.GetPayments()[0], true, nil
}

// options is the trouble as the sandbox is told of it.
func (t trouble) options() *structpb.Struct {
	simulate := map[string]*structpb.Value{}
	if t.outcome != "" {
		simulate["outcome"] = structpb.NewStringValue(t.outcome)
	}
	if t.delay > 0 {
		simulate["delay_ms"] = structpb.NewNumberValue(float64(t.delay.Milliseconds()))
	}
	if len(simulate) == 0 {
		return nil
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{"simulate": structpb.NewStructValue(&structpb.Struct{Fields: simulate})}}
}

// charge is a line of the PSP's ledger: a payment that reserved or moved money.
type charge struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Captured  int64  `json:"captured"`
	Attempts  int    `json:"attempts"`
}

// ledger is what the PSP has in its books, by reference.
func (s *stage) ledger(ctx context.Context) (map[string][]charge, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.psp.URL+"/ledger", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var body struct {
		Charges []charge `json:"charges"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return nil, err
	}
	by := map[string][]charge{}
	for _, c := range body.Charges {
		by[c.Reference] = append(by[c.Reference], c)
	}
	return by, nil
}
