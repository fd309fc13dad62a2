package admin

import (
	"testing"

	"github.com/patchbay/patchbay/host/internal/supervise"
)

// TestSlowReaderIsCutOff: who does not read is cut off after what it could have
// read, and disturbs neither who records nor who reads.
func TestSlowReaderIsCutOff(t *testing.T) {
	j := NewJournal()
	slow, slowDone := j.read()
	quick, quickDone := j.read()
	for n := range behind + 1 {
		j.Record(supervise.Transition{Generation: uint64(n)})
		if got := <-quick; got.Generation != uint64(n) {
			t.Fatalf("the quick one reads step %d, want %d", got.Generation, n)
		}
	}
	read := 0
	for step := range slow { // ends, since the channel is closed
		if step.Generation != uint64(read) {
			t.Fatalf("the slow one reads step %d, want %d", step.Generation, read)
		}
		read++
	}
	if read != behind {
		t.Errorf("the slow one reads %d steps, want %d", read, behind)
	}
	slowDone() // also of one that was cut off
	quickDone()
	j.Record(supervise.Transition{})
	select {
	case step := <-quick:
		t.Errorf("told %v after it is done", step)
	default:
	}
}
