package main

import (
	"os"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/sdk/wire"
)

func TestRequest(t *testing.T) {
	if size := proto.Size(request()); size != 600 {
		t.Errorf("the request has %d bytes, want 600", size)
	}
	var validator wire.Validator
	if found, err := validator.Check(request()); len(found) > 0 || err != nil {
		t.Errorf("the request is invalid: %v %v", found, err)
	}
}

// TestCPUTime holds both ways to learn a process's CPU time against each other.
func TestCPUTime(t *testing.T) {
	if !cpuKnown() {
		t.Skip("there is no /proc to tell the CPU time of other processes")
	}
	own := func() time.Duration {
		d, err := ownCPUTime()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for began := own(); own()-began < 100*time.Millisecond; { // work
	}
	before := own()
	seen, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	after := own()
	if seen < before-3*tick || seen > after+3*tick {
		t.Errorf("/proc says %s, getrusage %s to %s", seen, before, after)
	}
	if _, err := cpuTime(-1); err == nil {
		t.Error("a process that does not exist has a CPU time")
	}
}

func TestMedian(t *testing.T) {
	of := func(calls ...int64) float64 {
		var all rounds
		for _, n := range calls {
			all = append(all, round{carried: sample{calls: n, took: time.Second}})
		}
		return all.median(func(r round) float64 { return r.carried.throughput() })
	}
	if got := of(9, 1, 2); got != 2 {
		t.Errorf("got %v, want 2", got)
	}
	if got := of(9, 1, 2, 4); got != 3 {
		t.Errorf("got %v, want 3", got)
	}
}

func TestPerCall(t *testing.T) {
	var s sample
	s.add(sample{calls: 1, took: time.Second, servers: 30 * time.Microsecond, client: 2 * time.Microsecond})
	s.add(sample{calls: 3, took: time.Second, servers: 10 * time.Microsecond, client: 2 * time.Microsecond})
	if s.throughput() != 2 || s.serversPerCall() != 10 || s.allPerCall() != 11 {
		t.Errorf("got %v calls/s, %v µs, %v µs", s.throughput(), s.serversPerCall(), s.allPerCall())
	}
}
