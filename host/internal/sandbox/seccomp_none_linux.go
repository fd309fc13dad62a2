//go:build linux && !amd64 && !arm64

package sandbox

import "errors"

// seccompSupported says whether there is a filter for this architecture.
const seccompSupported = false

func (s *shim) seccomp() error {
	return errors.New("there is no filter for this processor architecture")
}
