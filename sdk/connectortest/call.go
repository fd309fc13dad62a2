package connectortest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	// callTime is the deadline of a call that is expected to be answered.
	callTime = 20 * time.Second
	// shortTime is the deadline of a call to a PSP that does not answer, unless a
	// case is run again because an answer came too late: then it is patience times
	// as long. A busy machine may miss the first; a connector that does not keep
	// deadlines misses both.
	shortTime = 3 * time.Second
	patience  = 4
)

// call says how a request is sent.
type call struct {
	ctx         context.Context
	instance    *instance
	key         string
	account     []byte
	within      time.Duration
	traceParent string
	bare        bool     // without call context
	metadata    []string // sent beside the call context, as no host would
}

type callOption func(*call)

func withKey(key string) callOption              { return func(k *call) { k.key = key } }
func within(d time.Duration) callOption          { return func(k *call) { k.within = d } }
func on(i *instance) callOption                  { return func(k *call) { k.instance = i } }
func withAccount(config []byte) callOption       { return func(k *call) { k.account = config } }
func withContext(ctx context.Context) callOption { return func(k *call) { k.ctx = ctx } }
func withoutContext() callOption                 { return func(k *call) { k.bare = true } }
func withMetadata(pairs ...string) callOption    { return func(k *call) { k.metadata = pairs } }

// invoke calls an operation as a host does: with the call context as the only
// metadata. Every error is held to the rules of errors, whatever the scenario is
// about.
func (c *Case) invoke(operation string, req, resp proto.Message, opts ...callOption) error {
	op, ok := operationNamed(operation)
	if !ok {
		return fmt.Errorf("the suite calls %s, which the contract does not have", operation)
	}
	return c.invokeMethod(op.fullMethod(), req, resp, opts...)
}

func (c *Case) invokeMethod(method string, req, resp proto.Message, opts ...callOption) error {
	k := call{ctx: c.ctx, instance: c.main, account: c.account, within: callTime, traceParent: c.traceParent()}
	for _, opt := range opts {
		opt(&k)
	}
	if k.key == "" {
		k.key = c.newKey()
	}
	ctx, cancel := context.WithTimeout(k.ctx, k.within)
	defer cancel()
	ctx, err := wire.OutgoingContext(ctx, &connectorv1.CallContext{
		RequestId: c.ref, IdempotencyKey: k.key, Config: k.account, Traceparent: k.traceParent,
	})
	if err != nil {
		return err
	}
	if k.bare {
		ctx = metadata.NewOutgoingContext(ctx, nil)
	}
	if len(k.metadata) > 0 {
		ctx = metadata.AppendToOutgoingContext(ctx, k.metadata...)
	}
	began := time.Now()
	err = k.instance.conn.Invoke(ctx, method, req, resp)
	c.traceCall(method, k.key, req, resp, err, time.Since(began))
	if err != nil {
		c.checkError(method, err)
	}
	return err
}

func (c *Case) traceCall(method, key string, req, resp proto.Message, err error, took time.Duration) {
	short := method[strings.LastIndexByte(method, '/')+1:]
	told := "OK " + wire.Redact(resp)
	if err != nil {
		told = failureText(err)
	}
	if len(told) > 700 {
		told = told[:700] + "…"
	}
	c.tracef("%s (key %s…, %s) %s → %s", short, key[:min(6, len(key))], took.Round(time.Millisecond), wire.Redact(req), told)
}

// checkError notes a failure where an error of the connector breaks the rules that
// hold for all errors.
func (c *Case) checkError(method string, err error) {
	st := status.Convert(err)
	f := wire.ParseFailure(st)
	text := st.Message() + fmt.Sprint(st.Details())
	for _, secret := range c.secrets {
		if strings.Contains(text, secret) {
			c.note(fmt.Sprintf("%s: expected no secret in an error, got %q", method, f.Message))
		}
	}
	switch st.Code() {
	case codes.DeadlineExceeded, codes.Canceled, codes.Unavailable:
		return // may be this side's own
	case codes.Unimplemented:
		return // gRPC's own, where nothing is served
	}
	if f.Reason == "" {
		c.note(fmt.Sprintf("%s: expected an error with ErrorInfo of the domain %q, got %s", method, wire.Domain, failureText(err)))
	} else if sent := f.Metadata[wire.SentKey]; sent != string(wire.SentNever) && sent != string(wire.SentMaybe) {
		c.note(fmt.Sprintf("%s: expected %q NEVER or MAYBE in ErrorInfo, got %q in %s", method, wire.SentKey, sent, failureText(err)))
	}
}

// failureText says an error in one line.
func failureText(err error) string {
	if err == nil {
		return "OK"
	}
	st := status.Convert(err)
	f := wire.ParseFailure(st)
	text := st.Code().String()
	if f.Reason != "" {
		text += fmt.Sprintf(" %s, sent %s", f.Reason, f.Sent)
	}
	return fmt.Sprintf("%s: %s", text, st.Message())
}

// retryAfter is when an error says that a repeat makes sense; 0 if it does not.
func retryAfter(err error) time.Duration {
	return wire.ParseFailure(status.Convert(err)).RetryAfter
}

// shortTime is the deadline of a call to a PSP that does not answer.
func (c *Case) shortTime() time.Duration {
	if c.again {
		return patience * shortTime
	}
	return shortTime
}

// inTime ends the case if a call was not answered within its deadline.
func (c *Case) inTime(what string, deadline time.Duration, err error) {
	if status.Code(err) == codes.DeadlineExceeded {
		c.late = true
		c.Fatalf("%s: expected an answer within the call's deadline of %s, got %s", what, deadline, failureText(err))
	}
}

// arrivedInTime ends the case if a call's deadline was over before its request was at
// the PSP, where it would have met a fault: the connector says rightly that nothing
// was sent.
func (c *Case) arrivedInTime(what string, deadline time.Duration, err error, fault pspdriver.Kind, marks ...string) {
	if status.Code(err) == codes.Unavailable && len(met(c.sent(marks...), fault)) == 0 {
		c.late = true
		c.Fatalf("%s: expected a request at the PSP within the call's deadline of %s, got %s", what, deadline, failureText(err))
	}
}

// traceParent is the trace context of the case (W3C Trace Context, section 3.2).
func (c *Case) traceParent() string { return "00-" + c.traceID + "-00f067aa0ba902b7-01" }
