// Package trust decides which bytes may run under which connector's name: those
// whose digest the manifest declares, that a trusted publisher has signed, that
// are no older than what was seen before, and that the operator has approved, as
// far as the policy asks for each.
package trust

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"aead.dev/minisign"
)

// MaxSignature bounds a signature file.
const MaxSignature = 4 << 10

// Statement is what a publisher signs: these bytes are this version of this
// connector for this platform. The file itself is not signed, so that a signature
// can't be used for anything but what it says.
type Statement struct {
	Name    string
	Version string
	OS      string // as in GOOS; Any for what runs everywhere
	Arch    string // as in GOARCH; Any for what runs everywhere
	Digest  string // SHA-256 of the binary or of the bundle's tree, in hexadecimal
	KeyID   string // of the key that signs, in 16 hexadecimal digits
}

// Any is the platform of a bundle that an interpreter runs.
const Any = "any"

// form is the canonical text of a statement: these lines in this order, each ended
// by one line feed. There is one text for a statement and one statement for a text.
const form = "patchbay connector statement v1\nname: %s\nversion: %s\nos: %s\narch: %s\nsha256: %s\nkey: %s\n"

var statementPattern = regexp.MustCompile(`\Apatchbay connector statement v1\n` +
	`name: ([a-z][a-z0-9-]{0,62})\nversion: ([0-9A-Za-z.+-]{1,128})\nos: ([a-z0-9]{1,32})\narch: ([a-z0-9]{1,32})\n` +
	`sha256: ([0-9a-f]{64})\nkey: ([0-9A-F]{16})\n\z`)

// Text is the statement's canonical text.
func (s Statement) Text() []byte {
	return fmt.Appendf(nil, form, s.Name, s.Version, s.OS, s.Arch, s.Digest, s.KeyID)
}

// Platform is what the statement's binary runs on.
func (s Statement) Platform() string {
	if s.OS == Any && s.Arch == Any {
		return Any
	}
	return s.OS + "/" + s.Arch
}

// Sign signs a statement and returns the content of a signature file: the text,
// an empty line, and minisign's signature of the text. The statement's key id is
// the signing key's, whatever it says.
func Sign(s Statement, key minisign.PrivateKey) ([]byte, error) {
	s.KeyID = FormatKeyID(key.ID())
	text := s.Text()
	if !statementPattern.Match(text) {
		return nil, fmt.Errorf("%s@%s for %s with SHA-256 %q can't be signed", s.Name, s.Version, s.Platform(), s.Digest)
	}
	signature := minisign.SignWithComments(key, text, "connector statement v1", "signature by minisign key "+s.KeyID)
	return append(append(text, '\n'), signature...), nil
}

// Signature is a signature file that was read, and whose signature may be wrong.
type Signature struct {
	Statement
	text, signature []byte
}

// ReadSignature reads a signature file. It checks the form alone.
func ReadSignature(raw []byte) (Signature, error) {
	if len(raw) > MaxSignature {
		return Signature{}, fmt.Errorf("is larger than %d bytes", MaxSignature)
	}
	text, signature, found := bytes.Cut(raw, []byte("\n\n"))
	text = append(bytes.Clone(text), '\n')
	fields := statementPattern.FindStringSubmatch(string(text))
	if !found || fields == nil {
		return Signature{}, errors.New("has no statement of a connector in version 1 of its form")
	}
	var form minisign.Signature
	if err := form.UnmarshalText(signature); err != nil {
		return Signature{}, errors.New("has no signature of minisign's after the statement")
	}
	s := Statement{Name: fields[1], Version: fields[2], OS: fields[3], Arch: fields[4], Digest: fields[5], KeyID: fields[6]}
	if FormatKeyID(form.KeyID) != s.KeyID {
		return Signature{}, fmt.Errorf("is signed by key %s and says %s", FormatKeyID(form.KeyID), s.KeyID)
	}
	return Signature{s, text, signature}, nil
}

// By says whether a key has made the signature.
func (s Signature) By(key minisign.PublicKey) bool {
	return FormatKeyID(key.ID()) == s.KeyID && minisign.Verify(key, s.text, s.signature)
}

// FormatKeyID writes a key's id as minisign does.
func FormatKeyID(id uint64) string { return fmt.Sprintf("%016X", id) }

// ParsePublicKey reads a public key of minisign's: the key alone, or the file.
func ParsePublicKey(text string) (minisign.PublicKey, error) {
	var key minisign.PublicKey
	if err := key.UnmarshalText([]byte(strings.TrimSpace(text))); err != nil {
		return key, errors.New("is no public key of minisign's, such as RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")
	}
	return key, nil
}
