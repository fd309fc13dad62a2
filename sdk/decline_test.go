package sdk

import (
	"bytes"
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// declineRows reads declines.csv by the test's own means.
func declineRows(t *testing.T) []map[string]string {
	t.Helper()
	raw, err := os.ReadFile("declines.csv")
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(records) < 50 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func TestNewDecline_everyRow(t *testing.T) {
	for _, row := range declineRows(t) {
		d := NewDecline(row["code"])
		if d.GetCode() != row["code"] ||
			d.GetHardness().String() != "DECLINE_HARDNESS_"+row["hardness"] ||
			d.GetRetry().String() != "DECLINE_RETRY_"+row["retry"] ||
			d.GetActor().String() != "DECLINE_ACTOR_"+row["actor"] ||
			d.GetMessage() != "Declined: "+strings.ReplaceAll(row["code"], "_", " ")+"." {
			t.Errorf("got %v for %v", d, row)
		}
		if never := d.GetRetry() == paymentsv1.DeclineRetry_DECLINE_RETRY_NEVER; never && d.GetHardness() != paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD {
			t.Errorf("%s: never to be repeated, and yet not hard", row["code"])
		}
		for _, name := range strings.Fields(row["iso8583"]) {
			network, response, named := strings.Cut(name, ":")
			if !named {
				network, response = "", name
			}
			if code, ok := NetworkDecline(network, response); !ok || code != row["code"] {
				t.Errorf("%s means %s (%v), want %s", name, code, ok, row["code"])
			}
		}
	}
}

func TestNewDecline_unknownCode(t *testing.T) {
	for _, code := range []string{"", "no_such_code", "INSUFFICIENT_FUNDS"} {
		if d := NewDecline(code); !proto.Equal(d, NewDecline(GenericDecline)) || d.GetCode() != "generic_decline" {
			t.Errorf("%q: got %v", code, d)
		}
	}
}

func TestNewDecline_callerOwnsIt(t *testing.T) {
	NewDecline("lost_card").Message = "changed"
	if got := NewDecline("lost_card").GetMessage(); got != "Declined: lost card." {
		t.Errorf("got %q", got)
	}
}

// The same code means different things to different networks.
func TestNetworkDecline(t *testing.T) {
	for _, test := range []struct{ network, response, want string }{
		{"visa", "65", "exceeds_frequency_limit"},
		{"mastercard", "65", "authentication_required"},
		{"amex", "65", ""},
		{"", "65", ""},
		{"visa", "1A", "authentication_required"},
		{"mastercard", "1A", ""},
		{"", "51", "insufficient_funds"},
		{"visa", "51", "insufficient_funds"},
		{"mastercard", "51", "insufficient_funds"},
		{"visa", "05", "do_not_honor"},
		{"visa", "00", ""},
		{"visa", "", ""},
		{"", "", ""},
	} {
		if code, ok := NetworkDecline(test.network, test.response); code != test.want || ok != (test.want != "") {
			t.Errorf("%s:%s means %q (%v), want %q", test.network, test.response, code, ok, test.want)
		}
	}
}

func TestReadDeclines_errors(t *testing.T) {
	const header = "code,hardness,retry,actor,iso8583\n"
	const generic = "generic_decline,SOFT,AFTER,ISSUER,\n"
	if _, err := readDeclines([]byte(header + generic)); err != nil {
		t.Fatalf("what is right is refused: %v", err)
	}
	for raw, want := range map[string]string{
		"":                                   "empty",
		"code,hardness,retry,actor\n":        `column "iso8583" is missing`,
		header:                               "generic_decline is missing",
		header + "a,b\n":                     "wrong number of fields",
		header + generic + generic:           "generic_decline: there are two rows",
		header + "a,MEDIUM,AFTER,ISSUER,\n":  "a: a word that the contract does not have",
		header + "a,SOFT,,ISSUER,\n":         "a: a word that the contract does not have",
		header + "a,SOFT,AFTER,NEIGHBOUR,\n": "a: a word that the contract does not have",
		header + generic + "a,SOFT,AFTER,ISSUER,05\nb,SOFT,AFTER,ISSUER,04 05\n":   "05 means both a and b",
		header + generic + "a,SOFT,AFTER,ISSUER,x:5\nb,SOFT,AFTER,ISSUER,04 x:5\n": "x:5 means both a and b",
	} {
		if _, err := readDeclines([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", raw, err, want)
		}
	}
}
