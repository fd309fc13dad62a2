package node_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/sdk/connectortest"
)

// TestConformance holds the connector to what holds for every connector: a process
// in another language, started as a host starts it.
func TestConformance(t *testing.T) {
	node := needed(t)
	plan, err := connectortest.ReadPlan("test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	bundle(t, root)
	standIn := filepath.Join(root, "connector-sandbox")
	build := exec.Command("go", "build", "-o", standIn, "./plugins/sandbox/cmd/connector-sandbox")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	plan.Command = []string{node, filepath.Join(root, "src", "main.mjs")}
	plan.PSP.Command[0] = standIn
	report := connectortest.Check(t, connectortest.Suite{Plan: plan})

	if passed := report.Count(connectortest.Passed); passed < 200 {
		t.Errorf("%d scenarios passed, want at least 200", passed)
	}
	// What it does not declare: CheckAccount, GetPayment and GetRefund.
	for _, result := range report.Results {
		undeclared := strings.HasPrefix(result.Scenario, "account/") || strings.HasSuffix(result.Scenario, "/read-back")
		if result.Status == connectortest.Skipped && !undeclared {
			t.Errorf("%s was skipped: %s", result.Scenario, result.Reason)
		}
	}
}
