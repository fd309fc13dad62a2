package gateway

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// TestStop ends a gateway that has calls: one that ends in time is answered, one
// that does not is cut off and its caller told that the outcome is open. A call
// for a connector that is not there yet is told that nothing was sent.
func TestStop(t *testing.T) {
	inBubble(func(t *testing.T) {
		h := newHarnessOn(inMemory, t)
		h.registry.Declare("other", "1.0.0") // and never serves
		under, finish := make(chan string, 2), make(chan struct{})
		h.plugin.authorize = func(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
			under <- req.GetReference()
			select {
			case <-finish:
				if req.GetReference() == "short" {
					return &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{Id: "pay_1", Reference: "short"}}, nil
				}
			case <-ctx.Done():
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		told := map[string]chan error{"short": make(chan error, 1), "long": make(chan error, 1), "waiting": make(chan error, 1)}
		for reference, err := range told {
			connector := "acme"
			if reference == "waiting" {
				connector = "other"
			}
			go func() {
				ask := valid()
				ask.Reference = reference
				_, failed := h.payments.Authorize(h.ctx("x-connector", connector), ask)
				err <- failed
			}()
		}
		<-under
		<-under
		eventually(t, "all are admitted", func() bool { return h.gateway.limits.all.Load() == 3 })
		limit, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			h.gateway.Stop(limit)
			close(stopped)
		}()
		close(finish)
		if err := <-told["short"]; err != nil {
			t.Errorf("the call that ended in time: %v", err)
		}
		cancel()
		for reference, want := range map[string]struct {
			code codes.Code
			sent wire.Sent
		}{"long": {codes.Unknown, wire.SentMaybe}, "waiting": {codes.Unavailable, wire.SentNever}} {
			select {
			case err := <-told[reference]:
				if f := wire.ParseFailure(status.Convert(err)); f.Code != want.code || f.Sent != want.sent || f.Reason == "" {
					t.Errorf("%s was told %v", reference, err)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%s was told nothing", reference)
			}
		}
		select {
		case <-stopped:
		case <-time.After(10 * time.Second):
			t.Fatal("the gateway does not stop")
		}
	})(t)
}
