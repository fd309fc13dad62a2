package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// sabotage is what stands around a connector and does something wrong; nil does
// nothing. What it remembers lasts as long as the mutant.
type sabotage struct {
	psp    func(next http.Handler) http.Handler // before the PSP's driver
	served func() grpc.UnaryServerInterceptor   // around the SDK's checks
	caller func() grpc.UnaryClientInterceptor   // at the caller
}

// wrong says whether anything is.
func (s sabotage) wrong() bool { return s.psp != nil || s.served != nil || s.caller != nil }

func (s sabotage) before(psp http.Handler) http.Handler {
	if s.psp == nil {
		return rewrite("/v1/", nil, nil).psp(psp)
	}
	return s.psp(psp)
}

func (s sabotage) between() connectortest.Between {
	if s.served == nil {
		s.served = calls(func(ctx context.Context, _ string, _ proto.Message, next call) (proto.Message, error) {
			return next(ctx)
		}).served
	}
	b := connectortest.Between{Server: []grpc.ServerOption{grpc.ChainUnaryInterceptor(s.served())}}
	if s.caller != nil {
		b.Caller = append(b.Caller, grpc.WithChainUnaryInterceptor(s.caller()))
	}
	return b
}

// object is a JSON object.
type object = map[string]any

// at changes how requests to the PSP are served that fit one of the patterns of
// http.ServeMux, which are parted by commas.
func at(patterns string, serve func(w http.ResponseWriter, r *http.Request, psp http.Handler)) sabotage {
	return sabotage{psp: func(psp http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", psp)
		for pattern := range strings.SplitSeq(patterns, ", ") {
			mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serve(w, r, psp) })
		}
		return mux
	}}
}

// asking changes requests to the PSP and their bodies.
func asking(patterns string, change func(r *http.Request, body object)) sabotage {
	return rewrite(patterns, change, nil)
}

// answering changes the PSP's answers, whatever they are.
func answering(patterns string, change func(asked object, told *answer)) sabotage {
	return exchanging(patterns, nil, change)
}

// set gives a field of requests another value.
func set(patterns, field string, value any) sabotage {
	return asking(patterns, func(_ *http.Request, body object) { body[field] = value })
}

// without drops fields of requests.
func without(patterns string, fields ...string) sabotage {
	return asking(patterns, func(_ *http.Request, body object) {
		for _, field := range fields {
			delete(body, field)
		}
	})
}

// header gives a header of requests that have it another value; an empty one drops
// it.
func header(patterns, name string, other func(given string, body object) string) sabotage {
	return asking(patterns, func(r *http.Request, body object) {
		given := r.Header.Get(name)
		if given == "" {
			return
		}
		if value := other(given, body); value != "" {
			r.Header.Set(name, value)
		} else {
			r.Header.Del(name)
		}
	})
}

// succeeding changes the PSP's answers of success.
func succeeding(patterns string, change func(asked, told object)) sabotage {
	return rewrite(patterns, nil, func(asked object, told *answer) { change(asked, told.body) })
}

// answer is an answer of the PSP on its way back.
type answer struct {
	status int
	body   object // nil if it is no JSON object
}

// rewrite changes requests and answers of success; ask and tell may be nil.
func rewrite(patterns string, ask func(r *http.Request, body object), tell func(asked object, told *answer)) sabotage {
	return exchanging(patterns, ask, func(asked object, told *answer) {
		if told.status < 300 && told.body != nil && tell != nil {
			tell(asked, told)
		}
	})
}

// exchanging changes both ways, whatever the answer. A request without a body has
// an empty one for ask.
func exchanging(patterns string, ask func(r *http.Request, body object), tell func(asked object, told *answer)) sabotage {
	return at(patterns, func(w http.ResponseWriter, r *http.Request, psp http.Handler) {
		asked, body := readBody(r)
		if ask != nil && body != nil {
			ask(r, body)
			setBody(r, body)
		} else if ask != nil {
			ask(r, object{})
		}
		held := &heldAnswer{ResponseWriter: w}
		psp.ServeHTTP(held, r)
		held.release(asked, tell)
	})
}

// readBody reads a JSON body twice, so that one can be changed.
func readBody(r *http.Request) (asked, body object) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	if json.Unmarshal(raw, &asked) != nil || json.Unmarshal(raw, &body) != nil {
		return nil, nil
	}
	return asked, body
}

func setBody(r *http.Request, body object) {
	if body == nil {
		return
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // it came from JSON
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	r.Header.Set("Content-Length", strconv.Itoa(len(raw)))
}

// heldAnswer holds an answer back until it is changed. A connection that the driver
// cuts is cut.
type heldAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	cut    bool
}

// WriteHeader implements http.ResponseWriter.
func (h *heldAnswer) WriteHeader(status int) { h.status = status }

// Write implements http.ResponseWriter.
func (h *heldAnswer) Write(p []byte) (int, error) { return h.body.Write(p) }

// Hijack implements http.Hijacker.
func (h *heldAnswer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h.cut = true
	return http.NewResponseController(h.ResponseWriter).Hijack()
}

// release sends the answer, changed unless it is blown up.
func (h *heldAnswer) release(asked object, tell func(object, *answer)) {
	if h.cut {
		return
	}
	raw, told := h.body.Bytes(), answer{status: max(h.status, http.StatusOK)}
	if tell != nil && len(raw) < 1<<20 {
		if json.Unmarshal(raw, &told.body) != nil {
			told.body = nil
		}
		if tell(asked, &told); told.body != nil {
			raw, _ = json.Marshal(told.body)
		}
	}
	h.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	h.ResponseWriter.WriteHeader(told.status)
	_, _ = h.ResponseWriter.Write(raw) // the connector may be gone
}

// call is the rest of a call to the connector.
type call func(context.Context) (proto.Message, error)

// calls changes how the connector carries out calls. op is the RPC's name.
func calls(serve func(ctx context.Context, op string, req proto.Message, next call) (proto.Message, error)) sabotage {
	return sabotage{served: func() grpc.UnaryServerInterceptor {
		return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			op := info.FullMethod[strings.LastIndexByte(info.FullMethod, '/')+1:]
			resp, err := serve(ctx, op, req.(proto.Message), func(ctx context.Context) (proto.Message, error) {
				resp, err := handler(ctx, req)
				if err != nil {
					return nil, err
				}
				return proto.Clone(resp.(proto.Message)), nil
			})
			if err != nil {
				return nil, err
			}
			return resp, nil
		}
	}}
}

// telling changes answers of one type to the caller.
func telling[Req, Resp proto.Message](change func(Req, Resp)) sabotage {
	return calls(func(ctx context.Context, _ string, req proto.Message, next call) (proto.Message, error) {
		resp, err := next(ctx)
		asked, fits := req.(Req)
		if told, ok := resp.(Resp); ok && fits && err == nil {
			change(asked, told)
		}
		return resp, err
	})
}

// requested changes requests of one type before the connector sees them.
func requested[Req proto.Message](change func(Req)) sabotage {
	return calls(func(ctx context.Context, _ string, req proto.Message, next call) (proto.Message, error) {
		if asked, ok := req.(Req); ok {
			change(asked)
		}
		return next(ctx)
	})
}

// failing changes the connector's errors; the change may make an answer of one.
func failing(change func(op string, req proto.Message, e *sdk.Error) (proto.Message, error)) sabotage {
	return calls(func(ctx context.Context, op string, req proto.Message, next call) (proto.Message, error) {
		resp, err := next(ctx)
		var e *sdk.Error
		if errors.As(err, &e) {
			copied := *e
			return change(op, req, &copied)
		}
		return resp, err
	})
}

// kind changes one kind of error into another.
func kind(from, to sdk.Kind) sabotage {
	return failing(func(_ string, _ proto.Message, e *sdk.Error) (proto.Message, error) {
		if e.Kind == from {
			e.Kind, e.Code = to, ""
		}
		return nil, e
	})
}

// detailing changes the details of errors on the wire; nil drops one.
func detailing(change func(proto.Message) proto.Message) sabotage {
	return sabotage{caller: func() grpc.UnaryClientInterceptor {
		return func(ctx context.Context, method string, req, resp any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			err := invoke(ctx, method, req, resp, cc, opts...)
			if err == nil {
				return nil
			}
			told := status.Convert(err).Proto()
			var kept []*anypb.Any
			for _, detail := range told.GetDetails() {
				message, err := detail.UnmarshalNew()
				if err != nil {
					return err
				}
				if message = change(message); message != nil {
					packed, err := anypb.New(message)
					if err != nil {
						return err
					}
					kept = append(kept, packed)
				}
			}
			told.Details = kept
			return status.FromProto(told).Err()
		}
	}}
}

// inner is an object in an object, or nil.
func inner(of object, name string) object {
	o, _ := of[name].(object)
	return o
}

// walk visits an object and all objects in it.
func walk(of object, visit func(object)) {
	visit(of)
	for _, value := range of {
		switch value := value.(type) {
		case object:
			walk(value, visit)
		case []any:
			for _, each := range value {
				if each, ok := each.(object); ok {
					walk(each, visit)
				}
			}
		}
	}
}
