package stripe

import (
	"flag"
	"testing"

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
