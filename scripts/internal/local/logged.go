package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// grace is how long a gateway without calls may take to end.
const grace = 10 * time.Second

// Gateway is a gateway on free ports whose log is read.
type Gateway struct {
	*Process

	Address string // where callers connect
	Log     *Log
}

// StartLoggedGateway is StartGateway for programs: the gateway listens on free
// ports, keeps state, sockets and its log (gateway.log) in dir, and is ready when
// StartLoggedGateway returns.
func StartLoggedGateway(ctx context.Context, bin, dir string, config Config) (*Gateway, error) {
	log, err := NewLog(filepath.Join(dir, "gateway.log"))
	if err != nil {
		return nil, err
	}
	config.Listen, config.LogJSON = "127.0.0.1:0", true
	config.StateDir, config.RuntimeDir = filepath.Join(dir, "state"), filepath.Join(dir, "run")
	p, err := StartGateway(bin, dir, config, log)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	g := &Gateway{Process: p, Log: log}
	ready, err := g.Find(ctx, func(e Event) bool { return e.Message == "ready" })
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the gateway does not get ready: %w", err), g.Stop())
	}
	g.Address = ready.Listen
	return g, nil
}

// Find is Log.Find for as long as the gateway runs.
func (g *Gateway) Find(ctx context.Context, wanted func(Event) bool) (Event, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-g.Exited():
			cancel(g.Ended())
		case <-ctx.Done():
		}
	}()
	return g.Log.Find(ctx, wanted)
}

// Stop stops the gateway and closes its log; it can be called again.
func (g *Gateway) Stop() error {
	err := g.Process.Stop(grace)
	_ = g.Log.Close()
	return err
}
