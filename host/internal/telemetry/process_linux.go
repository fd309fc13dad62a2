package telemetry

import "github.com/prometheus/procfs"

// usageOf asks the kernel what a process uses.
func usageOf(pid int) (usage, bool) {
	if pid <= 0 {
		return usage{}, false
	}
	process, err := procfs.NewProc(pid)
	if err != nil {
		return usage{}, false
	}
	stat, err := process.Stat()
	if err != nil {
		return usage{}, false
	}
	used := usage{residentBytes: float64(stat.ResidentMemory()), cpuSeconds: stat.CPUTime(), openFiles: -1}
	if files, err := process.FileDescriptorsLen(); err == nil { // the kernel keeps them from other users
		used.openFiles = float64(files)
	}
	return used, true
}
