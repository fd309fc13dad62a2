package stripe

import (
	_ "embed"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

var (
	//go:embed words.csv
	wordsFile string
	//go:embed capabilities.csv
	capabilitiesFile string
)

// capabilities say with what the operations work.
var capabilities = sdk.ReadCapabilities(capabilitiesFile)

// What Stripe's words mean, and how Stripe says ours.
var (
	words = sdk.ReadVocabulary(wordsFile)

	paymentStatuses = sdk.WordsOf[paymentsv1.PaymentStatus](words, "payment.status")
	chargeStatuses  = sdk.WordsOf[paymentsv1.PaymentStatus](words, "charge.status")
	setupStatuses   = sdk.WordsOf[paymentsv1.MandateStatus](words, "setup.status")
	mandateStatuses = sdk.WordsOf[paymentsv1.MandateStatus](words, "mandate.status")
	refundStatuses  = sdk.WordsOf[paymentsv1.RefundStatus](words, "refund.status")
	payoutStatuses  = sdk.WordsOf[paymentsv1.PayoutStatus](words, "payout.status")
	disputeStages   = sdk.WordsOf[paymentsv1.DisputeStage](words, "dispute.stage")
	disputeStatuses = sdk.WordsOf[paymentsv1.DisputeStatus](words, "dispute.status")
	disputeReasons  = sdk.WordsOf[paymentsv1.DisputeReason](words, "dispute.reason")
	evidenceFiles   = sdk.WordsOf[paymentsv1.DisputeEvidenceType](words, "evidence.file")
	evidenceTexts   = sdk.WordsOf[paymentsv1.DisputeEvidenceType](words, "evidence.text")
	fundings        = sdk.WordsOf[paymentsv1.CardFunding](words, "card.funding")
	checks          = sdk.WordsOf[paymentsv1.CheckResult](words, "card.check")
	threeDSResults  = sdk.WordsOf[paymentsv1.ThreeDsStatus](words, "three_ds.result")
	aresStatuses    = sdk.WordsOf[paymentsv1.ThreeDsStatus](words, "three_ds.ares_trans_status")
	captureMethods  = sdk.WordsOf[paymentsv1.CaptureMethod](words, "capture_method")
	holderTypes     = sdk.WordsOf[paymentsv1.BankAccountOwnerKind](words, "account_holder_type")
	accountTypes    = sdk.WordsOf[paymentsv1.BankAccountKind](words, "account_type")
	setupUsages     = sdk.WordsOf[paymentsv1.SetupFutureUsage](words, "setup_future_usage")
)
