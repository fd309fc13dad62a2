package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// charge is a line of the ledger: a payment that reserved or moved money.
type charge struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Captured  int64  `json:"captured"`
	Attempts  int    `json:"attempts"`
}

func (s *stage) ledger(ctx context.Context) (charges []charge, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.psp.URL+"/ledger", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var body struct {
		Charges []charge `json:"charges"`
	}
	err = json.NewDecoder(resp.Body).Decode(&body)
	return body.Charges, err
}

// compareLedger holds what the PSP did against what callers were told.
func (s *stage) compareLedger(ctx context.Context) error {
	charges, err := s.ledger(ctx)
	if err != nil {
		return err
	}
	by := map[string][]charge{}
	repeated := 0
	for _, c := range charges {
		by[c.Reference] = append(by[c.Reference], c)
		if c.Attempts > 1 {
			repeated++
		}
	}
	fmt.Printf("the PSP has %d charges; %d of them were asked for again with the same key after the kill, and made once\n", len(charges), repeated)
	var wrong []error
	for _, o := range s.told {
		if err := o.contradicts(by[o.reference]); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", o.reference, err))
		}
		delete(by, o.reference)
	}
	fmt.Printf("callers under load were told of %d payments: %d contradict the ledger\n", len(s.told), len(wrong))
	others := slices.Sorted(maps.Keys(by))
	wrong = append(wrong,
		expect("the other charges", strings.Join(others, " "), "order-1002 order-1005"),
		expect("that some charges were asked for again", repeated > 0, true))
	return errors.Join(wrong...)
}

// contradicts says how what the caller was told contradicts what the PSP did.
func (o outcome) contradicts(charges []charge) error {
	switch {
	case len(charges) > 1:
		return fmt.Errorf("expected one charge at most, got %d", len(charges))
	case o.paid() && len(charges) == 0:
		return errors.New("told that it is paid, expected a charge, got none")
	case o.paid() && (charges[0].ID != o.paymentID || charges[0].Captured != 1050):
		return fmt.Errorf("expected charge %s of 1050, got %s of %d", o.paymentID, charges[0].ID, charges[0].Captured)
	case o.never() && len(charges) == 1:
		return fmt.Errorf("told that nothing was sent, expected no charge, got %s", charges[0].ID)
	}
	return nil
}
