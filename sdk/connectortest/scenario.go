package connectortest

import (
	"fmt"
	"slices"
	"strings"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// Aspect is what a scenario says about an operation: a column of the capability
// matrix.
type Aspect string

// The aspects. An operation is proven by its happy path and, where the PSP's
// stand-in can fail, by its faults.
const (
	Happy       Aspect = "happy"       // it does what it is for, and the PSP's books say so
	State       Aspect = "state"       // it is refused where the state forbids it
	Amounts     Aspect = "amounts"     // parts, the rest, too much, every currency
	Declines    Aspect = "declines"    // a refusal is an answer with a unified code
	Validation  Aspect = "validation"  // what is invalid never reaches the PSP
	Idempotency Aspect = "idempotency" // a repeat does nothing twice
	Faults      Aspect = "faults"      // a failing PSP is told for what it is
	Integrity   Aspect = "integrity"   // an answer that contradicts the request does not pass
	Secrecy     Aspect = "secrecy"     // no secret is logged or told
	Lifecycle   Aspect = "lifecycle"   // processes come and go
	Described   Aspect = "described"   // what is said of it is true
)

// Cell is one cell of the matrix. An empty operation is the connector as a whole.
type Cell struct {
	Operation string `json:"operation,omitempty"`
	Aspect    Aspect `json:"aspect"`
}

// Scenario is one thing that holds for every connector.
type Scenario struct {
	// ID is subject and name. Example: "capture/partial".
	ID string
	// Summary is one sentence that is true if the scenario passes.
	Summary string
	// Needs is what must be there for the scenario to mean anything.
	Needs Needs
	// Proves lists the cells of the matrix that it fills.
	Proves []Cell

	run   func(*Case)
	phase phase
}

// phase is when a scenario runs, and beside which others.
type phase int

const (
	atFirst phase = iota // most, side by side
	waiting              // those that mostly wait, side by side, when the machine is quiet
	atLast               // those that look at what the others have left, one by one
)

// Needs is what a scenario needs. Where operations are missing, or Applies says so,
// it does not apply; where anything else is missing, it is skipped.
type Needs struct {
	Operations []string // declared by the connector
	NativeKey  []string // operations that are declared idempotent by key
	Driver     bool     // the PSP fails on request and keeps books
	Process    bool     // the connector is a program of its own
	// Plan returns what the plan lacks, or nothing.
	Plan func(*Plan) string
	// Applies says whether the plan has a place for it at all; nil: it has.
	Applies func(*Plan) bool
}

// applies says whether a scenario is about anything that the connector has. Where
// it is not, nothing is said of it.
func (n Needs) applies(w *world) bool {
	for _, op := range slices.Concat(n.Operations, n.NativeKey) {
		if w.declared[op] == nil {
			return false
		}
	}
	return n.Applies == nil || n.Applies(w.plan)
}

// missing says why a scenario that applies can't run, or nothing.
func (n Needs) missing(w *world) string {
	for _, op := range n.NativeKey {
		if kind := w.declared[op].GetIdempotency().GetKind(); kind != connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY {
			return fmt.Sprintf("%s is declared %s", op, kind)
		}
	}
	switch {
	case n.Driver && w.psp.url == "":
		return "there is no stand-in of the PSP (psp in test.yaml)"
	case n.Driver && !w.psp.driven:
		return "the PSP's stand-in has no driver (psp.command, psp.driver or psp.driver_url in test.yaml)"
	case n.Process && w.target.process() == nil:
		return "the connector is served in the test's own process"
	case n.Plan != nil:
		return n.Plan(w.plan)
	}
	return ""
}

// Scenarios lists what holds for every connector, with what the plan adds: its
// declines, its payment methods and its currencies. Without a plan, one line
// stands for each such family.
func Scenarios(plan *Plan) []Scenario {
	all := slices.Concat(
		handshakeScenarios(),
		describeScenarios(),
		accountScenarios(),
		operationScenarios(),
		authorizeScenarios(),
		methodScenarios(plan),
		declineScenarios(plan),
		currencyScenarios(plan),
		captureScenarios(),
		asynchronousScenarios(),
		voidScenarios(),
		readScenarios(),
		challengeScenarios(),
		evidenceScenarios(),
		webhookScenarios(),
		refundScenarios(),
		invalidScenarios(),
		concurrencyScenarios(),
		contextScenarios(),
		lifecycleScenarios(),
		secretScenarios(),
	)
	for i := range all {
		all[i].Summary = strings.TrimSuffix(all[i].Summary, ".")
	}
	return all
}

// cells says that all of some operations' cells of an aspect are proven.
func cells(aspect Aspect, operations ...string) []Cell {
	var all []Cell
	for _, op := range operations {
		all = append(all, Cell{op, aspect})
	}
	return all
}

// dashed says an operation's name as ids have it: CreateRefund is create-refund.
func dashed(operation string) string {
	var out strings.Builder
	for i, r := range operation {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				out.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		out.WriteRune(r)
	}
	return out.String()
}
