//go:build !linux

package telemetry

// usageOf knows nothing where there is no procfs.
func usageOf(int) (usage, bool) { return usage{}, false }
