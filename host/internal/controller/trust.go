package controller

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/trust"
)

// SignatureFile is the name of the publisher's signature for a manifest's file:
// acme.sig goes with acme.yaml.
func SignatureFile(manifestFile string) string {
	return strings.TrimSuffix(manifestFile, filepath.Ext(manifestFile)) + ".sig"
}

// lookAtSignature reads the signature that goes with a manifest.
func (l *look) lookAtSignature(dir, file string) {
	name := SignatureFile(file)
	if _, err := os.Lstat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
		return
	}
	raw, err := readBeneath(dir, name, trust.MaxSignature)
	if err != nil {
		l.signatureErr = err.Error()
	} else if l.signature = string(raw); l.signature == "" {
		l.signatureErr = "is empty"
	}
}

// lookAtLock reads the approvals as text, so that a change of them is seen.
func lookAtLock(gate *trust.Gate) string {
	if gate == nil {
		return ""
	}
	raw, err := os.ReadFile(gate.LockFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	return string(raw)
}

// trusted says why the bytes of a declaration may not run, or nothing.
func (c *Controller) trusted(d reconcile.Declaration, l look) *manifest.Error {
	file := SignatureFile(d.File)
	if l.signatureErr != "" {
		return manifest.At(d.File, []byte(l.raw), "signature", file+": "+l.signatureErr)
	}
	candidate := candidate(d)
	candidate.SignatureFile = file
	if l.signature != "" {
		candidate.Signature = []byte(l.signature)
	}
	verdict, err := c.config.Trust.Check(candidate)
	switch {
	case err != nil:
		return manifest.At(d.File, []byte(l.raw), "lock", err.Error())
	case verdict.Refused != nil:
		return manifest.At(d.File, []byte(l.raw), verdict.Refused.Field, verdict.Refused.Reason)
	}
	c.doubts.keep(d, verdict)
	return nil
}

func candidate(d reconcile.Declaration) trust.Candidate {
	return trust.Candidate{Name: d.Manifest.Name, Version: d.Manifest.Version, Digest: d.Digest, Declared: d.Manifest.SHA256 != ""}
}

// doubts is what a look at the manifests has found out about those that may run.
type doubts struct {
	signed   map[string]bool    // by file
	warnings map[problemID]bool // of this look
	told     map[problemID]bool // of the look before, which the log has
}

type problemID struct{ file, field, reason string }

func (d *doubts) keep(of reconcile.Declaration, v trust.Verdict) {
	if d.signed == nil {
		d.signed, d.warnings = map[string]bool{}, map[problemID]bool{}
	}
	d.signed[of.File] = v.Signed
	for _, w := range v.Warnings {
		d.warnings[problemID{of.File, w.Field, w.Reason}] = true
	}
}

// settle ends a look at the manifests: what is accepted is remembered, and what is
// doubtful is logged once.
func (c *Controller) settle(found []reconcile.Found) {
	for w := range c.doubts.warnings {
		if !c.doubts.told[w] {
			c.config.Log.Warn("a plugin may run though it is not trusted", "file", w.file, "field", w.field, "reason", w.reason)
		}
	}
	var accepted []trust.Candidate
	for _, f := range found {
		if f.Err == nil && c.doubts.signed[f.File] {
			accepted = append(accepted, candidate(f.Declaration))
		}
	}
	c.remembered(c.config.Trust.Settle(accepted))
	c.doubts = doubts{told: c.doubts.warnings}
}

// keep tells what runs, once what was declared at boot does.
func (c *Controller) keep() {
	c.mu.Lock()
	if !c.booted {
		c.mu.Unlock()
		return
	}
	var running []trust.Candidate
	for _, slot := range c.slots {
		for _, d := range []reconcile.Declaration{slot.declared, slot.supervisor.Status().Serving} {
			running = append(running, candidate(d))
		}
	}
	c.mu.Unlock()
	c.remembered(c.config.Trust.Keep(running))
}

func (c *Controller) remembered(err error) {
	if err != nil {
		c.config.Log.Error("which versions were accepted is not remembered: after a restart an older one could come back", "error", err)
	}
}
