package sandbox

import (
	_ "embed"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

//go:embed words.csv
var wordsFile string

// What the PSP's words mean. A word that is not in words.csv is UNKNOWN, or nothing.
var (
	words = sdk.ReadVocabulary(wordsFile)

	paymentStatus        = sdk.WordsOf[paymentsv1.PaymentStatus](words, "payment.status")
	refundStatus         = sdk.WordsOf[paymentsv1.RefundStatus](words, "refund.status")
	orderStatus          = sdk.WordsOf[paymentsv1.OrderStatus](words, "order.status")
	mandateStatus        = sdk.WordsOf[paymentsv1.MandateStatus](words, "mandate.status")
	authenticationStatus = sdk.WordsOf[paymentsv1.AuthenticationStatus](words, "authentication.status")
	customerStatus       = sdk.WordsOf[paymentsv1.CustomerStatus](words, "customer.status")
	disputeStatus        = sdk.WordsOf[paymentsv1.DisputeStatus](words, "dispute.status")
	payoutStatus         = sdk.WordsOf[paymentsv1.PayoutStatus](words, "payout.status")
	recipientStatus      = sdk.WordsOf[paymentsv1.PayoutRecipientStatus](words, "payout_recipient.status")

	storeUsage      = sdk.WordsOf[paymentsv1.SetupFutureUsage](words, "payment.store")
	amountKind      = sdk.WordsOf[paymentsv1.MandateAmountKind](words, "mandate.amount_kind")
	intervalUnit    = sdk.WordsOf[paymentsv1.MandateIntervalUnit](words, "mandate.interval_unit")
	transStatus     = sdk.WordsOf[paymentsv1.ThreeDsStatus](words, "three_ds.status")
	liability       = sdk.WordsOf[paymentsv1.LiabilityShift](words, "three_ds.liability")
	disputeStage    = sdk.WordsOf[paymentsv1.DisputeStage](words, "dispute.stage")
	disputeReason   = sdk.WordsOf[paymentsv1.DisputeReason](words, "dispute.reason")
	disputeEvidence = sdk.WordsOf[paymentsv1.DisputeEvidenceType](words, "dispute.evidence")
)
