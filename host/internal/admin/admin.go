// Package admin is the surface that operators talk to: how plugins fare, and a
// hand on them.
package admin

import (
	"context"
	"errors"
	"net"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/controller"
	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
)

// Usage is what a process takes of the machine.
type Usage func(pid int) (memory uint64, cpuSeconds float64, ok bool)

// Server serves operators. Whoever reaches its listener may do everything.
type Server struct {
	adminv1.UnimplementedPluginServiceServer

	plugins *controller.Controller
	journal *Journal
	usage   Usage
	log     hclog.Logger
}

// NewServer returns a server for the plugins of a controller.
func NewServer(plugins *controller.Controller, journal *Journal, usage Usage, log hclog.Logger) *Server {
	return &Server{plugins: plugins, journal: journal, usage: usage, log: log}
}

// Serve serves until ctx ends; then streams are cut off.
func (s *Server) Serve(ctx context.Context, listener net.Listener, accounts *Accounts, options ...grpc.ServerOption) error {
	options = append(options, grpc.ChainUnaryInterceptor(s.guardUnary), grpc.ChainStreamInterceptor(s.guardStream))
	server := grpc.NewServer(options...)
	adminv1.RegisterPluginServiceServer(server, s)
	adminv1.RegisterAccountServiceServer(server, accounts)
	reflection.Register(server)
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, grpc.ErrServerStopped) { // before it began
		return err
	}
	return nil
}

// ListPlugins implements adminv1.PluginServiceServer.
func (s *Server) ListPlugins(_ context.Context, req *adminv1.ListPluginsRequest) (*adminv1.ListPluginsResponse, error) {
	if err := s.plugins.Check(req.GetName()); err != nil {
		return nil, asStatus(err)
	}
	return &adminv1.ListPluginsResponse{Plugins: s.list(req.GetName()), Problems: s.problems(req.GetName())}, nil
}

// Watch implements adminv1.PluginServiceServer.
func (s *Server) Watch(req *adminv1.WatchRequest, stream grpc.ServerStreamingServer[adminv1.WatchResponse]) error {
	if err := s.plugins.Check(req.GetName()); err != nil {
		return asStatus(err)
	}
	steps, done := s.journal.read()
	defer done()
	for _, p := range s.list(req.GetName()) {
		if err := stream.Send(&adminv1.WatchResponse{Event: &adminv1.WatchResponse_Current{Current: p}}); err != nil {
			return err
		}
	}
	if err := stream.Send(&adminv1.WatchResponse{Event: &adminv1.WatchResponse_Begun{Begun: &adminv1.Begun{}}}); err != nil {
		return err
	}
	for {
		select {
		case <-stream.Context().Done():
			return nil
		case step, ok := <-steps:
			if !ok {
				return status.Errorf(codes.ResourceExhausted, "more than %d steps are unread; watch anew", behind)
			}
			if req.GetName() != "" && step.Manifest.Name != req.GetName() {
				continue
			}
			if err := stream.Send(&adminv1.WatchResponse{Event: &adminv1.WatchResponse_Transition{Transition: transition(step)}}); err != nil {
				return err
			}
		}
	}
}

// byOperator is the reason of what an operator asked for.
const byOperator = "an operator asked for it"

// ReloadPlugins implements adminv1.PluginServiceServer.
func (s *Server) ReloadPlugins(ctx context.Context, req *adminv1.ReloadPluginsRequest) (*adminv1.ReloadPluginsResponse, error) {
	var err error
	if req.GetName() == "" {
		err = s.plugins.Rescan(ctx)
	} else {
		err = s.plugins.Restart(ctx, req.GetName(), req.GetVersion(), byOperator)
	}
	if err != nil {
		return nil, asStatus(err)
	}
	return &adminv1.ReloadPluginsResponse{Plugins: s.list(req.GetName()), Problems: s.problems(req.GetName())}, nil
}

// DrainPlugin implements adminv1.PluginServiceServer.
func (s *Server) DrainPlugin(ctx context.Context, req *adminv1.DrainPluginRequest) (*adminv1.DrainPluginResponse, error) {
	drained, err := s.plugins.Drain(ctx, req.GetName(), req.GetVersion(), "drained: "+byOperator)
	if err != nil {
		return nil, asStatus(err)
	}
	return &adminv1.DrainPluginResponse{Plugin: s.plugin(drained)}, nil
}

// PinPlugin implements adminv1.PluginServiceServer.
func (s *Server) PinPlugin(_ context.Context, req *adminv1.PinPluginRequest) (*adminv1.PinPluginResponse, error) {
	serving, err := s.plugins.Pin(req.GetName(), req.GetVersion())
	if err != nil {
		return nil, asStatus(err)
	}
	return &adminv1.PinPluginResponse{ServingVersion: serving}, nil
}

// RollbackPlugin implements adminv1.PluginServiceServer.
func (s *Server) RollbackPlugin(ctx context.Context, req *adminv1.RollbackPluginRequest) (*adminv1.RollbackPluginResponse, error) {
	now, pinned, err := s.plugins.Rollback(ctx, req.GetName(), "rolled back: "+byOperator)
	if err != nil {
		return nil, asStatus(err)
	}
	return &adminv1.RollbackPluginResponse{Plugin: s.plugin(now), Pinned: pinned}, nil
}

// ReadLogs implements adminv1.PluginServiceServer.
func (s *Server) ReadLogs(req *adminv1.ReadLogsRequest, stream grpc.ServerStreamingServer[adminv1.ReadLogsResponse]) error {
	lines, ended, err := s.plugins.Lines(req.GetName(), req.GetVersion())
	if err != nil {
		return asStatus(err)
	}
	kept, more := lines.After(0)
	if tail := int(req.GetTail()); tail > 0 && len(kept) > tail {
		kept = kept[len(kept)-tail:]
	}
	last := uint64(0)
	for {
		for _, line := range kept {
			last = line.Number
			if err := stream.Send(&adminv1.ReadLogsResponse{Line: logLine(line)}); err != nil {
				return err
			}
		}
		if !req.GetFollow() {
			return nil
		}
		select {
		case <-stream.Context().Done():
			return nil
		case <-ended:
			return nil
		case <-more:
		}
		kept, more = lines.After(last)
	}
}

// asStatus is the code for what operators can get wrong.
func asStatus(err error) error {
	switch {
	case errors.Is(err, controller.ErrNoPlugin):
		return status.Error(codes.NotFound, err.Error())
	case errors.Is(err, controller.ErrWhich):
		return status.Error(codes.InvalidArgument, err.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return status.FromContextError(err).Err()
	default:
		return status.Error(codes.FailedPrecondition, err.Error())
	}
}
