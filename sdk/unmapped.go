package sdk

import (
	"context"
	"sync"
)

// Unmapped reports a word of the PSP's that the connector does not know, and by
// which field of the answer it would have gone: "payment.status", "decline.code".
// The connector answers UNKNOWN, or a GenericDecline, and an operator learns that
// a table has a gap. Each word is logged once while the plugin runs; never give it
// what a payer or a caller has written.
func Unmapped(ctx context.Context, field, word string) {
	if callOf(ctx).unmapped.first(field, word) {
		Logger(ctx).Warn("unmapped word of the PSP", "field", field, "word", fit(word))
	}
}

// maxUnmapped bounds what a PSP that invents words can make a plugin keep.
const maxUnmapped = 1000

// unmappedWords remembers which words were reported. A nil one remembers nothing.
// It is safe for concurrent use.
type unmappedWords struct {
	mu   sync.Mutex
	seen map[[2]string]bool
}

func newUnmappedWords() *unmappedWords { return &unmappedWords{seen: map[[2]string]bool{}} }

// first says whether a word was not reported before. Once too many were, none is.
func (u *unmappedWords) first(field, word string) bool {
	if u == nil {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	key := [2]string{field, word}
	if u.seen[key] || len(u.seen) >= maxUnmapped {
		return false
	}
	u.seen[key] = true
	return true
}
