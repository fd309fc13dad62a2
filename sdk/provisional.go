package sdk

import "strings"

// provisional begins the ids of payments that have no id of the PSP's yet.
const provisional = "reference:"

// ProvisionalID is the id of a payment that waits for its payer at a PSP that
// gives it an id only when that is over: it names the payment by the caller's
// reference. The answer to Complete then has the PSP's id; the integrity check
// holds it against the reference instead.
func ProvisionalID(reference string) string { return provisional + reference }

// ProvisionalReference returns the reference in a ProvisionalID.
func ProvisionalReference(id string) (reference string, ok bool) {
	return strings.CutPrefix(id, provisional)
}
