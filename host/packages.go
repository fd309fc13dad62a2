package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/patchbay/patchbay/host/internal/archive"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/trust"
)

// MakePackage writes a package of a binary, or of a directory that is a bundle, and
// a manifest. Without a name for it, the file is called after version and platform,
// in the working directory. It returns the file's name and the digest.
func MakePackage(source, manifestFile, out string) (file, digest string, err error) {
	raw, err := os.ReadFile(manifestFile)
	if err != nil {
		return "", "", err
	}
	m, err := manifest.Parse(manifestFile, raw)
	if err != nil {
		return "", "", err
	}
	err = inTemporary("", func(dir string) error {
		p, err := archive.Stage(dir, source, m)
		if err != nil {
			return err
		}
		digest = p.Manifest.SHA256
		if file = out; file == "" {
			file, err = fileName(p)
			if err != nil {
				return err
			}
		}
		return writePackage(p, file)
	})
	return file, digest, err
}

func fileName(p *archive.Package) (string, error) {
	system, arch, err := p.Platform()
	if err != nil {
		return "", fmt.Errorf("%w, or name the package with --output", err)
	}
	platform := trust.Statement{OS: system, Arch: arch}.Platform()
	return p.Stem() + "-" + strings.ReplaceAll(platform, "/", "-") + archive.Extension, nil
}

// SignPackage puts a publisher's signature into a package. platform is what it runs
// on, such as linux/amd64, or any; empty, it is found out. It returns what was
// signed.
func SignPackage(file, keyFile, password, platform string) (signed string, err error) {
	key, err := readPrivateKey(keyFile, password)
	if err != nil {
		return "", err
	}
	err = inTemporary("", func(dir string) error {
		p, err := archive.Open(file, dir)
		if err != nil {
			return err
		}
		s := trust.Statement{Name: p.Manifest.Name, Version: p.Manifest.Version, Digest: p.Manifest.SHA256}
		switch system, arch, two := strings.Cut(platform, "/"); {
		case platform == "":
			s.OS, s.Arch, err = p.Platform()
		case platform == trust.Any:
			s.OS, s.Arch = trust.Any, trust.Any
		case two:
			s.OS, s.Arch = system, arch
		default:
			err = fmt.Errorf("--platform: %q is neither any nor such as linux/amd64", platform)
		}
		if err != nil {
			return err
		}
		signature, err := trust.Sign(s, key)
		if err == nil {
			err = p.Sign(signature)
		}
		if err != nil {
			return err
		}
		signed = fmt.Sprintf("%s for %s, SHA-256 %s, by key %s", p.Manifest.ID(), s.Platform(), s.Digest, trust.FormatKeyID(key.ID()))
		return writePackage(p, file)
	})
	return signed, err
}

// VerifyPackage checks a package and its signature against one public key, given as
// a file, and says what it is. Which platform it is for does not matter.
func VerifyPackage(file, keyFile string) (verified string, err error) {
	err = inTemporary("", func(dir string) error {
		p, err := archive.Open(file, dir)
		if err != nil {
			return err
		}
		state, err := os.MkdirTemp(dir, ".state-")
		if err != nil {
			return err
		}
		gate, err := trust.NewGate(trust.Spec{Keys: []trust.KeySpec{{Name: keyFile, File: keyFile, Connectors: []string{"*"}}}}, false, state)
		if err != nil {
			return err
		}
		c := p.Candidate()
		if s, err := trust.ReadSignature(p.Signature); err == nil {
			c.Platform = s.Platform()
		}
		verified = describe(p)
		return admit(gate, file, c, io.Discard)
	})
	return verified, err
}

// VerifyByPolicy checks a package as InstallPackage would, and installs nothing.
func VerifyByPolicy(config Config, file string, warnings io.Writer) (verified string, err error) {
	gate, err := config.gate()
	if err != nil {
		return "", err
	}
	err = inTemporary("", func(dir string) error {
		p, err := archive.Open(file, dir)
		if err != nil {
			return err
		}
		verified = describe(p)
		return admit(gate, file, p.Candidate(), warnings)
	})
	return verified, err
}

// InstallPackage puts a package into the directory of the manifests, if the policy
// lets it run. approve approves its bytes before; allowOlder does so though a higher
// version was accepted.
func InstallPackage(config Config, file string, approve, allowOlder bool, warnings io.Writer) (installed string, err error) {
	gate, err := config.gate()
	if err != nil {
		return "", err
	}
	err = inTemporary(config.Plugins, func(dir string) error {
		p, err := archive.Open(file, dir)
		if err != nil {
			return err
		}
		if err := declaredElsewhere(config, p); err != nil {
			return err
		}
		c := p.Candidate()
		if approve || allowOlder {
			if err := gate.CheckSignature(c); err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(file), err)
			}
			if err := trust.Approve(gate.LockFile(), approval(c.Name, c.Version, c.Digest, allowOlder)); err != nil {
				return err
			}
		}
		if err := admit(gate, file, c, warnings); err != nil {
			return err
		}
		installed = describe(p)
		return p.Install(config.Plugins)
	})
	return installed, err
}

// RemovePackage takes back what InstallPackage did.
func RemovePackage(config Config, name, version string) error {
	if err := config.completePaths(); err != nil {
		return err
	}
	if err := CheckName(name); err != nil {
		return err
	}
	if strings.ContainsAny(version, `/\`) || version == "" {
		return fmt.Errorf("version: %q is none", version)
	}
	return archive.Remove(config.Plugins, name, version)
}

func describe(p *archive.Package) string {
	return fmt.Sprintf("%s SHA-256 %s", p.Manifest.ID(), p.Manifest.SHA256)
}

// admit says why a candidate may not run.
func admit(gate *trust.Gate, file string, c trust.Candidate, warnings io.Writer) error {
	verdict, err := gate.Check(c)
	if err != nil {
		return err
	}
	for _, w := range verdict.Warnings {
		fmt.Fprintf(warnings, "warning: %s: %s: %s\n", filepath.Base(file), w.Field, w.Reason)
	}
	if r := verdict.Refused; r != nil {
		return fmt.Errorf("%s: %s: %s", filepath.Base(file), r.Field, r.Reason)
	}
	return nil
}

// writePackage puts a package in the place of the file, if there is one.
func writePackage(p *archive.Package, file string) (err error) {
	out, err := renameio.NewPendingFile(file, renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Cleanup()) }()
	if err := p.Write(out); err != nil {
		return err
	}
	return out.CloseAtomicallyReplace()
}

// inTemporary gives work a directory for as long as it takes. Within the directory
// of the manifests, its name begins with a dot, so that nobody looks into it.
func inTemporary(parent string, work func(dir string) error) (err error) {
	dir, err := os.MkdirTemp(parent, ".patchbay-package-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return work(dir)
}
