package connectortest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
)

func TestAnswerWithin(t *testing.T) {
	late, other := status.Error(codes.DeadlineExceeded, "late"), status.Error(codes.Unavailable, "other")
	for name, ends := range map[string][]error{
		"in time": {nil}, "refused": {other}, "late once": {late, nil}, "late, then refused": {late, other}, "late twice": {late, late},
	} {
		left := slices.Clone(ends)
		var until []time.Time
		err := AnswerWithin(t.Context(), time.Hour, func(ctx context.Context) (err error) {
			deadline, _ := ctx.Deadline()
			until = append(until, deadline)
			err, left = left[0], left[1:]
			return err
		})
		if !errors.Is(err, ends[len(ends)-1]) || len(left) != 0 {
			t.Errorf("%s: got %v, and %d calls were not made", name, err, len(left))
		}
		if len(until) == 2 && until[1].Sub(until[0]) < 3*time.Hour {
			t.Errorf("%s: the deadlines are %v", name, until)
		}
	}
}

// TestArrivedInTime: only where the PSP was not asked did the connector have too little
// time.
func TestArrivedInTime(t *testing.T) {
	stand, err := drive(t.Context(), newAcmePSP(), func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer stand.stop()
	const fault = pspdriver.ResetBefore
	if _, err := stand.fault(t.Context(), pspdriver.Fault{Kind: fault}); err != nil {
		t.Fatal(err)
	}
	if resp, err := http.Post(stand.url+"/payments?reference=asked", "application/json", http.NoBody); err == nil {
		resp.Body.Close()
		t.Fatalf("the PSP answered %s", resp.Status)
	}
	unavailable := status.Error(codes.Unavailable, "no answer")
	for name, test := range map[string]struct {
		err  error
		mark string
		late bool
	}{
		"never asked": {unavailable, "silence", true}, "asked": {unavailable, "asked", false}, "answered": {nil, "silence", false},
	} {
		c := newCase(t.Context(), &world{psp: stand}, "x/y")
		c.run(func(c *Case) { c.arrivedInTime("Authorize", time.Second, test.err, fault, test.mark) }, time.Minute)
		if c.late != test.late || (c.failure != "") != test.late {
			t.Errorf("%s: late is %v, and the failure %q", name, c.late, c.failure)
		}
	}
}
