package stripe

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

func TestThreeDSWishes(t *testing.T) {
	for wish, want := range map[paymentsv1.ChallengePreference]string{
		paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_NONE:               "",
		paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_NO_CHALLENGE:       "",
		paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE:          "challenge",
		paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE_MANDATED: "challenge",
	} {
		var options api.CardOptions
		stripe := &call{Client: &api.Client{}}
		setThreeDS(stripe, &options, &paymentsv1.ThreeDs{Source: &paymentsv1.ThreeDs_ChallengePreference{ChallengePreference: wish}})
		if stripe.Fault != nil || options.RequestThreeDSecure != want {
			t.Errorf("%s: %q, %v", wish, options.RequestThreeDSecure, stripe.Fault)
		}
	}
}

// TestThreeDSThatIsRefused: what Stripe can't do is refused by name.
func TestThreeDSThatIsRefused(t *testing.T) {
	p := startPSP(t, nil)
	h := start(t, p.URL)
	external := func(changes string) string {
		return `{"external":{"status":"THREE_DS_STATUS_AUTHENTICATED","dsTransactionId":"c4e59ceb-a382-4d6a-bc87-385d591fa09d","version":"2.2.0","cavv":"AAAB"` + changes + `}}`
	}
	for asked, field := range map[string]string{
		`{"authenticationId":"auth_1"}`:                            "three_ds.authentication_id",
		`{"challengePreference":"CHALLENGE_PREFERENCE_DATA_ONLY"}`: "three_ds.challenge_preference",
		`{"exemption":"SCA_EXEMPTION_LOW_VALUE"}`:                  "three_ds.exemption",
		`{"external":{"status":"THREE_DS_STATUS_AUTHENTICATED","dsTransactionId":"c4e59ceb-a382-4d6a-bc87-385d591fa09d","version":"2.9.0","cavv":"AAAB"}}`: "three_ds.external.version",
		`{"external":{"status":"THREE_DS_STATUS_CHALLENGE_REQUIRED","dsTransactionId":"c4e59ceb-a382-4d6a-bc87-385d591fa09d","version":"2.2.0"}}`:          "three_ds.external.status",
		`{"external":{"status":"THREE_DS_STATUS_UNAVAILABLE","dsTransactionId":"c4e59ceb-a382-4d6a-bc87-385d591fa09d","version":"2.2.0"}}`:                 "three_ds.external.cavv",
		`{"exemption":"SCA_EXEMPTION_RECURRING",` + external("")[1:]:                                                                                       "three_ds.exemption",
	} {
		req := authorizeRequest()
		req.ThreeDs = &paymentsv1.ThreeDs{}
		if err := protojson.Unmarshal([]byte(asked), req.GetThreeDs()); err != nil {
			t.Fatal(err)
		}
		_, err := h.Payments.Authorize(h.Context(testKey), req)
		if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != field {
			t.Errorf("%s: fields are %v, want %s", asked, fields, field)
		}
	}
	if all := p.requests(); len(all) > 0 {
		t.Errorf("sent %v", all)
	}
}

func TestThreeDSResults(t *testing.T) {
	for word, want := range map[string]paymentsv1.ThreeDsStatus{
		"authenticated":        paymentsv1.ThreeDsStatus_THREE_DS_STATUS_AUTHENTICATED,
		"attempt_acknowledged": paymentsv1.ThreeDsStatus_THREE_DS_STATUS_ATTEMPTED,
		"failed":               paymentsv1.ThreeDsStatus_THREE_DS_STATUS_NOT_AUTHENTICATED,
		"data_share_only":      paymentsv1.ThreeDsStatus_THREE_DS_STATUS_INFORMATIONAL,
		"not_supported":        paymentsv1.ThreeDsStatus_THREE_DS_STATUS_UNAVAILABLE,
		"processing_error":     paymentsv1.ThreeDsStatus_THREE_DS_STATUS_UNAVAILABLE,
		"exempted":             paymentsv1.ThreeDsStatus_THREE_DS_STATUS_UNSPECIFIED,
		"something_new":        paymentsv1.ThreeDsStatus_THREE_DS_STATUS_UNSPECIFIED,
	} {
		got := threeDSResult(t.Context(), &api.ThreeDSecureResult{Result: word, ExemptionIndicator: "low_risk"})
		if got.GetAuthentication().GetStatus() != want || got.GetExemption() != paymentsv1.ScaExemption_SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS {
			t.Errorf("%s is %v", word, got)
		}
	}
	if got := threeDSResult(t.Context(), nil); got != nil {
		t.Errorf("no authentication is %v", got)
	}
}
