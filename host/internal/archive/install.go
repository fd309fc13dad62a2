package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/patchbay/patchbay/host/internal/launch"
)

// Install moves an unpacked package into the directory of the manifests, in an
// order in which a gateway that looks at any moment sees the version whole or not
// at all: the plugin first, the manifest last. The package has to be on the same
// file system. Versions that are there already stay; one with the same name and
// version stays too if it is the same, and is refused otherwise, since a version's
// bytes do not change.
func (p *Package) Install(dir string) error {
	within := filepath.Join(dir, p.Stem())
	if _, err := os.Lstat(within); err == nil {
		_, source := p.Manifest.Source()
		if _, err := launch.Digest(filepath.Join(dir, source), p.Manifest.SHA256); err != nil {
			return fmt.Errorf("%s is installed with other bytes; remove it first: %w", p.Manifest.ID(), err)
		}
	} else if err := os.Rename(filepath.Join(p.Dir, p.Stem()), within); err != nil {
		return err
	}
	parts := []string{p.Stem() + ".sig", p.Stem() + ".yaml"}
	if p.Signature == nil {
		parts = parts[1:]
	}
	for _, part := range parts {
		if err := syncDir(dir); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(p.Dir, part), filepath.Join(dir, part)); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

// Remove takes a version out of the directory of the manifests, in the opposite
// order. What runs of it drains; the gateway has its own copy.
func Remove(dir, name, version string) error {
	stem := Stem(name, version)
	if err := os.Remove(filepath.Join(dir, stem+".yaml")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s@%s was not installed from a package: %s has no %s.yaml", name, version, dir, stem)
		}
		return err
	}
	if err := os.Remove(filepath.Join(dir, stem+".sig")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errors.Join(syncDir(dir), os.RemoveAll(filepath.Join(dir, stem)), syncDir(dir))
}

// syncDir has the disk hold the names in a directory.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
