package registry

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func instance(name, version string, generation uint64) *Instance {
	return NewInstance(name, version, generation, nil, nil)
}

func TestAcquirePicksHighestVersionAndPins(t *testing.T) {
	r := New()
	r.Declare("acme", "1.9.0")
	r.Declare("acme", "1.10.0")
	old, latest := instance("acme", "1.9.0", 1), instance("acme", "1.10.0", 2)
	r.Swap(latest, nil)
	r.Swap(old, nil)

	for _, test := range []struct {
		version string
		want    *Instance
		err     error
	}{
		{"", latest, nil},
		{"1.10.0", latest, nil},
		{"1.9.0", old, nil},
		{"2.0.0", nil, ErrUnknown},
	} {
		got, err := r.Acquire("acme", test.version)
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("version %q: got %v, %v", test.version, got, err)
		}
	}
	if latest.InFlight() != 2 || old.InFlight() != 1 {
		t.Errorf("in flight: %d and %d, want 2 and 1", latest.InFlight(), old.InFlight())
	}
	if got := r.Versions("acme"); !reflect.DeepEqual(got, []string{"1.10.0", "1.9.0"}) {
		t.Errorf("versions: %v", got)
	}
	if r.Live()["acme"] != latest {
		t.Error("Live does not name the highest version")
	}
}

func TestAcquireUnknownAndNotServing(t *testing.T) {
	r := New()
	if _, err := r.Acquire("acme", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("undeclared: %v", err)
	}
	r.Declare("acme", "1.0.0")
	if _, err := r.Acquire("acme", ""); !errors.Is(err, ErrNotServing) {
		t.Errorf("declared: %v", err)
	}
	r.Declare("acme", "1.0.0") // a second file, as when one is renamed
	r.Forget("acme", "1.0.0")
	if _, err := r.Acquire("acme", "1.0.0"); !errors.Is(err, ErrNotServing) {
		t.Errorf("one of two forgotten: %v", err)
	}
	r.Forget("acme", "1.0.0")
	if _, err := r.Acquire("acme", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("forgotten: %v", err)
	}
	if names := r.Names(); len(names) != 0 {
		t.Errorf("names: %v", names)
	}
}

func TestAcquireWaitGetsTheNextInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New()
		r.Declare("acme", "1.0.0")
		next := instance("acme", "1.0.0", 2)
		got := make(chan *Instance)
		go func() {
			inst, _ := r.AcquireWait(t.Context(), "acme", "")
			got <- inst
		}()
		synctest.Wait()
		r.Declare("other", "1.0.0") // a change that does not help
		synctest.Wait()
		r.Swap(next, nil)
		if inst := <-got; inst != next {
			t.Errorf("got %v", inst)
		}
	})
}

func TestAcquireWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New()
		r.Declare("acme", "1.0.0")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := r.AcquireWait(ctx, "acme", ""); !errors.Is(err, ErrNotServing) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSwapAcrossNames(t *testing.T) {
	r := New()
	a, b := instance("a", "1.0.0", 1), instance("b", "1.0.0", 1)
	r.Swap(a, nil)
	changed := r.Changed()
	r.Swap(b, a)
	select {
	case <-changed:
	default:
		t.Error("the change was not announced")
	}
	if _, err := r.Acquire("a", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("a: %v", err)
	}
	if got, _ := r.Acquire("b", ""); got != b {
		t.Errorf("b: %v", got)
	}
}

func TestNewestGenerationOfAVersionServes(t *testing.T) {
	r := New()
	first, second := instance("a", "1.0.0", 1), instance("a", "1.0.0", 2)
	r.Swap(second, nil)
	r.Swap(first, nil)
	if got, _ := r.Acquire("a", ""); got != second {
		t.Errorf("got generation %d", got.Generation)
	}
}

func TestDrain(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		i := instance("a", "1.0.0", 1)
		if n := i.Drain(t.Context()); n != 0 {
			t.Errorf("cancelled %d", n)
		}
		for range 2 {
			if i.acquire() {
				t.Error("a drained instance took a call")
			}
		}
	})
	t.Run("waits for calls", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := instance("a", "1.0.0", 1)
			i.acquire()
			drained := make(chan int, 1)
			go func() { drained <- i.Drain(t.Context()) }()
			synctest.Wait()
			select {
			case <-drained:
				t.Fatal("drained while a call was in flight")
			default:
			}
			i.Release()
			if n := <-drained; n != 0 || i.Done().Err() != nil {
				t.Errorf("cancelled %d, done: %v", n, i.Done().Err())
			}
		})
	})
	t.Run("cancels what outlasts the limit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := instance("a", "1.0.0", 1)
			i.acquire()
			context.AfterFunc(i.Done(), i.Release)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if n := i.Drain(ctx); n != 1 {
				t.Errorf("cancelled %d, want 1", n)
			}
			if cause := context.Cause(i.Done()); !errors.Is(cause, ErrDrained) {
				t.Errorf("cause: %v", cause)
			}
		})
	})
	t.Run("ends with the process", func(t *testing.T) {
		i := instance("a", "1.0.0", 1)
		i.acquire()
		context.AfterFunc(i.Done(), i.Release)
		i.Gone()
		if n := i.Drain(t.Context()); n != 0 {
			t.Errorf("cancelled %d", n)
		}
		if cause := context.Cause(i.Done()); !errors.Is(cause, ErrGone) {
			t.Errorf("cause: %v", cause)
		}
	})
}

// TestSwapUnderLoad holds the promise that the rest is built on: while instances
// are swapped, every acquire succeeds, and no drained instance has a call.
func TestSwapUnderLoad(t *testing.T) {
	r := New()
	r.Declare("acme", "1.0.0")
	current := instance("acme", "1.0.0", 1)
	r.Swap(current, nil)

	var stop atomic.Bool
	var calls atomic.Int64
	var callers sync.WaitGroup
	for range 2 {
		callers.Go(func() {
			for !stop.Load() {
				inst, err := r.Acquire("acme", "")
				if err != nil {
					t.Errorf("call %d: %v", calls.Load(), err)
					return
				}
				calls.Add(1)
				runtime.Gosched()
				inst.Release()
			}
		})
	}
	for generation := uint64(2); !t.Failed() && (generation < 200 || calls.Load() < 1000); generation++ {
		next := instance("acme", "1.0.0", generation)
		r.Swap(next, current)
		current.Drain(t.Context())
		if n := current.InFlight(); n != 0 {
			t.Errorf("generation %d has %d calls after its drain", current.Generation, n)
		}
		current = next
	}
	stop.Store(true)
	callers.Wait()
}

// TestGoneInstanceTakesNoCall holds the moment between a process's end and its
// removal from the registry.
func TestGoneInstanceTakesNoCall(t *testing.T) {
	r := New()
	r.Declare("a", "1.0.0")
	inst := instance("a", "1.0.0", 1)
	r.Swap(inst, nil)
	inst.Gone()
	if _, err := r.Acquire("a", ""); !errors.Is(err, ErrNotServing) {
		t.Errorf("got %v", err)
	}
}
