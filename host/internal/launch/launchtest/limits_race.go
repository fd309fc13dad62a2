//go:build race

package launchtest

import "github.com/patchbay/patchbay/host/internal/sandbox"

// Limits are those of a plugin in tests. The race detector maps more memory than
// any limit would allow.
func Limits() sandbox.Limits {
	return sandbox.Limits{Processes: 64, OpenFiles: 256, FileSize: 16 << 20}
}
