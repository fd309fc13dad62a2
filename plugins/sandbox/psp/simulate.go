package psp

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// SimulateHeader carries a [Simulation] as JSON on any request of the API. It
// is no part of what an idempotency key stands for: a repeat may leave it out.
const SimulateHeader = "Sandbox-Simulate"

// MaxDelay is the longest delay that can be simulated.
const MaxDelay = 10 * time.Minute

// The outcomes that the PSP simulates.
const (
	// OutcomeUnknown does the request, then cuts the connection unanswered.
	OutcomeUnknown = "unknown"
	// OutcomeError500 fails before anything is done, with a 500 that does not
	// say so.
	OutcomeError500 = "error_500"
	// OutcomeRateLimited refuses with a 429 and Retry-After: 1.
	OutcomeRateLimited = "rate_limited"
)

// Simulation is what a request asks to go wrong. It applies where the request
// is executed: a replay executes nothing.
type Simulation struct {
	// DelayMS is how many milliseconds the PSP waits before it does anything.
	DelayMS int64 `json:"delay_ms,omitempty"`
	// Outcome is one of the outcomes above, or empty.
	Outcome string `json:"outcome,omitempty"`
}

func readSimulation(header string) (Simulation, error) {
	var s Simulation
	if header == "" {
		return s, nil
	}
	dec := json.NewDecoder(strings.NewReader(header))
	dec.DisallowUnknownFields()
	err := dec.Decode(&s)
	switch {
	case err != nil:
	case s.DelayMS < 0 || s.DelayMS > MaxDelay.Milliseconds():
		err = errors.New("delay_ms is not within 0 and 600000")
	case s.Outcome == "", s.Outcome == OutcomeUnknown, s.Outcome == OutcomeError500, s.Outcome == OutcomeRateLimited:
		return s, nil
	default:
		err = errors.New("the outcome is none of unknown, error_500, rate_limited")
	}
	return Simulation{}, refuse(http.StatusBadRequest, "invalid_request", SimulateHeader, "%s: %v", SimulateHeader, err)
}

// before is what happens ahead of the operation. A client that goes away does
// not shorten the delay: what a PSP has received it does.
func (s Simulation) before(closing <-chan struct{}) error {
	if s.DelayMS > 0 {
		timer := time.NewTimer(time.Duration(s.DelayMS) * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-closing:
			e := refuse(http.StatusServiceUnavailable, "shutting_down", "", "the PSP is shutting down; nothing was done")
			e.NothingDone = true
			return e
		}
	}
	switch s.Outcome {
	case OutcomeError500:
		return refuse(http.StatusInternalServerError, "internal_error", "", "something went wrong")
	case OutcomeRateLimited:
		e := refuse(http.StatusTooManyRequests, "rate_limited", "", "too many requests; nothing was done")
		e.retryAfter = "1"
		return e
	}
	return nil
}

// cut ends the connection instead of an answer, where that is asked for and the
// operation was executed.
func (s Simulation) cut(a answer) {
	if s.Outcome == OutcomeUnknown && a.final {
		panic(http.ErrAbortHandler)
	}
}
