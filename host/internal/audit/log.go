package audit

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
)

// Log keeps records. One goroutine writes all that wait at a time, so that many
// callers share one flush.
type Log struct {
	sync bool
	out  output
	log  hclog.Logger

	mu      sync.Mutex
	waiting []entry
	lost    uint64 // records that are not kept since the last that was
	closed  bool
	wake    chan struct{}
	ended   chan struct{}
	failure atomic.Pointer[error]

	written, gaps, failures prometheus.Counter
}

// entry is a line that waits, and who waits for it; nil: nobody.
type entry struct {
	line []byte
	done chan<- error
}

// output is where lines go.
type output interface {
	// Write writes whole lines, and if flush says so does not return before they
	// are safe. After an error none of them is there, as far as that can be seen to.
	Write(lines []byte, flush bool) error
	Close() error
}

const (
	maxWaiting = 16 << 10    // records; what comes on top of them is lost, and said to be
	maxBatch   = 64          // records that one write, and one flush, takes
	again      = time.Second // after a failure
)

// errLost is told to who waits for a record that can't be kept.
var errLost = errors.New("too many audit records wait to be written")

// newLog starts the writer.
func newLog(out output, flush bool, log hclog.Logger, metrics prometheus.Registerer) *Log {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		metrics.MustRegister(c)
		return c
	}
	l := &Log{
		sync: flush, out: out, log: log, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		written:  counter("patchbay_audit_records_total", "Audit records that were written."),
		gaps:     counter("patchbay_audit_lost_total", "Audit records that could not be kept."),
		failures: counter("patchbay_audit_failures_total", "Attempts to write audit records that failed."),
	}
	go l.run()
	return l
}

// Ready says why a record would not be safe now, or nothing. Where records need
// not be safe before the answer, it is always nothing. A nil Log needs nothing.
func (l *Log) Ready() error {
	if l == nil || !l.sync {
		return nil
	}
	if failure := l.failure.Load(); failure != nil {
		return *failure
	}
	return nil
}

// Write keeps a record. Where records are flushed before the answer it returns
// when this one is safe; its error says that it is not yet. A nil Log keeps
// nothing.
func (l *Log) Write(r Record) error {
	if l == nil {
		return nil
	}
	line, err := r.line()
	if err != nil {
		return fmt.Errorf("encode the audit record: %w", err)
	}
	var done chan error
	e := entry{line: line}
	if l.sync {
		done = make(chan error, 1)
		e.done = done
	}
	if err := l.enqueue(e); err != nil || done == nil {
		return err
	}
	return <-done
}

func (l *Log) enqueue(e entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.waiting) >= maxWaiting {
		l.lost++
		l.gaps.Inc()
		return errLost
	}
	l.waiting = append(l.waiting, e)
	l.poke()
	return nil
}

func (l *Log) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Close writes what waits and ends.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.poke()
	<-l.ended
	return l.out.Close()
}

// run writes until Close. After a failure what failed is tried again: by the next
// record, or after a while.
func (l *Log) run() {
	defer close(l.ended)
	for {
		batch, closed := l.take()
		if len(batch) > 0 && !l.writeAll(batch) {
			if closed {
				l.log.Error("the last audit records can't be written", "records", l.left())
				return
			}
			select {
			case <-l.wake:
			case <-time.After(again):
			}
			continue
		}
		if len(batch) > 0 {
			continue
		}
		if closed {
			return
		}
		<-l.wake
	}
}

// left is how many records wait.
func (l *Log) left() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// take takes those that have waited longest, with a record of what is lost.
func (l *Log) take() (batch []entry, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.waiting), maxBatch)
	batch, l.waiting = slices.Clone(l.waiting[:n]), l.waiting[n:]
	if l.lost > 0 {
		line, err := Record{Time: time.Now(), Kind: KindGap, Lost: l.lost}.line()
		if err == nil {
			batch, l.lost = append(batch, entry{line: line}), 0
		}
	}
	return batch, l.closed
}

// writeAll writes a batch and tells those who wait. What could not be written
// waits on, in front of all others, but nobody waits for it.
func (l *Log) writeAll(batch []entry) bool {
	var lines []byte
	for _, e := range batch {
		lines = append(lines, e.line...)
	}
	err := l.out.Write(lines, l.sync)
	if err == nil {
		if l.failure.Swap(nil) != nil {
			l.log.Info("audit records are written again", "records", len(batch))
		}
		l.written.Add(float64(len(batch)))
	} else {
		l.failures.Inc()
		if l.failure.Swap(&err) == nil {
			l.log.Error("audit records can't be written", "refusing_calls", l.sync, "error", err)
		}
	}
	for i, e := range batch {
		if e.done != nil {
			e.done <- err
			batch[i].done = nil
		}
	}
	if err != nil {
		l.mu.Lock()
		l.waiting = append(batch, l.waiting...)
		l.mu.Unlock()
	}
	return err == nil
}
