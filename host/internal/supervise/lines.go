package supervise

import (
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Lines are kept up to these bounds, the newest of them.
const (
	keptLines = 1000
	keptBytes = 256 << 10
)

// Line is one line that a plugin's process has written.
type Line struct {
	Number     uint64 // counts the connector's lines from 1
	Time       time.Time
	Generation uint64
	Level      hclog.Level
	Text       string
}

// Lines holds what a connector's processes have written of late.
type Lines struct {
	mu      sync.Mutex
	kept    []Line
	bytes   int
	last    uint64
	changed chan struct{} // closed when there is a further line; nil if nobody waits
}

func newLines() *Lines { return &Lines{} }

// adder adds the lines of a generation.
func (l *Lines) adder(generation uint64) func(hclog.Level, string) {
	return func(level hclog.Level, text string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.last++
		l.kept = append(l.kept, Line{Number: l.last, Time: time.Now(), Generation: generation, Level: level, Text: text})
		l.bytes += len(text)
		for len(l.kept) > keptLines || l.bytes > keptBytes {
			l.bytes -= len(l.kept[0].Text)
			l.kept = l.kept[1:]
		}
		if l.changed != nil {
			close(l.changed)
			l.changed = nil
		}
	}
}

// After returns the lines that are kept with a number above the given one, and a
// channel that is closed when there are more.
func (l *Lines) After(number uint64) (lines []Line, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	for i := len(l.kept); i > 0 && l.kept[i-1].Number > number; i-- {
		lines = l.kept[i-1:]
	}
	return append([]Line(nil), lines...), l.changed
}
