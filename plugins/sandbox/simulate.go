package sandbox

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"syscall"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	"github.com/patchbay/patchbay/sdk"
)

// The outcomes that happen to the connector's process; psp has those that
// happen at the PSP.
const (
	outcomeCrash       = "crash"        // the PSP has answered, then the process is killed
	outcomeCrashOnce   = "crash_once"   // the same, unless the PSP answers with a replay
	outcomeCrashBefore = "crash_before" // the process is killed before the PSP is asked
	outcomeHang        = "hang"         // the PSP has answered, and the call never ends
)

const optionsField = "connector_options"

// simulation is what a call asks to go wrong, in
//
//	connector_options {"simulate": {"delay_ms": 1500, "outcome": "unknown"}}
type simulation struct {
	psp     psp.Simulation // the part that is the PSP's
	outcome string         // the part that is the process's, or empty
}

func readSimulation(options *structpb.Struct) (simulation, error) {
	var s simulation
	for name, value := range options.GetFields() {
		if name != "simulate" {
			return s, sdk.InvalidField(optionsField+"."+name, "there is no such option")
		}
		if value.GetStructValue() == nil {
			return s, sdk.InvalidField(optionsField+".simulate", "must be an object")
		}
	}
	for name, value := range options.GetFields()["simulate"].GetStructValue().GetFields() {
		if err := s.set(name, value); err != nil {
			return simulation{}, err
		}
	}
	return s, nil
}

func (s *simulation) set(name string, value *structpb.Value) error {
	field := optionsField + ".simulate." + name
	switch name {
	case "delay_ms":
		n, ok := value.GetKind().(*structpb.Value_NumberValue)
		if !ok || n.NumberValue != math.Trunc(n.NumberValue) ||
			n.NumberValue < 0 || n.NumberValue > float64(psp.MaxDelay.Milliseconds()) {
			return sdk.InvalidField(field, fmt.Sprintf("must be a whole number from 0 to %d", psp.MaxDelay.Milliseconds()))
		}
		s.psp.DelayMS = int64(n.NumberValue)
	case "outcome":
		switch outcome := value.GetStringValue(); outcome {
		case psp.OutcomeUnknown, psp.OutcomeError500, psp.OutcomeRateLimited:
			s.psp.Outcome = outcome
		case outcomeCrash, outcomeCrashOnce, outcomeCrashBefore, outcomeHang:
			s.outcome = outcome
		default:
			return sdk.InvalidField(field, fmt.Sprintf("there is no outcome %q", outcome))
		}
	default:
		return sdk.InvalidField(field, "there is no such field")
	}
	return nil
}

// atPSP is what the PSP is told, or empty if nothing happens there.
func (s simulation) atPSP() string {
	if s.psp == (psp.Simulation{}) {
		return ""
	}
	b, err := json.Marshal(s.psp)
	if err != nil {
		panic(err) // a struct of a number and a string
	}
	return string(b)
}

// around wraps the way to the PSP in what happens to the process.
func (s simulation) around(next http.RoundTripper) http.RoundTripper {
	if s.outcome == "" {
		return next
	}
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if s.outcome == outcomeCrashBefore {
			crash()
		}
		resp, err := next.RoundTrip(req)
		replayed := err == nil && resp.Header.Get(psp.ReplayedHeader) == "true"
		switch {
		case s.outcome == outcomeHang:
			select {}
		case s.outcome == outcomeCrash, !replayed:
			crash()
		}
		return resp, err
	})
}

// crash ends the process as the kernel's out-of-memory killer does: nothing
// deferred runs, nothing is flushed.
func crash() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(fmt.Sprintf("the process can't kill itself: %v", err))
	}
	os.Exit(128 + int(syscall.SIGKILL)) // the first process of a namespace can't be killed from inside
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
