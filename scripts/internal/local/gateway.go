package local

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"
)

// Account is an account of the gateway's configuration.
type Account struct {
	Name      string         `yaml:"name"`
	Connector string         `yaml:"connector"`
	Default   bool           `yaml:"default"`
	Config    map[string]any `yaml:"config"`
}

// Config is what the gateway's configuration says; the fields are the file's. A
// field that is empty has the gateway's default.
type Config struct {
	Listen          string    `yaml:"listen"`
	Ops             string    `yaml:"ops,omitempty"`
	Plugins         string    `yaml:"plugins"`
	StateDir        string    `yaml:"state_dir,omitempty"`
	RuntimeDir      string    `yaml:"runtime_dir,omitempty"`
	DefaultDeadline string    `yaml:"default_deadline,omitempty"`
	MaxDeadline     string    `yaml:"max_deadline,omitempty"`
	ShutdownTimeout string    `yaml:"shutdown_timeout,omitempty"`
	LogJSON         bool      `yaml:"log_json,omitempty"`
	Webhooks        Webhooks  `yaml:"webhooks,omitempty"`
	Accounts        []Account `yaml:"accounts"`
}

// Webhooks is where PSPs reach the gateway, and the file that holds their events.
type Webhooks struct {
	Listen string `yaml:"listen,omitempty"`
	File   struct {
		Path string `yaml:"path,omitempty"`
	} `yaml:"file,omitempty"`
}

// webhookSecret is what the sandbox's PSP signs webhooks with by default.
const webhookSecret = "whsec_sandbox_default"

// SandboxAccount has every call for the sandbox that names no account go to a PSP
// that runs apart.
func SandboxAccount(psp *PSP) Account {
	return Account{Name: "sandbox", Connector: "sandbox", Default: true, Config: map[string]any{
		"base_url": psp.URL, "webhook_secrets": []string{webhookSecret},
	}}
}

// StartGateway starts the gateway of the programs in bin, in dev mode, with a
// configuration that it writes into dir. Its log goes to the writer.
func StartGateway(bin, dir string, config Config, log io.Writer) (*Process, error) {
	raw, err := yaml.Marshal(config)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "patchbay.yaml")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return nil, err
	}
	return Start(io.Discard, log, filepath.Join(bin, "patchbay"), "serve", "--dev", "--config", file)
}

// poll is the pause between two looks at something that can't be waited for.
const poll = 10 * time.Millisecond

// Until looks until there is what is looked for, or until the context ends.
func Until(ctx context.Context, look func() (found bool, err error)) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if found, err := look(); found || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// Ready returns when the gateway says on its operations address that calls are
// welcome.
func Ready(ctx context.Context, gateway *Process, ops string) error {
	return Until(ctx, func() (bool, error) {
		if gateway.gone() {
			return false, gateway.Ended()
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ops+"/readyz", nil)
		if err != nil {
			return false, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false, nil //nolint:nilerr // it does not listen yet
		}
		return resp.StatusCode == http.StatusOK, resp.Body.Close()
	})
}
