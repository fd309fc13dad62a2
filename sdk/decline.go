package sdk

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// GenericDecline is the unified code of a decline whose PSP code has no known
// meaning.
const GenericDecline = "generic_decline"

// declineData has a row for each unified code; docs/declines.md says what the
// columns mean.
//
//go:embed declines.csv
var declineData []byte

// declineTable is declineData, read.
type declineTable struct {
	byCode    map[string]*paymentsv1.Decline
	byNetwork map[string]string // "visa:65" or, for every network, "51" → code
}

var declines = sync.OnceValue(func() declineTable {
	table, err := readDeclines(declineData)
	if err != nil {
		panic(fmt.Sprintf("the embedded declines.csv is broken: %v", err)) // a build error, not a state
	}
	return table
})

// NewDecline returns the block for a unified code, with hardness, retry and
// actor filled in; for a code that does not exist, that of GenericDecline. The
// caller owns it and adds what the PSP said.
func NewDecline(code string) *paymentsv1.Decline {
	d, ok := declines().byCode[code]
	if !ok {
		d = declines().byCode[GenericDecline]
	}
	return proto.CloneOf(d)
}

// NetworkDecline returns the unified code for a card network's response code
// (ISO 8583, DE39). The network, in lower case, decides where the same code
// means different things; it may be empty.
func NetworkDecline(network, responseCode string) (code string, ok bool) {
	if code, ok = declines().byNetwork[network+":"+responseCode]; ok {
		return code, true
	}
	code, ok = declines().byNetwork[responseCode]
	return code, ok
}

func readDeclines(raw []byte) (declineTable, error) {
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return declineTable{}, err
	}
	if len(rows) == 0 {
		return declineTable{}, errors.New("it is empty")
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, name := range []string{"code", "hardness", "retry", "actor", "iso8583"} {
		if _, ok := column[name]; !ok {
			return declineTable{}, fmt.Errorf("column %q is missing", name)
		}
	}
	table := declineTable{byCode: map[string]*paymentsv1.Decline{}, byNetwork: map[string]string{}}
	for _, row := range rows[1:] {
		if err := table.add(func(name string) string { return row[column[name]] }); err != nil {
			return declineTable{}, err
		}
	}
	if table.byCode[GenericDecline] == nil {
		return declineTable{}, fmt.Errorf("%s is missing", GenericDecline)
	}
	return table, nil
}

// add reads one row.
func (t declineTable) add(cell func(column string) string) error {
	code := cell("code")
	if t.byCode[code] != nil {
		return fmt.Errorf("%s: there are two rows", code)
	}
	d := &paymentsv1.Decline{
		Code:     code,
		Hardness: paymentsv1.DeclineHardness(paymentsv1.DeclineHardness_value["DECLINE_HARDNESS_"+cell("hardness")]),
		Retry:    paymentsv1.DeclineRetry(paymentsv1.DeclineRetry_value["DECLINE_RETRY_"+cell("retry")]),
		Actor:    paymentsv1.DeclineActor(paymentsv1.DeclineActor_value["DECLINE_ACTOR_"+cell("actor")]),
		Message:  "Declined: " + strings.ReplaceAll(code, "_", " ") + ".",
	}
	if d.GetHardness() == 0 || d.GetRetry() == 0 || d.GetActor() == 0 {
		return fmt.Errorf("%s: a word that the contract does not have", code)
	}
	t.byCode[code] = d
	for _, response := range strings.Fields(cell("iso8583")) {
		if other, taken := t.byNetwork[response]; taken {
			return fmt.Errorf("%s means both %s and %s", response, other, code)
		}
		t.byNetwork[response] = code
	}
	return nil
}
