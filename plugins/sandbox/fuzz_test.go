package sandbox

import (
	"fmt"
	"testing"
	"time"

	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// FuzzWebhook looks for a signature that is believed and was not made with the
// secret, and for a body that ends the connector.
func FuzzWebhook(f *testing.F) {
	body := []byte(`{"id":"evt_1","type":"account.updated","account":"acct_sandbox","object":"account","object_id":"acct_1","created":"2030-01-31T00:00:00Z","data":{}}`)
	now := time.Unix(1_900_000_000, 0)
	f.Add(psp.Sign(now, body, "whsec_other"), body)
	f.Add("t=1900000000,v1=", []byte("{}"))
	f.Add("v1=00,t=1900000000,t=1900000000", []byte(nil))
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		request := &paymentsv1.HttpRequest{Headers: []*paymentsv1.HttpHeader{{Name: scheme.Header, Value: signature}}, Body: body}
		if scheme.Verify(request, []sdk.Secret{"", "whsec_1"}, now) == nil {
			t.Errorf("%q is believed for %q", signature, body)
		}
		event, err := readEvent(body)
		if err != nil {
			return
		}
		if _, err := eventOf(t.Context(), event); err == nil && fmt.Sprint(event.ID) == "" {
			t.Errorf("an event without an id: %q", body)
		}
	})
}
