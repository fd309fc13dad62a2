package controller

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/reconcile"
)

// Validate looks at the manifests once and says what they declare, what trust doubts
// of it, and what would
// be wrong with them.
func Validate(config Config) (declared []reconcile.Declaration, doubts []string, err error) {
	c := &Controller{config: config}
	found, err := c.lookOnce()
	if err != nil {
		return nil, nil, err
	}
	var errs []error
	for _, problem := range reconcile.Decide(nil, found).Problems {
		errs = append(errs, problem)
	}
	for _, f := range found {
		declared = append(declared, f.Declaration)
	}
	for w := range c.doubts.warnings {
		doubts = append(doubts, fmt.Sprintf("%s: %s: %s", w.file, w.field, w.reason))
	}
	slices.Sort(doubts)
	return declared, doubts, errors.Join(errs...)
}

// Declared looks at the manifests once, and at the bytes that they mean.
func Declared(config Config) ([]reconcile.Found, error) {
	return (&Controller{config: config}).lookOnce()
}

func (c *Controller) lookOnce() ([]reconcile.Found, error) {
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
