//go:build !linux

package launch

import (
	"io/fs"
	"time"
)

// sourceID changes whenever a file may have changed, as far as Go can tell on
// every system.
type sourceID struct {
	path  string
	size  int64
	mtime time.Time
}

func identify(path string, info fs.FileInfo) sourceID {
	return sourceID{path: path, size: info.Size(), mtime: info.ModTime()}
}
