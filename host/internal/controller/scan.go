package controller

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/reconcile"
)

// scan is one look at the manifests' directory: the manifests in it and the state
// of the files that they name. Two equal scans in a row mean that nobody is
// writing.
type scan struct {
	files map[string]look // by the manifest's file name
	lock  string          // the operator's approvals, as they are read
	err   error           // why the directory can't be read
}

// look is what one look at a manifest and its binary has seen.
type look struct {
	raw     string
	err     string // why the manifest can't be read
	lacked  bool   // and that is for want of something
	binary  string // where it is
	binaryF launch.Fingerprint

	signature    string // the publisher's, beside the manifest
	signatureErr string // why it can't be read; it may not be there
}

func (s scan) equal(other scan) bool {
	if (s.err == nil) != (other.err == nil) || s.lock != other.lock || len(s.files) != len(other.files) {
		return false
	}
	for file, l := range s.files {
		if o, ok := other.files[file]; !ok || o != l {
			return false
		}
	}
	return true
}

// scan looks at the directory.
func (c *Controller) scan() scan {
	entries, err := os.ReadDir(c.config.Dir)
	if err != nil {
		return scan{err: err}
	}
	s := scan{files: map[string]look{}, lock: lookAtLock(c.config.Trust)}
	for _, entry := range entries {
		name := entry.Name()
		if ext := filepath.Ext(name); strings.HasPrefix(name, ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		s.files[name] = c.look(name)
	}
	return s
}

func (c *Controller) look(file string) look {
	raw, err := readBeneath(c.config.Dir, file, manifest.MaxSize)
	if err != nil {
		return look{err: err.Error(), lacked: scarce(err)}
	}
	l := look{raw: string(raw)}
	l.lookAtSignature(c.config.Dir, file)
	if m, err := manifest.Parse(file, raw); err == nil {
		_, source := m.Source()
		if l.binary, err = c.resolve(source); err == nil {
			l.binaryF = launch.Look(l.binary)
		}
	}
	return l
}

// readBeneath reads a file beneath the directory, and no more of it than shows
// that it is larger than limit. Links are followed as long as they stay in it,
// which is how Kubernetes mounts configuration.
func readBeneath(dir, file string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer root.Close()
	f, err := root.Open(file)
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", errors.Unwrap(err))
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", errors.Unwrap(err))
	}
	return raw, nil
}

// resolve finds a command or a bundle beneath the directory of the manifests.
func (c *Controller) resolve(command string) (string, error) {
	if c.config.CommandsAnywhere {
		if filepath.IsAbs(command) {
			return filepath.Clean(command), nil
		}
		return filepath.Join(c.config.Dir, command), nil
	}
	if !filepath.IsLocal(command) {
		return "", fmt.Errorf("%q must lie beneath the directory of the manifests; move it there, or set commands_anywhere in the configuration", command)
	}
	path := filepath.Join(c.config.Dir, command)
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return path, nil //nolint:nilerr // opening it tells why
	}
	dir, err := filepath.EvalSymlinks(c.config.Dir)
	if err != nil {
		return "", err
	}
	if inside, err := filepath.Rel(dir, real); err != nil || !filepath.IsLocal(inside) {
		return "", fmt.Errorf("%q is a link that leads out of the directory of the manifests", command)
	}
	return path, nil
}

// declare makes of a look what reconcile decides about: a declaration whose
// binary is in the store, or an error. The binary is the caller's to close. The
// error is what found says in words.
func (c *Controller) declare(file string, l look) (reconcile.Found, *launch.Binary, error) {
	found := c.parse(file, l)
	if found.Err != nil {
		return found, nil, found.Err
	}
	binary, err := c.config.Store.Put(l.binary, found.Manifest.SHA256)
	if err != nil {
		field, source := found.Manifest.Source()
		found.Err = manifest.At(file, []byte(l.raw), field, fmt.Sprintf("%s: %v", source, err))
		return found, nil, err
	}
	found.Digest = binary.Digest
	if found.Err = c.trusted(found.Declaration, l); found.Err != nil {
		binary.Close()
		return found, nil, found.Err
	}
	return found, binary, nil
}

// parse reads the manifest of a look.
func (c *Controller) parse(file string, l look) reconcile.Found {
	found := reconcile.Found{Declaration: reconcile.Declaration{File: file}}
	if l.err != "" {
		found.Err = &manifest.Error{File: file, Reason: l.err}
		return found
	}
	m, err := manifest.Parse(file, []byte(l.raw))
	found.Manifest = m
	if err != nil {
		errors.As(err, &found.Err)
		return found
	}
	field, source := m.Source()
	if _, err := c.resolve(source); err != nil {
		found.Err = manifest.At(file, []byte(l.raw), field, err.Error())
	}
	for i, e := range m.Endpoints() {
		if err := c.config.Egress.Check(e); err != nil {
			found.Err = manifest.At(file, []byte(l.raw), manifest.EgressField(i), err.Error())
			break
		}
	}
	if m.Sandbox == manifest.SandboxOff && !c.config.SandboxOff {
		found.Err = manifest.At(file, []byte(l.raw), "sandbox", "can't be off unless the host's configuration has sandbox_off")
	}
	if _, listed := c.config.Supervise.Runtimes[m.Runtime]; m.Runtime != "" && !listed {
		found.Err = manifest.At(file, []byte(l.raw), "runtime", fmt.Sprintf("%q is not listed under runtimes in the host's configuration", m.Runtime))
	}
	return found
}
