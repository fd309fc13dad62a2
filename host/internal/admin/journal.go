package admin

import (
	"sync"

	"github.com/patchbay/patchbay/host/internal/supervise"
)

// behind is how many steps a reader may be behind before it is cut off.
const behind = 1024

// Journal passes on the steps in plugins' lives to those who watch.
type Journal struct {
	mu      sync.Mutex
	readers map[chan supervise.Transition]bool
}

// NewJournal returns a journal that nobody reads.
func NewJournal() *Journal {
	return &Journal{readers: map[chan supervise.Transition]bool{}}
}

// Record passes a step on. It never waits: a reader that is too far behind finds
// its channel closed.
func (j *Journal) Record(t supervise.Transition) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for steps := range j.readers {
		select {
		case steps <- t:
		default:
			delete(j.readers, steps)
			close(steps)
		}
	}
}

// read gives the steps from now on, until done is called.
func (j *Journal) read() (steps <-chan supervise.Transition, done func()) {
	c := make(chan supervise.Transition, behind)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.readers[c] = true
	return c, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.readers, c)
	}
}
