package connectortest

import (
	"encoding/json"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
	"github.com/patchbay/patchbay/sdk/wire"
)

// strangeWord is a word that no PSP has.
const strangeWord = "quux_of_next_year"

// answerTraits is about answers that are well-formed and not to be believed. They
// want to know where in the PSP's answers things stand.
func answerTraits() []trait {
	changed := func(name, what string, field func(Answers) string, value func(*Plan) any) trait {
		return trait{
			name: "other-" + name, aspect: Integrity, only: atPSP(nil), driver: true,
			summary: "It says INTEGRITY_MISMATCH where the PSP's answer has another " + what,
			plan:    answerTold,
			applies: answerHas(field),
			run: func(c *Case, r row) {
				contradicts(c, r, field(c.plan.PSP.Answers[r.operation]), value(c.plan))
			},
		}
	}
	return []trait{
		{
			name: "unknown-word", aspect: Faults, only: atPSP(nil), driver: true,
			summary: "It says UNKNOWN, neither success nor failure, where the PSP's status is a word that it does not know",
			plan:    answerTold,
			applies: answerHas(func(a Answers) string { return a.Status }),
			run:     unknownWord,
		},
		changed("amount", "amount", func(a Answers) string { return a.Amount }, func(p *Plan) any { return p.otherAmount() }),
		changed("currency", "currency", func(a Answers) string { return a.Currency }, func(p *Plan) any { return p.otherCurrency() }),
		changed("reference", "reference", func(a Answers) string { return a.Reference }, func(*Plan) any { return "another-order" }),
		changed("id", "id", func(a Answers) string { return a.ID }, func(*Plan) any { return "another_id" }),
	}
}

// answerTold wants the plan to describe the PSP's answer to an operation.
func answerTold(p *Plan, r row) string {
	if _, told := p.PSP.Answers[r.operation]; !told {
		return "psp.answers." + r.operation + " in test.yaml is missing"
	}
	return ""
}

// answerHas leaves out what the PSP's answer does not have.
func answerHas(field func(Answers) string) func(*Plan, row) bool {
	return func(p *Plan, r row) bool {
		answer, told := p.PSP.Answers[r.operation]
		return !told || field(answer) != ""
	}
}

func unknownWord(c *Case, r row) {
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	resp, key := op.response(), c.newKey()
	word, has := unknownStatus(resp)
	if !has {
		c.Skipf("the answer of %s has no status", r.operation)
	}
	remove := c.fault(pspdriver.Fault{
		Kind: pspdriver.UnknownWord, Path: c.plan.PSP.Answers[r.operation].Status, Value: quoted(strangeWord),
		Match: pspdriver.Match{Writes: !c.onlyReads(r)},
	}, j.marks...)
	c.ok(r.operation, c.invoke(r.operation, j.req, resp, withKey(key)))
	equal(c, "status", string(word), statusOf(resp))
	remove()
	if j.once != nil {
		j.once()
	}
	if c.byKey(r.operation) || c.onlyReads(r) {
		c.perform(r, j, withKey(key))
	}
}

// contradicts has the PSP answer with something else than it was asked.
func contradicts(c *Case, r row, path string, value any) {
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	key := c.newKey()
	remove := c.fault(pspdriver.Fault{Kind: pspdriver.UnknownWord, Path: path, Value: quoted(value), Match: pspdriver.Match{Writes: !c.onlyReads(r)}}, j.marks...)
	err := c.invoke(r.operation, j.req, op.response(), withKey(key))
	f := c.failed(r.operation, err, codes.Unknown, wire.ReasonIntegrityMismatch)
	if f.Sent != wire.SentMaybe {
		c.Fatalf("%s: expected sent MAYBE, got %s", r.operation, failureText(err))
	}
	remove()
	if j.once != nil {
		j.once()
	}
	if c.byKey(r.operation) || c.onlyReads(r) {
		c.perform(r, j, withKey(key))
	}
}

func quoted(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err) // a word or a number of a plan
	}
	return raw
}

// otherAmount is an amount, in the PSP's notation, that nobody asked for.
func (p *Plan) otherAmount() any {
	if p.PSP.OtherAmount != nil {
		return p.PSP.OtherAmount
	}
	return 1
}

// otherCurrency is a currency, in the PSP's notation, that nobody asked for.
func (p *Plan) otherCurrency() any {
	switch {
	case p.PSP.OtherCurrency != "":
		return p.PSP.OtherCurrency
	case p.Currency == "EUR":
		return "USD"
	default:
		return "EUR"
	}
}
