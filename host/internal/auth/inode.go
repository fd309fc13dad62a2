package auth

import (
	"io/fs"
	"syscall"
)

// inode tells a file from another that has taken its name.
func inode(info fs.FileInfo) [2]uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return [2]uint64{uint64(stat.Dev), stat.Ino} //nolint:unconvert // elsewhere than on Linux it is another type
	}
	return [2]uint64{}
}
