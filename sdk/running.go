package sdk

import (
	"sync"
	"time"
)

// running knows since when the server is at each unary call that it has.
type running struct {
	mu    sync.Mutex
	last  uint64
	since map[uint64]time.Time
}

// begin counts a call in; done counts it out.
func (r *running) begin() (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since == nil {
		r.since = map[uint64]time.Time{}
	}
	r.last++
	id := r.last
	r.since[id] = time.Now()
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.since, id)
	}
}

// oldest is how long the server has been at its oldest call; 0 if it has none.
func (r *running) oldest() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var oldest time.Duration
	for _, since := range r.since {
		oldest = max(oldest, time.Since(since))
	}
	return oldest
}
