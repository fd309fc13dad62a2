package gateway

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// errTooLarge is the cause of streams that end for a message of the caller's.
var errTooLarge = errors.New("the message is too large")

// relay is one stream that is carried, with its two sides.
type relay struct {
	caller    grpc.ServerStream
	connector grpc.ClientStream
	cancel    context.CancelCauseFunc // of the connector's side
	max       int                     // bytes of a message
	silence   *silence
	before    func()       // is called before a message goes to the caller
	handed    atomic.Int64 // the caller's messages that the connector may have
	answered  atomic.Int64 // the connector's that the caller may have
}

// carryStream carries a stream of any kind, message by message in both
// directions. It is never repeated, and ends when its caller goes away.
func (g *Gateway) carryStream(stream grpc.ServerStream, c *call, m description.Method, until time.Time) (err error) {
	inst, err := g.acquire(stream.Context(), c, until)
	if err != nil {
		return err
	}
	defer inst.Release()
	c.description = inst.Description
	ctx, atEnd := g.untilEnd(stream.Context())
	defer atEnd()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(inst.Done(), func() { cancel(context.Cause(inst.Done())) })
	defer stop()
	c.envelope = c.context(g.config.KeySecret)
	ctx, err = wire.OutgoingContext(ctx, c.envelope)
	if err != nil {
		return c.with(refusal(codes.Internal, wire.ReasonInternal, "%v", err))
	}
	_ = stream.SetHeader(metadata.Pairs(wire.ConnectorHeader, inst.Name+"@"+inst.Version))
	if err := stream.SendHeader(nil); err != nil {
		return c.with(refusal(codes.Unavailable, wire.ReasonUnavailable, "the caller is gone; nothing was sent"))
	}
	ctx, span := g.traceHandOver(ctx, c, inst)
	var trailing grpc.ClientStream // once the connector has ended it
	defer func() { span.end(trailing, err) }()
	desc := &grpc.StreamDesc{ClientStreams: m.ClientStreams, ServerStreams: m.ServerStreams}
	out, err := inst.Conn.NewStream(ctx, desc, m.Path, grpc.ForceCodecV2(g.codec))
	if err != nil {
		return c.with(unavailable(c.pick, err))
	}
	r := &relay{caller: stream, connector: out, cancel: cancel, max: g.config.MaxMessage, silence: newSilence(g.config.Limits.StreamIdle), before: func() {}}
	if !m.ServerStreams { // its one answer must not leave before its record
		r.before = func() { g.record(c, nil) }
	}
	defer r.silence.stop()
	go r.forward()
	ended := make(chan ending, 1)
	go func() { ended <- r.back() }()
	select {
	case end := <-ended:
		if !end.byCaller {
			trailing = out
		}
		return r.explain(ctx, c, inst, end)
	case <-r.silence.over: // a side that does not read is silent too; returning frees what waits for it
		return c.with(r.wentSilent(g.config.Limits.StreamIdle))
	}
}

// forward carries what the caller sends, at the pace at which the connector takes
// it.
func (r *relay) forward() {
	for {
		message := &frame{}
		err := r.caller.RecvMsg(message)
		if errors.Is(err, io.EOF) {
			_ = r.connector.CloseSend()
			return
		}
		if err == nil && message.data.Len() > r.max {
			err = errTooLarge
		}
		if err != nil {
			r.cancel(err)
			return
		}
		if !r.silence.broken() {
			message.free()
			return
		}
		r.handed.Add(1)
		err = r.connector.SendMsg(message)
		message.free()
		if err != nil {
			return // the other direction learns why
		}
	}
}

// ending is how a stream ended.
type ending struct {
	err      error
	byCaller bool
}

// back carries what the connector sends, until either side ends the stream.
func (r *relay) back() ending {
	for {
		message := &frame{}
		if err := r.connector.RecvMsg(message); err != nil {
			return ending{err: err}
		}
		r.silence.broken()
		r.answered.Add(1)
		r.before()
		err := r.caller.SendMsg(message)
		message.free()
		if err != nil {
			return ending{err: err, byCaller: true}
		}
	}
}

// explain says to the caller how the stream ended.
func (r *relay) explain(ctx context.Context, c *call, inst *registry.Instance, end ending) error {
	st := status.Convert(end.err)
	switch {
	case end.byCaller:
		return end.err
	case errors.Is(end.err, io.EOF):
		return nil
	case errors.Is(context.Cause(ctx), errTooLarge):
		f := refusal(codes.InvalidArgument, wire.ReasonMessageTooLarge, "the message is larger than %d bytes", r.max)
		if r.handed.Load() > 0 {
			f.Sent = wire.SentMaybe
		}
		return c.with(f)
	case lost(st):
		return c.with(outcomeUnknown(explainLoss(ctx, st, inst)))
	default:
		return c.answer(st)
	}
}

// wentSilent says where a stream stood when it was given up.
func (r *relay) wentSilent(limit time.Duration) wire.Failure {
	handed, answered := r.handed.Load(), r.answered.Load()
	if handed == 0 {
		return refusal(codes.DeadlineExceeded, wire.ReasonStreamIdle, "neither side sent a message for %s; the connector got none", limit)
	}
	f := refusal(codes.Unknown, wire.ReasonOutcomeUnknown, "neither side sent a message for %s; the connector got %d and answered %d, and they may have been carried out", limit, handed, answered)
	f.Sent = wire.SentMaybe
	return f
}
