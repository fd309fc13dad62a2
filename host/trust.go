package host

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"aead.dev/minisign"

	"github.com/patchbay/patchbay/host/internal/archive"
	"github.com/patchbay/patchbay/host/internal/controller"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/supervise"
	"github.com/patchbay/patchbay/host/internal/trust"
)

// gate makes the gate of a configuration, whose directories it completes.
func (c *Config) gate() (*trust.Gate, error) {
	if err := c.completePaths(); err != nil {
		return nil, err
	}
	gate, err := trust.NewGate(c.Trust, c.Dev, c.StateDir)
	if err != nil {
		return nil, fmt.Errorf("configuration:\n%w", err)
	}
	return gate, nil
}

// declared is what the manifests declare, whether it may run or not.
func declared(config Config) ([]reconcile.Found, error) {
	return controller.Declared(controller.Config{
		Dir: config.Plugins, CommandsAnywhere: config.CommandsAnywhere || config.Dev,
		Supervise: supervise.Config{Runtimes: config.Runtimes},
	})
}

// declaredElsewhere refuses a package whose version another manifest has.
func declaredElsewhere(config Config, p *archive.Package) error {
	all, err := declared(config)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.Manifest.ID() == p.Manifest.ID() && d.File != p.Stem()+".yaml" {
			return fmt.Errorf("%s declares %s already; remove it first", d.File, p.Manifest.ID())
		}
	}
	return nil
}

// Approve writes an operator's approval into the lock file: of the bytes that the
// manifests declare for a name and a version, either of which may be empty for all.
// It says what was approved.
func Approve(config Config, name, version string, allowOlder bool) (approved []string, err error) {
	gate, err := config.gate()
	if err != nil {
		return nil, err
	}
	all, err := declared(config)
	if err != nil {
		return nil, err
	}
	var approvals []trust.Approval
	var problems []error
	for _, d := range all {
		m := d.Manifest
		switch {
		case name != "" && m.Name != name, version != "" && m.Version != version:
		case d.Err != nil:
			problems = append(problems, d.Err)
		default:
			approvals = append(approvals, approval(m.Name, m.Version, d.Digest, allowOlder))
			approved = append(approved, fmt.Sprintf("%s SHA-256 %s", m.ID(), d.Digest))
		}
	}
	if len(approvals)+len(problems) == 0 {
		problems = append(problems, fmt.Errorf("%s has no manifest of %s", config.Plugins, strings.TrimSuffix(name+"@"+version, "@")))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if err := trust.Approve(gate.LockFile(), approvals...); err != nil {
		return nil, err
	}
	return approved, nil
}

func approval(name, version, digest string, older bool) trust.Approval {
	by := "unknown"
	if u, err := user.Current(); err == nil {
		by = u.Username
	}
	return trust.Approval{Name: name, Version: version, SHA256: digest, Older: older, By: by, At: time.Now().UTC().Truncate(time.Second)}
}

// MakeKey writes a publisher's new key to two files, name.key and name.pub, neither
// of which may be there, and returns the public key. Without a password the private
// key is readable for whoever can read the file.
func MakeKey(name, password string) (public string, err error) {
	publicKey, key, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	text, err := key.MarshalText()
	if password != "" {
		text, err = minisign.EncryptKey(password, key)
	}
	if err != nil {
		return "", err
	}
	publicText, err := publicKey.MarshalText()
	if err != nil {
		return "", err
	}
	if err := writeNew(name+".key", append(text, '\n'), 0o600); err != nil {
		return "", err
	}
	return publicKey.String(), writeNew(name+".pub", append(publicText, '\n'), 0o644)
}

func writeNew(path string, content []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Sync(), file.Close())
}

// readPrivateKey reads a private key of minisign's, encrypted or not.
func readPrivateKey(file, password string) (key minisign.PrivateKey, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return key, err
	}
	text := []byte(strings.TrimSpace(string(raw)))
	if !minisign.IsEncrypted(text) {
		if err := key.UnmarshalText(text); err != nil {
			return key, fmt.Errorf("%s: is no private key of minisign's", file)
		}
		return key, nil
	}
	if key, err = minisign.DecryptKey(password, text); err != nil {
		return key, fmt.Errorf("%s: the password does not open it; give it in $PATCHBAY_KEY_PASSWORD", file)
	}
	return key, nil
}
