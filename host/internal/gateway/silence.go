package gateway

import (
	"sync"
	"time"
)

// silence tells when nothing has moved on a stream for too long. Work that is
// under way counts as movement.
type silence struct {
	limit time.Duration // none if zero
	over  chan struct{} // closed when it has lasted too long

	mu    sync.Mutex
	timer *time.Timer
	since time.Time
	busy  int
	ended bool
}

func newSilence(limit time.Duration) *silence {
	s := &silence{limit: limit, over: make(chan struct{}), since: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit > 0 {
		s.timer = time.AfterFunc(limit, s.expire)
	}
	return s
}

func (s *silence) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch lasted := time.Since(s.since); {
	case s.ended:
	case s.busy > 0:
		s.timer.Reset(s.limit)
	case lasted < s.limit: // it was broken while the timer went off
		s.timer.Reset(s.limit - lasted)
	default:
		s.ended = true
		close(s.over)
	}
}

// broken says that a message moves; false if it is too late for that.
func (s *silence) broken() bool { return s.change(0) }

// begin says that work begins; false if it is too late for that. done ends it.
func (s *silence) begin() bool { return s.change(1) }

func (s *silence) done() { s.change(-1) }

func (s *silence) change(busy int) (inTime bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy += busy
	s.since = time.Now()
	if s.timer != nil && !s.ended {
		s.timer.Reset(s.limit)
	}
	return !s.ended
}

// stop ends the watch.
func (s *silence) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended = true; s.timer != nil {
		s.timer.Stop()
	}
}
