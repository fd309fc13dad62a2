package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/plugins/sandbox"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// conductMutants misbehave beyond what they answer.
func conductMutants() []mutant {
	const logs, card = "secrets/logs", "^methods/card$"
	keyOf := func(ctx context.Context) string {
		config, _ := sdk.Config[sandbox.Config](ctx) // without a configuration there is no key
		return config.APIKey.Reveal()
	}
	return []mutant{
		{id: "caller/card-logged", wrong: "logs card numbers", by: logs, beside: card, with: logging(func(_ context.Context, req *paymentsv1.AuthorizeRequest) string {
			return req.GetPaymentMethod().GetCard().GetNumber()
		})},
		{id: "caller/security-code-logged", wrong: "logs security codes of cards", by: logs, beside: card, with: logging(func(_ context.Context, req *paymentsv1.AuthorizeRequest) string {
			return "cvc=" + req.GetPaymentMethod().GetCard().GetSecurityCode()
		})},
		{id: "caller/request-logged", wrong: "logs requests as they are", by: logs, beside: card, with: logging(func(_ context.Context, req *paymentsv1.AuthorizeRequest) string {
			return fmt.Sprint(req)
		})},
		{id: "caller/api-key-logged", wrong: "logs the API key", by: logs, beside: card, with: logging(func(ctx context.Context, _ *paymentsv1.AuthorizeRequest) string {
			return keyOf(ctx)
		})},
		{id: "caller/api-key-in-error", wrong: "quotes the API key where the PSP refuses it", by: "account/refused", with: around(func(ctx context.Context, next call) (proto.Message, error) {
			resp, err := next(ctx)
			var e *sdk.Error
			if errors.As(err, &e) && e.Kind == sdk.Misconfigured {
				return nil, sdk.Errorf(e.Kind, e.Code, "the PSP refuses %s", keyOf(ctx))
			}
			return resp, err
		})},
		{id: "caller/panic-on-long-reference", wrong: "panics at a reference of 128 characters", by: "authorize/long-reference", with: requested(func(req *paymentsv1.AuthorizeRequest) {
			if len(req.GetReference()) == 128 {
				panic("a long reference")
			}
		})},
		{id: "caller/capture-by-default-manual", wrong: "reserves only where the caller does not say when to capture", by: "authorize/default-capture", with: requested(func(req *paymentsv1.AuthorizeRequest) {
			replace(&req.CaptureMethod, paymentsv1.CaptureMethod_CAPTURE_METHOD_UNSPECIFIED, paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL)
		})},
		{id: "caller/amount-capped", wrong: "takes a million at most, silently", by: "authorize/large-amount", with: requested(func(req *paymentsv1.AuthorizeRequest) {
			if m := req.GetAmount(); m != nil {
				m.MinorUnits = min(m.GetMinorUnits(), 1_000_000_00)
			}
		})},
		{id: "caller/deadline-ignored", wrong: "waits for the PSP for longer than the caller does", by: "authorize/timeout-before", with: around(func(ctx context.Context, next call) (proto.Message, error) {
			return next(context.WithoutCancel(ctx))
		})},
		{id: "caller/deadline-of-its-own", wrong: "gives the PSP 200 ms, whatever the caller does", by: "authorize/slow", with: deadlineOfItsOwn(200 * time.Millisecond)},
		{id: "caller/one-by-one", wrong: "carries out one call at a time", by: "concurrency/not-one-by-one", with: oneByOne()},
		{id: "caller/answers-remembered", wrong: "answers from memory, by key, whatever is asked for", by: "authorize/key-reused", with: fromMemory()},
		{id: "caller/stuck-after-cancel", wrong: "answers nothing more once a caller has gone away in mid-call", by: "authorize/cancelled", with: stuckAfterCancel()},
	}
}

// around changes how all calls are carried out.
func around(serve func(ctx context.Context, next call) (proto.Message, error)) sabotage {
	return calls(func(ctx context.Context, _ string, _ proto.Message, next call) (proto.Message, error) {
		return serve(ctx, next)
	})
}

// logging logs something of each payment.
func logging(text func(ctx context.Context, req *paymentsv1.AuthorizeRequest) string) sabotage {
	return calls(func(ctx context.Context, _ string, req proto.Message, next call) (proto.Message, error) {
		if asked, ok := req.(*paymentsv1.AuthorizeRequest); ok {
			sdk.Logger(ctx).Debug("call", "text", text(ctx, asked))
		}
		return next(ctx)
	})
}

func oneByOne() sabotage {
	var one sync.Mutex
	return around(func(ctx context.Context, next call) (proto.Message, error) {
		one.Lock()
		defer one.Unlock()
		return next(ctx)
	})
}

// fromMemory answers a key that it knows as before.
func fromMemory() sabotage {
	var known sync.Map
	return calls(func(ctx context.Context, op string, _ proto.Message, next call) (proto.Message, error) {
		key := sdk.IdempotencyKey(ctx) + op
		if before, ok := known.Load(key); ok {
			return proto.Clone(before.(proto.Message)), nil
		}
		resp, err := next(ctx)
		if err == nil {
			known.Store(key, proto.Clone(resp))
		}
		return resp, err
	})
}

// stuckAfterCancel looks at the calls under way, too: one whose caller has gone away
// may still be at the PSP.
func stuckAfterCancel() sabotage {
	var stuck atomic.Bool
	var underWay sync.Map // the contexts of calls
	look := func(ctx context.Context) {
		if errors.Is(ctx.Err(), context.Canceled) {
			stuck.Store(true)
		}
	}
	return around(func(ctx context.Context, next call) (proto.Message, error) {
		underWay.Range(func(other, _ any) bool {
			look(other.(context.Context))
			return true
		})
		if stuck.Load() {
			return nil, sdk.Errorf(sdk.Internal, "", "stuck")
		}
		underWay.Store(ctx, nil)
		defer underWay.Delete(ctx)
		defer look(ctx)
		return next(ctx)
	})
}

// deadlineOfItsOwn ends a call that the PSP needs longer for, before it has the
// answer.
func deadlineOfItsOwn(limit time.Duration) sabotage {
	var underWay sync.Map // what ends the call with a key
	s := around(func(ctx context.Context, next call) (proto.Message, error) {
		ctx, end := context.WithCancel(ctx)
		defer end()
		underWay.Store(sdk.IdempotencyKey(ctx), end)
		return next(ctx)
	})
	s.psp = func(psp http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			held, began := &heldAnswer{ResponseWriter: w}, time.Now()
			psp.ServeHTTP(held, r)
			if end, ok := underWay.Load(r.Header.Get("Idempotency-Key")); ok && !held.cut && time.Since(began) > limit {
				end.(context.CancelFunc)()
				<-r.Context().Done() // the connector has left
				return
			}
			held.release(nil, nil)
		})
	}
	return s
}
