package connectortest

import (
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// together is how many calls are made at once where that matters.
const together = 8

// keyTraits holds what is declared idempotent by key to it.
func keyTraits() []trait {
	return []trait{
		{
			name: "replay", aspect: Idempotency, only: writing, keyed: true,
			summary: "It answers a repeat with the same key as before, and does nothing twice",
			run:     func(c *Case, r row) { replay(c, r, c.main) },
		},
		{
			name: "replay-elsewhere", aspect: Idempotency, only: writing, keyed: true,
			summary: "It answers a repeat on another instance as before: no instance keeps state",
			run:     func(c *Case, r row) { replay(c, r, c.elsewhere()) },
		},
		{
			name: "key-reused", aspect: Idempotency, only: writing, keyed: true,
			summary: "It refuses another request with the same key as IDEMPOTENCY_KEY_REUSED",
			run:     keyReused,
		},
		{
			name: "key-at-psp", aspect: Idempotency, only: writing, keyed: true, driver: true,
			summary: "It gives the PSP the key of the call",
			run:     keyAtPSP,
		},
		{
			name: "same-key-at-once", aspect: Idempotency, only: writing, keyed: true,
			summary: "It is done once for calls with the same key at the same time",
			run:     sameKeyAtOnce,
		},
	}
}

// byKey says whether an operation is declared idempotent by key.
func (c *Case) byKey(operation string) bool {
	return c.declared[operation].GetIdempotency().GetKind() == connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY
}

func replay(c *Case, r row, elsewhere *instance) {
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	first, second, key := op.response(), op.response(), c.newKey()
	c.ok(r.operation, c.invoke(r.operation, j.req, first, withKey(key)))
	j.done(first)
	c.ok(r.operation+" again", c.invoke(r.operation, j.req, second, withKey(key), on(elsewhere)))
	c.same(r.operation+" again", first, second)
	if j.once != nil {
		j.once()
	}
}

func keyReused(c *Case, r row) {
	j := r.begin(c)
	if j.other == nil {
		c.Skipf("there is no other request of %s that is as good", r.operation)
	}
	op, _ := operationNamed(r.operation)
	first, key := op.response(), c.newKey()
	c.ok(r.operation, c.invoke(r.operation, j.req, first, withKey(key)))
	j.done(first)
	err := c.invoke(r.operation, j.other, op.response(), withKey(key))
	c.refused(r.operation+" with another content", err, codes.FailedPrecondition, wire.ReasonKeyReused)
	if j.once != nil {
		j.once()
	}
}

func keyAtPSP(c *Case, r row) {
	j := r.begin(c)
	key := c.newKey()
	c.perform(r, j, withKey(key))
	writes := 0
	for _, req := range writesOf(c.sent(key)) {
		if req.Contains(j.marks...) {
			writes++
		}
	}
	equal(c, "requests at the PSP with the call's key that may change something", 1, writes)
}

func sameKeyAtOnce(c *Case, r row) {
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	key := c.newKey()
	answers := make([]proto.Message, together)
	errs := make([]error, together)
	var calls sync.WaitGroup
	for i := range together {
		answers[i] = op.response()
		calls.Go(func() { errs[i] = c.invoke(r.operation, j.req, answers[i], withKey(key)) })
	}
	calls.Wait()
	var told []proto.Message // PSPs may say of a request that another with its key is still under way
	for i, err := range errs {
		if err == nil && !strings.HasSuffix(statusOf(answers[i]), "_STATUS_UNKNOWN") {
			told = append(told, answers[i])
			continue
		}
		c.unknown(r, answers[i], err)
	}
	if len(told) == 0 {
		c.Fatalf("%s at the same time: expected at least one that tells the outcome, got none", r.operation)
	}
	for _, answer := range told {
		c.same(r.operation+" at the same time", told[0], answer)
	}
	j.done(told[0])
	if j.once != nil {
		j.once()
	}
}
