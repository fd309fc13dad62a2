//go:build !race

package launchtest

import "github.com/patchbay/patchbay/host/internal/sandbox"

// Limits are those of a plugin in tests.
func Limits() sandbox.Limits {
	return sandbox.Limits{Memory: 512 << 20, Processes: 64, OpenFiles: 256, FileSize: 16 << 20}
}
