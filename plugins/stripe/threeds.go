package stripe

import (
	"context"
	"slices"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// setThreeDS says how the payer is authenticated: by Stripe, with the caller's
// wish, or by somebody else, with this result.
// Sources: https://docs.stripe.com/payments/3d-secure/authentication-flow#manual-three-ds
// and https://docs.stripe.com/payments/payment-intents/three-d-secure-import.
func setThreeDS(options *api.CardOptions, t *paymentsv1.ThreeDs) error {
	external := t.GetExternal()
	switch {
	case t.GetAuthenticationId() != "":
		return invalid("three_ds.authentication_id", "is not taken: this connector has no AuthenticationService")
	case t.GetExemption() == paymentsv1.ScaExemption_SCA_EXEMPTION_UNSPECIFIED:
	case external == nil:
		return invalid("three_ds.exemption", "is taken with three_ds.external alone; otherwise Stripe claims exemptions by itself")
	case t.GetExemption() != paymentsv1.ScaExemption_SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS:
		return invalid("three_ds.exemption", "must be SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS")
	}
	if external != nil {
		return importThreeDS(options, external, t.GetExemption())
	}
	switch t.GetChallengePreference() {
	case paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE, paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE_MANDATED:
		options.RequestThreeDSecure = "challenge"
	case paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_DATA_ONLY:
		return invalid("three_ds.challenge_preference", "data only is not Stripe's to do")
	default: // Stripe decides
	}
	return nil
}

func importThreeDS(options *api.CardOptions, from *paymentsv1.ThreeDsAuthentication, exemption paymentsv1.ScaExemption) error {
	if !slices.Contains([]string{"2.1.0", "2.2.0", "2.3.0", "2.3.1"}, from.GetVersion()) {
		return invalid("three_ds.external.version", "must be 2.1.0, 2.2.0, 2.3.0 or 2.3.1")
	}
	status := aresStatuses.Word(from.GetStatus())
	if status == "" {
		return invalid("three_ds.external.status", "must be an outcome; a challenge that is required is none")
	}
	if from.GetCavv() == "" {
		return invalid("three_ds.external.cavv", "Stripe needs it")
	}
	options.ThreeDSecure = &api.ThreeDSecure{
		ARESTransStatus:             status,
		Cryptogram:                  from.GetCavv(),
		ElectronicCommerceIndicator: from.GetEci(),
		TransactionID:               from.GetDsTransactionId(),
		Version:                     from.GetVersion(),
	}
	if exemption == paymentsv1.ScaExemption_SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS {
		options.ThreeDSecure.ExemptionIndicator = "low_risk"
	}
	return nil
}

// threeDSResult says what became of an authentication; nil if there was none.
// Source: three_d_secure in https://docs.stripe.com/api/charges/object.
func threeDSResult(ctx context.Context, r *api.ThreeDSecureResult) *paymentsv1.ThreeDsResult {
	if r == nil {
		return nil
	}
	told := &paymentsv1.ThreeDsAuthentication{
		Version: r.Version, DsTransactionId: r.TransactionID, Eci: r.ElectronicCommerceIndicator,
		Challenged: r.AuthenticationFlow == "challenge", Status: threeDSResults.Meaning(ctx, r.Result),
	}
	result := &paymentsv1.ThreeDsResult{Authentication: told}
	if r.ExemptionIndicator == "low_risk" {
		result.Exemption = paymentsv1.ScaExemption_SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS
	}
	return result
}
