package controller

import (
	"cmp"
	"errors"
	"slices"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/reconcile"
)

// Validate looks at the manifests once and says what they declare, and what would
// be wrong with them.
func Validate(config Config) ([]reconcile.Declaration, error) {
	found, err := Declared(config)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, problem := range reconcile.Decide(nil, found).Problems {
		errs = append(errs, problem)
	}
	var declared []reconcile.Declaration
	for _, f := range found {
		declared = append(declared, f.Declaration)
	}
	return declared, errors.Join(errs...)
}

// Declared looks at the manifests once, and at the bytes that they mean.
func Declared(config Config) ([]reconcile.Found, error) {
	c := &Controller{config: config}
	seen := c.scan()
	if seen.err != nil {
		return nil, seen.err
	}
	var found []reconcile.Found
	for file, l := range seen.files {
		f := c.parse(file, l)
		if f.Err == nil {
			digest, err := launch.Digest(l.binary, f.Manifest.SHA256)
			f.Digest = digest
			if err != nil {
				field, source := f.Manifest.Source()
				f.Err = manifest.At(file, []byte(l.raw), field, source+": "+err.Error())
			} else {
				f.Err = c.trusted(f.Declaration, l)
			}
		}
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b reconcile.Found) int { return cmp.Compare(a.File, b.File) })
	return found, nil
}
