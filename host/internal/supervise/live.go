package supervise

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/registry"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// live is a process that answers, with its instance in the registry. A nil live
// is nothing.
type live struct {
	process  *launch.Process
	instance *registry.Instance
	of       *order
	log      hclog.Logger
	since    time.Time
	took     time.Duration // from launch to the first answer
}

// start launches a target and makes sure that it answers over the way that calls
// take. No payments method is ever called for that.
func (c Config) start(ctx context.Context, target *order) (*live, error) {
	m := target.Manifest
	began := time.Now()
	generation := c.Generation(m.Name)
	log := c.Log.With("connector", m.Name, "generation", generation)
	process, err := c.Launcher.Launch(ctx, launch.Spec{
		Name:    "connector-" + m.Name,
		Binary:  target.Binary,
		Command: m.Command,
		Runtime: c.Runtimes[m.Runtime],
		Args:    m.Args,
		Env:     m.Env,
		Timeout: time.Duration(m.StartTimeout),
		Log:     log.Named("plugin"),
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(ctx, began.Add(time.Duration(m.StartTimeout)))
	defer cancel()
	d, err := ask(ctx, m.Name, m.Version, process)
	if err != nil {
		process.Stop(0)
		return nil, err
	}
	instance := registry.NewInstance(m.Name, m.Version, generation, d, process.Conn)
	go func() {
		<-process.Exited()
		instance.Gone()
	}()
	go keepProbing(process, log)
	return &live{
		process:  process,
		instance: instance,
		of:       target,
		log:      log,
		since:    time.Now(),
		took:     time.Since(began).Round(time.Millisecond),
	}, nil
}

// A process that misses this many probes in a row hangs.
const (
	probeEvery  = time.Second
	probeWithin = 500 * time.Millisecond
	probeMisses = 3
)

// keepProbing asks a process for signs of life until it ends, and ends it if it
// gives none: a process that is stopped, or whose handlers all hang, has no other
// way to be noticed.
func keepProbing(process *launch.Process, log hclog.Logger) {
	client := connectorv1.NewConnectorServiceClient(process.Conn)
	every := time.NewTicker(probeEvery)
	defer every.Stop()
	for misses := 0; misses < probeMisses; {
		select {
		case <-process.Exited():
			return
		case <-every.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), probeWithin)
		_, err := client.Probe(ctx, &connectorv1.ProbeRequest{})
		cancel()
		if misses++; err == nil {
			misses = 0
		}
	}
	log.Error("the connector does not answer probes; killing it", "pid", process.PID, "misses", probeMisses)
	process.Kill()
}

// ask has a connector describe itself and show a sign of life.
func ask(ctx context.Context, name, version string, process *launch.Process) (*description.Description, error) {
	client := connectorv1.NewConnectorServiceClient(process.Conn)
	said, err := client.Describe(ctx, &connectorv1.DescribeRequest{})
	if err != nil {
		return nil, fmt.Errorf("it does not describe itself: %w", err)
	}
	if _, err := client.Probe(ctx, &connectorv1.ProbeRequest{}); err != nil {
		return nil, fmt.Errorf("it does not answer a probe: %w", err)
	}
	return description.Parse(name, version, said.GetDescription())
}

// retire drains an instance that the registry has let go of, and stops it.
func (c Config) retire(old *live) {
	limit := max(time.Duration(old.of.Manifest.DrainTimeout), c.MinDrain)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	began := time.Now()
	cancelled := old.instance.Drain(ctx)
	old.process.Stop(stopGrace)
	old.log.Info("stopped", "version", old.instance.Version, "drained_in", time.Since(began).Round(time.Millisecond).String(), "cancelled", cancelled)
}

// is says whether l runs what o wants.
func (l *live) is(o *order) bool { return l != nil && l.of == o }

// exited is closed when the process ends; nil, which blocks, if there is none.
func (l *live) exited() <-chan struct{} {
	if l == nil {
		return nil
	}
	return l.process.Exited()
}

// registered is the instance, or nil.
func (l *live) registered() *registry.Instance {
	if l == nil {
		return nil
	}
	return l.instance
}

func (l *live) status() Status {
	return Status{
		State:       Serving,
		Target:      l.of.Declaration,
		Serving:     l.of.Declaration,
		Generation:  l.instance.Generation,
		PID:         l.process.PID,
		Since:       l.since,
		Description: l.instance.Description,
	}
}

func exitError(exit string) error { return errors.New("its process has ended: " + exit) }
