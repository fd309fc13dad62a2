package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/patchbay/patchbay/host/internal/gateway"
)

func readLimits(t *testing.T, yaml string) Limits {
	t.Helper()
	path := filepath.Join(t.TempDir(), "patchbay.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ReadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	c.Limits.complete()
	return c.Limits
}

func TestLimitsOfConnectors(t *testing.T) {
	limits := readLimits(t, `
limits:
  per_second_per_connector: 500
  in_flight_per_connector: 300
  receive: 2s
  connectors:
    stripe: {in_flight: 100, per_second: 50}
    adyen: {per_second: 20}
`)
	if err := limits.check(); err != nil {
		t.Fatal(err)
	}
	got := limits.gateway()
	for name, want := range map[string]gateway.ConnectorLimits{
		"stripe": {InFlight: 100, PerSecond: 50},
		"adyen":  {InFlight: 300, PerSecond: 20},
	} {
		if got.Connectors[name] != want {
			t.Errorf("%s: %+v, want %+v", name, got.Connectors[name], want)
		}
	}
	if want := (gateway.ConnectorLimits{InFlight: 300, PerSecond: 500}); got.Each != want {
		t.Errorf("the rest: %+v, want %+v", got.Each, want)
	}
	if got.Receive != 2*time.Second || got.StreamIdle != 5*time.Minute || got.InFlight != 2048 || got.PerSecond != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestLimitsThatCantBe(t *testing.T) {
	for yaml, want := range map[string]string{
		"limits: {in_flight: -1}":                         "limits.in_flight: -1 is negative",
		"limits: {receive: -1s}":                          "limits.receive: -1 is negative",
		"limits: {connectors: {stripe: {in_flight: -1}}}": "limits.connectors.stripe.in_flight: -1 is negative",
		"limits: {connectors: {No Name: {}}}":             "limits.connectors: name",
	} {
		limits := readLimits(t, yaml)
		if err := limits.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", yaml, err, want)
		}
	}
}
