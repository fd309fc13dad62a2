package adyen

import (
	"flag"
	"testing"

	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

var updateProof = flag.Bool("update-proof", false, "write what the conformance suite has proven")

// TestConformance holds the connector to what holds for every connector, and every
// request and answer on the way to Adyen's own descriptions.
func TestConformance(t *testing.T) {
	plan, err := connectortest.ReadPlan("test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	psp := newStandIn(t)
	report := connectortest.Check(t, connectortest.Suite{
		Plan:   plan,
		Target: connectortest.InProcess(func() sdk.Connector { return New() }),
		PSP:    psp,
	})
	psp.Wait()
	psp.checkout.Prove(t, 40)
	psp.disputes.Prove(t, 3)
	connectortest.KeepProof(t, report, "testdata/conformance.json", *updateProof)
}
