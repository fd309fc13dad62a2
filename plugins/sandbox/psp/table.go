package psp

import (
	"net/http"
	"slices"
	"sync"
)

// table holds the PSP's objects of one kind, in the order in which they came. It
// gives out copies only, so a rule replaces an object's slices and maps instead
// of writing into them.
type table[T any] struct {
	kind string // what one is called. Example: "mandate"

	mu    sync.RWMutex
	byID  map[string]*T
	order []*T
}

func newTable[T any](kind string) *table[T] {
	return &table[T]{kind: kind, byID: map[string]*T{}}
}

func (t *table[T]) add(id string, v T) T {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byID[id] = &v
	t.order = append(t.order, &v)
	return v
}

func (t *table[T]) get(id string) (T, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if v, ok := t.byID[id]; ok {
		return *v, nil
	}
	var none T
	return none, t.missing(id)
}

// change applies a rule to an object, which stays as it is if the rule refuses.
func (t *table[T]) change(id string, rule func(*T) error) (T, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.byID[id]
	if !ok {
		var none T
		return none, t.missing(id)
	}
	next := *v
	if err := rule(&next); err != nil {
		return *v, err
	}
	*v = next
	return next, nil
}

// each changes every object by a rule that can't refuse.
func (t *table[T]) each(rule func(*T)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range t.order {
		rule(v)
	}
}

// newest gives the objects that a condition holds for, the newest first.
func (t *table[T]) newest(holds func(T) bool) []T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	found := []T{}
	for _, one := range slices.Backward(t.order) {
		if holds(*one) {
			found = append(found, *one)
		}
	}
	return found
}

func (t *table[T]) missing(id string) error {
	return refuse(http.StatusNotFound, t.kind+"_not_found", t.kind+"_id", "there is no %s %q", t.kind, id)
}
