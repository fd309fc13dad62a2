package registry

import (
	"errors"
	"testing"

	"github.com/patchbay/patchbay/host/internal/description"
)

func TestPinServesUnpinnedCalls(t *testing.T) {
	r := New()
	r.Pin("acme", "1.0.0") // before anybody declares it
	if names := r.Names(); r.Has("acme") || len(names) != 0 {
		t.Errorf("a pin alone makes a connector: %v", names)
	}
	old, latest := instance("acme", "1.0.0", 1), instance("acme", "2.0.0", 2)
	r.Swap(latest, nil)
	if got, _ := r.Acquire("acme", ""); got != latest {
		t.Errorf("a pin to what is not there: got %v", got)
	}
	r.Swap(old, nil)
	if got, _ := r.Acquire("acme", ""); got != old || r.Live()["acme"] != old {
		t.Errorf("pinned: got %v", got)
	}
	if got, _ := r.Acquire("acme", "2.0.0"); got != latest {
		t.Errorf("a caller's own pin: got %v", got)
	}
	r.Pin("acme", "")
	if got, _ := r.Acquire("acme", ""); got != latest {
		t.Errorf("the pin taken back: got %v", got)
	}
}

func TestRestingVersionIsWoken(t *testing.T) {
	r := New()
	d := &description.Description{}
	woken := 0
	r.Declare("acme", "2.0.0")
	r.Stand("acme", "2.0.0", Standing{Wake: func() { woken++ }, Description: d})
	if k, ok := r.Describe("acme", ""); !ok || k.Description != d || k.Version != "2.0.0" || woken != 0 {
		t.Errorf("described %+v, %v, woken %d times", k, ok, woken)
	}
	if all := r.Descriptions(); all["acme"] != d || woken != 0 {
		t.Errorf("listed %v, woken %d times", all, woken)
	}
	r.Swap(instance("acme", "1.0.0", 1), nil) // a lower one that is live does not take its calls
	if _, err := r.Acquire("acme", ""); !errors.Is(err, ErrNotServing) || woken != 1 {
		t.Errorf("got %v, woken %d times", err, woken)
	}
	next := instance("acme", "2.0.0", 2)
	r.Swap(next, nil)
	if got, _ := r.Acquire("acme", ""); got != next || woken != 1 {
		t.Errorf("got %v, woken %d times", got, woken)
	}
}

func TestOutOfServiceIsToldAtOnce(t *testing.T) {
	r := New()
	r.Declare("acme", "1.0.0")
	r.Stand("acme", "1.0.0", Standing{Out: "drained"})
	if _, err := r.AcquireWait(t.Context(), "acme", ""); !errors.Is(err, ErrOut) || !errors.Is(err, ErrNotServing) {
		t.Errorf("got %v", err)
	}
	r.Declare("acme", "0.9.0") // one that is to come is waited for
	if _, err := r.Acquire("acme", ""); errors.Is(err, ErrOut) || !errors.Is(err, ErrNotServing) {
		t.Errorf("got %v", err)
	}
	low := instance("acme", "0.9.0", 1)
	r.Swap(low, nil)
	if got, err := r.Acquire("acme", ""); got != low {
		t.Errorf("got %v, %v", got, err)
	}
	r.Stand("acme", "1.0.0", Standing{})
	if _, err := r.Acquire("acme", "1.0.0"); errors.Is(err, ErrOut) {
		t.Errorf("back in service: %v", err)
	}
}
