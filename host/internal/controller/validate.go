package controller

import (
	"errors"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/reconcile"
)

// Validate looks at the manifests once and says what would be wrong with them.
func Validate(config Config) (manifests int, err error) {
	c := &Controller{config: config}
	seen := c.scan()
	if seen.err != nil {
		return 0, seen.err
	}
	var found []reconcile.Found
	for file, l := range seen.files {
		f := c.parse(file, l)
		if f.Err == nil {
			digest, err := launch.Digest(l.binary, f.Manifest.SHA256)
			if err != nil {
				f.Err = manifest.At(file, []byte(l.raw), "command", f.Manifest.Command+": "+err.Error())
			}
			f.Digest = digest
		}
		found = append(found, f)
	}
	var errs []error
	for _, problem := range reconcile.Decide(nil, found).Problems {
		errs = append(errs, problem)
	}
	return len(found), errors.Join(errs...)
}
