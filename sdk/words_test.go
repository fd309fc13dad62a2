package sdk

import (
	"maps"
	"testing"

	"github.com/hashicorp/go-hclog"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

const someWords = `# Source: a test.
refund.status,in_progress,PENDING
refund.status,waiting,PENDING
refund.status,done,SUCCEEDED
card.funding,credit,CREDIT
decline.code,no_money,insufficient_funds
`

func TestWords(t *testing.T) {
	v := ReadVocabulary(someWords)
	status := WordsOf[paymentsv1.RefundStatus](v, "refund.status")
	for word, want := range map[string]paymentsv1.RefundStatus{
		"in_progress": paymentsv1.RefundStatus_REFUND_STATUS_PENDING,
		"waiting":     paymentsv1.RefundStatus_REFUND_STATUS_PENDING,
		"done":        paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED,
		"DONE":        paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
		"credit":      paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
		"":            paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
	} {
		if got := status.Meaning(t.Context(), word); got != want {
			t.Errorf("%q means %v, want %v", word, got, want)
		}
	}
	if got := WordsOf[paymentsv1.CardFunding](v, "card.funding").Meaning(t.Context(), "gift"); got != 0 {
		t.Errorf("an unknown word of an enum without UNKNOWN means %v", got)
	}
	for value, want := range map[paymentsv1.RefundStatus]string{
		paymentsv1.RefundStatus_REFUND_STATUS_PENDING: "in_progress", paymentsv1.RefundStatus_REFUND_STATUS_FAILED: "",
	} {
		if got := status.Word(value); got != want {
			t.Errorf("the word for %v is %q, want %q", value, got, want)
		}
	}
	if got := v.Texts("decline.code"); !maps.Equal(got, map[string]string{"no_money": "insufficient_funds"}) {
		t.Errorf("texts are %v", got)
	}
}

// A word that the table lacks is told once, and the absence of a word never.
func TestWords_unmapped(t *testing.T) {
	lines := &lineLogger{}
	ctx := withCall(t.Context(), callValue{log: hclog.New(&hclog.LoggerOptions{Output: lines}), unmapped: newUnmappedWords()})
	status := WordsOf[paymentsv1.RefundStatus](ReadVocabulary(someWords), "refund.status")
	for _, word := range []string{"", "done", "lost", "lost"} {
		status.Meaning(ctx, word)
	}
	if lines.count != 1 {
		t.Errorf("%d words were told, want 1", lines.count)
	}
}

type lineLogger struct{ count int }

func (l *lineLogger) Write(p []byte) (int, error) {
	l.count++
	return len(p), nil
}

func TestVocabulary_broken(t *testing.T) {
	for name, broken := range map[string]func(){
		"no table":   func() { ReadVocabulary("refund.status,done\n") },
		"twice":      func() { ReadVocabulary("refund.status,done,SUCCEEDED\nrefund.status,done,FAILED\n") },
		"no value":   func() { WordsOf[paymentsv1.RefundStatus](ReadVocabulary("refund.status,done,DONE\n"), "refund.status") },
		"no field":   func() { WordsOf[paymentsv1.RefundStatus](ReadVocabulary(someWords), "payout.status") },
		"no texts":   func() { ReadVocabulary(someWords).Texts("field") },
		"not quoted": func() { ReadVocabulary("refund.status,\"done,SUCCEEDED\n") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a broken vocabulary was taken")
				}
			}()
			broken()
		})
	}
}
