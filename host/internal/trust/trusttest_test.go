package trust

import (
	"crypto/rand"
	"runtime"
	"strings"
	"testing"

	"aead.dev/minisign"
)

// publisher is somebody with a key.
type publisher struct {
	t       testing.TB
	private minisign.PrivateKey
	public  minisign.PublicKey
}

func newPublisher(t testing.TB) publisher {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return publisher{t, private, public}
}

func (p publisher) sign(s Statement) []byte {
	p.t.Helper()
	raw, err := Sign(s, p.private)
	if err != nil {
		p.t.Fatal(err)
	}
	return raw
}

// spec is the publisher's key in a configuration.
func (p publisher) spec(connectors ...string) KeySpec {
	return KeySpec{Name: "acme inc", Public: p.public.String(), Connectors: connectors}
}

func digest(c string) string { return strings.Repeat(c, 64) }

func statement(name, version, digest string) Statement {
	return Statement{Name: name, Version: version, OS: runtime.GOOS, Arch: runtime.GOARCH, Digest: digest}
}

// candidate is one whose bytes have a digest, signed as a statement says.
func (p publisher) candidate(version, digest string, says Statement) Candidate {
	return Candidate{Name: "acme", Version: version, Digest: digest, Declared: true, SignatureFile: "acme.sig", Signature: p.sign(says)}
}

func (p publisher) signed(version, digest string) Candidate {
	return p.candidate(version, digest, statement("acme", version, digest))
}

func newGate(t testing.TB, dir string, spec Spec) *Gate {
	t.Helper()
	g, err := NewGate(spec, false, dir)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// refusal is the field and the reason with which a candidate is refused, or
// nothing.
func refusal(t testing.TB, g *Gate, c Candidate) string {
	t.Helper()
	v, err := g.Check(c)
	if err != nil {
		t.Fatal(err)
	}
	if v.Refused == nil {
		return ""
	}
	return v.Refused.Field + ": " + v.Refused.Reason
}
