package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/admin"
	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/controller"
	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/supervise"
	"github.com/patchbay/patchbay/host/internal/telemetry"
)

// adminOff is the address of no listener for operators.
const adminOff = "off"

// adminSocket is where operators connect if nothing else is configured.
const adminSocket = "admin.sock"

// AdminAddress is where operators of a gateway with this configuration connect.
func AdminAddress(config Config) (string, error) {
	if err := config.completePaths(); err != nil {
		return "", err
	}
	err := config.completeAdmin()
	if err == nil && config.Admin == adminOff {
		err = errors.New("admin: it is off in the configuration")
	}
	return config.Admin, err
}

func (c *Config) completeAdmin() error {
	if c.Admin == "" {
		c.Admin = "unix:" + filepath.Join(c.StateDir, adminSocket)
	}
	if c.Admin == adminOff {
		return nil
	}
	path, ok := strings.CutPrefix(c.Admin, "unix:")
	switch {
	case !ok || !filepath.IsAbs(path):
		return fmt.Errorf("admin: %q is neither unix: with an absolute path, nor off", c.Admin)
	case len(path) >= launch.MaxSocketPath:
		return fmt.Errorf("admin: the socket's path %s has %d characters, and %d are possible; set a shorter one", path, len(path), launch.MaxSocketPath-1)
	}
	return nil
}

// listenAdmin listens for operators, or gives nil if this gateway has none.
func (c *Config) listenAdmin(log hclog.Logger) (net.Listener, error) {
	if c.Admin == adminOff {
		return nil, nil
	}
	listener, err := listenAlone(strings.TrimPrefix(c.Admin, "unix:"))
	if errors.Is(err, errInUse) && c.Dev { // on one's own machine several gateways may run beside each other
		log.Warn("another gateway has the socket for operators; this one goes without", "admin", c.Admin)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	log.Info("operators", "listen", c.Admin)
	return listener, nil
}

// serveAdmin serves operators while there are plugins.
func (h *host) serveAdmin(plugins context.Context) error {
	if h.operators == nil {
		return nil
	}
	server := admin.NewServer(h.control, h.journal, telemetry.Usage, h.log)
	return server.Serve(plugins, h.operators, admin.NewAccounts(h.border.accounts, h.connectors), audit.Operators(h.records, h.log)...)
}

var errInUse = errors.New("another gateway listens there; give each its own state_dir or admin")

// listenAlone listens on a Unix socket that only this user can reach. One that a
// dead process has left is removed, and nothing else is.
func listenAlone(path string) (listener net.Listener, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	unlock, err := lockDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer unlock()
	conn, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		_ = conn.Close()
		return nil, fmt.Errorf("%s: %w", path, errInUse)
	case errors.Is(err, syscall.ECONNREFUSED): // nobody listens
		if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSocket == 0 {
			return nil, errors.Join(fmt.Errorf("%s is there and is no socket", path), err)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	mask := syscall.Umask(0o077) // chmod alone would leave a moment for others
	listener, err = net.Listen("unix", path)
	syscall.Umask(mask)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// observer tells operators and metrics what happens to plugins.
type observer struct {
	journal *admin.Journal
	metrics *telemetry.Metrics
}

// Moved implements supervise.Observer.
func (o observer) Moved(t supervise.Transition) {
	o.journal.Record(t)
	name, version := t.Manifest.Name, t.Manifest.Version
	if t.Sandbox != nil {
		o.metrics.Sandboxed(name, version, int(t.Sandbox.Tier))
	}
	o.metrics.Transition(name, version, string(t.From), string(t.To))
	switch t.Event {
	case supervise.Ended:
		o.metrics.Restarted(name, version, cause(*t.End))
	case supervise.Drained, supervise.Dropped:
		o.metrics.Forget(name, version)
	}
}

// cause says in a word why a process that served ended.
func cause(end launch.End) string {
	switch {
	case end.ByHost:
		return "hung"
	case end.FromOutside():
		return "killed"
	default:
		return "crashed"
	}
}

// ProbeMissed implements supervise.Observer.
func (o observer) ProbeMissed(connector, version string) { o.metrics.ProbeMissed(connector, version) }

// Drained implements supervise.Observer.
func (o observer) Drained(connector, version string, took time.Duration, cancelled int) {
	o.metrics.Drained(connector, version, took, cancelled)
}

// processes tells metrics which plugins there are.
func processes(control *controller.Controller) func() []telemetry.Plugin {
	return func() []telemetry.Plugin {
		var found []telemetry.Plugin
		for _, p := range control.Plugins("") {
			found = append(found, telemetry.Plugin{
				Connector: p.Target.Manifest.Name, Version: p.Version(), Generation: p.Generation, PID: p.PID, State: string(p.State),
			})
		}
		return found
	}
}
