package connectortest

import (
	"strings"
	"testing"
)

// Check runs the suite as subtests, one for each scenario, and fails the test also
// where something is declared that the suite did not prove.
func Check(t *testing.T, s Suite) *Report {
	t.Helper()
	report, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range report.Results {
		t.Run(result.Scenario, func(t *testing.T) {
			switch result.Status {
			case Failed:
				t.Errorf("%s.\n%s\ncalls:\n%s", result.Summary, result.Reason, strings.Join(result.Trace, "\n"))
			case Skipped:
				t.Skip(result.Reason)
			}
		})
	}
	if s.Only == nil {
		for _, what := range report.Unproven() {
			t.Errorf("declared and not proven: %s", what)
		}
	}
	t.Logf("figure: %d scenarios passed, %d skipped, %d failed in %s",
		report.Count(Passed), report.Count(Skipped), report.Count(Failed), report.Took.Round(1e6))
	return report
}
