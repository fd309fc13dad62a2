package adyen

import (
	_ "embed"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

//go:embed words.csv
var wordsFile string

// What Adyen's words mean; words.csv names the sources.
var (
	words = sdk.ReadVocabulary(wordsFile)

	resultCode         = sdk.WordsOf[paymentsv1.PaymentStatus](words, "payment.status")
	modificationStatus = sdk.WordsOf[paymentsv1.PaymentStatus](words, "modification.status")
	refundStatus       = sdk.WordsOf[paymentsv1.RefundStatus](words, "refund.status")

	funding           = sdk.WordsOf[paymentsv1.CardFunding](words, "card.funding")
	securityCodeCheck = sdk.WordsOf[paymentsv1.CheckResult](words, "card.security_code_check")
	streetCheck       = sdk.WordsOf[paymentsv1.CheckResult](words, "card.street_check")
	postalCodeCheck   = sdk.WordsOf[paymentsv1.CheckResult](words, "card.postal_code_check")

	liabilityShift      = sdk.WordsOf[paymentsv1.LiabilityShift](words, "three_ds.liability_shift")
	threeDSStatus       = sdk.WordsOf[paymentsv1.ThreeDsStatus](words, "three_ds.status")
	challengePreference = sdk.WordsOf[paymentsv1.ChallengePreference](words, "three_ds.challenge_preference")
	exemption           = sdk.WordsOf[paymentsv1.ScaExemption](words, "three_ds.exemption")

	industryUsage = sdk.WordsOf[paymentsv1.MerchantInitiatedReason](words, "industry_usage")
	ownerKind     = sdk.WordsOf[paymentsv1.BankAccountOwnerKind](words, "bank_account.owner_kind")
	accountKind   = sdk.WordsOf[paymentsv1.BankAccountKind](words, "bank_account.kind")

	paymentEvent  = sdk.WordsOf[paymentsv1.PaymentStatus](words, "event.payment")
	paymentFailed = sdk.WordsOf[paymentsv1.PaymentStatus](words, "event.payment.failed")
	refundEvent   = sdk.WordsOf[paymentsv1.RefundStatus](words, "event.refund")
	refundFailed  = sdk.WordsOf[paymentsv1.RefundStatus](words, "event.refund.failed")
	payoutEvent   = sdk.WordsOf[paymentsv1.PayoutStatus](words, "event.payout")
	payoutFailed  = sdk.WordsOf[paymentsv1.PayoutStatus](words, "event.payout.failed")
	mandateEvent  = sdk.WordsOf[paymentsv1.MandateStatus](words, "event.mandate")
	mandateFailed = sdk.WordsOf[paymentsv1.MandateStatus](words, "event.mandate.failed")
	disputeEvent  = sdk.WordsOf[paymentsv1.DisputeStatus](words, "event.dispute")
	disputeStage  = sdk.WordsOf[paymentsv1.DisputeStage](words, "event.dispute.stage")
)

// oursOf is our word that a table of ours and Adyen's has for one of Adyen's, or nothing.
func oursOf(table map[string]string, theirs string) string {
	for ours, word := range table {
		if word == theirs {
			return ours
		}
	}
	return ""
}
