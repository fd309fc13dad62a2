package audit

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// Operators are the options of a server for operators that record what they do.
// Operators are served even while that can't be recorded: it may be what they put
// right. Reflection is not recorded.
func Operators(records *Log, log hclog.Logger) []grpc.ServerOption {
	o := operators{records, log}
	return []grpc.ServerOption{grpc.Creds(localCredentials{}), grpc.ChainUnaryInterceptor(o.unary), grpc.ChainStreamInterceptor(o.stream)}
}

type operators struct {
	records *Log
	log     hclog.Logger
}

func (o operators) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	began := time.Now()
	answer, err := next(ctx, req)
	o.record(ctx, info.FullMethod, req, began, err)
	return answer, err
}

func (o operators) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if strings.HasPrefix(info.FullMethod, "/grpc.") {
		return next(srv, stream)
	}
	began, seen := time.Now(), &request{ServerStream: stream}
	err := next(srv, seen)
	o.record(stream.Context(), info.FullMethod, seen.first, began, err)
	return err
}

// request is a stream that remembers what was asked.
type request struct {
	grpc.ServerStream
	first any
}

// RecvMsg implements grpc.ServerStream.
func (r *request) RecvMsg(m any) error {
	err := r.ServerStream.RecvMsg(m)
	if r.first == nil && err == nil {
		r.first = m
	}
	return err
}

// record writes what an operator did: the method, and the connector and version
// that it was about.
func (o operators) record(ctx context.Context, method string, req any, began time.Time, err error) {
	r := Record{
		Time: time.Now(), Kind: KindOperator, Method: strings.TrimPrefix(method, "/"),
		Code: status.Code(err).String(), Took: time.Since(began).Microseconds(),
	}
	if named, ok := req.(interface{ GetName() string }); ok {
		r.Connector = named.GetName()
	}
	if versioned, ok := req.(interface{ GetVersion() string }); ok {
		r.Version = versioned.GetVersion()
	}
	if p, ok := peer.FromContext(ctx); ok && p.AuthInfo != nil {
		if local, ok := p.AuthInfo.(LocalUser); ok {
			r.Caller = local.String()
		}
	}
	if err := o.records.Write(r); err != nil {
		o.log.Error("the audit record of an operator's call is not written", "method", method, "error", err)
	}
}
