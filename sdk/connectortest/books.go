package connectortest

import (
	"net/http"

	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
)

// entry is what a charge in the PSP's books should be, in the contract's units.
type entry struct {
	amount, captured, refunded int64
	voided                     bool
}

// charges lists the charges of a reference in the books.
func (c *Case) chargesOf(reference string) []Charge {
	all, err := c.psp.charges(c.ctx)
	if err != nil {
		c.Fatalf("the PSP's books: %v", err)
	}
	var found []Charge
	for _, charge := range all {
		if charge.Reference == reference {
			found = append(found, charge)
		}
	}
	return found
}

// booked ends the case if the books do not have exactly one charge of the
// reference, with the given amounts. Without books there is nothing to say.
func (c *Case) booked(reference, currency string, want entry) {
	if !c.psp.driven {
		return
	}
	if len(c.plan.PSP.Asynchronous) > 0 {
		c.settles(reference, currency, want)
	}
	found := c.chargesOf(reference)
	if len(found) != 1 {
		c.Fatalf("the PSP's books: expected exactly one charge of %s, got %d: %+v", reference, len(found), found)
	}
	got := found[0]
	equal(c, "the PSP's books: currency of "+reference, currency, got.Currency)
	for _, sum := range []struct {
		name      string
		want, got int64
	}{
		{"amount", want.amount, got.Amount},
		{"captured", want.captured, got.Captured},
		{"refunded", want.refunded, got.Refunded},
	} {
		equal(c, "the PSP's books: "+sum.name+" of "+reference, c.units(currency, sum.want), sum.got)
	}
	equal(c, "the PSP's books: voided of "+reference, want.voided, got.Voided)
}

// unbooked ends the case if the books have a charge of the reference.
func (c *Case) unbooked(reference string) {
	if !c.psp.driven {
		return
	}
	if found := c.chargesOf(reference); len(found) > 0 {
		c.Fatalf("the PSP's books: expected no charge of %s, got %+v", reference, found)
	}
}

// units says an amount as the PSP counts it.
func (c *Case) units(currency string, minor int64) int64 {
	at, ok := c.plan.Exponents[currency]
	if !ok {
		return minor
	}
	for have := sdk.Exponent(currency); have < at; have++ {
		minor *= 10
	}
	for have := sdk.Exponent(currency); have > at; have-- {
		minor /= 10
	}
	return minor
}

// fault makes the PSP fail for requests that contain one of the texts, until the
// returned function is called, at the latest when the case ends. The function
// also ends the case if no request met the fault, or if it could not be made.
func (c *Case) fault(f pspdriver.Fault, texts ...string) (remove func()) {
	f.Match.Contains = texts
	undo, err := c.psp.fault(c.ctx, f)
	if err != nil {
		c.Fatalf("%v", err)
	}
	c.Cleanup(func() { _ = undo() })
	return func() {
		if err := undo(); err != nil {
			c.Fatalf("%v", err)
		}
		met := false
		for _, r := range c.sent(texts...) {
			if r.FaultError != "" {
				c.Fatalf("the driver can't make the fault %s of %s %s: %s (psp.answers in test.yaml)", f.Kind, r.Method, r.Path, r.FaultError)
			}
			met = met || r.Fault == f.Kind
		}
		if !met {
			c.Fatalf("expected a request at the PSP that contains one of %q and meets the fault %s, got none", texts, f.Kind)
		}
	}
}

// sent lists what the PSP was sent that contains one of the texts.
func (c *Case) sent(texts ...string) []pspdriver.Request {
	found, err := c.psp.requests(c.ctx, texts...)
	if err != nil {
		c.Fatalf("%v", err)
	}
	return found
}

// silent ends the case if the PSP was sent anything that contains the text.
func (c *Case) silent(what, text string) {
	if !c.psp.driven {
		return
	}
	if found := c.sent(text); len(found) > 0 {
		c.Fatalf("%s: expected that nothing is sent to the PSP, got %s %s", what, found[0].Method, found[0].Path)
	}
}

// writes are requests that may change something.
func writesOf(requests []pspdriver.Request) []pspdriver.Request {
	var found []pspdriver.Request
	for _, r := range requests {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			found = append(found, r)
		}
	}
	return found
}
