package supervise

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/egress"
	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/sandbox"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// live is a process that answers, with its instance.
type live struct {
	process  *launch.Process
	instance *registry.Instance
	of       *release
	log      hclog.Logger
	since    time.Time
	took     time.Duration // from launch to the first answer

	stuck chan string  // gets why the process should be replaced
	quiet *time.Ticker // when to look whether it is still needed; nil if it stays
	taken uint64       // calls that it had taken at the last look
	idle  time.Duration
}

// start launches a release and makes sure that it answers over the way that calls
// take. No payments method is ever called for that.
func (c Config) start(ctx context.Context, r *release) (*live, error) {
	m := r.Manifest
	began := time.Now()
	generation := r.Generation()
	log := c.Log.With("connector", m.Name, "generation", generation)
	tier, err := c.tier(m)
	if err != nil {
		return nil, err
	}
	process, err := c.Launcher.Launch(ctx, launch.Spec{
		Name:    "connector-" + m.Name,
		Binary:  r.Binary,
		Command: m.Command,
		Runtime: c.Runtimes[m.Runtime],
		Args:    m.Args,
		Env:     m.Env,
		Timeout: time.Duration(m.StartTimeout),
		Log:     log.Named("plugin"),
		Line:    r.lines.adder(generation),
		Egress:  c.wayOut(r, log),
		Tier:    tier,
		Limits:  limits(m),
		Groups:  c.Machine.Groups,
		Secrets: c.secretsOf(m.Name),
	})
	if err != nil {
		return nil, err
	}
	r.launched(process.PID)
	ctx, cancel := context.WithDeadline(ctx, began.Add(time.Duration(m.StartTimeout)))
	defer cancel()
	d, err := ask(ctx, m.Name, m.Version, process)
	if err != nil {
		process.Stop(0)
		return nil, err
	}
	if err := c.Descriptions.keep(r.Declaration, d); err != nil {
		log.Warn("the description can't be kept; it will be asked for again", "error", err)
	}
	l := &live{
		process:  process,
		instance: registry.NewInstance(m.Name, m.Version, generation, d, process.Conn),
		of:       r,
		log:      log,
		since:    time.Now(),
		took:     time.Since(began).Round(time.Millisecond),
		stuck:    make(chan string, 1),
	}
	l.instance.Digest = r.Digest
	go func() {
		<-process.Exited()
		l.instance.Gone()
	}()
	go c.keepProbing(l)
	return l, nil
}

// wayOut is what serves the way out of a process, or nil.
func (c Config) wayOut(r *release, log hclog.Logger) func(net.Listener) {
	if c.Egress == nil {
		return nil
	}
	return c.Egress.Gate(egress.Guest{
		Connector: r.Manifest.Name, Egress: r.Manifest.Endpoints(), Denials: r.denials, Log: log.Named("egress"),
	}).Serve
}

// tier is the sandbox's for a manifest on this machine.
func (c Config) tier(m manifest.Manifest) (sandbox.Tier, error) {
	return c.Machine.Resolve(cmp.Or(sandbox.Mode(m.Sandbox), sandbox.Prefer))
}

func limits(m manifest.Manifest) sandbox.Limits {
	return sandbox.Limits{
		Memory: int64(m.Limits.Memory), Processes: m.Limits.Processes, OpenFiles: m.Limits.OpenFiles,
		FileSize: int64(m.Limits.FileSize), CPU: m.Limits.CPU,
	}
}

// A process that misses this many probes in a row hangs.
const (
	probeEvery  = time.Second
	probeWithin = 500 * time.Millisecond
	probeMisses = 3
)

// keepProbing asks a process for signs of life until it ends, and ends it if it
// gives none: a process that is stopped, or whose handlers all hang, has no other
// way to be noticed. One that still answers, but has a call that should have ended
// by itself, is reported as stuck.
func (c Config) keepProbing(l *live) {
	client := connectorv1.NewConnectorServiceClient(l.process.Conn)
	every := time.NewTicker(probeEvery)
	defer every.Stop()
	report := sync.OnceFunc(func() { l.stuck <- "a call hangs in it" })
	for misses := 0; misses < probeMisses; {
		select {
		case <-l.process.Exited():
			return
		case <-every.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), probeWithin)
		alive, err := client.Probe(ctx, &connectorv1.ProbeRequest{})
		cancel()
		if err != nil {
			misses++
			c.Observer.ProbeMissed(l.instance.Name, l.instance.Version)
			continue
		}
		misses = 0
		if c.LongestCall > 0 && alive.GetOldestCall().AsDuration() > c.LongestCall {
			report()
		}
	}
	l.log.Error("the connector does not answer probes; killing it", "pid", l.process.PID, "misses", probeMisses)
	l.process.Kill()
}

// secretsOf is what a connector must not write where people read it.
func (c Config) secretsOf(name string) func() []string {
	if c.Secrets == nil {
		return nil
	}
	return func() []string { return c.Secrets(name) }
}

// ask has a connector describe itself and show a sign of life.
func ask(ctx context.Context, name, version string, process *launch.Process) (*description.Description, error) {
	client := connectorv1.NewConnectorServiceClient(process.Conn)
	said, err := client.Describe(ctx, &connectorv1.DescribeRequest{Contract: wire.Contract()})
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
	took := time.Since(began)
	old.process.Stop(stopGrace)
	c.Observer.Drained(old.instance.Name, old.instance.Version, took, cancelled)
	old.log.Info("stopped", "version", old.instance.Version, "drained_in", took.Round(time.Millisecond).String(), "cancelled", cancelled)
}

// idleFor says how long the process has had no call, as of the last looks.
func (l *live) idleFor(between time.Duration) time.Duration {
	if taken := l.instance.Taken(); taken != l.taken || l.instance.InFlight() > 0 {
		l.taken, l.idle = taken, 0
	} else {
		l.idle += between
	}
	return l.idle
}

// stopLooking ends the looks for calls.
func (l *live) stopLooking() {
	if l.quiet != nil {
		l.quiet.Stop()
	}
}
