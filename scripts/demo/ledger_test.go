package main

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// TestContradicts: the demo would notice money that moved behind a caller's back.
func TestContradicts(t *testing.T) {
	one := charge{ID: "pay_1", Captured: 1050}
	paid := outcome{paymentID: "pay_1", status: paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED}
	unknown := outcome{status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN}
	never := outcome{err: wire.Failure{Code: codes.Unavailable, Sent: wire.SentNever}.Err()}
	maybe := outcome{err: wire.Failure{Code: codes.Unknown, Sent: wire.SentMaybe}.Err()}
	foreign := outcome{err: errors.New("the connection was lost")}
	for name, c := range map[string]struct {
		told    outcome
		charges []charge
		wrong   bool
	}{
		"paid and charged":            {paid, []charge{one}, false},
		"paid and not charged":        {paid, nil, true},
		"paid and charged twice":      {paid, []charge{one, one}, true},
		"paid and another charged":    {paid, []charge{{ID: "pay_2", Captured: 1050}}, true},
		"paid and charged otherwise":  {paid, []charge{{ID: "pay_1", Captured: 1}}, true},
		"never sent, not charged":     {never, nil, false},
		"never sent, charged":         {never, []charge{one}, true},
		"maybe sent, not charged":     {maybe, nil, false},
		"maybe sent, charged":         {maybe, []charge{one}, false},
		"maybe sent, charged twice":   {maybe, []charge{one, one}, true},
		"unknown, charged":            {unknown, []charge{one}, false},
		"unknown, charged twice":      {unknown, []charge{one, one}, true},
		"another's error, charged":    {foreign, []charge{one}, false},
		"another's error, no charges": {foreign, nil, false},
	} {
		if err := c.told.contradicts(c.charges); (err != nil) != c.wrong {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestFailures: an unknown outcome is no success.
func TestFailures(t *testing.T) {
	all := []outcome{
		{reference: "a", status: paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		{reference: "b", status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN},
		{reference: "c", status: paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		{reference: "d", status: paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, err: errors.New("lost")},
	}
	failed := failures(all)
	if len(failed) != 3 || failed[0].reference != "b" || failed[1].reference != "c" || failed[2].reference != "d" {
		t.Errorf("got %v", failed)
	}
}
