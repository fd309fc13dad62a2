package adyen

import (
	"os"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// TestEveryRefusalReasonHasAMeaning: each documented code has a unified one that
// exists, and none is a decline of nothing.
func TestEveryRefusalReasonHasAMeaning(t *testing.T) {
	raw, err := os.ReadFile("testdata/refusal_reasons.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for line := range strings.Lines(string(raw)) {
		code, reason, _ := strings.Cut(strings.TrimSpace(line), " ")
		if code == "#" {
			continue
		}
		listed++
		unified, ok := words.Texts("decline.code")[code]
		if !ok {
			t.Errorf("%s %s has no meaning", code, reason)
			continue
		}
		if known := sdk.NewDecline(unified).GetCode(); known != unified {
			t.Errorf("%s %s means %q, which is no unified code", code, reason, unified)
		}
	}
	if listed != 43 {
		t.Errorf("%d reasons are listed, want 43", listed)
	}
	for _, code := range []string{"", "0", "1", "13", "30", "47", "refused"} {
		if unified, ok := words.Texts("decline.code")[code]; ok {
			t.Errorf("%q means %s: a guess", code, unified)
		}
	}
}

func TestDecline(t *testing.T) {
	for name, tt := range map[string]struct {
		told          api.Payment
		code, network string
		retry         paymentsv1.DeclineRetry
	}{
		"by Adyen's code": {api.Payment{ResultCode: "Refused", RefusalReasonCode: "12", AdditionalData: map[string]string{"refusalReasonRaw": "51 : Insufficient funds"}},
			"insufficient_funds", "51", paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER},
		"an unknown code, by the network's": {api.Payment{ResultCode: "Refused", RefusalReasonCode: "99", AdditionalData: map[string]string{"refusalReasonRaw": "5: Do not honor"}},
			"do_not_honor", "05", paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER},
		"nothing known": {api.Payment{ResultCode: "Refused"}, sdk.GenericDecline, "", paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER},
		"cancelled by the shopper": {api.Payment{ResultCode: "Cancelled"},
			"buyer_canceled", "", paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER_DATA_FIX},
		"too many attempts": {api.Payment{ResultCode: "Refused", RefusalReasonCode: "46"},
			"exceeds_frequency_limit", "", paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT},
		"Mastercard's advice": {api.Payment{ResultCode: "Refused", RefusalReasonCode: "2", AdditionalData: map[string]string{
			"paymentMethod": "mc", "merchantAdviceCode": "03: Do not try again"}},
			sdk.GenericDecline, "", paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT},
		"an approval's raw text is no code": {api.Payment{ResultCode: "Error", RefusalReasonCode: "4", AdditionalData: map[string]string{"refusalReasonRaw": "AUTHORISED"}},
			"processor_unavailable", "", paymentsv1.DeclineRetry_DECLINE_RETRY_OTHER_CONNECTOR},
	} {
		d := decline(t.Context(), &tt.told)
		if d.GetCode() != tt.code || d.GetNetworkCode() != tt.network || d.GetRetry() != tt.retry {
			t.Errorf("%s: %v, want %s, network %q, %s", name, d, tt.code, tt.network, tt.retry)
		}
	}
}
