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
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/admin"
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

// serveAdmin serves operators while there are plugins.
func (c *Config) serveAdmin(plugins context.Context, control *controller.Controller, journal *admin.Journal, log hclog.Logger) error {
	if c.Admin == adminOff {
		return nil
	}
	listener, err := listenAlone(strings.TrimPrefix(c.Admin, "unix:"))
	if errors.Is(err, errInUse) && c.Dev { // on one's own machine several gateways may run beside each other
		log.Warn("another gateway has the socket for operators; this one goes without", "admin", c.Admin)
		return nil
	}
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	log.Info("operators", "listen", c.Admin)
	return admin.NewServer(control, journal, processUsage).Serve(plugins, listener)
}

var errInUse = errors.New("another gateway listens there; give each its own state_dir or admin")

// listenAlone listens on a Unix socket that only this user can reach. One that a
// dead process has left is removed.
func listenAlone(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%s: %w", path, errInUse)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(path, 0o600)
}

// observer tells operators and metrics what happens to plugins.
type observer struct {
	journal *admin.Journal
	metrics *telemetry.Metrics
}

// Moved implements supervise.Observer.
func (o observer) Moved(t supervise.Transition) {
	o.journal.Record(t)
	if t.Sandbox != nil {
		o.metrics.Sandboxed(t.Manifest.Name, t.Manifest.Version, int(t.Sandbox.Tier))
	}
}

// ProbeMissed implements supervise.Observer.
func (o observer) ProbeMissed(_, _ string) {}

// Drained implements supervise.Observer.
func (o observer) Drained(_, _ string, _ time.Duration, _ int) {}

func processUsage(int) (memory uint64, cpuSeconds float64, ok bool) { return 0, 0, false }
