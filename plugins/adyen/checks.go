package adyen

import (
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
func check(result string, meanings map[string]paymentsv1.CheckResult) paymentsv1.CheckResult {
	number, _, _ := strings.Cut(result, " ")
	return meanings[number]
}

// cvcResults are those of the security code.
// Source: https://docs.adyen.com/development-resources/testing/cvc-cvv-result-codes.
func cvcResults() map[string]paymentsv1.CheckResult {
	return map[string]paymentsv1.CheckResult{
		"0": unavailable, "1": match, "2": mismatch, "3": notChecked, "4": notChecked, "5": unavailable, "6": notChecked,
	}
}

// avsStreets and avsPostalCodes are those of the address: 1 street alone, 2 neither,
// 3 to 5 not checked, 6 postal code alone, 7 both.
// Source: https://docs.adyen.com/risk-management/configure-standard-risk-rules/consistency-rules.
func avsStreets() map[string]paymentsv1.CheckResult {
	return map[string]paymentsv1.CheckResult{
		"0": unavailable, "1": match, "2": mismatch, "3": unavailable, "4": unavailable, "5": notChecked, "6": mismatch, "7": match,
	}
}

func avsPostalCodes() map[string]paymentsv1.CheckResult {
	return map[string]paymentsv1.CheckResult{
		"0": unavailable, "1": mismatch, "2": mismatch, "3": unavailable, "4": unavailable, "5": notChecked, "6": match, "7": match,
	}
}
