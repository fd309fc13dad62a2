package trust

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/mod/semver"
)

// LockName and historyName are the files in a host's state.
const (
	LockName    = "patchbay.lock"
	historyName = "versions.json"
)

// Gate holds candidates against a policy. It is safe for concurrent use. A nil Gate
// lets everything pass.
type Gate struct {
	spec     Spec
	keys     map[string]key // by id
	lockFile string
	history  *history
	now      func() time.Time
}

// NewGate makes a gate of a policy. stateDir holds the highest versions seen, and
// the lock file if the policy names none.
func NewGate(spec Spec, dev bool, stateDir string) (*Gate, error) {
	g := &Gate{spec: spec.complete(dev), lockFile: spec.LockFile, now: time.Now}
	if g.lockFile == "" {
		g.lockFile = filepath.Join(stateDir, LockName)
	}
	var keysErr, historyErr error
	g.keys, keysErr = g.spec.readKeys()
	g.history, historyErr = openHistory(filepath.Join(stateDir, historyName))
	if err := errors.Join(g.spec.check(), keysErr, historyErr); err != nil {
		return nil, err
	}
	return g, nil
}

// LockFile is where the approvals are.
func (g *Gate) LockFile() string {
	if g == nil {
		return ""
	}
	return g.lockFile
}

// Candidate is a plugin that wants to run.
type Candidate struct {
	Name     string
	Version  string
	Digest   string // of the verified copy
	Declared bool   // the manifest says the digest
	Platform string // that it is to run on, as linux/amd64; empty: this machine's

	SignatureFile string // its name, for errors
	Signature     []byte // nil: there is none
}

// ID is name and version as callers pin them.
func (c Candidate) ID() string { return c.Name + "@" + c.Version }

// Finding is something wrong with a candidate.
type Finding struct {
	Field  string // of the manifest; "signature" and "lock" are about other files
	Reason string
}

// Verdict is what the gate says of a candidate.
type Verdict struct {
	Refused  *Finding  // nil: it may run
	Warnings []Finding // what is wrong and does not matter
	Signed   bool      // by a trusted publisher
}

// Check holds a candidate against the policy. The error is about the host's own
// files.
func (g *Gate) Check(c Candidate) (Verdict, error) {
	var v Verdict
	if g == nil {
		return v, nil
	}
	lock, err := ReadLock(g.lockFile)
	if err != nil {
		return v, err
	}
	if !c.Declared {
		v.add(g.spec.Digest, "sha256", "is required outside --dev; patchbay validate --dev prints it")
	}
	if g.spec.Signature != Off {
		fault := g.signed(c)
		if v.Signed = fault == nil; v.Signed {
			fault = g.recent(c, lock)
		}
		if fault != nil {
			v.add(g.spec.Signature, fault.Field, fault.Reason)
		}
	}
	if g.spec.Lock != Off && lock.find(c) == nil {
		v.add(g.spec.Lock, "lock", fmt.Sprintf("%s: the bytes of %s with SHA-256 %s are not approved; patchbay plugins approve %s does it", g.lockFile, c.ID(), c.Digest, c.ID()))
	}
	return v, nil
}

// CheckSignature says why a candidate may not run whatever the operator approves: its
// signature is wrong, and has to be right.
func (g *Gate) CheckSignature(c Candidate) error {
	if g == nil || g.spec.Signature != Require {
		return nil
	}
	if fault := g.signed(c); fault != nil {
		return fmt.Errorf("%s: %s", fault.Field, fault.Reason)
	}
	return nil
}

// add keeps a finding: the first that refuses, and all warnings.
func (v *Verdict) add(level Level, field, reason string) {
	switch {
	case level == Require && v.Refused == nil:
		v.Refused = &Finding{field, reason}
	case level == Warn:
		v.Warnings = append(v.Warnings, Finding{field, reason})
	}
}

// signed says why a candidate's signature is not believed, or nothing.
func (g *Gate) signed(c Candidate) *Finding {
	wrong := func(format string, args ...any) *Finding {
		return &Finding{"signature", c.SignatureFile + ": " + fmt.Sprintf(format, args...)}
	}
	if c.Signature == nil {
		return wrong("is missing: no publisher has signed %s", c.ID())
	}
	s, err := ReadSignature(c.Signature)
	if err != nil {
		return wrong("%v", err)
	}
	if c.Platform == "" {
		c.Platform = runtime.GOOS + "/" + runtime.GOARCH
	}
	key, known := g.keys[s.KeyID]
	switch {
	case !known:
		return wrong("is signed by key %s, which trust.keys does not have", s.KeyID)
	case !s.By(key.public):
		return wrong("the signature is not that of key %s (%s) for this statement", s.KeyID, key.name)
	case !key.expires.IsZero() && !g.now().Before(key.expires):
		return wrong("key %s (%s) has expired on %s", s.KeyID, key.name, key.expires.AddDate(0, 0, -1).Format(time.DateOnly))
	case !key.maySign(s.Name):
		return wrong("key %s (%s) may not sign connector %q", s.KeyID, key.name, s.Name)
	case s.Name != c.Name:
		return wrong("is for connector %q, the manifest declares %q", s.Name, c.Name)
	case s.Version != c.Version:
		return wrong("is for version %s, the manifest declares %s", s.Version, c.Version)
	case s.Platform() != Any && s.Platform() != c.Platform:
		return wrong("is for %s, this is %s", s.Platform(), c.Platform)
	case s.Digest != c.Digest:
		return wrong("is for the bytes with SHA-256 %s, these have %s", s.Digest, c.Digest)
	}
	return nil
}

// recent says why a signed candidate is too old, or nothing. A publisher's old
// version is as well signed as the new one, so somebody who can write manifests
// could bring its faults back.
func (g *Gate) recent(c Candidate, lock Lock) *Finding {
	highest := g.history.highest(c.Name)
	if highest == "" || semver.Compare("v"+c.Version, "v"+highest) >= 0 || g.history.stands(c) {
		return nil
	}
	if a := lock.find(c); a != nil && a.Older {
		return nil
	}
	return &Finding{"version", fmt.Sprintf("%s is below %s, the highest that was accepted here; to go back on purpose: patchbay plugins approve %s --allow-older", c.Version, highest, c.ID())}
}

// Settle remembers what a look at all manifests has accepted, of what is signed.
// The highest version of each name never falls. A lower one may stay while it runs,
// over restarts too, and not come back once it is gone.
func (g *Gate) Settle(accepted []Candidate) error {
	if g == nil || g.spec.Signature == Off {
		return nil
	}
	return g.history.settle(accepted)
}

// Keep says what runs: what is declared, and what serves. What does not is gone.
func (g *Gate) Keep(running []Candidate) error {
	if g == nil || g.spec.Signature == Off {
		return nil
	}
	return g.history.keep(running)
}
