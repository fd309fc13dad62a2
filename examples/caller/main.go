// Command caller takes one payment through the gateway, as a shop's backend
// would. docs/integrating.md explains it.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func main() {
	gateway := flag.String("gateway", "localhost:8000", "address of the gateway")
	connector := flag.String("connector", "sandbox", "name of the connector")
	token := flag.String("token", "tok_approve", "the PSP's token of the card")
	key := flag.String("key", rand.Text(), "idempotency key: keep it with the order, before the first attempt")
	options := flag.String("options", "{}", "connector_options in JSON")
	flag.Parse()

	if err := run(*gateway, *connector, *key, *token, *options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(gateway, connector, key, token, options string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := dial(gateway)
	if err != nil {
		return err
	}
	defer conn.Close()
	repeatable, err := repeats(ctx, conn, connector, "Authorize")
	if err != nil {
		return err
	}
	req := &paymentsv1.AuthorizeRequest{
		Reference: "order-1001",
		Amount:    &paymentsv1.Money{CurrencyCode: "EUR", MinorUnits: 1999},
		PaymentMethod: &paymentsv1.PaymentMethod{
			Method: &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{Token: token}},
		},
		ConnectorOptions: &structpb.Struct{},
	}
	if err := protojson.Unmarshal([]byte(options), req.GetConnectorOptions()); err != nil {
		return fmt.Errorf("options: %w", err)
	}
	c := &caller{payments: paymentsv1.NewPaymentServiceClient(conn), connector: connector, repeatable: repeatable}
	payment, err := c.pay(ctx, key, req)
	if err != nil {
		return err
	}
	if payment.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED {
		fmt.Printf("declined: %s\n", payment.GetDecline().GetCode())
		return nil
	}
	fmt.Printf("%s %s\n", payment.GetStatus(), payment.GetId())
	return nil
}

// docs:begin

// dial connects to a gateway. gRPC's own retries are off: what may be sent twice
// is decided below, by what the gateway says.
func dial(gateway string) (*grpc.ClientConn, error) {
	return grpc.NewClient(gateway,
		grpc.WithTransportCredentials(insecure.NewCredentials()), // on one machine; else credentials.NewTLS
		grpc.WithDisableRetry())
}

// repeats asks the gateway once whether a method of a connector may be repeated
// with the same idempotency key.
func repeats(ctx context.Context, conn *grpc.ClientConn, connector, method string) (bool, error) {
	resp, err := gatewayv1.NewConnectorServiceClient(conn).GetConnector(ctx, &gatewayv1.GetConnectorRequest{Name: connector})
	if err != nil {
		return false, err
	}
	declared := false
	for _, version := range resp.GetConnector().GetVersions() {
		for _, service := range version.GetDescription().GetServices() {
			for _, op := range service.GetOperations() {
				if op.GetName() != method {
					continue
				}
				if op.GetIdempotency().GetKind() != connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY {
					return false, nil
				}
				declared = true
			}
		}
	}
	return declared, nil
}

const attempts = 3

// errUndecided means that the payment may have been made. Nothing may be sold,
// cancelled or paid again for it until the PSP has been asked.
var errUndecided = errors.New("nobody knows what became of the payment; look it up at the PSP")

type caller struct {
	payments   paymentsv1.PaymentServiceClient
	connector  string
	repeatable bool // the PSP recognises a repeat by its key
}

// pay takes one payment. The key belongs to the payment: every attempt has the
// same, and another payment has another. A declined payment is an answer, not an
// error. The error wraps errUndecided where the payment may have been made.
func (c *caller) pay(ctx context.Context, key string, req *paymentsv1.AuthorizeRequest) (*paymentsv1.Payment, error) {
	ctx = metadata.AppendToOutgoingContext(ctx, "x-connector", c.connector, "idempotency-key", key)
	undecided := false // a later refusal says nothing about an earlier attempt
	var after time.Duration
	var err error
	for attempt := range attempts {
		if attempt > 0 && !wait(ctx, max(after, time.Second<<(attempt-1))) {
			break
		}
		var resp *paymentsv1.AuthorizeResponse
		if resp, err = c.authorize(ctx, req); err == nil && resp.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN {
			return resp.GetPayment(), nil
		}
		var never bool
		never, after = verdict(err)
		if !never {
			undecided = true
		}
		if !never && !c.repeatable || never && after == 0 {
			break // a repeat would be a second payment, or be refused again
		}
	}
	if undecided {
		return nil, errors.Join(errUndecided, err)
	}
	return nil, err
}

// authorize makes one attempt, with a deadline of its own.
func (c *caller) authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return c.payments.Authorize(ctx, req)
}

// verdict reads what an error says of its call: whether surely nothing was done,
// and when to come again, or 0 where that would change nothing. What does not
// carry the gateway's own detail, such as a lost connection, may have been done;
// so may a payment of status UNKNOWN, which has no error.
func verdict(err error) (never bool, after time.Duration) {
	for _, detail := range status.Convert(err).Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			never = d.GetDomain() == "patchbay" && d.GetMetadata()["sent"] == "NEVER"
		case *errdetails.RetryInfo:
			after = d.GetRetryDelay().AsDuration()
		}
	}
	return never, after
}

func wait(ctx context.Context, d time.Duration) (waited bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// docs:end
