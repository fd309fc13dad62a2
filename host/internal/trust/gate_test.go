package trust

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSignatures(t *testing.T) {
	acme, stranger, expired := newPublisher(t), newPublisher(t), newPublisher(t)
	good := acme.signed("1.4.0", digest("a"))
	with := func(signature []byte) Candidate {
		c := good
		c.Signature = signature
		return c
	}
	flipped := func(at int) []byte {
		raw := bytes.Clone(good.Signature)
		raw[at] ^= 1
		return raw
	}
	elsewhere := statement("acme", "1.4.0", digest("a"))
	elsewhere.OS = "plan9"
	everywhere := statement("acme", "1.4.0", digest("a"))
	everywhere.OS, everywhere.Arch = Any, Any
	lapsed := expired.spec("*")
	lapsed.Expires = "2026-01-31"
	g := newGate(t, t.TempDir(), Spec{Keys: []KeySpec{acme.spec("acme", "acme-*"), lapsed}})
	g.now = func() time.Time { return time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC) }

	inStatement := bytes.Index(good.Signature, []byte(digest("a")))
	inSignature := bytes.Index(good.Signature, []byte("\nRU")) + 40
	for name, test := range map[string]struct {
		candidate Candidate
		reason    string
	}{
		"signed":                {good, ""},
		"for every platform":    {acme.candidate("1.4.0", digest("a"), everywhere), ""},
		"unsigned":              {with(nil), "acme.sig: is missing: no publisher has signed acme@1.4.0"},
		"empty":                 {with([]byte{}), "has no statement"},
		"text":                  {with([]byte("hello\n\nworld")), "has no statement"},
		"no signature":          {with(good.Signature[:bytes.Index(good.Signature, []byte("\n\n"))+2]), "has no signature"},
		"huge":                  {with(bytes.Repeat([]byte{'x'}, MaxSignature+1)), "is larger than"},
		"one more line":         {with(append([]byte("extra: x\n"), good.Signature...)), "has no statement"},
		"statement changed":     {with(flipped(inStatement)), "has no statement"},
		"digest changed":        {with(bytes.Replace(good.Signature, []byte("aaaa"), []byte("bbbb"), 1)), "not that of key"},
		"signature changed":     {with(flipped(inSignature)), "signature is not that of key"},
		"key unknown":           {stranger.signed("1.4.0", digest("a")), "which trust.keys does not have"},
		"key id of another":     {with(bytes.Replace(stranger.signed("1.4.0", digest("a")).Signature, []byte(FormatKeyID(stranger.public.ID())), []byte(FormatKeyID(acme.public.ID())), 1)), "and says"},
		"key expired":           {expired.signed("1.4.0", digest("a")), "has expired on 2026-01-31"},
		"name not the key's":    {acme.candidate("1.4.0", digest("a"), statement("stripe", "1.4.0", digest("a"))), `may not sign connector "stripe"`},
		"another name":          {acme.candidate("1.4.0", digest("a"), statement("acme-eu", "1.4.0", digest("a"))), `is for connector "acme-eu"`},
		"another version":       {acme.candidate("1.4.0", digest("a"), statement("acme", "1.3.0", digest("a"))), "is for version 1.3.0"},
		"another platform":      {acme.candidate("1.4.0", digest("a"), elsewhere), "is for plan9/"},
		"another digest":        {acme.candidate("1.4.0", digest("a"), statement("acme", "1.4.0", digest("b"))), "is for the bytes with SHA-256 bbbb"},
		"other bytes, replayed": {acme.candidate("1.4.0", digest("c"), statement("acme", "1.4.0", digest("a"))), "these have cccc"},
	} {
		t.Run(name, func(t *testing.T) {
			got := refusal(t, g, test.candidate)
			if (test.reason == "") != (got == "") || !strings.Contains(got, test.reason) {
				t.Errorf("refused with %q, want %q", got, test.reason)
			}
			if got != "" && !strings.HasPrefix(got, "signature: acme.sig: ") {
				t.Errorf("the refusal does not name the file: %q", got)
			}
		})
	}
}

func TestNothingComesBackFromBelow(t *testing.T) {
	dir, acme := t.TempDir(), newPublisher(t)
	spec := Spec{Keys: []KeySpec{acme.spec("acme")}}
	old, now, next := acme.signed("1.3.0", digest("a")), acme.signed("1.4.0", digest("b")), acme.signed("1.5.0", digest("c"))
	g := newGate(t, dir, spec)
	settle := func(accepted ...Candidate) {
		t.Helper()
		if err := g.Settle(accepted); err != nil {
			t.Fatal(err)
		}
	}
	keep := func(running ...Candidate) {
		t.Helper()
		if err := g.Keep(running); err != nil {
			t.Fatal(err)
		}
	}
	settle(old)
	settle(old, now) // side by side
	keep(old, now)
	g = newGate(t, dir, spec) // after a restart
	if got := refusal(t, g, old); got != "" {
		t.Errorf("a version that stands is refused: %s", got)
	}
	keep(now)
	if got := refusal(t, g, old); !strings.Contains(got, "version: 1.3.0 is below 1.4.0") {
		t.Errorf("a version that had gone is back: %q", got)
	}
	settle(next)
	keep(next, now) // 1.5.0 does not start, 1.4.0 serves on
	if got := refusal(t, g, now); got != "" {
		t.Errorf("what serves is refused: %s", got)
	}
	other := now
	other.Digest, other.Signature = digest("d"), acme.sign(statement("acme", "1.4.0", digest("d")))
	if got := refusal(t, g, other); got == "" {
		t.Error("other bytes of a version that stands are accepted")
	}
	keep(next, old) // it has no standing, though it runs
	if got := refusal(t, g, old); got == "" {
		t.Error("a version came back by running")
	}
	g = newGate(t, dir, spec)
	if got := refusal(t, g, now); got == "" {
		t.Error("a restart forgets the highest version")
	}
	approve(t, g, now, false)
	if got := refusal(t, g, now); got == "" {
		t.Error("an ordinary approval lets an older version in")
	}
	approve(t, g, now, true)
	if got := refusal(t, g, now); got != "" {
		t.Errorf("the operator wants it, and it is refused: %s", got)
	}
	if got := refusal(t, g, other); got == "" {
		t.Error("an approval counts for other bytes")
	}
}

func approve(t *testing.T, g *Gate, c Candidate, older bool) {
	t.Helper()
	a := Approval{Name: c.Name, Version: c.Version, SHA256: c.Digest, Older: older, By: "op", At: time.Unix(1, 0).UTC()}
	if err := Approve(g.LockFile(), a); err != nil {
		t.Fatal(err)
	}
}

func TestLevels(t *testing.T) {
	acme := newPublisher(t)
	bare := Candidate{Name: "acme", Version: "1.0.0", Digest: digest("a"), SignatureFile: "acme.sig"}
	keys := []KeySpec{acme.spec("*")}
	for name, test := range map[string]struct {
		spec     Spec
		dev      bool
		refused  string
		warnings int
	}{
		"defaults":            {Spec{}, false, "sha256", 0},
		"defaults with a key": {Spec{Keys: keys, Digest: Off}, false, "signature", 0},
		"dev":                 {Spec{}, true, "", 0},
		"dev with a key":      {Spec{Keys: keys}, true, "signature", 0},
		"warnings":            {Spec{Digest: Warn, Signature: Warn, Lock: Warn}, false, "", 3},
		"the lock":            {Spec{Digest: Warn, Lock: Require}, false, "lock", 1},
		"off":                 {Spec{Digest: Off, Signature: Off, Lock: Off, Keys: keys}, false, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := NewGate(test.spec, test.dev, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			v, err := g.Check(bare)
			if err != nil {
				t.Fatal(err)
			}
			refused := ""
			if v.Refused != nil {
				refused = v.Refused.Field
			}
			if refused != test.refused || len(v.Warnings) != test.warnings {
				t.Errorf("refused for %q with %d warnings, want %q and %d", refused, len(v.Warnings), test.refused, test.warnings)
			}
		})
	}
}

func TestLock(t *testing.T) {
	g := newGate(t, t.TempDir(), Spec{Lock: Require})
	c := Candidate{Name: "acme", Version: "1.0.0", Digest: digest("a"), Declared: true}
	if got := refusal(t, g, c); !strings.Contains(got, "not approved; patchbay plugins approve acme@1.0.0") {
		t.Errorf("refused with %q", got)
	}
	approve(t, g, c, false)
	if got := refusal(t, g, c); got != "" {
		t.Errorf("approved and refused: %s", got)
	}
	for name, edit := range map[string]func(*Candidate){
		"name":    func(c *Candidate) { c.Name = "other" },
		"version": func(c *Candidate) { c.Version = "1.0.1" },
		"bytes":   func(c *Candidate) { c.Digest = digest("b") },
	} {
		other := c
		edit(&other)
		if refusal(t, g, other) == "" {
			t.Errorf("an approval counts for another %s", name)
		}
	}
	if err := os.WriteFile(g.LockFile(), []byte("approved:\n- name: acme\n  sum: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Check(c); err == nil || !strings.Contains(err.Error(), LockName) {
		t.Errorf("a lock that can't be read: %v", err)
	}
}

func TestWrongPolicies(t *testing.T) {
	acme := newPublisher(t)
	for name, test := range map[string]struct {
		spec   Spec
		reason string
	}{
		"level":      {Spec{Digest: "maybe"}, `trust.digest: "maybe" is none of`},
		"no keys":    {Spec{Signature: Require}, "trust.keys: signatures are required"},
		"no key":     {Spec{Keys: []KeySpec{{Name: "x"}}}, `trust.keys[0] "x": give either public or file`},
		"garbage":    {Spec{Keys: []KeySpec{{Name: "x", Public: "RWx"}}}, "is no public key of minisign's"},
		"absent":     {Spec{Keys: []KeySpec{{Name: "x", File: "absent.pub"}}}, "file: open absent.pub"},
		"connectors": {Spec{Keys: []KeySpec{acme.spec()}}, "name and connectors are required"},
		"pattern":    {Spec{Keys: []KeySpec{acme.spec("[")}}, "is not a pattern"},
		"expires":    {Spec{Keys: []KeySpec{{Name: "x", Public: acme.public.String(), Connectors: []string{"*"}, Expires: "soon"}}}, "is not a day"},
		"twice":      {Spec{Keys: []KeySpec{acme.spec("a"), acme.spec("b")}}, "is that of \"acme inc\" already"},
	} {
		if _, err := NewGate(test.spec, false, t.TempDir()); err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: %v, want %s", name, err, test.reason)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, historyName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewGate(Spec{}, false, dir); err == nil || !strings.Contains(err.Error(), historyName) {
		t.Errorf("a history that can't be read: %v", err)
	}
}

func TestKeyInAFileOfMinisigns(t *testing.T) {
	acme := newPublisher(t)
	file := filepath.Join(t.TempDir(), "acme.pub")
	text, err := acme.public.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	g := newGate(t, t.TempDir(), Spec{Keys: []KeySpec{{Name: "acme", File: file, Connectors: []string{"acme"}}}})
	if got := refusal(t, g, acme.signed("1.0.0", digest("a"))); got != "" {
		t.Errorf("refused: %s", got)
	}
}

// TestWhatIsSigned fixes the text, which publishers may sign with minisign itself.
func TestWhatIsSigned(t *testing.T) {
	s := Statement{Name: "acme", Version: "1.4.0", OS: "linux", Arch: "amd64", Digest: digest("a"), KeyID: "0123456789ABCDEF"}
	want := "patchbay connector statement v1\nname: acme\nversion: 1.4.0\nos: linux\narch: amd64\nsha256: " + digest("a") + "\nkey: 0123456789ABCDEF\n"
	if got := string(s.Text()); got != want {
		t.Errorf("the text is %q", got)
	}
	acme := newPublisher(t)
	if _, err := Sign(statement("acme\nversion: 9.0.0", "1.4.0", digest("a")), acme.private); err == nil {
		t.Error("a name with a line break is signed")
	}
	if one, two := acme.sign(s), acme.sign(s); !bytes.Equal(one, two) {
		t.Error("two signatures of one statement differ")
	}
}

func FuzzReadSignature(f *testing.F) {
	acme := newPublisher(f)
	f.Add(acme.sign(statement("acme", "1.4.0", digest("a"))))
	f.Add([]byte("patchbay connector statement v1\n\nuntrusted comment: \n\ntrusted comment: \n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := ReadSignature(raw)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(raw, s.Text()) {
			t.Errorf("%q is read as %q", raw, s.Text())
		}
		if other := newPublisher(t); s.By(other.public) {
			t.Error("a stranger's key verifies it")
		}
	})
}

func FuzzReadLock(f *testing.F) {
	f.Add([]byte("approved:\n- {name: acme, version: 1.0.0, sha256: aa, allow_older: true, by: op, at: 2026-01-01T00:00:00Z}\n"))
	f.Add([]byte("# nothing\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		lock, err := parseLock("patchbay.lock", raw)
		if err != nil && len(lock.Approved) > 0 {
			t.Error("a lock that can't be read approves something")
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	acme := newPublisher(b)
	g := newGate(b, b.TempDir(), Spec{Keys: []KeySpec{acme.spec("acme")}})
	c := acme.signed("1.4.0", digest("a"))
	for b.Loop() {
		if got := refusal(b, g, c); got != "" {
			b.Fatal(got)
		}
	}
}
