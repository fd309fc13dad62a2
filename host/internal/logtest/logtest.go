// Package logtest keeps what is logged, for tests that read it while it is written.
package logtest

import (
	"strings"
	"sync"
)

// Log is an io.Writer that remembers. The zero value is ready, and any goroutine
// may use it.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
