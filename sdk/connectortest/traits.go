package connectortest

import (
	"fmt"
	"net/http"
	"strings"
)

// trait is something that holds for every operation of a kind; with an operation
// it makes a scenario.
type trait struct {
	name    string
	summary string // of the operation, which is "it"
	aspect  Aspect
	only    func(row) bool // nil: every operation
	keyed   bool           // needs an operation that is idempotent by key
	driver  bool
	phase   phase
	plan    func(*Plan, row) string // what the plan lacks for it
	applies func(*Plan, row) bool   // nil: always
	run     func(*Case, row)
}

// operationScenarios is every trait of every operation.
func operationScenarios() []Scenario {
	var all []Scenario
	for _, r := range rows() {
		for _, t := range traits() {
			if t.only != nil && !t.only(r) {
				continue
			}
			needs := Needs{Operations: append([]string{r.operation}, r.needs...), Driver: t.driver}
			if t.keyed {
				needs.NativeKey = []string{r.operation}
			}
			if t.plan != nil {
				needs.Plan = func(p *Plan) string { return t.plan(p, r) }
			}
			if t.applies != nil {
				needs.Applies = func(p *Plan) bool { return t.applies(p, r) }
			}
			all = append(all, Scenario{
				ID:      dashed(r.operation) + "/" + t.name,
				Summary: strings.Replace(t.summary, "It", r.operation, 1),
				Needs:   needs,
				Proves:  cells(t.aspect, r.operation),
				phase:   t.phase,
				run:     func(c *Case) { t.run(c, r) },
			})
		}
	}
	return all
}

// traits lists what holds for every operation of a kind.
func traits() []trait {
	var all []trait
	for _, of := range [][]trait{basicTraits(), keyTraits(), faultTraits(), lostTraits(), readFaultTraits(), answerTraits()} {
		all = append(all, of...)
	}
	return all
}

func writing(r row) bool { return !reads(r.operation) }

func reading(r row) bool { return reads(r.operation) }

// perform carries a job out and holds it to what it should do.
func (c *Case) perform(r row, j job, opts ...callOption) {
	op, _ := operationNamed(r.operation)
	resp := op.response()
	c.ok(r.operation, c.invoke(r.operation, j.req, resp, opts...))
	j.done(resp)
	if j.once != nil {
		j.once()
	}
	if writing(r) && c.onlyReads(r) && c.psp.driven {
		equal(c, "requests at the PSP that may change something, of an operation that is READ_ONLY", 0, len(writesOf(c.sent(j.marks...))))
	}
}

func basicTraits() []trait {
	return []trait{
		{
			name: "succeeds", aspect: Happy,
			summary: "It does what it is for, says so, and the PSP's books agree",
			run:     func(c *Case, r row) { c.perform(r, r.begin(c)) },
		},
		{
			name: "read-back", aspect: Happy, only: writing,
			summary: "What It did can be read back",
			run: func(c *Case, r row) {
				j := r.begin(c)
				if j.look == nil {
					c.Skipf("%s can't be read back, or the connector does not declare the operation that reads it", r.operation)
				}
				c.perform(r, j)
				j.look()
			},
		},
		{
			name: "read-twice", aspect: Idempotency, only: reading,
			summary: "It answers the same twice and changes nothing",
			run:     readTwice,
		},
		{
			name: "credentials", aspect: Faults, only: atPSP(nil),
			summary: "It says CREDENTIALS_REJECTED where the PSP refuses the account, and does nothing",
			plan: func(p *Plan, _ row) string {
				if len(p.RefusedAccount) == 0 {
					return "refused_account in test.yaml is missing"
				}
				return ""
			},
			run: refusedCredentials,
		},
		{
			name: "unreachable", aspect: Faults, only: atPSP(nil),
			summary: "It says UNAVAILABLE and sent NEVER where the PSP does not listen",
			plan: func(p *Plan, _ row) string {
				if !strings.Contains(fmt.Sprint(p.Account), PSPURL) {
					return "the account in test.yaml has no " + PSPURL
				}
				return ""
			},
			run: unreachable,
		},
	}
}

func readTwice(c *Case, r row) {
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	first, second := op.response(), op.response()
	c.ok(r.operation, c.invoke(r.operation, j.req, first))
	c.ok(r.operation, c.invoke(r.operation, j.req, second))
	c.same(r.operation+" again", first, second)
	j.done(second)
	if c.psp.driven && !r.local {
		for _, req := range c.sent(j.marks...) {
			if req.Method == http.MethodDelete {
				c.Fatalf("%s: expected a request that only reads, got %s %s", r.operation, req.Method, req.Path)
			}
		}
	}
}
