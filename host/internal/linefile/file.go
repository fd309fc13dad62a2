// Package linefile keeps lines in a file that rotates, safe before it says so. It
// is ours because the well-known rotating writers can't flush.
package linefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// File is a file of lines that one process at a time appends to. One goroutine
// uses it at a time.
type File struct {
	Path string
	Max  int64 // bytes at which it is put aside, and another begun
	Keep int   // how many files that were put aside stay; 0: all
	// Cut removes a line that a dying process has left unfinished; without it the
	// line is ended.
	Cut bool

	f    *os.File // nil after a failure
	size int64    // what is safe in it: whole lines
}

// Open opens the file to append, and makes it with mode 0600 if there is none.
// Other methods open it again after a failure.
func (o *File) Open() (err error) {
	f, err := os.OpenFile(o.Path, os.O_CREATE|os.O_RDWR|os.O_APPEND|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		o.f, o.size = f, 0
		return nil
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another gateway writes %s; give each its own", o.Path)
	}
	size, err := o.mend(f, info.Size())
	if err == nil && size == 0 {
		err = syncDir(o.Path)
	}
	if err == nil {
		o.f, o.size = f, size
	}
	return err
}

// mend sees to it that the next line begins a line, and gives the size from which
// it is written.
func (o *File) mend(f *os.File, size int64) (int64, error) {
	end, err := endOfLines(f, size)
	switch {
	case err != nil || end == size:
		return size, err
	case o.Cut:
		return end, f.Truncate(end)
	}
	_, err = f.WriteString("\n")
	return size + 1, err
}

// endOfLines is where the last whole line ends.
func endOfLines(f io.ReaderAt, size int64) (int64, error) {
	block := make([]byte, 64<<10)
	for end := size; end > 0; {
		start := max(0, end-int64(len(block)))
		n, err := f.ReadAt(block[:end-start], start)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if at := bytes.LastIndexByte(block[:n], '\n'); at >= 0 {
			return start + int64(at) + 1, nil
		}
		end = start
	}
	return 0, nil
}

// Write appends whole lines, and if flush says so does not return before they are
// safe. After an error none of them is there, as far as that can be seen to.
func (o *File) Write(lines []byte, flush bool) (err error) {
	if o.f != nil && o.moved() {
		if err := o.Close(); err != nil {
			return err
		}
	}
	if o.f == nil {
		if err := o.Open(); err != nil {
			return err
		}
	}
	defer func() {
		if err != nil {
			o.takeBack()
		}
	}()
	if o.size > 0 && o.size+int64(len(lines)) > o.Max {
		if err := o.rotate(); err != nil {
			return err
		}
	}
	n, err := o.f.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if err == nil && flush {
		err = Flushed(o.f)
	}
	if err == nil {
		o.size += int64(n)
	}
	return err
}

// moved says whether somebody has put another file in place of this one, or none.
func (o *File) moved() bool {
	own, err := o.f.Stat()
	if err != nil {
		return true
	}
	there, err := os.Stat(o.Path)
	return err != nil || !os.SameFile(own, there)
}

// takeBack removes what a failed write has left, so that it can be written again,
// and lets go of the file, since a failed flush makes later ones worthless.
func (o *File) takeBack() {
	if o.f == nil {
		return
	}
	_ = o.f.Truncate(o.size) // on what is no file there is nothing to take back
	_ = o.f.Close()
	o.f = nil
}

// rotate puts the full file aside and begins another.
func (o *File) rotate() error {
	if err := o.Close(); err != nil {
		return err
	}
	if err := os.Rename(o.Path, o.aside(time.Now())); err != nil {
		return err
	}
	if err := o.Open(); err != nil {
		return err
	}
	return o.prune()
}

// syncDir makes the names of files as safe as their content.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return Flushed(dir)
}

// Flushed waits until a file's content is safe; pipes and terminals have nothing
// to wait for.
func Flushed(f *os.File) error {
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// stampFormat sorts by time.
const stampFormat = "20060102T150405.000000000Z"

// aside is the name of a full file: audit.log becomes audit-TIME.log.
func (o *File) aside(now time.Time) string {
	extension := filepath.Ext(o.Path)
	return strings.TrimSuffix(o.Path, extension) + "-" + now.UTC().Format(stampFormat) + extension
}

// prune removes the oldest of the full files.
func (o *File) prune() error {
	if o.Keep == 0 {
		return nil
	}
	extension := filepath.Ext(o.Path)
	prefix := filepath.Base(strings.TrimSuffix(o.Path, extension)) + "-"
	entries, err := os.ReadDir(filepath.Dir(o.Path))
	if err != nil {
		return err
	}
	var full []string
	for _, entry := range entries {
		stamp, is := strings.CutPrefix(strings.TrimSuffix(entry.Name(), extension), prefix)
		if _, err := time.Parse(stampFormat, stamp); is && err == nil {
			full = append(full, filepath.Join(filepath.Dir(o.Path), entry.Name()))
		}
	}
	slices.Sort(full)
	for len(full) > o.Keep {
		if err := os.Remove(full[0]); err != nil {
			return err
		}
		full = full[1:]
	}
	return nil
}

// Close makes what was written safe and lets go of the file.
func (o *File) Close() error {
	if o.f == nil {
		return nil
	}
	f := o.f
	o.f = nil
	return errors.Join(Flushed(f), f.Close())
}
