package admin

import (
	"context"
	"fmt"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (s *Server) guardUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
	defer s.guard(info.FullMethod, &err)
	return next(ctx, req)
}

func (s *Server) guardStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer s.guard(info.FullMethod, &err)
	return next(srv, stream)
}

// guard, which is deferred, ends one operator's call where it panics: payments flow
// in the same process.
func (s *Server) guard(method string, err *error) {
	if p := recover(); p != nil {
		s.log.Error("the gateway's own code has panicked; please report it", "method", method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "the gateway has failed at this call; its log has more")
	}
}
