package sdk

import (
	"bytes"
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestNetworkAdvice_everyRow(t *testing.T) {
	raw, err := os.ReadFile("advice.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(rows) < 20 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		a, ok := NetworkAdvice(row[0], row[1])
		hours, _ := strconv.Atoi(row[4])
		if !ok || a.Hardness.String() != "DECLINE_HARDNESS_"+row[2] || a.Retry.String() != "DECLINE_RETRY_"+row[3] ||
			a.RetryAfter != time.Duration(hours)*time.Hour || a.Meaning != row[5] || a.Meaning == "" {
			t.Errorf("got %v %v for %v", a, ok, row)
		}
		if a.RetryAfter > 0 && a.Retry != paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER {
			t.Errorf("%v says how long to wait, and yet not to retry", row)
		}
		if final := a.Hardness == paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD; final && a.Retry == paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER {
			t.Errorf("%v is final, and yet may be retried", row)
		}
	}
}

// The codes that declines.csv says go with a decline are codes that there are.
func TestNetworkAdvice_knowsWhatDeclinesName(t *testing.T) {
	for _, row := range declineRows(t) {
		for _, code := range strings.Fields(row["mastercard_advice"]) {
			first, last, _ := strings.Cut(code, "-")
			for _, end := range []string{first, last} {
				if _, ok := NetworkAdvice("mastercard", end); end != "" && !ok {
					t.Errorf("%s: there is no advice %s", row["code"], end)
				}
			}
		}
		for _, category := range strings.FieldsFunc(row["visa_category"], func(r rune) bool { return r == '/' }) {
			if _, ok := NetworkAdvice("visa", category); !ok {
				t.Errorf("%s: there is no category %s", row["code"], category)
			}
		}
	}
}

func TestNetworkAdvice_needsTheNetwork(t *testing.T) {
	for _, key := range [][2]string{{"", "24"}, {"visa", "24"}, {"mastercard", "1"}, {"Mastercard", "24"}, {"mastercard", ""}, {"", ""}} {
		if a, ok := NetworkAdvice(key[0], key[1]); ok {
			t.Errorf("%q: got %v", key, a)
		}
	}
}

func TestReadAdvice_errors(t *testing.T) {
	const header, row = "network,code,hardness,retry,retry_after_hours,meaning\n", "visa,1,HARD,NEVER,,no\n"
	if _, err := readAdvice([]byte(header + row)); err != nil {
		t.Fatalf("what is right is refused: %v", err)
	}
	for raw, want := range map[string]string{
		"":                                  "six columns",
		header:                              "six columns",
		"a,b\nc,d\n":                        "six columns",
		header + "a,b\n":                    "wrong number of fields",
		header + row + row:                  "visa 1: there are two rows",
		header + "visa,1,MEDIUM,NEVER,,n\n": "visa 1: a word",
		header + "visa,1,SOFT,SOON,,n\n":    "visa 1: a word",
		header + "visa,1,SOFT,AFTER,0,n\n":  "visa 1: a word",
		header + "visa,1,SOFT,AFTER,x,n\n":  "visa 1: a word",
	} {
		if _, err := readAdvice([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", raw, err, want)
		}
	}
}

func TestDeclineTable(t *testing.T) {
	const (
		hard, soft, conditional = paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD, paymentsv1.DeclineHardness_DECLINE_HARDNESS_SOFT, paymentsv1.DeclineHardness_DECLINE_HARDNESS_CONDITIONAL
		after, never            = paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER, paymentsv1.DeclineRetry_DECLINE_RETRY_NEVER
		other, fix              = paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT, paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER_DATA_FIX
		update                  = paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER_ACCOUNT_UPDATE
	)
	table := DeclineTable{
		Unified: map[string]string{"05": "do_not_honor", "14": "invalid_account", "43": "stolen_card", "R0": "stop_this_payment", "cvc": "incorrect_cvv", "93": "do_not_honor"},
		Overrides: map[string]DeclineRow{
			"93":   {Code: "compliance_violation"},
			"hold": {Code: "do_not_honor", Hardness: hard, Retry: other, Actor: paymentsv1.DeclineActor_DECLINE_ACTOR_MERCHANT},
		},
	}
	for name, test := range map[string]struct {
		said     Declined
		code     string
		hardness paymentsv1.DeclineHardness
		retry    paymentsv1.DeclineRetry
		after    time.Duration
	}{
		"translated":                   {Declined{Code: "05"}, "do_not_honor", soft, after, 0},
		"overridden code":              {Declined{Code: "93"}, "compliance_violation", hard, never, 0},
		"added row":                    {Declined{Code: "hold"}, "do_not_honor", hard, other, 0},
		"unmapped":                     {Declined{Code: "moon"}, "generic_decline", soft, after, 0},
		"unmapped, network's code":     {Declined{Code: "moon", NetworkCode: "51"}, "insufficient_funds", soft, after, 0},
		"unmapped, of which network":   {Declined{Code: "moon", Network: "mastercard", NetworkCode: "65"}, "authentication_required", conditional, paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER_AUTHENTICATION, 0},
		"unmapped, of no network":      {Declined{Code: "moon", NetworkCode: "65"}, "generic_decline", soft, after, 0},
		"mapped beats network's code":  {Declined{Code: "05", NetworkCode: "51"}, "do_not_honor", soft, after, 0},
		"advice to wait":               {Declined{Code: "05", Network: "mastercard", AdviceCode: "25"}, "do_not_honor", soft, after, 24 * time.Hour},
		"advice hardens":               {Declined{Code: "05", Network: "visa", AdviceCode: "1"}, "do_not_honor", hard, other, 0},
		"advice of the same hardness":  {Declined{Code: "cvc", Network: "mastercard", AdviceCode: "01"}, "incorrect_cvv", conditional, update, 0},
		"advice softens nothing":       {Declined{Code: "43", Network: "mastercard", AdviceCode: "24"}, "stolen_card", hard, other, 0},
		"advice gives never back":      {Declined{Code: "R0", Network: "mastercard", AdviceCode: "03"}, "stop_this_payment", hard, never, 0},
		"advice, conditional and soft": {Declined{Code: "14", Network: "visa", AdviceCode: "2"}, "invalid_account", hard, fix, 0},
		"advice of another network":    {Declined{Code: "05", Network: "visa", AdviceCode: "03"}, "do_not_honor", soft, after, 0},
	} {
		test.said.Message = "says the PSP"
		d := table.Decline(t.Context(), test.said)
		if d.GetCode() != test.code || d.GetHardness() != test.hardness || d.GetRetry() != test.retry || d.GetRetryAfter().AsDuration() != test.after {
			t.Errorf("%s: got %v", name, d)
		}
		if d.GetConnectorCode() != test.said.Code || d.GetConnectorMessage() != "says the PSP" || d.GetNetworkCode() != test.said.NetworkCode || d.GetAdviceCode() != test.said.AdviceCode {
			t.Errorf("%s: what was said is lost: %v", name, d)
		}
	}
	if d := table.Decline(t.Context(), Declined{Code: "hold"}); d.GetActor() != paymentsv1.DeclineActor_DECLINE_ACTOR_MERCHANT {
		t.Errorf("the row's actor: got %v", d)
	}
	if d := (DeclineTable{}).Decline(t.Context(), Declined{Code: "05"}); d.GetCode() != GenericDecline {
		t.Errorf("an empty table: got %v", d)
	}
}
