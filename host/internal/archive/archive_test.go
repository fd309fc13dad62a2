package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/manifest"
)

// hostPlatform is what this test was built for.
const hostPlatform = runtime.GOOS + "/" + runtime.GOARCH

func write(t testing.TB, path, content string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func acme(version string) manifest.Manifest {
	return manifest.Manifest{Name: "acme", Version: version, Command: "x", Env: map[string]string{"B": "2", "A": "1", "C": "3"}}
}

// staged is a package of a binary, written to memory.
func staged(t testing.TB, version, content string) []byte {
	t.Helper()
	p, err := Stage(t.TempDir(), write(t, filepath.Join(t.TempDir(), "connector-acme"), content, 0o755), acme(version))
	if err != nil {
		t.Fatal(err)
	}
	return written(t, p)
}

func written(t testing.TB, p *Package) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unpack(t testing.TB, raw []byte, parent string) *Package {
	t.Helper()
	dir, err := os.MkdirTemp(parent, ".unpacked-")
	if err != nil {
		t.Fatal(err)
	}
	p, err := read(bytes.NewReader(raw), dir, defaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBinaryThereAndBack(t *testing.T) {
	raw := staged(t, "1.4.0", "binary")
	if again := staged(t, "1.4.0", "binary"); !bytes.Equal(raw, again) {
		t.Error("two packages of the same parts differ")
	}
	p := unpack(t, raw, t.TempDir())
	sum := sha256.Sum256([]byte("binary"))
	if p.Manifest.SHA256 != hex.EncodeToString(sum[:]) || p.Manifest.Command != "acme-1.4.0/connector-acme" || p.Manifest.Env["C"] != "3" || p.Signature != nil {
		t.Errorf("read %+v", p)
	}
	if err := p.Sign([]byte("signature")); err != nil {
		t.Fatal(err)
	}
	if signed := unpack(t, written(t, p), t.TempDir()); string(signed.Signature) != "signature" {
		t.Errorf("the signature is %q", signed.Signature)
	}
}

func TestBundleThereAndBack(t *testing.T) {
	source := t.TempDir()
	write(t, filepath.Join(source, "main.mjs"), "code", 0o644)
	write(t, filepath.Join(source, "lib", "tool"), "tool", 0o755)
	m := acme("1.4.0")
	m.Bundle, m.Command, m.Runtime = "somewhere", "main.mjs", "node"
	p, err := Stage(t.TempDir(), source, m)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := launch.Digest(source, "")
	if err != nil {
		t.Fatal(err)
	}
	got := unpack(t, written(t, p), t.TempDir())
	if got.Manifest.SHA256 != digest || got.Manifest.Bundle != "acme-1.4.0" {
		t.Errorf("read %+v, want digest %s", got.Manifest, digest)
	}
	if system, arch, err := got.Platform(); system != "any" || arch != "any" || err != nil {
		t.Errorf("platform %s/%s, %v", system, arch, err)
	}
	m.Command = "absent.mjs"
	if _, err := Stage(t.TempDir(), source, m); err == nil || !strings.Contains(err.Error(), "absent.mjs") {
		t.Errorf("a command that is not there: %v", err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(source, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Stage(t.TempDir(), source, acme("1.0.0")); err == nil {
		t.Error("a link is packed")
	}
}

func TestPlatformOfAProgram(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Stage(t.TempDir(), self, acme("1.0.0"))
	if err != nil {
		t.Fatal(err)
	}
	if system, arch, err := p.Platform(); system+"/"+arch != hostPlatform || err != nil {
		t.Errorf("platform %s/%s, %v; want %s", system, arch, err, hostPlatform)
	}
	text := unpack(t, staged(t, "1.0.0", "no program"), t.TempDir())
	if system, arch, err := text.Platform(); err == nil {
		t.Errorf("text is for %s/%s", system, arch)
	}
}

// entry is one file of a hostile package.
type entry struct {
	tar.Header
	content string
}

func file(name, content string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(content))}, content}
}

func link(kind byte, name, to string) entry {
	return entry{Header: tar.Header{Typeflag: kind, Name: name, Linkname: to, Mode: 0o777}}
}

func packed(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	files := tar.NewWriter(compressed)
	for _, e := range entries {
		if err := files.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(files, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// small are limits that a test can reach.
var small = limits{files: 50, bytes: 1 << 20}

func good() []entry {
	sum := sha256.Sum256([]byte("x"))
	return []entry{
		file("acme-1.0.0.yaml", fmt.Sprintf("name: acme\nversion: 1.0.0\ncommand: acme-1.0.0/x\nsha256: %x\n", sum)),
		file("acme-1.0.0/x", "x"),
	}
}

func TestHostilePackages(t *testing.T) {
	plus := func(more ...entry) []byte { return packed(t, append(good(), more...)...) }
	manifestOf := func(text string) []byte {
		return packed(t, append(good()[1:], file("acme-1.0.0.yaml", text))...)
	}
	many := good()
	for i := range small.files {
		many = append(many, file(fmt.Sprintf("acme-1.0.0/%d", i), ""))
	}
	zeros := func() []byte { // compresses to nearly nothing
		var out bytes.Buffer
		compressed := gzip.NewWriter(&out)
		_, _ = compressed.Write(make([]byte, small.bytes+int64(small.files)*perHeader))
		_ = compressed.Close()
		return out.Bytes()
	}
	for name, test := range map[string]struct {
		raw    []byte
		reason string
	}{
		"good":                  {plus(), ""},
		"nothing":               {nil, "is no package"},
		"text":                  {[]byte("hello"), "is no package"},
		"no files":              {packed(t), "has 0 manifests"},
		"a tail":                {append(plus(), 0), "after its end"},
		"a second stream":       {append(plus(), plus()...), "after its end"},
		"cut":                   {plus()[:len(plus())/2], "unexpected EOF"},
		"flipped":               {flip(plus()), ""},
		"traversal":             {plus(file("acme-1.0.0/../../evil", "x")), "can't be the name"},
		"up":                    {plus(file("../evil", "x")), "can't be the name"},
		"absolute":              {plus(file("/tmp/evil", "x")), "can't be the name"},
		"not clean":             {plus(file("acme-1.0.0//y", "x")), "can't be the name"},
		"backslash":             {plus(file(`acme-1.0.0\..\evil`, "x")), "can't be the name"},
		"control character":     {plus(file("acme-1.0.0/a\x1b[31m", "x")), "can't be the name"},
		"symbolic link":         {plus(link(tar.TypeSymlink, "acme-1.0.0/l", "/etc/passwd")), "no regular file"},
		"hard link":             {plus(link(tar.TypeLink, "acme-1.0.0/l", "acme-1.0.0/x")), "no regular file"},
		"device":                {plus(link(tar.TypeChar, "acme-1.0.0/l", "")), "no regular file"},
		"directory":             {plus(link(tar.TypeDir, "acme-1.0.0/d/", "")), "no regular file"},
		"twice":                 {plus(file("acme-1.0.0/x", "y")), "is there twice"},
		"twice but for case":    {plus(file("acme-1.0.0/X", "y")), "is there twice"},
		"a file in a file":      {plus(file("acme-1.0.0/x/y", "y")), "acme-1.0.0/x/y"},
		"a stranger":            {plus(file("stripe-1.0.0/x", "y")), "no part of acme@1.0.0"},
		"another manifest":      {plus(file("stripe.yaml", "y")), "has 2 manifests"},
		"a second binary":       {plus(file("acme-1.0.0/y", "y")), "has 2 files"},
		"a large manifest":      {plus(file("b.yaml", strings.Repeat("#", manifest.MaxSize+1))), "is larger"},
		"a large signature":     {plus(file("acme-1.0.0.sig", strings.Repeat("#", 5000))), "is larger"},
		"many files":            {packed(t, many...), "has more than"},
		"a bomb":                {bomb(t), "is larger"},
		"endless zeros":         {zeros(), "is larger"},
		"another digest":        {manifestOf("name: acme\nversion: 1.0.0\ncommand: acme-1.0.0/x\nsha256: " + strings.Repeat("0a", 32) + "\n"), "the manifest says 0a0a"},
		"no digest":             {manifestOf("name: acme\nversion: 1.0.0\ncommand: acme-1.0.0/x\n"), "says which bytes"},
		"a manifest's field":    {manifestOf("name: acme\nversion: 1.0.0\ncomand: acme-1.0.0/x\n"), "comand: is not a field"},
		"another's name":        {manifestOf("name: stripe\nversion: 1.0.0\ncommand: acme-1.0.0/x\n"), "has to be stripe-1.0.0.yaml"},
		"a command elsewhere":   {manifestOf("name: acme\nversion: 1.0.0\ncommand: /bin/sh\n"), "not in the package's folder"},
		"a command above":       {manifestOf("name: acme\nversion: 1.0.0\ncommand: acme-1.0.0/../stripe\n"), "not in the package's folder"},
		"not executable":        {packed(t, good()[0], entry{tar.Header{Typeflag: tar.TypeReg, Name: "acme-1.0.0/x", Mode: 0o644, Size: 1}, "x"}), "is not executable"},
		"set-user-id goes away": {packed(t, good()[0], entry{tar.Header{Typeflag: tar.TypeReg, Name: "acme-1.0.0/x", Mode: 0o4755, Size: 1}, "x"}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "unpacked")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			p, err := read(bytes.NewReader(test.raw), dir, small)
			switch {
			case name == "flipped":
				if err == nil {
					t.Error("it is read")
				}
			case test.reason == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.reason != "" && (err == nil || !strings.Contains(err.Error(), test.reason)):
				t.Errorf("read %v, %v; want %q", p, err, test.reason)
			}
			if outside, err := os.ReadDir(parent); err != nil || len(outside) != 1 {
				t.Errorf("something left the directory: %v, %v", outside, err)
			}
			if name == "set-user-id goes away" {
				if info, err := os.Stat(filepath.Join(dir, "acme-1.0.0", "x")); err != nil || info.Mode() != 0o755 {
					t.Errorf("its mode is %v, %v", info.Mode(), err)
				}
			}
		})
	}
}

// flip changes one bit in the middle, which a checksum of gzip's or tar's finds.
func flip(raw []byte) []byte {
	raw[len(raw)/2] ^= 1
	return raw
}

// bomb is a file whose header promises more than is allowed.
func bomb(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	files := tar.NewWriter(compressed)
	if err := files.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "acme-1.0.0/x", Mode: 0o755, Size: small.bytes + 1}); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestInstallAndRemove(t *testing.T) {
	plugins := t.TempDir()
	install := func(raw []byte) error {
		t.Helper()
		p := unpack(t, raw, plugins)
		defer os.RemoveAll(p.Dir)
		return p.Install(plugins)
	}
	for _, raw := range [][]byte{staged(t, "1.3.0", "old"), staged(t, "1.4.0", "new"), staged(t, "1.4.0", "new")} {
		if err := install(raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := install(staged(t, "1.4.0", "other")); err == nil || !strings.Contains(err.Error(), "is installed with other bytes") {
		t.Errorf("other bytes of a version: %v", err)
	}
	for version, content := range map[string]string{"1.3.0": "old", "1.4.0": "new"} {
		raw, err := os.ReadFile(filepath.Join(plugins, "acme-"+version, "connector-acme"))
		if err != nil || string(raw) != content {
			t.Errorf("%s is %q, %v", version, raw, err)
		}
	}
	if err := Remove(plugins, "acme", "1.3.0"); err != nil {
		t.Fatal(err)
	}
	if err := Remove(plugins, "acme", "1.3.0"); err == nil || !strings.Contains(err.Error(), "was not installed") {
		t.Errorf("removed twice: %v", err)
	}
	var left []string
	entries, err := os.ReadDir(plugins)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if got := strings.Join(left, " "); got != "acme-1.4.0 acme-1.4.0.yaml" {
		t.Errorf("left: %s", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(packed(f, good()...))
	f.Add(staged(f, "1.4.0", "binary"))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "unpacked")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		p, err := read(bytes.NewReader(raw), dir, defaultLimits())
		if err == nil {
			if _, err := launch.Digest(p.Source(), p.Manifest.SHA256); err != nil {
				t.Errorf("read, and its digest is wrong: %v", err)
			}
		}
		if outside, err := os.ReadDir(parent); err != nil || len(outside) != 1 {
			t.Errorf("something left the directory: %v, %v", outside, err)
		}
	})
}
