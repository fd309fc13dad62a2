// Package archive reads and writes packages: one version of a connector in one
// file, with all that goes into the directory of the manifests. A package is a
// gzip-compressed tar file of
//
//	NAME-VERSION.yaml  the manifest, with the digest of what follows
//	NAME-VERSION.sig   a publisher's signature, if there is one
//	NAME-VERSION/…     the binary, or the files of the bundle
//
// and nothing else. What reads a package trusts nothing in it.
package archive

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/trust"
)

// Extension ends the name of a package's file.
const Extension = ".patchbay"

// Package is an unpacked package.
type Package struct {
	Dir       string // what holds the three parts
	Manifest  manifest.Manifest
	Signature []byte // nil: there is none
}

// Stem is what the names of a package's parts begin with.
func (p *Package) Stem() string { return Stem(p.Manifest.Name, p.Manifest.Version) }

// Stem begins the names of the parts of a connector's version.
func Stem(name, version string) string { return name + "-" + version }

// Source is the binary or the bundle's directory.
func (p *Package) Source() string {
	_, source := p.Manifest.Source()
	return filepath.Join(p.Dir, source)
}

// Candidate is the package as a gate looks at it.
func (p *Package) Candidate() trust.Candidate {
	return trust.Candidate{
		Name: p.Manifest.Name, Version: p.Manifest.Version, Digest: p.Manifest.SHA256, Declared: true,
		SignatureFile: p.Stem() + ".sig", Signature: p.Signature,
	}
}

// Stage makes a package in a directory that exists and is empty: of a binary, or of
// a directory that is a bundle, and of a manifest that says the rest.
func Stage(dir, source string, m manifest.Manifest) (*Package, error) {
	p := &Package{Dir: dir, Manifest: m}
	info, err := os.Stat(source)
	if err != nil {
		return nil, err
	}
	within := filepath.Join(dir, p.Stem())
	switch {
	case info.IsDir():
		if !isFile(filepath.Join(source, m.Command)) {
			return nil, fmt.Errorf("command: %q is not a file of %s", m.Command, source)
		}
		p.Manifest.Bundle = p.Stem()
		err = copyTree(source, within)
	case m.Bundle != "":
		return nil, fmt.Errorf("bundle: the manifest declares one, and %s is a file", source)
	default:
		p.Manifest.Command = p.Stem() + "/" + filepath.Base(source)
		if err = os.Mkdir(within, 0o755); err == nil {
			err = copyFile(source, filepath.Join(dir, p.Manifest.Command))
		}
	}
	if err != nil {
		return nil, err
	}
	if p.Manifest.SHA256, err = launch.Digest(p.Source(), ""); err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	raw, err := yaml.Marshal(p.Manifest)
	if err != nil {
		return nil, err
	}
	if _, err := manifest.Parse(p.Stem()+".yaml", raw); err != nil {
		return nil, err
	}
	return p, os.WriteFile(filepath.Join(dir, p.Stem()+".yaml"), raw, 0o644)
}

// Sign puts a signature beside the manifest.
func (p *Package) Sign(signature []byte) error {
	p.Signature = signature
	return os.WriteFile(filepath.Join(p.Dir, p.Stem()+".sig"), signature, 0o644)
}

// load reads the parts that were unpacked into a directory and holds them against
// each other.
func load(dir string) (*Package, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("has %d manifests, and a package has one", len(files))
	}
	file := filepath.Base(files[0])
	raw, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	p := &Package{Dir: dir}
	if p.Manifest, err = manifest.Parse(file, raw); err != nil {
		return nil, err
	}
	field, source := p.Manifest.Source()
	switch {
	case file != p.Stem()+".yaml":
		return nil, manifest.At(file, raw, "name", fmt.Sprintf("the manifest declares %s, so its file has to be %s.yaml", p.Manifest.ID(), p.Stem()))
	case source != p.Stem() && !strings.HasPrefix(source, p.Stem()+"/") || !filepath.IsLocal(source) || filepath.ToSlash(filepath.Clean(source)) != source:
		return nil, manifest.At(file, raw, field, fmt.Sprintf("%q is not in the package's folder %s", source, p.Stem()))
	case p.Manifest.SHA256 == "":
		return nil, manifest.At(file, raw, "sha256", "is missing: a package says which bytes it has")
	}
	if _, err := launch.Digest(p.Source(), p.Manifest.SHA256); err != nil {
		return nil, manifest.At(file, raw, field, source+": "+err.Error())
	}
	signature := filepath.Join(dir, p.Stem()+".sig")
	if isFile(signature) {
		if p.Signature, err = os.ReadFile(signature); err != nil {
			return nil, err
		}
	}
	return p, p.onlyParts()
}

// onlyParts refuses what no part of the package is.
func (p *Package) onlyParts() error {
	entries, err := os.ReadDir(p.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		switch entry.Name() {
		case p.Stem() + ".yaml", p.Stem() + ".sig", p.Stem():
		default:
			return fmt.Errorf("has %q, which is no part of %s", entry.Name(), p.Manifest.ID())
		}
	}
	if p.Manifest.Bundle != "" {
		return nil
	}
	inside, err := os.ReadDir(filepath.Join(p.Dir, p.Stem()))
	if err == nil && len(inside) != 1 {
		err = fmt.Errorf("has %d files beside the manifest, and its plugin is one", len(inside))
	}
	return err
}

func isFile(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular()
}
