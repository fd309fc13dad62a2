package host

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/trust"
	"github.com/patchbay/patchbay/host/internal/webhook"
)

// Config is all that an operator can set. The zero value of a field means its
// default; docs/operating.md explains each.
type Config struct {
	Listen     string `yaml:"listen"`      // where callers connect
	Ops        string `yaml:"ops"`         // where health, readiness and metrics are; empty: nowhere
	Admin      string `yaml:"admin"`       // where operators connect: unix:PATH, or "off"; empty: in StateDir
	Plugins    string `yaml:"plugins"`     // the directory of the manifests
	StateDir   string `yaml:"state_dir"`   // verified copies of plugins
	RuntimeDir string `yaml:"runtime_dir"` // sockets; a short path

	// CommandsAnywhere lets manifests name binaries outside of Plugins.
	CommandsAnywhere bool `yaml:"commands_anywhere"`

	// SandboxOff lets manifests turn their plugin's sandbox off.
	SandboxOff bool `yaml:"sandbox_off"`

	// Trust says which bytes may run as connectors.
	Trust trust.Spec `yaml:"trust"`

	// Runtimes are the interpreters that bundles may ask for: name → path.
	Runtimes map[string]string `yaml:"runtimes"`

	// IdempotencySecretFile holds at least 32 bytes, the same on every replica,
	// from which the keys for PSPs are derived.
	IdempotencySecretFile string `yaml:"idempotency_secret_file"`

	TLS          auth.TLSSpec      `yaml:"tls"`
	Callers      []auth.CallerSpec `yaml:"callers"`
	TokenIssuers []auth.IssuerSpec `yaml:"token_issuers"`
	Audit        audit.Spec        `yaml:"audit"`

	Accounts        []account.Spec `yaml:"accounts"`
	AccountsDir     string         `yaml:"accounts_dir"`      // files with further accounts, one in each
	AgeIdentityFile string         `yaml:"age_identity_file"` // decrypts accounts' secrets

	// Webhooks says where PSPs send webhooks and where their events go.
	Webhooks webhook.Spec `yaml:"webhooks"`

	Limits          Limits        `yaml:"limits"`
	Egress          EgressConfig  `yaml:"egress"`
	DefaultDeadline time.Duration `yaml:"default_deadline"`
	MaxDeadline     time.Duration `yaml:"max_deadline"`
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout"`
	// ShutdownDelay is how long calls are still taken after health has said no, so
	// that load balancers have looked before the listener closes; nil: the default.
	ShutdownDelay *time.Duration `yaml:"shutdown_delay"`
	LogLevel      string         `yaml:"log_level"`

	// OTLPEndpoint is where traces go, such as http://localhost:4317; empty: where
	// OpenTelemetry's environment variables say, else nowhere.
	OTLPEndpoint string `yaml:"otlp_endpoint"`

	InlineConfig  bool `yaml:"inline_config"`   // callers may bring configuration
	InlineBaseURL bool `yaml:"inline_base_url"` // and it may move a connector's base URL

	// File is where the configuration was read from; empty if it was not.
	File string `yaml:"-"`
	// Self is the path of the program that runs the host. It is started once more,
	// to remove what a killed host leaves behind; see Sweep. If it is empty, the
	// next start does that.
	Self string `yaml:"-"`
	// Dev is for one machine: loopback only, callers are not authenticated, and
	// what they bring is believed.
	Dev bool `yaml:"-"`
	// LogJSON writes the log as JSON lines.
	LogJSON bool `yaml:"log_json"`
	// Log overrides where the log goes.
	Log hclog.Logger `yaml:"-"`
}

// ReadConfig reads a configuration file. Relative paths in it are relative to the
// file. The error names file and line.
func ReadConfig(path string) (Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	return parseConfig(path, raw)
}

func parseConfig(path string, raw []byte) (Config, error) {
	var c Config
	decoder := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict())
	if err := decoder.Decode(&c); err != nil && len(bytes.TrimSpace(raw)) > 0 {
		return Config{}, fmt.Errorf("%s: %w", path, located(err))
	}
	c.File = path
	dir := filepath.Dir(path)
	paths := append([]*string{&c.Plugins, &c.StateDir, &c.RuntimeDir, &c.IdempotencySecretFile, &c.Trust.LockFile}, c.boundaryPaths()...)
	paths = append(paths, c.Webhooks.Paths()...)
	for i := range c.Trust.Keys {
		paths = append(paths, &c.Trust.Keys[i].File)
	}
	for i := range c.Accounts {
		c.Accounts[i].Anchor(dir)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	return c, nil
}

// located puts the line before the reason, without the library's picture.
func located(err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return fmt.Errorf("line %d: %s", at.GetToken().Position.Line, at.GetMessage())
	}
	return err
}

// set gives a field that is empty its default.
func set(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// completePaths fills in directories.
func (c *Config) completePaths() error {
	set(&c.Plugins, "plugin-manifests")
	set(&c.RuntimeDir, os.TempDir())
	if c.StateDir == "" {
		c.StateDir = "/var/lib/patchbay"
		if cache, err := os.UserCacheDir(); c.Dev && err == nil {
			c.StateDir = filepath.Join(cache, "patchbay")
		}
	}
	for _, dir := range []*string{&c.Plugins, &c.StateDir, &c.RuntimeDir} { // plugins have another working directory
		absolute, err := filepath.Abs(*dir)
		if err != nil {
			return fmt.Errorf("%s: %w", *dir, err)
		}
		*dir = absolute
	}
	return nil
}

// defaultShutdownDelay is a look of a load balancer, and a little.
const defaultShutdownDelay = 5 * time.Second

// complete fills in defaults and refuses what can't be run.
func (c *Config) complete() error {
	if err := c.completePaths(); err != nil {
		return err
	}
	set(&c.Listen, "localhost:8000")
	set(&c.LogLevel, "info")
	if err := c.completeAdmin(); err != nil {
		return err
	}
	c.DefaultDeadline = or(c.DefaultDeadline, 30*time.Second)
	c.MaxDeadline = or(c.MaxDeadline, 2*time.Minute)
	c.ShutdownTimeout = or(c.ShutdownTimeout, c.MaxDeadline+10*time.Second)
	c.Limits.complete()
	c.Webhooks.Complete()
	if c.ShutdownDelay == nil {
		c.ShutdownDelay = new(defaultShutdownDelay)
		if c.Dev {
			*c.ShutdownDelay = 0
		}
	}
	if c.Dev {
		c.CommandsAnywhere, c.InlineConfig, c.InlineBaseURL, c.SandboxOff = true, true, true, true
	}
	return c.check()
}

func or[T time.Duration | int](value, fallback T) T {
	if value == 0 {
		return fallback
	}
	return value
}

func (c *Config) check() error {
	var errs []error
	if _, err := os.Stat(c.Plugins); err != nil {
		errs = append(errs, fmt.Errorf("plugins: %w", err))
	}
	if hclog.LevelFromString(c.LogLevel) == hclog.NoLevel {
		errs = append(errs, fmt.Errorf("log_level: %q is none of trace, debug, info, warn, error", c.LogLevel))
	}
	if c.DefaultDeadline > c.MaxDeadline {
		errs = append(errs, fmt.Errorf("default_deadline: %s is more than max_deadline %s", c.DefaultDeadline, c.MaxDeadline))
	}
	errs = append(errs, c.Limits.check())
	if *c.ShutdownDelay < 0 {
		errs = append(errs, fmt.Errorf("shutdown_delay: %s is less than nothing", c.ShutdownDelay))
	}
	errs = append(errs, c.checkEdge(), c.checkWebhooks(), c.checkRuntimes())
	if u, err := url.Parse(c.OTLPEndpoint); c.OTLPEndpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		errs = append(errs, fmt.Errorf("otlp_endpoint: %q is no URL such as http://localhost:4317", c.OTLPEndpoint))
	}
	_, egressErr := c.egress()
	errs = append(errs, c.Audit.Check(), egressErr)
	if err := launch.CheckRuntimeDir(filepath.Join(c.RuntimeDir, ownPrefix+"4194304")); err != nil {
		errs = append(errs, fmt.Errorf("runtime_dir: %w", err))
	}
	return errors.Join(errs...)
}

// checkCallers holds callers against what the gateway is, now and whenever they
// change.
func (c *Config) checkCallers(callers []auth.CallerSpec) error {
	if !c.Dev && len(callers) == 0 {
		return errors.New("callers: nobody could call; declare at least one, or use --dev on your own machine")
	}
	own := func(s auth.CallerSpec) bool { return s.Name == webhook.Caller }
	if c.Webhooks.Listen != "" && slices.ContainsFunc(callers, own) {
		return fmt.Errorf("callers: the name %q is the gateway's own; it calls for webhooks", webhook.Caller)
	}
	return nil
}

// checkEdge holds what strangers meet against the rules.
func (c *Config) checkEdge() error {
	var errs []error
	local, err := loopback(c.Listen)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("listen: %w", err))
	case c.Dev && !local:
		errs = append(errs, fmt.Errorf("listen: %s: --dev has no caller authentication, so it listens on loopback only", c.Listen))
	case !c.Dev && !local && !c.TLS.Enabled():
		errs = append(errs, fmt.Errorf("tls: cert_file and key_file are required to listen on %s", c.Listen))
	}
	errs = append(errs, c.checkCallers(c.Callers))
	if !c.Dev && c.IdempotencySecretFile == "" {
		errs = append(errs, errors.New("idempotency_secret_file: is required; make one with: head -c 32 /dev/urandom > idempotency.secret"))
	}
	return errors.Join(errs...)
}

func (c *Config) checkRuntimes() error {
	var errs []error
	for name, path := range c.Runtimes {
		if info, err := os.Stat(path); !filepath.IsAbs(path) || err != nil || !info.Mode().IsRegular() {
			errs = append(errs, fmt.Errorf("runtimes.%s: %q is not the absolute path of an executable", name, path))
		}
	}
	return errors.Join(errs...)
}

// loopback says whether an address is reached from this machine alone.
func loopback(address string) (bool, error) {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	if name == "localhost" {
		return true, nil
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback(), nil
}

// secret reads the secret for idempotency keys. In dev, one is made on the first
// run and kept, so that keys stay the same.
func (c *Config) secret() ([]byte, error) {
	path := c.IdempotencySecretFile
	if path == "" {
		path = filepath.Join(c.StateDir, "idempotency.secret")
		if err := makeSecret(path); err != nil {
			return nil, fmt.Errorf("make %s: %w", path, err)
		}
	}
	secret, err := os.ReadFile(path)
	if err == nil && len(secret) < 32 {
		err = fmt.Errorf("%s has %d bytes, and 32 are needed", path, len(secret))
	}
	if err != nil {
		return nil, fmt.Errorf("idempotency_secret_file: %w", err)
	}
	return secret, nil
}
