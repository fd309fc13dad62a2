package gateway

import (
	"os"
	"regexp"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// TestFaults wants a side for every reason of the contract, and none for others.
func TestFaults(t *testing.T) {
	source, err := os.ReadFile("../../../sdk/wire/errors.go")
	if err != nil {
		t.Fatal(err)
	}
	reasons := regexp.MustCompile(`(?m)^\tReason[A-Za-z]+ += "([A-Z_]+)"`).FindAllSubmatch(source, -1)
	if len(reasons) < 20 || len(reasons) != len(faults()) {
		t.Errorf("the contract has %d reasons, the table %d", len(reasons), len(faults()))
	}
	sides := map[telemetry.Fault]bool{
		telemetry.FaultCaller: true, telemetry.FaultConnector: true, telemetry.FaultPSP: true, telemetry.FaultHost: true, configuration: true,
	}
	for _, reason := range reasons {
		if of := faults()[string(reason[1])]; !sides[of.gateway] || !sides[of.connector] {
			t.Errorf("%s: %+v", reason[1], of)
		}
	}
}

func TestFault(t *testing.T) {
	for name, test := range map[string]struct {
		c    call
		code codes.Code
		want telemetry.Fault
	}{
		"no failure":             {call{}, codes.OK, telemetry.FaultNone},
		"the caller went away":   {call{}, codes.Canceled, telemetry.FaultCaller},
		"the connector crashed":  {call{reason: wire.ReasonOutcomeUnknown}, codes.Unknown, telemetry.FaultConnector},
		"the PSP did not answer": {call{reason: wire.ReasonOutcomeUnknown, answered: true}, codes.Unknown, telemetry.FaultPSP},
		"our own limit":          {call{reason: wire.ReasonRateLimited}, codes.ResourceExhausted, telemetry.FaultCaller},
		"the PSP's limit":        {call{reason: wire.ReasonRateLimited, answered: true}, codes.ResourceExhausted, telemetry.FaultPSP},
		"an account of the host": {call{reason: wire.ReasonCredentialsRejected, answered: true, pick: pick{account: "eu"}}, codes.FailedPrecondition, telemetry.FaultHost},
		"the caller's config":    {call{reason: wire.ReasonConfigInvalid}, codes.FailedPrecondition, telemetry.FaultCaller},
		"a connector's own word": {call{reason: "ACME_ODD", answered: true}, codes.InvalidArgument, telemetry.FaultCaller},
		"and one about its PSP":  {call{reason: "ACME_ODD", answered: true}, codes.Unknown, telemetry.FaultPSP},
		"and one about itself":   {call{reason: "ACME_ODD", answered: true}, codes.Internal, telemetry.FaultConnector},
		"a bug of the connector": {call{reason: wire.ReasonInternal, answered: true}, codes.Internal, telemetry.FaultConnector},
		"a bug of ours":          {call{reason: wire.ReasonInternal}, codes.Internal, telemetry.FaultHost},
	} {
		if got := test.c.fault(test.code); got != test.want {
			t.Errorf("%s: fault of %q, want %q", name, got, test.want)
		}
	}
}

// TestFaultIsCounted sees it in the metric, as the gateway's and as the
// connector's.
func TestFaultIsCounted(t *testing.T) {
	h := newHarness(t)
	h.plugin.authorize = fails(wire.Failure{Code: codes.ResourceExhausted, Reason: wire.ReasonRateLimited, Sent: wire.SentNever}.Err())
	_, _ = h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
	_, _ = h.payments.Authorize(h.ctx("x-connector", "nope"), valid())
	families, err := h.gateway.config.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if family.GetName() == "patchbay_calls_total" {
				got[labels["connector"]] = labels["fault"]
			}
		}
	}
	if got["acme"] != "psp" || got[""] != "caller" {
		t.Errorf("faults by connector: %v", got)
	}
}
