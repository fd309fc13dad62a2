package adyen

import (
	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// setThreeDS says how the payment is authenticated.
// Sources: https://docs.adyen.com/online-payments/3d-secure and, for the result of
// somebody else's, https://docs.adyen.com/online-payments/3d-secure/other-3ds-flows/import-mpi-result.
func setThreeDS(asked *api.PaymentRequest, t *paymentsv1.ThreeDs, native bool) error {
	if native {
		asked.AuthenticationData = &api.AuthenticationData{ThreeDSRequestData: &api.ThreeDSRequestData{NativeThreeDS: "preferred"}}
	}
	switch source := t.GetSource().(type) {
	case *paymentsv1.ThreeDs_AuthenticationId:
		return sdk.InvalidField("three_ds.authentication_id", "is not taken: Adyen authenticates within the payment")
	case *paymentsv1.ThreeDs_External:
		if err := setExternal(asked, source.External); err != nil {
			return err
		}
	case *paymentsv1.ThreeDs_ChallengePreference:
		setChallenge(asked, source.ChallengePreference)
	}
	return setExemption(asked, t.GetExemption())
}

// setChallenge: the indicators are those of EMV 3-D Secure.
func setChallenge(asked *api.PaymentRequest, wish paymentsv1.ChallengePreference) {
	indicator := map[paymentsv1.ChallengePreference]string{
		paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_NO_CHALLENGE:       "02",
		paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE:          "03",
		paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE_MANDATED: "04",
	}[wish]
	if indicator != "" {
		asked.ThreeDS2RequestData = &api.ThreeDS2Request{ThreeDSRequestorChallengeInd: indicator}
	}
	if wish == paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_DATA_ONLY {
		if asked.AuthenticationData == nil {
			asked.AuthenticationData = &api.AuthenticationData{ThreeDSRequestData: &api.ThreeDSRequestData{}}
		}
		asked.AuthenticationData.ThreeDSRequestData.DataOnly = "true"
	}
}

func setExternal(asked *api.PaymentRequest, t *paymentsv1.ThreeDsAuthentication) error {
	status := map[paymentsv1.ThreeDsStatus]string{
		paymentsv1.ThreeDsStatus_THREE_DS_STATUS_AUTHENTICATED:     "Y",
		paymentsv1.ThreeDsStatus_THREE_DS_STATUS_ATTEMPTED:         "A",
		paymentsv1.ThreeDsStatus_THREE_DS_STATUS_NOT_AUTHENTICATED: "N",
		paymentsv1.ThreeDsStatus_THREE_DS_STATUS_UNAVAILABLE:       "U",
	}[t.GetStatus()]
	if status == "" {
		return sdk.InvalidField("three_ds.external.status", "is none that Adyen takes a payment with")
	}
	directory := status
	if t.GetChallenged() {
		directory = "C"
	}
	asked.MPIData = &api.MPIData{
		AuthenticationResponse: status, DirectoryResponse: directory, CAVV: t.GetCavv(), ECI: t.GetEci(),
		DSTransID: t.GetDsTransactionId(), ThreeDSVersion: t.GetVersion(), TransStatusReason: t.GetStatusReason(),
	}
	asked.AuthenticationData = &api.AuthenticationData{AttemptAuthentication: "never"}
	return nil
}

// setExemption claims an exemption.
// Source: https://docs.adyen.com/online-payments/psd2-sca-compliance-and-implementation-guide/sca-exemptions.
func setExemption(asked *api.PaymentRequest, exemption paymentsv1.ScaExemption) error {
	if exemption == paymentsv1.ScaExemption_SCA_EXEMPTION_UNSPECIFIED {
		return nil
	}
	word := map[paymentsv1.ScaExemption]string{
		paymentsv1.ScaExemption_SCA_EXEMPTION_LOW_VALUE:                 "lowValue",
		paymentsv1.ScaExemption_SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS: "transactionRiskAnalysis",
		paymentsv1.ScaExemption_SCA_EXEMPTION_TRUSTED_BENEFICIARY:       "trustedBeneficiary",
		paymentsv1.ScaExemption_SCA_EXEMPTION_SECURE_CORPORATE:          "secureCorporate",
	}[exemption]
	if word == "" {
		return sdk.InvalidField("three_ds.exemption", "is none that can be claimed from Adyen")
	}
	if asked.AdditionalData == nil {
		asked.AdditionalData = map[string]string{}
	}
	asked.AdditionalData["scaExemption"] = word
	return nil
}
