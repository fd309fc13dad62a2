package controller

import (
	"testing"
	"time"

	"github.com/patchbay/patchbay/host/internal/supervise"
)

// busy keeps a supervisor from doing anything else, once, when its connector is
// started for the second time.
type busy struct {
	nobody
	began, finish chan struct{}
}

// Moved implements supervise.Observer.
func (b busy) Moved(t supervise.Transition) {
	if t.To == supervise.Starting && t.Generation == 2 {
		close(b.began)
		<-b.finish
	}
}

// TestBusySupervisor declares a further version while the supervisor has no time
// to be told. Meanwhile the controller answers, also the supervisor itself, which
// announces each of its steps: each would wait for the other for ever.
func TestBusySupervisor(t *testing.T) {
	b := busy{began: make(chan struct{}), finish: make(chan struct{})}
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0")}, func(c *Config) { c.Supervise.Observer = b })
	f.write("a.yaml", manifestOf("a", "1.1.0"))
	<-b.began
	f.write("a.yaml", manifestOf("a", "1.2.0"))
	declared := make(chan struct{})
	go func() {
		defer close(declared)
		for f.declared()["a.yaml"].Manifest.Version != "1.2.0" {
			time.Sleep(time.Millisecond)
		}
		f.announce() // as the supervisor does after each step
	}()
	select {
	case <-declared:
	case <-time.After(patience / 3):
		panic("the controller waits for the supervisor, and lets nobody else in") // so that the clean-up would wait too
	}
	close(b.finish)
	f.serving("a", "1.2.0")
}
