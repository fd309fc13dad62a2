package connectortest

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/sdk/wire"
)

// readFaultTraits is each failing, for operations that only read: the error says
// that a repeat is harmless, and a repeat is answered.
func readFaultTraits() []trait {
	var all []trait
	for _, f := range failings() {
		all = append(all, trait{
			name: f.name, aspect: Faults, only: atPSP(reading), driver: true, phase: f.phase(),
			summary: "It says UNAVAILABLE, never UNKNOWN, where " + strings.NewReplacer(
				"does it", "looks", "doing it", "looking", "what it did", "anything").Replace(f.summary),
			run: func(c *Case, r row) { readFails(c, r, f) },
		})
	}
	return all
}

// readFails has a read fail, and repeats it.
func readFails(c *Case, r row, f failing) {
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	remove := c.fault(f.fault, j.marks...)
	var opts []callOption
	if f.slow {
		opts = append(opts, within(c.shortTime()))
	}
	err := c.invoke(r.operation, j.req, op.response(), opts...)
	if f.slow {
		c.inTime(r.operation, c.shortTime(), err)
	}
	if asksByPost(r) && status.Code(err) == codes.Unknown {
		c.failed(r.operation, err, codes.Unknown, wire.ReasonOutcomeUnknown)
	} else {
		c.refused(r.operation, err, codes.Unavailable)
	}
	remove()
	c.perform(r, j)
	c.alive()
}

// asksByPost says whether PSPs offer a reading operation as a request that might
// change something as far as HTTP is concerned.
func asksByPost(r row) bool {
	return strings.HasPrefix(r.operation, "Check") || strings.HasPrefix(r.operation, "Calculate")
}
