package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

var updateProof = flag.Bool("update-proof", false, "write what the conformance suite has proven")

// TestConformance holds the connector to what holds for every connector.
func TestConformance(t *testing.T) {
	plan, err := connectortest.ReadPlan("test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	standIn := newStandIn(t)
	body := standIn.event(t, "payment_intent.succeeded", standIn.fixture("payment_intent"))
	plan.Samples.Requests["HandleWebhook"] = map[string]any{"request": map[string]any{
		"method": "POST", "url": "https://shop.example/webhooks", "body": base64.StdEncoding.EncodeToString(body),
		"headers": []any{map[string]any{"name": signatureHeader, "value": signature("whsec_conformance", time.Now(), body)}},
	}}
	report := connectortest.Check(t, connectortest.Suite{
		Plan:   plan,
		Target: connectortest.InProcess(func() sdk.Connector { return New() }),
		PSP:    standIn,
	})
	connectortest.KeepProof(t, report, "testdata/conformance.json", *updateProof)
}

// event is one as Stripe sends it, of an object. Stripe's description checks it.
func (s *standIn) event(t *testing.T, kind string, about object) []byte {
	t.Helper()
	e := s.fixture("event")
	e["id"], e["type"], e["api_version"], e["data"] = "evt_1", kind, api.Version, object{"object": about}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// signature is the header with which Stripe signs.
func signature(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}
