package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"testing"
	"time"

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
	report := connectortest.Check(t, connectortest.Suite{
		Plan:   plan,
		Target: connectortest.InProcess(func() sdk.Connector { return New() }),
		PSP:    newStandIn(t),
	})
	connectortest.KeepProof(t, report, "testdata/conformance.json", *updateProof)
}

// signature is the header with which Stripe signs.
func signature(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}
