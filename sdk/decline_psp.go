package sdk

import (
	"cmp"
	"context"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// DeclineTable is how one PSP declines: what its codes mean, and where its
// documentation says more of a code, or something else, than the unified table.
type DeclineTable struct {
	// Unified are the unified codes of the PSP's documented ones.
	Unified map[string]string
	// Overrides are rows by the PSP's code. They come before Unified, and may have
	// codes that it does not have.
	Overrides map[string]DeclineRow
}

// DeclineRow says what one of a PSP's codes means. What is left at zero is that
// of the unified code.
type DeclineRow struct {
	Code     string // the unified code
	Hardness paymentsv1.DeclineHardness
	Retry    paymentsv1.DeclineRetry
	Actor    paymentsv1.DeclineActor
}

// Declined is what a PSP says of a decline; what it does not say is empty.
type Declined struct {
	Code, Message string // the PSP's own
	Network       string // in lower case, such as "visa"
	NetworkCode   string // the network's response code
	AdviceCode    string // the network's advice: a merchant advice code, a category
}

// Decline is the block for what the PSP said. A code that the table does not have
// is reported by Unmapped, and means what the network's response code does, or else
// is a GenericDecline. The network's advice makes a decline stricter,
// and never softer.
func (t DeclineTable) Decline(ctx context.Context, said Declined) *paymentsv1.Decline {
	row, ok := t.Overrides[said.Code]
	if !ok {
		row.Code, ok = t.Unified[said.Code]
	}
	if !ok {
		if said.Code != "" {
			Unmapped(ctx, "decline.code", said.Code)
		}
		row.Code, _ = NetworkDecline(said.Network, said.NetworkCode)
	}
	d := NewDecline(row.Code)
	d.Hardness = cmp.Or(row.Hardness, d.GetHardness())
	d.Retry = cmp.Or(row.Retry, d.GetRetry())
	d.Actor = cmp.Or(row.Actor, d.GetActor())
	if advice, ok := NetworkAdvice(said.Network, said.AdviceCode); ok {
		advice.applyTo(d)
	}
	d.NetworkCode, d.AdviceCode = said.NetworkCode, said.AdviceCode
	d.ConnectorCode, d.ConnectorMessage = said.Code, said.Message
	return d
}
