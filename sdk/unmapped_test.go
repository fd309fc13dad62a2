package sdk

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestUnmapped_onceForEachWord(t *testing.T) {
	log := &logBuffer{}
	words := newUnmappedWords()
	say := func(field, word string) {
		Unmapped(withCall(context.Background(), callValue{Call: Call{RequestID: "req-1"}, log: log.logger(), unmapped: words}), field, word)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			say("payment.status", "on_its_way")
			say("refund.status", "on_its_way")
			say("decline.code", "moon_phase")
		})
	}
	group.Wait()
	for text, want := range map[string]int{`"field":"payment.status"`: 1, `"field":"refund.status"`: 1, `"word":"moon_phase"`: 1, `"word":"on_its_way"`: 2, `"@level":"warn"`: 3, "req-1": 3} {
		if got := strings.Count(log.String(), text); got != want {
			t.Errorf("%q is there %d times, want %d:\n%s", text, got, want, log)
		}
	}
}

// A PSP that makes words up costs a plugin neither memory nor a line each.
func TestUnmapped_isBounded(t *testing.T) {
	words := newUnmappedWords()
	told := 0
	for i := range 2 * maxUnmapped {
		if words.first("status", fmt.Sprint(i)) {
			told++
		}
	}
	if told != maxUnmapped || len(words.seen) != maxUnmapped {
		t.Errorf("%d were told and %d kept, want %d", told, len(words.seen), maxUnmapped)
	}
}

func TestUnmapped_hidesCardNumbers(t *testing.T) {
	log := &logBuffer{}
	Unmapped(withCall(t.Context(), callValue{Call: Call{}, log: log.logger(), unmapped: newUnmappedWords()}), "decline.code", "refused 4242424242424242")
	if strings.Contains(log.String(), "4242424242424242") || !strings.Contains(log.String(), "refused") {
		t.Errorf("got %s", log)
	}
}
