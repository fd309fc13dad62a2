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
		asked.AuthenticationData.ThreeDSRequestData.NativeThreeDS = "preferred"
	}
	switch source := t.GetSource().(type) {
	case *paymentsv1.ThreeDs_AuthenticationId:
		return sdk.InvalidField("three_ds.authentication_id", "is not taken: Adyen authenticates within the payment")
	case *paymentsv1.ThreeDs_External:
		if err := setExternal(asked, source.External); err != nil {
			return err
		}
	case *paymentsv1.ThreeDs_ChallengePreference:
		if indicator := challengePreference.Word(source.ChallengePreference); indicator != "" {
			asked.ThreeDS2RequestData = map[string]string{"threeDSRequestorChallengeInd": indicator}
		}
		if source.ChallengePreference == paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_DATA_ONLY {
			asked.AuthenticationData.ThreeDSRequestData.DataOnly = "true"
		}
	}
	return setExemption(asked, t.GetExemption())
}

func setExternal(asked *api.PaymentRequest, t *paymentsv1.ThreeDsAuthentication) error {
	status := threeDSStatus.Word(t.GetStatus())
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
	asked.AuthenticationData = api.AuthenticationData{AttemptAuthentication: "never"}
	return nil
}

func setExemption(asked *api.PaymentRequest, claimed paymentsv1.ScaExemption) error {
	word := exemption.Word(claimed)
	switch {
	case claimed == paymentsv1.ScaExemption_SCA_EXEMPTION_UNSPECIFIED:
		return nil
	case word == "":
		return sdk.InvalidField("three_ds.exemption", "is none that can be claimed from Adyen")
	case asked.AdditionalData == nil:
		asked.AdditionalData = map[string]string{}
	}
	asked.AdditionalData["scaExemption"] = word
	return nil
}
