package connectortest

import (
	"fmt"
	"maps"
	"slices"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// currencyScenarios takes one unit in each currency that the connector takes.
func currencyScenarios(plan *Plan) []Scenario {
	var all []Scenario
	for _, places := range []int{0, 2, 3, 4} {
		all = append(all, Scenario{
			ID:      fmt.Sprintf("currencies/exponent-%d", places),
			Summary: fmt.Sprintf("One minor unit, and an odd amount, of each currency with %d decimal places arrive as such", places),
			Needs: Needs{Operations: []string{"Authorize"}, Plan: func(p *Plan) string {
				if len(p.currenciesOf(places)) == 0 {
					return "currencies in test.yaml has none of that kind"
				}
				return ""
			}},
			Proves: cells(Amounts, "Authorize"),
			run: func(c *Case) {
				for _, code := range c.plan.currenciesOf(places) {
					c.inCurrency(code)
				}
			},
		})
	}
	all = append(all, unknownCurrency())
	if plan == nil {
		return append(all, Scenario{ID: "currencies/<code>", Summary: "Each currency that the PSP counts in its own way (exponents) arrives as it should"})
	}
	for _, code := range slices.Sorted(maps.Keys(plan.Exponents)) {
		all = append(all, Scenario{
			ID:      "currencies/" + code,
			Summary: fmt.Sprintf("Amounts of %s, which the PSP counts with %d decimal places, arrive as they should", code, plan.Exponents[code]),
			Needs:   Needs{Operations: []string{"Authorize"}},
			Proves:  cells(Amounts, "Authorize"),
			run:     func(c *Case) { c.inCurrency(code) },
		})
	}
	return all
}

// currenciesOf lists the plan's currencies with so many decimal places in ISO 4217
// that the PSP counts in the same way.
func (p *Plan) currenciesOf(places int) []string {
	var found []string
	for _, code := range p.Currencies {
		if _, exceptional := p.Exponents[code]; !exceptional && sdk.Exponent(code) == places {
			found = append(found, code)
		}
	}
	return found
}

// inCurrency pays the smallest amount that the PSP can count, and an odd one.
func (c *Case) inCurrency(code string) {
	step := int64(1)
	for places := sdk.Exponent(code); places > c.plan.exponent(code); places-- {
		step *= 10
	}
	step = max(step, c.plan.Steps[code])
	for _, units := range []int64{step, 123_457 * step} {
		req := c.authorizeRequest(automatic)
		req.Amount = &paymentsv1.Money{CurrencyCode: code, MinorUnits: units}
		p, err := c.authorize(req)
		c.ok(fmt.Sprintf("Authorize %d %s", units, code), err)
		equal(c, "payment.status", captured, p.GetStatus())
		c.money("payment.amount", req.GetAmount(), p.GetAmount())
		c.money("payment.captured_amount", req.GetAmount(), p.GetCapturedAmount())
		c.booked(req.GetReference(), code, entry{amount: units, captured: units})
		c.agrees(p)
		if c.has("CreateRefund") {
			refund := c.refundRequest(p.GetId(), req.GetAmount())
			r, err := c.createRefund(refund)
			c.ok("CreateRefund", err)
			c.isRefund(refund, r)
			c.booked(req.GetReference(), code, entry{amount: units, captured: units, refunded: units})
		}
	}
	if step > 1 {
		req := c.authorizeRequest(automatic)
		req.Amount = &paymentsv1.Money{CurrencyCode: code, MinorUnits: step + 1}
		_, err := c.authorize(req)
		c.invalid(fmt.Sprintf("Authorize %d %s, which the PSP can't count", step+1, code), err, "amount.minor_units")
		c.unbooked(req.GetReference())
	}
}

func (p *Plan) exponent(code string) int {
	if places, ok := p.Exponents[code]; ok {
		return places
	}
	return sdk.Exponent(code)
}

func unknownCurrency() Scenario {
	return Scenario{
		ID:      "currencies/not-iso-4217",
		Summary: "A currency that ISO 4217 does not have is refused before the PSP hears of it",
		Needs:   Needs{Operations: []string{"Authorize"}},
		Proves:  cells(Validation, "Authorize"),
		run: func(c *Case) {
			for _, code := range []string{"XXX", "usd", "US", "USDT", "BTC"} {
				req := c.authorizeRequest(automatic)
				req.Amount = &paymentsv1.Money{CurrencyCode: code, MinorUnits: usual}
				_, err := c.authorize(req)
				c.invalid("Authorize in "+code, err, "amount.currency_code")
				c.silent("Authorize in "+code, req.GetReference())
			}
		},
	}
}
