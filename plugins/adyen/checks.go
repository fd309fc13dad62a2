package adyen

import (
	"strconv"
	"strings"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

const (
	match       = paymentsv1.CheckResult_CHECK_RESULT_MATCH
	mismatch    = paymentsv1.CheckResult_CHECK_RESULT_MISMATCH
	notChecked  = paymentsv1.CheckResult_CHECK_RESULT_NOT_CHECKED
	unavailable = paymentsv1.CheckResult_CHECK_RESULT_UNAVAILABLE
)

// check reads the number at the head of "1 Matches".
func check(result string, meanings ...paymentsv1.CheckResult) paymentsv1.CheckResult {
	number, _, _ := strings.Cut(result, " ")
	if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(meanings) {
		return meanings[i]
	}
	return 0
}

// checkSecurityCode reads a cvcResult.
// Source: https://docs.adyen.com/development-resources/testing/cvc-cvv-result-codes.
func checkSecurityCode(result string) paymentsv1.CheckResult {
	return check(result, unavailable, match, mismatch, notChecked, notChecked, unavailable, notChecked)
}

// checkAddress reads an avsResult: 1 the street alone, 6 the postal code alone, 7 both.
// Source: https://docs.adyen.com/risk-management/configure-standard-risk-rules/consistency-rules.
func checkAddress(result string) (street, postalCode paymentsv1.CheckResult) {
	return check(result, unavailable, match, mismatch, unavailable, unavailable, notChecked, mismatch, match),
		check(result, unavailable, mismatch, mismatch, unavailable, unavailable, notChecked, match, match)
}
