package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/linefile"
)

// Sink holds events for those who want them.
type Sink interface {
	// Hold returns nil once every event is safe, in their order, and an error if one
	// is not: then all may come again, with the same ids. It is called by many
	// goroutines at a time.
	Hold(ctx context.Context, events []Event) error
}

// ErrNoSink is the error of a host that has nowhere to hold events.
var ErrNoSink = errors.New("no sink is configured: webhooks.file or webhooks.target")

// OpenSink opens the sinks that a declaration names. Run has to run for as long as
// they are used, and Close ends them.
func OpenSink(s Spec, identities []age.Identity, log hclog.Logger) (_ *Sinks, err error) {
	opened := &Sinks{}
	defer func() {
		if err != nil {
			_ = opened.Close()
		}
	}()
	if s.File.Path != "" {
		out := &linefile.File{Path: s.File.Path, Max: int64(s.File.MaxSize), Keep: s.File.Keep, Cut: true}
		if err := out.Open(); err != nil {
			return nil, fmt.Errorf("webhooks: file: %w", err)
		}
		opened.file = newFile(out)
		opened.all = append(opened.all, opened.file)
	}
	if s.Target.URL != "" {
		if opened.target, err = newTarget(s.Target, identities, log); err != nil {
			return nil, fmt.Errorf("webhooks: target: %w", err)
		}
		opened.all = append(opened.all, opened.target)
	}
	return opened, nil
}

// Sinks are all sinks of a host, as one: each holds every event.
type Sinks struct {
	all    []Sink
	file   *file   // nil if there is none
	target *target // nil if there is none
}

// Hold implements Sink.
func (s *Sinks) Hold(ctx context.Context, events []Event) error {
	if len(s.all) == 0 {
		return ErrNoSink
	}
	for _, sink := range s.all {
		if err := sink.Hold(ctx, events); err != nil {
			return err
		}
	}
	return nil
}

// Any says whether there is a sink at all.
func (s *Sinks) Any() bool { return len(s.all) > 0 }

// Run follows the secrets that sinks sign with, until ctx ends.
func (s *Sinks) Run(ctx context.Context) error {
	if s.target != nil {
		s.target.signers.follow(ctx)
	}
	return nil
}

// Close ends them. What is asked of them afterwards is not held.
func (s *Sinks) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.close()
}

// file holds events in a file, one a line. One goroutine writes all that wait at a
// time, so that many webhooks share one flush.
type file struct {
	out     output
	waiting chan entry
	closing chan struct{}
	ended   chan struct{}
}

// output is where lines go.
type output interface {
	// Write writes whole lines, and if flush says so does not return before they
	// are safe.
	Write(lines []byte, flush bool) error
	Close() error
}

// entry are the lines of a webhook, and who waits for them.
type entry struct {
	lines []byte
	done  chan<- error
}

// maxBatch is how many webhooks one flush holds at most.
const maxBatch = 256

func newFile(out output) *file {
	f := &file{out: out, waiting: make(chan entry, maxBatch), closing: make(chan struct{}), ended: make(chan struct{})}
	go f.run()
	return f
}

// Hold implements Sink.
func (f *file) Hold(ctx context.Context, events []Event) error {
	var lines []byte
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("the event can't be written as JSON: %w", err)
		}
		lines = append(append(lines, line...), '\n')
	}
	done := make(chan error, 1)
	select {
	case f.waiting <- entry{lines, done}:
	case <-f.ended:
		return errClosed
	case <-ctx.Done():
		return fmt.Errorf("the file of events is slow: %w", ctx.Err())
	}
	select {
	case err := <-done:
		return err
	case <-f.ended:
		return errClosed
	case <-ctx.Done(): // the lines may be there all the same
		return fmt.Errorf("the file of events is slow: %w", ctx.Err())
	}
}

// errClosed is told to webhooks that outlast the gateway's end.
var errClosed = errors.New("the gateway has stopped")

// run writes until close.
func (f *file) run() {
	defer close(f.ended)
	for {
		select {
		case first := <-f.waiting:
			f.write(first)
		case <-f.closing:
			return
		}
	}
}

// write writes the first that waits and all that wait behind it.
func (f *file) write(first entry) {
	batch := []entry{first}
	for len(f.waiting) > 0 && len(batch) < maxBatch {
		batch = append(batch, <-f.waiting)
	}
	err := f.out.Write(slices.Concat(linesOf(batch)...), true)
	for _, e := range batch {
		e.done <- err
	}
}

func linesOf(batch []entry) [][]byte {
	var all [][]byte
	for _, e := range batch {
		all = append(all, e.lines)
	}
	return all
}

func (f *file) close() error {
	close(f.closing)
	<-f.ended
	return f.out.Close()
}
