package sandbox_test

import (
	"flag"
	"net/http"
	"testing"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
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
	stand := psp.NewWithWebhooks(psp.Webhooks{Secret: "whsec_sandbox_default", Client: http.DefaultClient})
	t.Cleanup(stand.Close)
	report := connectortest.Check(t, connectortest.Suite{
		Plan:   plan,
		Target: connectortest.InProcess(func() sdk.Connector { return sandbox.New() }),
		PSP:    stand,
	})
	connectortest.KeepProof(t, report, "testdata/conformance.json", *updateProof)
}
