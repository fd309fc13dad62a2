package wire

import (
	"strings"
	"testing"
	"time"
)

func TestRedactText(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"Your card was declined.":              "Your card was declined.",
		"card 4242424242424242 was declined":   "card [redacted] was declined",
		"4242 4242 4242 4242":                  "[redacted]",
		"4242-4242-4242-4242.":                 "[redacted].",
		"3782 822463 10005":                    "[redacted]",
		`{"number":"4242424242424242"}`:        `{"number":"[redacted]"}`,
		"number=4242424242424242&cvc=1":        "number=[redacted]&cvc=1",
		"4242424242424242,5555555555554444":    "[redacted],[redacted]",
		"4242424242424242 5555555555554444":    "[redacted] [redacted]",
		"4242 4242 4242 4242 5555555555554444": "[redacted] [redacted]",
		"(4222222222222)":                      "([redacted])",
		"6304000000000000000":                  "[redacted]",

		// Other digits beside a card number do not save it.
		"4242424242424242 12/30":          "[redacted] 12/30",
		"4242 4242 4242 4242 12/30 123":   "[redacted] 12/30 123",
		"4242-4242-4242-4242-123":         "[redacted]-123",
		"at 12 4242424242424242":          "at 12 [redacted]",
		"2026-11-22 4242424242424242":     "2026-11-22 [redacted]",
		"order 7 4242 4242 4242 4242 3 5": "order 7 [redacted] 3 5",

		// Near misses.
		"4242424242424243":         "4242424242424243", // check digit
		"4242 4242 4242 4243":      "4242 4242 4242 4243",
		"424242424242":             "424242424242",         // 12 digits
		"42424242424242424242":     "42424242424242424242", // 20 digits
		"63040000000000000000000":  "63040000000000000000000",
		"4242  4242  4242  4242":   "4242  4242  4242  4242", // double spaces
		"4242.4242.4242.4242":      "4242.4242.4242.4242",
		"pi_4242424242424242":      "pi_4242424242424242", // a part of a word
		"4242424242424242abc":      "4242424242424242abc",
		"00-4bf92f3577b34da6a3-01": "00-4bf92f3577b34da6a3-01",
		"2026-11-22 14:28:05":      "2026-11-22 14:28:05",
		"1050 USD":                 "1050 USD",
		"+49 30 901820":            "+49 30 901820",
		"-4242424242424242-":       "-[redacted]-",
		" 4242424242424242 ":       " [redacted] ",
		"4242424242424242\n18":     "[redacted]\n18",
	} {
		if got := RedactText(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Whatever stands around a card number, of it nothing is left.
func TestRedactText_leavesNoPart(t *testing.T) {
	for _, number := range []string{"4242424242424242", "4000056655665556", "3782 822463 10005", "5555-5555-5555-4444"} {
		for _, before := range []string{"", "1 ", "12-", "123 ", "1234567 ", "8 8 8 8 ", "x "} {
			for _, after := range []string{"", " 1", "-12", " 123", " 1234 567", " 9 9 9", " x"} {
				text := RedactText(before + number + after)
				for _, part := range strings.FieldsFunc(number, func(r rune) bool { return r == ' ' || r == '-' }) {
					if strings.Contains(text, part) {
						t.Errorf("%q%q%q becomes %q", before, number, after, text)
					}
				}
			}
		}
	}
}

// Plugins write the text: a long line must not stop the host.
func TestRedactText_isLinear(t *testing.T) {
	for _, unit := range []string{"1 ", "4242 ", "9", "4242424242424242 "} {
		line := strings.Repeat(unit, 1<<17/len(unit))
		begin := time.Now()
		_ = RedactText(line)
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("128 KiB of %q took %v", unit, took)
		}
	}
}
