package connectortest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Proof is what a run has proven of a connector: what the capability matrix in
// docs/capabilities.md is made of. It is kept beside the connector's tests.
type Proof struct {
	Connector  string            `json:"connector"`
	Driven     bool              `json:"driven"`    // the PSP's stand-in failed on request
	Scenarios  map[Aspect]int    `json:"scenarios"` // about the connector as a whole
	Operations []ProvenOperation `json:"operations"`
}

// ProvenOperation is one operation and how many scenarios passed for each aspect
// of it.
type ProvenOperation struct {
	Declaration
	Scenarios map[Aspect]int `json:"scenarios"`
}

// Proof sums up what passed. Operations that were declared and not proven are left
// out.
func (r *Report) Proof() Proof {
	unproven := r.unproven()
	p := Proof{Connector: r.Connector, Driven: r.Driven, Scenarios: r.passedBy("")}
	for _, d := range r.Declared {
		if unproven[d.Operation] == "" {
			p.Operations = append(p.Operations, ProvenOperation{d, r.passedBy(d.Operation)})
		}
	}
	return p
}

// passedBy counts the scenarios that passed for an operation, by aspect.
func (r *Report) passedBy(operation string) map[Aspect]int {
	counts := map[Aspect]int{}
	for _, result := range r.Results {
		for _, cell := range result.Proves {
			if result.Status == Passed && cell.Operation == operation {
				counts[cell.Aspect]++
			}
		}
	}
	return counts
}

// KeepProof compares what a run has proven with the file that says so, and fails
// the test if they differ; with update it writes the file instead.
func KeepProof(t *testing.T, r *Report, file string, update bool) {
	t.Helper()
	want, err := json.MarshalIndent(r.Proof(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the test with -update-proof", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s does not say what the suite has proven; run the test with -update-proof, and go run ./scripts/capabilities", file)
	}
}
