package sdk

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// adviceData has a row for each code by which a card network advises merchants on
// declines: Mastercard's merchant advice codes, Visa's decline categories.
// docs/declines.md says what the columns mean and where the rows come from.
//
//go:embed advice.csv
var adviceData []byte

// Advice is what a card network's code means for a retry.
type Advice struct {
	Hardness paymentsv1.DeclineHardness
	Retry    paymentsv1.DeclineRetry
	// RetryAfter is how long to wait before a retry; 0 if the network does not say.
	RetryAfter time.Duration
	// Meaning is a phrase for operators.
	Meaning string
}

type adviceKey struct{ network, code string }

var advices = sync.OnceValue(func() map[adviceKey]Advice {
	table, err := readAdvice(adviceData)
	if err != nil {
		panic(fmt.Sprintf("the embedded advice.csv is broken: %v", err)) // a build error, not a state
	}
	return table
})

// NetworkAdvice returns what a code means, by network in lower case: "24" of
// mastercard, "1" of visa. The same code means different things to different
// networks, so that without a network nothing is known.
func NetworkAdvice(network, code string) (Advice, bool) {
	advice, ok := advices()[adviceKey{network, code}]
	return advice, ok
}

// applyTo makes a decline as strict as the network advises. It softens nothing:
// a stolen card stays one whatever the network says of a retry.
func (a Advice) applyTo(d *paymentsv1.Decline) {
	if strictness(a.Hardness) < strictness(d.GetHardness()) || d.GetRetry() == paymentsv1.DeclineRetry_DECLINE_RETRY_NEVER {
		return
	}
	d.Hardness, d.Retry = a.Hardness, a.Retry
	if a.RetryAfter > 0 {
		d.RetryAfter = durationpb.New(a.RetryAfter)
	}
}

func strictness(h paymentsv1.DeclineHardness) int {
	switch h {
	case paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD:
		return 3
	case paymentsv1.DeclineHardness_DECLINE_HARDNESS_CONDITIONAL:
		return 2
	case paymentsv1.DeclineHardness_DECLINE_HARDNESS_SOFT:
		return 1
	}
	return 0
}

func readAdvice(raw []byte) (map[adviceKey]Advice, error) {
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 || len(rows[0]) != 6 {
		return nil, errors.New("it has not six columns and a row")
	}
	table := map[adviceKey]Advice{}
	for _, row := range rows[1:] {
		key := adviceKey{row[0], row[1]}
		if _, twice := table[key]; twice {
			return nil, fmt.Errorf("%s %s: there are two rows", key.network, key.code)
		}
		a := Advice{
			Hardness: paymentsv1.DeclineHardness(paymentsv1.DeclineHardness_value["DECLINE_HARDNESS_"+row[2]]),
			Retry:    paymentsv1.DeclineRetry(paymentsv1.DeclineRetry_value["DECLINE_RETRY_"+row[3]]),
			Meaning:  row[5],
		}
		hours, err := strconv.Atoi(row[4])
		if a.Hardness == 0 || a.Retry == 0 || row[4] != "" && (err != nil || hours <= 0) {
			return nil, fmt.Errorf("%s %s: a word that the contract does not have", key.network, key.code)
		}
		a.RetryAfter = time.Duration(hours) * time.Hour
		table[key] = a
	}
	return table, nil
}
