package audit

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
)

// Spec is where records go, as the host's configuration declares it.
type Spec struct {
	File    string `yaml:"file"`     // or "stdout"; empty: no records are kept
	MaxSize Size   `yaml:"max_size"` // of one file; 100 MB if it is 0
	Keep    int    `yaml:"keep"`     // how many full files stay; 10 if it is 0
	Flush   string `yaml:"flush"`    // "sync": before the answer leaves; "async", the default: soon
}

// Stdout is the file that is none.
const Stdout = "stdout"

const (
	defaultSize = 100 << 20
	defaultKeep = 10
	minSize     = 4 << 10
)

// Check says what is wrong with a declaration.
func (s Spec) Check() error {
	switch {
	case s.Flush != "" && s.Flush != "sync" && s.Flush != "async":
		return fmt.Errorf("audit: flush: %q is neither sync nor async", s.Flush)
	case s.MaxSize < 0 || s.MaxSize > 0 && s.MaxSize < minSize:
		return fmt.Errorf("audit: max_size: must be at least %d bytes", minSize)
	case s.Keep < 0:
		return errors.New("audit: keep: can't be negative")
	case s.File == "" && s != Spec{}:
		return errors.New("audit: file is missing")
	}
	return nil
}

// Open opens the log; nil if none is declared.
func Open(s Spec, log hclog.Logger, metrics prometheus.Registerer) (*Log, error) {
	if err := s.Check(); err != nil || s.File == "" {
		return nil, err
	}
	if s.File == Stdout {
		return newLog(stream{os.Stdout}, s.Flush == "sync", log, metrics), nil
	}
	out := &file{path: s.File, max: int64(cmp.Or(s.MaxSize, defaultSize)), keep: cmp.Or(s.Keep, defaultKeep)}
	if err := out.open(); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return newLog(out, s.Flush == "sync", log, metrics), nil
}

// Size is a number of bytes, written as 100MB, 64KB or 4096.
type Size int64

var sizePattern = regexp.MustCompile(`^([0-9]{1,9})\s*(|B|KB|MB|GB)$`)

// UnmarshalYAML implements yaml.BytesUnmarshaler.
func (s *Size) UnmarshalYAML(raw []byte) error {
	found := sizePattern.FindStringSubmatch(strings.Trim(strings.TrimSpace(string(raw)), `"'`))
	if found == nil {
		return errors.New("want a size such as 100MB")
	}
	n, err := strconv.ParseInt(found[1], 10, 64)
	*s = Size(n << map[string]int{"KB": 10, "MB": 20, "GB": 30}[found[2]])
	return err
}

// stream is an output that somebody else keeps.
type stream struct{ to *os.File }

func (s stream) write(lines []byte, flush bool) error {
	_, err := s.to.Write(lines)
	if err == nil && flush {
		err = flushed(s.to)
	}
	return err
}

func (s stream) close() error { return nil }

// flushed waits until a file's content is safe; pipes and terminals have nothing
// to wait for.
func flushed(f *os.File) error {
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// file is an output that rotates. It is ours because a line must be safe before an
// answer leaves: the well-known rotating writers can't flush.
type file struct {
	path string
	max  int64
	keep int

	f    *os.File // nil after a failure
	size int64    // what is safe in it: whole lines
}

// open opens the file to append. A line that a dying process has left unfinished
// is ended.
func (o *file) open() error {
	f, err := os.OpenFile(o.path, os.O_CREATE|os.O_RDWR|os.O_APPEND|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if !info.Mode().IsRegular() {
		o.f, o.size = f, 0
		return nil
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("another gateway writes %s; give each its own", o.path), f.Close())
	}
	o.f, o.size = f, info.Size()
	if o.size == 0 {
		return syncDir(o.path)
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, o.size-1); err == nil && last[0] != '\n' {
		_, err = f.WriteString("\n")
		o.size++
		return err
	}
	return nil
}

func (o *file) write(lines []byte, flush bool) (err error) {
	if o.f == nil {
		if err := o.open(); err != nil {
			return err
		}
	}
	defer func() {
		if err != nil {
			o.takeBack()
		}
	}()
	if o.size > 0 && o.size+int64(len(lines)) > o.max {
		if err := o.rotate(); err != nil {
			return err
		}
	}
	n, err := o.f.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if err == nil && flush {
		err = flushed(o.f)
	}
	if err == nil {
		o.size += int64(n)
	}
	return err
}

// takeBack removes what a failed write has left, so that it can be written again,
// and lets go of the file, since a failed flush makes later ones worthless.
func (o *file) takeBack() {
	if o.f == nil {
		return
	}
	_ = o.f.Truncate(o.size) // on what is no file there is nothing to take back
	_ = o.f.Close()
	o.f = nil
}

// rotate puts the full file aside and begins another.
func (o *file) rotate() error {
	if err := o.f.Close(); err != nil {
		return err
	}
	o.f = nil
	if err := os.Rename(o.path, o.aside(time.Now())); err != nil {
		return err
	}
	if err := o.open(); err != nil {
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
	return flushed(dir)
}

// stampFormat sorts by time.
const stampFormat = "20060102T150405.000000000Z"

// aside is the name of a full file: audit.log becomes audit-TIME.log.
func (o *file) aside(now time.Time) string {
	extension := filepath.Ext(o.path)
	return strings.TrimSuffix(o.path, extension) + "-" + now.UTC().Format(stampFormat) + extension
}

// prune removes the oldest of the full files.
func (o *file) prune() error {
	extension := filepath.Ext(o.path)
	prefix := filepath.Base(strings.TrimSuffix(o.path, extension)) + "-"
	entries, err := os.ReadDir(filepath.Dir(o.path))
	if err != nil {
		return err
	}
	var full []string
	for _, entry := range entries {
		stamp, is := strings.CutPrefix(strings.TrimSuffix(entry.Name(), extension), prefix)
		if _, err := time.Parse(stampFormat, stamp); is && err == nil {
			full = append(full, filepath.Join(filepath.Dir(o.path), entry.Name()))
		}
	}
	slices.Sort(full)
	for len(full) > o.keep {
		if err := os.Remove(full[0]); err != nil {
			return err
		}
		full = full[1:]
	}
	return nil
}

func (o *file) close() error {
	if o.f == nil {
		return nil
	}
	return errors.Join(flushed(o.f), o.f.Close())
}
