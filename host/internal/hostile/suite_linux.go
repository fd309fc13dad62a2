package hostile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// maxAnswer bounds an answer of the plugin, in bytes.
const maxAnswer = 4 << 20

// stopGrace is how long the plugin may take to end when asked.
const stopGrace = 200 * time.Millisecond

// Run runs the attacks in a tier, one after the other.
func Run(ctx context.Context, config Config) (results []Result, err error) {
	if os.Getuid() == 0 {
		return nil, errors.New("root must not run attacks: what comes through does what it says; run it as the user that runs the gateway")
	}
	store := launch.NewStore(filepath.Join(config.Dir, "store"))
	sockets := filepath.Join(config.Dir, "run")
	if err := errors.Join(os.Mkdir(filepath.Join(config.Dir, "store"), 0o700), os.Mkdir(sockets, 0o700)); err != nil {
		return nil, err
	}
	f, err := newField(config.Dir, config.Plugin)
	if err != nil {
		return nil, fmt.Errorf("prepare what is attacked: %w", err)
	}
	defer f.close()
	for _, a := range attacks() {
		if config.Only != "" && a.name != config.Only {
			continue
		}
		g := &guest{attack: a, tier: config.Tier, job: sockets, log: &text{}}
		through, err := g.attacks(ctx, f, store, config.Plugin)
		if err != nil {
			return results, fmt.Errorf("%s: %w", a.name, err)
		}
		results = append(results, Result{
			Attack: a.name, What: a.what, Tier: config.Tier.String(), Stopped: !through,
			Known: a.always == "" && config.Tier <= max(a.remains, sandbox.T1), Unproven: a.unproven,
		})
	}
	return results, ctx.Err()
}

// attacks runs the plugin once, and says whether its attack came through.
func (g *guest) attacks(ctx context.Context, f *field, store *launch.Store, plugin string) (through bool, err error) {
	if err := f.ready(); err != nil {
		return false, err
	}
	defer f.clear(g.attack.name)
	binary, err := store.Put(plugin, "")
	if err != nil {
		return false, err
	}
	defer binary.Close()
	g.binary = binary.Path()
	spec, err := g.spec(f, binary)
	if err != nil {
		return false, err
	}
	launcher := launch.Launcher{RuntimeDir: g.job, MaxMessage: maxAnswer}
	g.process, g.err = launcher.Launch(ctx, spec)
	if g.err == nil {
		g.pid = g.process.PID
		defer g.process.Stop(0)
	}
	if g.attack.seen != nil && g.attack.seen(f, g) {
		through = true
	}
	if g.err == nil {
		g.process.Stop(stopGrace)
	}
	return through || g.attack.left != nil && g.attack.left(f, g), nil
}

// spec is the launch of an attack.
func (g *guest) spec(f *field, binary *launch.Binary) (launch.Spec, error) {
	raw, err := json.Marshal(targets{
		Attack: g.attack.name, Secret: f.secret, Marker: f.marker, Dir: f.dir, TCP: f.tcp.address, UDP: f.udp.address,
		Abstract: f.abstract.address, Socket: f.sibling.address, Host: os.Getpid(), Address: address(f.memory), Length: len(f.memory),
		Victim: f.victim.cmd.Process.Pid, Binary: g.binary, Key: f.key, IPC: f.ipc,
	})
	return launch.Spec{
		Name: "connector-hostile", Binary: binary, Env: map[string]string{targetsVariable: string(raw)},
		Timeout: patience, Log: g.log.logger(), Tier: g.tier, Limits: limits(), Egress: refuse,
	}, err
}

// refuse is a way out that leads nowhere.
func refuse(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_ = conn.Close()
	}
}
