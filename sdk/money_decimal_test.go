package sdk

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"testing/quick"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// places are exceptions that give one currency each number of decimal places.
func places(code string, n int) Exponents { return Exponents{code: n} }

// Every currency, with its own exponent and with every other: what is written is
// read as it was, text and JSON alike, or refused on both ways.
func TestDecimal_roundTrip(t *testing.T) {
	edges := []int64{0, 1, 9, 10, 99, 100, 1050, 10000, math.MaxInt64, math.MaxInt64 / 10, math.MaxInt64 / 10000 * 10000}
	for _, code := range currencies(t) {
		for n := -1; n <= 4; n++ {
			e := places(code, n)
			if n < 0 {
				e = exceptions
			}
			check := func(value int64) bool { return checkRoundTrip(t, e, code, value&math.MaxInt64) }
			for _, value := range edges {
				check(value)
			}
			if err := quick.Check(check, &quick.Config{MaxCount: 20}); err != nil {
				t.Errorf("%s with %v: %v", code, e, err)
			}
			if err := quick.Check(func(value uint32) bool { return check(int64(value) * 10000) }, &quick.Config{MaxCount: 20}); err != nil {
				t.Errorf("%s with %v: %v", code, e, err)
			}
		}
	}
}

func checkRoundTrip(t *testing.T, e Exponents, code string, minor int64) bool {
	t.Helper()
	m := &paymentsv1.Money{CurrencyCode: code, MinorUnits: minor}
	_, possible := exactly(minor, Exponent(code), e.exponent(code))
	text, err := e.FormatDecimal(m)
	if !possible {
		var failed *Error
		if !errors.As(err, &failed) || failed.Kind != InvalidRequest || text != "" {
			t.Errorf("%d %s with %v is %q, %v; want an InvalidRequest", minor, code, e, text, err)
		}
		return !t.Failed()
	}
	// The text is the amount, by numbers that are exact and not ours.
	said, ok := new(big.Rat).SetString(text)
	want := new(big.Rat).SetFrac(big.NewInt(minor), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(Exponent(code))), nil))
	if err != nil || !ok || said.Cmp(want) != 0 {
		t.Errorf("%d %s with %v is %q (%v)", minor, code, e, text, err)
	}
	back, err := e.ParseDecimal(code, text)
	if err != nil || back.GetMinorUnits() != minor || back.GetCurrencyCode() != code {
		t.Errorf("%q %s with %v is read as %v (%v), want %d", text, code, e, back, err, minor)
	}
	return checkNumber(t, e, m, text)
}

func checkNumber(t *testing.T, e Exponents, m *paymentsv1.Money, text string) bool {
	t.Helper()
	number, err := e.FormatNumber(m)
	if err != nil {
		t.Errorf("%v: %v", m, err)
	}
	raw, err := json.Marshal(map[string]any{"amount": number})
	if err != nil || string(raw) != `{"amount":`+text+`}` {
		t.Errorf("%v is written as %s (%v), want %s", m, raw, err, text)
	}
	var read struct{ Amount json.Number }
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Errorf("%s: %v", raw, err)
	}
	back, err := e.ParseNumber(m.GetCurrencyCode(), read.Amount)
	if err != nil || back.GetMinorUnits() != m.GetMinorUnits() {
		t.Errorf("%s is read as %v (%v), want %v", raw, back, err, m)
	}
	return !t.Failed()
}

// A larger amount is a larger number.
func TestDecimal_keepsTheOrder(t *testing.T) {
	for n := range 5 {
		e := places("XTS", n)
		number := func(units uint32) *big.Rat {
			m, err := e.ToMinor("XTS", int64(units)*10000)
			if err != nil {
				t.Fatal(err)
			}
			text, err := e.FormatDecimal(m)
			if err != nil {
				t.Fatal(err)
			}
			r, _ := new(big.Rat).SetString(text)
			return r
		}
		ordered := func(a, b uint32) bool {
			return number(a).Cmp(number(b)) == big.NewInt(int64(a)).Cmp(big.NewInt(int64(b)))
		}
		if err := quick.Check(ordered, nil); err != nil {
			t.Errorf("%d places: %v", n, err)
		}
	}
}

func TestFormatDecimal_examples(t *testing.T) {
	for _, test := range []struct {
		e     Exponents
		code  string
		minor int64
		want  string
	}{
		{nil, "USD", 1050, "10.50"}, {nil, "USD", 5, "0.05"}, {nil, "USD", 0, "0.00"}, {nil, "JPY", 1050, "1050"}, {nil, "JPY", 0, "0"},
		{nil, "KWD", 1050, "1.050"}, {nil, "CLF", 1, "0.0001"}, {exceptions, "CLP", 1050, "1050.00"}, {exceptions, "KWD", 1050, "1.05"},
		{nil, "USD", math.MaxInt64, "92233720368547758.07"},
	} {
		if got, err := test.e.FormatDecimal(&paymentsv1.Money{CurrencyCode: test.code, MinorUnits: test.minor}); err != nil || got != test.want {
			t.Errorf("%d %s is %q (%v), want %q", test.minor, test.code, got, err, test.want)
		}
	}
	for _, m := range []*paymentsv1.Money{{CurrencyCode: "USD", MinorUnits: -1}, {CurrencyCode: "KWD", MinorUnits: 1051}} {
		var e *Error
		if text, err := exceptions.FormatDecimal(m); !errors.As(err, &e) || e.Kind != InvalidRequest || e.Fields[0].Field != "amount.minor_units" || text != "" {
			t.Errorf("%v is %q, %v; want an InvalidRequest", m, text, err)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for _, test := range []struct {
		code, text string
		minor      int64
		number     bool   // a JSON number may look like that
		says       string // the error, or nothing
	}{
		{"USD", "10.50", 1050, true, ""},
		{"USD", "10.5", 1050, true, ""},
		{"USD", "10", 1000, true, ""},
		{"USD", "0", 0, true, ""},
		{"USD", "0.05", 5, true, ""},
		{"JPY", "1050", 1050, true, ""},
		{"USD", "92233720368547758.07", math.MaxInt64, true, ""},
		{"USD", "92233720368547758.08", 0, true, "is too large"},
		{"USD", strings.Repeat("9", 40), 0, true, "is too large"},
		{"USD", "10.505", 0, true, "has 3 decimal places, and 2 are possible"},
		{"JPY", "1050.5", 0, true, "has 1 decimal places, and 0 are possible"},
		{"USD", "-10.50", 0, true, "has a sign"},
		{"USD", "+10.50", 0, false, "has a sign"},
		{"USD", "1e3", 0, true, "is in exponent notation"},
		{"USD", "1.5E+2", 0, true, "is in exponent notation"},
		{"USD", "010.50", 0, false, "has leading zeros"},
		{"USD", "00", 0, false, "has leading zeros"},
		{"USD", "", 0, false, "is empty"},
		{"USD", ".", 0, false, "is not a decimal number"},
		{"USD", ".50", 0, false, "is not a decimal number"},
		{"USD", "10.", 0, false, "is not a decimal number"},
		{"USD", "1.0.0", 0, false, "is not a decimal number"},
		{"USD", "1,000.00", 0, false, "is not a decimal number"},
		{"USD", " 10.50", 0, false, "is not a decimal number"},
		{"USD", "10.50 USD", 0, false, "is not a decimal number"},
		{"USD", "e3", 0, false, "is not a decimal number"},
		{"USD", "٣", 0, false, "is not a decimal number"},
		{"USD", "NaN", 0, false, "is not a decimal number"},
	} {
		m, err := Exponents{}.ParseDecimal(test.code, test.text)
		checkParsed(t, test.code+" "+test.text, m, err, test.minor, test.says)
		if test.number {
			m, err = Exponents{}.ParseNumber(test.code, json.Number(test.text))
			checkParsed(t, test.code+" "+test.text+" in JSON", m, err, test.minor, test.says)
		}
	}
}

func checkParsed(t *testing.T, what string, m *paymentsv1.Money, err error, minor int64, says string) {
	t.Helper()
	var e *Error
	switch {
	case says == "" && (err != nil || m.GetMinorUnits() != minor):
		t.Errorf("%s: got %v, %v; want %d", what, m, err, minor)
	case says != "" && (!errors.As(err, &e) || e.Kind != OutcomeUnknown || !strings.HasSuffix(e.Message, says) || m != nil):
		t.Errorf("%s: got %v, %v; want that it %s", what, m, err, says)
	}
}

// Zeros beyond the places say nothing in JSON, and something unknown in text.
func TestParse_trailingZeros(t *testing.T) {
	for _, test := range []struct {
		e          Exponents
		code, text string
		minor      int64
	}{{nil, "JPY", "1050.0", 1050}, {nil, "JPY", "1050.00", 1050}, {nil, "USD", "10.5000", 1050}, {exceptions, "TND", "1.05000", 1050}} {
		m, err := test.e.ParseNumber(test.code, json.Number(test.text))
		checkParsed(t, test.text+" in JSON", m, err, test.minor, "")
		if m, err := test.e.ParseDecimal(test.code, test.text); err == nil {
			t.Errorf("%s %s: got %v, want an error", test.text, test.code, m)
		}
	}
	m, err := exceptions.ParseDecimal("TND", "0.0001")
	checkParsed(t, "a tenth of a minor unit", m, err, 0, "is not a whole number of minor units")
}

// FuzzParseDecimal: what is read is exactly what the text says, and is written as
// a number of the same value.
func FuzzParseDecimal(f *testing.F) {
	for _, text := range []string{"", "0", "10.50", "-1", "1e3", "010", "10.505", "92233720368547758.08", "1.", ".1", "1.0.0"} {
		for n := range 5 {
			f.Add(text, n)
		}
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		e := places("XTS", ((n%5)+5)%5)
		m, err := e.ParseDecimal("XTS", text)
		if err != nil {
			if m != nil {
				t.Fatalf("%q is both %v and %v", text, m, err)
			}
			return
		}
		value, ok := new(big.Rat).SetString(text)
		if !ok || value.Cmp(big.NewRat(m.GetMinorUnits(), 100)) != 0 {
			t.Fatalf("%q is read as %v", text, m)
		}
		again, err := e.FormatDecimal(m)
		if err != nil {
			t.Fatalf("%q is read as %v and can't be written: %v", text, m, err)
		}
		if written, _ := new(big.Rat).SetString(again); written.Cmp(value) != 0 {
			t.Fatalf("%q is written as %q", text, again)
		}
	})
}
