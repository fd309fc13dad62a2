package audit

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/patchbay/patchbay/host/internal/linefile"
)

// Spec is where records go, as the host's configuration declares it.
type Spec struct {
	File    string        `yaml:"file"`     // or "stdout"; empty: no records are kept
	MaxSize linefile.Size `yaml:"max_size"` // of one file; 100 MB if it is 0
	Keep    int           `yaml:"keep"`     // how many full files stay; 10 if it is 0
	Flush   string        `yaml:"flush"`    // "sync": before the answer leaves; "async", the default: soon
}

// Stdout is the file that is none.
const Stdout = "stdout"

const (
	defaultSize = 100 << 20
	defaultKeep = 10
)

// Check says what is wrong with a declaration.
func (s Spec) Check() error {
	switch {
	case s.Flush != "" && s.Flush != "sync" && s.Flush != "async":
		return fmt.Errorf("audit: flush: %q is neither sync nor async", s.Flush)
	case s.MaxSize < 0 || s.MaxSize > 0 && s.MaxSize < linefile.MinSize:
		return fmt.Errorf("audit: max_size: must be at least %d bytes", linefile.MinSize)
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
	out := &linefile.File{Path: s.File, Max: int64(cmp.Or(s.MaxSize, defaultSize)), Keep: cmp.Or(s.Keep, defaultKeep)}
	if err := out.Open(); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return newLog(out, s.Flush == "sync", log, metrics), nil
}

// stream is an output that somebody else keeps.
type stream struct{ to *os.File }

// Write implements output.
func (s stream) Write(lines []byte, flush bool) error {
	_, err := s.to.Write(lines)
	if err == nil && flush {
		err = linefile.Flushed(s.to)
	}
	return err
}

// Close implements output.
func (s stream) Close() error { return nil }
