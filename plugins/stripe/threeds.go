package stripe

import (
	"context"
	"slices"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

const (
	riskAnalysis = paymentsv1.ScaExemption_SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS
	lowRisk      = "low_risk" // is what Stripe calls it
)

// setThreeDS says how the payer is authenticated: by Stripe, with the caller's
// wish, or by somebody else, with this result.
// Sources: https://docs.stripe.com/payments/3d-secure/authentication-flow#manual-three-ds
// and https://docs.stripe.com/payments/payment-intents/three-d-secure-import.
func setThreeDS(stripe *call, options *api.CardOptions, t *paymentsv1.ThreeDs) {
	external := t.GetExternal()
	switch {
	case t.GetAuthenticationId() != "":
		stripe.refuse("three_ds.authentication_id", "is not taken: this connector has no AuthenticationService")
	case t.GetExemption() == paymentsv1.ScaExemption_SCA_EXEMPTION_UNSPECIFIED:
	case external == nil:
		stripe.refuse("three_ds.exemption", "is taken with three_ds.external alone; otherwise Stripe claims exemptions by itself")
	case t.GetExemption() != riskAnalysis:
		stripe.refuse("three_ds.exemption", "must be SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS")
	}
	if external != nil {
		options.ThreeDSecure = importThreeDS(stripe, external)
		if t.GetExemption() == riskAnalysis {
			options.ThreeDSecure.ExemptionIndicator = lowRisk
		}
	}
	switch t.GetChallengePreference() {
	case paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE,
		paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE_MANDATED:
		options.RequestThreeDSecure = "challenge"
	case paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_DATA_ONLY:
		stripe.refuse("three_ds.challenge_preference", "data only is not Stripe's to do")
	default: // Stripe decides
	}
}

func importThreeDS(stripe *call, from *paymentsv1.ThreeDsAuthentication) *api.ThreeDSecure {
	if !slices.Contains([]string{"2.1.0", "2.2.0", "2.3.0", "2.3.1"}, from.GetVersion()) {
		stripe.refuse("three_ds.external.version", "must be 2.1.0, 2.2.0, 2.3.0 or 2.3.1")
	}
	status := aresStatuses.Word(from.GetStatus())
	if status == "" {
		stripe.refuse("three_ds.external.status", "must be an outcome; a challenge that is required is none")
	}
	if from.GetCavv() == "" {
		stripe.refuse("three_ds.external.cavv", "Stripe needs it")
	}
	return &api.ThreeDSecure{
		ARESTransStatus: status, Version: from.GetVersion(), TransactionID: from.GetDsTransactionId(),
		Cryptogram: from.GetCavv(), ElectronicCommerceIndicator: from.GetEci(),
	}
}

// threeDSResult says what became of an authentication; nil if there was none.
// Source: three_d_secure in https://docs.stripe.com/api/charges/object.
func threeDSResult(ctx context.Context, r *api.ThreeDSecureResult) *paymentsv1.ThreeDsResult {
	if r == nil {
		return nil
	}
	result := &paymentsv1.ThreeDsResult{Authentication: &paymentsv1.ThreeDsAuthentication{
		Version: r.Version, DsTransactionId: r.TransactionID, Eci: r.ElectronicCommerceIndicator,
		Challenged: r.AuthenticationFlow == "challenge", Status: threeDSResults.Meaning(ctx, r.Result),
	}}
	if r.ExemptionIndicator == lowRisk {
		result.Exemption = riskAnalysis
	}
	return result
}
