package loyalty

import (
	"slices"
	"sync"

	loyaltyv1 "acme.example/connector-loyalty/proto/acme/loyalty/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// book holds the entries of all members. It is safe for concurrent use.
type book struct {
	mu      sync.Mutex
	members map[string]*account
}

type account struct {
	points  int64
	entries []*loyaltyv1.Entry
}

func newBook() *book { return &book{members: map[string]*account{}} }

func (b *book) balance(member string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of(member).points
}

func (b *book) entries(member string) []*loyaltyv1.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.of(member).entries)
}

// add books all entries at once.
func (b *book) add(batch []*loyaltyv1.ImportEntriesRequest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range batch {
		b.change(e.GetMemberId(), e.GetPoints(), e.GetReason())
	}
}

// take books a redemption, unless there are too few points, and tells what is
// left.
func (b *book) take(member string, points int64) (taken bool, left int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if taken = b.of(member).points >= points; taken {
		b.change(member, -points, "redeemed")
	}
	return taken, b.of(member).points
}

// of is the member's account; b.mu is held.
func (b *book) of(member string) account {
	if a := b.members[member]; a != nil {
		return *a
	}
	return account{}
}

// change books one entry; b.mu is held.
func (b *book) change(member string, points int64, reason string) {
	a := b.members[member]
	if a == nil {
		a = &account{}
		b.members[member] = a
	}
	a.points += points
	a.entries = append(a.entries, &loyaltyv1.Entry{Points: points, Reason: reason, BookTime: timestamppb.Now()})
}
