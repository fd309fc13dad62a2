// Package gateway is the surface that callers talk to: it accepts, authenticates,
// admits, validates, picks, carries and accounts for calls. It ends the envelope
// and carries the letter: of a message only the bytes pass, of everything around
// it nothing.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/telemetry"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Config is what the gateway needs of the host.
type Config struct {
	Registry   *registry.Registry
	Connectors Connectors
	Accounts   Accounts
	Auth       auth.Authenticator
	Audit      *audit.Log // nil: no records are kept
	Metrics    *telemetry.Metrics
	Tracing    *telemetry.Tracing // nil: off
	Log        hclog.Logger
	TLS        *tls.Config // nil: plain text

	KeySecret       []byte        // for deriving idempotency keys; the same on every replica
	InlineConfig    bool          // callers may bring configuration
	InlineBaseURL   bool          // and it may move a connector's base URL
	DefaultDeadline time.Duration // of calls that have none
	MaxDeadline     time.Duration
	MaxMessage      int // bytes
	Limits          Limits
}

// Connectors tells what there is and how it fares.
type Connectors interface {
	// Connectors are all connectors by name, one of them with its full description.
	Connectors(full string) []*gatewayv1.Connector
}

// Accounts holds callers' accounts.
type Accounts interface {
	// Find returns the account of that name, or, where no name is given, the
	// default of the connector.
	Find(name, connector string) (account.Account, bool)
}

// Gateway serves callers.
type Gateway struct {
	config    Config
	codec     codec
	limits    *limiter
	callers   callers
	validator wire.Validator
	reflect   *reflection
	server    *grpc.Server
	health    *health.Server

	ending context.Context // ends when calls are cut off; its cause is errEnding
	end    context.CancelCauseFunc
}

// The limits of an edge that strangers may reach; grpc-go's own have hardly any.
const (
	handshakeTime = 5 * time.Second
	maxStreams    = 256 // of one connection
	maxHeaders    = 16 << 10
	maxIdle       = 15 * time.Minute
	maxAge        = 30 * time.Minute
	pingsAtMost   = 10 * time.Second
	aboveMessage  = 16 << 20 // gRPC refuses by itself, without our details, only what is this much too large
	afterDeadline = 5 * time.Second
	lastWords     = time.Second // for telling the callers of calls that are cut off
)

// errEnding is the cause of contexts of calls that outlasted the gateway.
var errEnding = errors.New("the gateway is stopping")

// New prepares a gateway; Serve opens it.
func New(config Config) *Gateway {
	g := &Gateway{
		config:  config,
		codec:   newCodec(),
		limits:  newLimiter(config.Limits, config.Metrics),
		reflect: newReflection(config.Registry, config.Log),
		health:  health.NewServer(),
	}
	g.ending, g.end = context.WithCancelCause(context.Background())
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(g.codec),
		grpc.UnknownServiceHandler(g.carry),
		grpc.ChainUnaryInterceptor(g.admitOwnUnary),
		grpc.ChainStreamInterceptor(g.admitOwnStream),
		grpc.MaxRecvMsgSize(config.MaxMessage + aboveMessage),
		grpc.ConnectionTimeout(handshakeTime),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle:     maxIdle,
			MaxConnectionAge:      maxAge,
			MaxConnectionAgeGrace: config.MaxDeadline + afterDeadline,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingsAtMost, PermitWithoutStream: true}),
	}
	if config.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config.TLS)))
	}
	g.server = grpc.NewServer(options...)
	healthv1.RegisterHealthServer(g.server, g.health)
	g.health.SetServingStatus("", healthv1.HealthCheckResponse_NOT_SERVING)
	gatewayv1.RegisterConnectorServiceServer(g.server, connectorService{config.Connectors})
	gatewayv1.RegisterBulkServiceServer(g.server, bulkService{g})
	reflectionv1.RegisterServerReflectionServer(g.server, g.reflect)
	reflectionv1alpha.RegisterServerReflectionServer(g.server, reflectionAlpha{g.reflect})
	g.reflect.own = g.server.GetServiceInfo()
	return g
}

// Serve answers callers until Stop.
func (g *Gateway) Serve(listener net.Listener) error { return g.server.Serve(newVisitors(listener)) }

// SetServing says to load balancers whether to send calls.
func (g *Gateway) SetServing(serving bool) {
	status := healthv1.HealthCheckResponse_NOT_SERVING
	if serving {
		status = healthv1.HealthCheckResponse_SERVING
	}
	g.health.SetServingStatus("", status)
}

// Stop takes no new calls and waits until those it has are answered, or until the
// context ends; then they are cut off, and their callers told so.
func (g *Gateway) Stop(ctx context.Context) {
	g.SetServing(false)
	done := make(chan struct{})
	go func() {
		g.server.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	g.end(errEnding)
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C: // callers that do not listen
		g.server.Stop()
		<-done
	}
}

// untilEnd is a context that ends, besides, when calls are cut off.
func (g *Gateway) untilEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(g.ending, func() { cancel(errEnding) })
	return ctx, func() { stop(); cancel(nil) }
}
