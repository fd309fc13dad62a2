package stripe

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// TestEveryDocumentedCodeHasAMeaning also makes sure that each meaning is a
// unified code that exists.
func TestEveryDocumentedCodeHasAMeaning(t *testing.T) {
	documented := documentedCodes(t)
	if len(documented) < 70 {
		t.Fatalf("only %d codes were read", len(documented))
	}
	for _, code := range documented {
		unified, ok := words.Texts("decline.code")[code]
		if !ok {
			t.Errorf("%s has no meaning", code)
		}
		if got := sdk.NewDecline(unified).GetCode(); got != unified {
			t.Errorf("%s means %s, which is no unified code", code, unified)
		}
	}
}

func documentedCodes(t *testing.T) []string {
	t.Helper()
	file, err := os.Open("testdata/decline_codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var codes []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "#") {
			codes = append(codes, line)
		}
	}
	return codes
}

func TestDecline(t *testing.T) {
	const (
		hard        = paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD
		soft        = paymentsv1.DeclineHardness_DECLINE_HARDNESS_SOFT
		conditional = paymentsv1.DeclineHardness_DECLINE_HARDNESS_CONDITIONAL
	)
	for _, tt := range []struct {
		name      string
		failure   api.Failure
		code      string
		connector string
		hardness  paymentsv1.DeclineHardness
		retry     paymentsv1.DeclineRetry
	}{
		{"decline code", api.Failure{Code: "card_declined", DeclineCode: "insufficient_funds"},
			"insufficient_funds", "insufficient_funds", soft, paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER},
		{"error code alone", api.Failure{Code: "incorrect_cvc"},
			"incorrect_cvv", "incorrect_cvc", conditional, paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER_DATA_FIX},
		{"lost", api.Failure{Code: "card_declined", DeclineCode: "lost_card"},
			"lost_card", "lost_card", hard, paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT},
		{"new code", api.Failure{Code: "card_declined", DeclineCode: "moon_phase"},
			"insufficient_funds", "moon_phase", soft, paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER},
		{"no code", api.Failure{}, "insufficient_funds", "", soft, paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER},
		{"advice hardens", api.Failure{Code: "card_declined", DeclineCode: "do_not_honor", AdviceCode: "do_not_try_again"},
			"do_not_honor", "do_not_honor", hard, paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT},
		{"old advice hardens", api.Failure{Code: "card_declined", DeclineCode: "do_not_try_again"},
			"do_not_honor", "do_not_try_again", hard, paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT},
		{"advice to try later softens nothing", api.Failure{DeclineCode: "stolen_card", AdviceCode: "try_again_later"},
			"stolen_card", "stolen_card", hard, paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT},
		{"network's advice to wait", failedWith("mastercard", "do_not_honor"),
			"do_not_honor", "do_not_honor", soft, paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER},
		{"network's code for a new code", failedWith("visa", "moon_phase"),
			"insufficient_funds", "moon_phase", soft, paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.failure.NetworkDeclineCode, tt.failure.NetworkAdviceCode, tt.failure.Message = "51", "24", "Declined, says Stripe."
			d := decline(t.Context(), &tt.failure)
			if d.GetCode() != tt.code || d.GetConnectorCode() != tt.connector || d.GetHardness() != tt.hardness || d.GetRetry() != tt.retry {
				t.Errorf("decline is %v", d)
			}
			if d.GetNetworkCode() != "51" || d.GetAdviceCode() != "24" || d.GetConnectorMessage() != "Declined, says Stripe." {
				t.Errorf("what the network said is lost: %v", d)
			}
		})
	}
}

func failedWith(brand, code string) api.Failure {
	f := api.Failure{Code: "card_declined", DeclineCode: code}
	f.PaymentMethod.Card.Brand = brand
	return f
}

// What a network advises counts for that network alone.
func TestDecline_networkAdvice(t *testing.T) {
	for _, tt := range []struct {
		brand, advice, stripes string
		retry                  paymentsv1.DeclineRetry
		after                  time.Duration
	}{
		{"mastercard", "24", "", paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER, time.Hour},
		{"mastercard", "03", "", paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT, 0},
		{"mastercard", "24", "do_not_try_again", paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT, 0},
		{"visa", "24", "", paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER, 0},
		{"", "03", "", paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER, 0},
	} {
		f := failedWith(tt.brand, "do_not_honor")
		f.NetworkAdviceCode, f.AdviceCode = tt.advice, tt.stripes
		d := decline(t.Context(), &f)
		if d.GetRetry() != tt.retry || d.GetRetryAfter().AsDuration() != tt.after || d.GetAdviceCode() != tt.advice {
			t.Errorf("%s %s: got %v", tt.brand, tt.advice, d)
		}
	}
}

// TestUnknownWordsAreLogged: somebody has to learn that a table has a gap.
func TestUnknownWordsAreLogged(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{
		"POST /v1/payment_intents": failed(402, object{"type": "card_error", "code": "card_declined", "decline_code": "moon_phase"}),
		getIntent:                  answer(200, intent(t, stripemock.Intent{Status: "succeeded"}, object{"status": "requires_patience"})),
		"GET /v1/refunds/re_1":     answer(200, refundObject(t, "on_its_way", nil)),
	})
	var log bytes.Buffer
	h := connectortest.Start(t, New(), map[string]any{"api_key": "sk_test_1", "base_url": p.URL},
		sdk.WithLogger(hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Warn})))
	declined, err := h.Payments.Authorize(h.Context(testKey), authorizeRequest())
	if err != nil || declined.GetPayment().GetDecline().GetCode() != sdk.GenericDecline {
		t.Errorf("Authorize: %v, %v", declined, err)
	}
	if _, err := h.Payments.GetPayment(h.Context(testKey), &paymentsv1.GetPaymentRequest{PaymentId: "pi_1"}); err != nil {
		t.Error(err)
	}
	if _, err := h.Refunds.GetRefund(h.Context(testKey), &paymentsv1.GetRefundRequest{RefundId: "re_1"}); err != nil {
		t.Error(err)
	}
	for _, word := range []string{"moon_phase", "requires_patience", "on_its_way"} {
		if strings.Count(log.String(), word) != 1 {
			t.Errorf("the log does not name %q once:\n%s", word, log.String())
		}
	}
}
