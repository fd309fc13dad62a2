package stripe

import (
	"cmp"
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
)

// fieldOf names the field of our request that Stripe finds fault with, or
// nothing where there is none.
func fieldOf(e *api.Error) string {
	if label, ok := strings.CutPrefix(e.Param, "metadata["); ok {
		return "metadata." + strings.TrimSuffix(label, "]")
	}
	field := cmp.Or(words.Texts("error.field")[e.Code], idField(e))
	for param := e.Param; param != "" && field == ""; param = param[:max(0, strings.LastIndexByte(param, '['))] {
		field = words.Texts("param.within")[param]
	}
	return cmp.Or(field, words.Texts("param")[e.Param])
}

// idField is the field of the id in a request's path. Stripe calls it by names of its
// own, and "intent" is the name for payments and setups.
func idField(e *api.Error) string {
	switch e.Param {
	case "payment_intent":
		return "payment_id"
	case "id", "intent", "refund", "payment_method", "customer", "dispute", "payout":
		if collection, id, _ := strings.Cut(strings.TrimPrefix(e.Path, "/v1/"), "/"); id != "" {
			return words.Texts("path.id")[collection]
		}
	}
	return ""
}
