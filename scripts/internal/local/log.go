package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// Event is a line of the gateway's log.
type Event struct {
	At         time.Time `json:"-"` // when it was read
	Message    string    `json:"@message"`
	Listen     string    `json:"listen"`
	Connector  string    `json:"connector"`
	Generation uint64    `json:"generation"`
	PID        int       `json:"pid"`
}

// Log reads the log of a gateway that writes it as JSON, keeps it in a file for
// people, and lets programs wait for what it says.
type Log struct {
	lines io.Writer

	mu     sync.Mutex
	file   *os.File
	events []Event
	more   chan struct{} // closed when there is another event
}

// NewLog returns a log that is kept in a file.
func NewLog(path string) (*Log, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	l := &Log{file: file, more: make(chan struct{})}
	l.lines = ByLine(l.read)
	return l, nil
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) { return l.lines.Write(p) }

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

func (l *Log) read(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintf(l.file, "%s\n", line)
	event := Event{At: time.Now()}
	if json.Unmarshal(line, &event) != nil {
		return // what is no event is for people only
	}
	l.events = append(l.events, event)
	close(l.more)
	l.more = make(chan struct{})
}

// Find returns the first event that is wanted, and waits for it if it is yet to
// come.
func (l *Log) Find(ctx context.Context, wanted func(Event) bool) (Event, error) {
	for seen := 0; ; {
		events, more := l.now()
		for ; seen < len(events); seen++ {
			if wanted(events[seen]) {
				return events[seen], nil
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

// Events returns what has been read so far.
func (l *Log) Events() []Event {
	events, _ := l.now()
	return events
}

func (l *Log) now() ([]Event, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.events), l.more
}
