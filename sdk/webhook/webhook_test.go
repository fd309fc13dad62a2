package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/webhook"
)

func TestHeader(t *testing.T) {
	r := &paymentsv1.HttpRequest{Headers: []*paymentsv1.HttpHeader{
		{Name: "X-Signature", Value: "b"}, {Name: "Other", Value: "x"}, {Name: "x-signature", Value: "a"},
	}}
	if got := webhook.Header(r, "X-SIGNATURE"); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("got %q", got)
	}
	if got := webhook.Header(nil, "x"); len(got) != 0 {
		t.Errorf("got %q of no request", got)
	}
}

func TestKeys(t *testing.T) {
	for name, c := range map[string]struct {
		secrets []sdk.Secret
		decode  func(string) ([]byte, error)
		want    []string
		wrong   string
	}{
		"text":            {secrets: []sdk.Secret{"", "one", "two"}, want: []string{"one", "two"}},
		"decoded":         {secrets: []sdk.Secret{"6f6e65"}, decode: hex.DecodeString, want: []string{"one"}},
		"one of two":      {secrets: []sdk.Secret{"zz", "6f6e65"}, decode: hex.DecodeString, want: []string{"one"}},
		"none":            {wrong: "no webhook secret"},
		"empty ones":      {secrets: []sdk.Secret{"", ""}, wrong: "no webhook secret"},
		"empty, decoded":  {secrets: []sdk.Secret{""}, decode: hex.DecodeString, wrong: "no webhook secret"},
		"unreadable":      {secrets: []sdk.Secret{"zz"}, decode: hex.DecodeString, wrong: "none can be read"},
		"decoded to none": {secrets: []sdk.Secret{"x"}, decode: func(string) ([]byte, error) { return nil, nil }, wrong: "none can be read"},
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := webhook.Keys(c.secrets, c.decode)
			got := make([]string, len(keys))
			for i, key := range keys {
				got[i] = string(key)
			}
			switch {
			case c.wrong == "" && (err != nil || !slices.Equal(got, c.want)):
				t.Errorf("got %q %v, want %q", got, err, c.want)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong) || keys != nil):
				t.Errorf("got %q %v, want %q", got, err, c.wrong)
			case err != nil && strings.Contains(err.Error(), "zz"):
				t.Errorf("%q quotes the secret", err)
			}
		})
	}
}

func mac(key, message string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(message))
	return h.Sum(nil)
}

func TestGenuine(t *testing.T) {
	keys := func(keys ...string) (raw [][]byte) {
		for _, key := range keys {
			raw = append(raw, []byte(key))
		}
		return raw
	}
	right := mac("a", "message")
	for name, c := range map[string]struct {
		keys       [][]byte
		signatures [][]byte
		want       bool
	}{
		"right":            {keys("a"), [][]byte{right}, true},
		"second key":       {keys("b", "a"), [][]byte{right}, true},
		"first key":        {keys("a", "b"), [][]byte{right}, true},
		"second signature": {keys("a"), [][]byte{mac("b", "message"), right}, true},
		"first signature":  {keys("a"), [][]byte{right, nil}, true},
		"other key":        {keys("b"), [][]byte{right}, false},
		"other message":    {keys("a"), [][]byte{mac("a", "massage")}, false},
		"prefix":           {keys("a"), [][]byte{right[:31]}, false},
		"longer":           {keys("a"), [][]byte{append(slices.Clone(right), 0)}, false},
		"empty signature":  {keys("a"), [][]byte{{}}, false},
		"no signature":     {keys("a"), nil, false},
		"no key":           {nil, [][]byte{right}, false},
		"empty key":        {keys(""), [][]byte{mac("", "message")}, false},
	} {
		if got := webhook.Genuine(sha256.New, c.keys, []byte("message"), c.signatures...); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestFresh(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for name, c := range map[string]struct {
		at   time.Time
		want string
	}{
		"now":           {now, ""},
		"at the edge":   {now.Add(-time.Minute), ""},
		"just ahead":    {now.Add(time.Minute), ""},
		"old":           {now.Add(-61 * time.Second), "1m1s old"},
		"ahead":         {now.Add(61 * time.Second), "1m1s ahead"},
		"no time":       {time.Time{}, "old"},
		"far ahead":     {time.Unix(1<<40, 0), "ahead"},
		"end of time":   {time.Unix(math.MaxInt64, 0), "at most"},
		"begin of time": {time.Unix(math.MinInt64, 0), "at most"},
	} {
		err := webhook.Fresh(c.at, now, time.Minute)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestResponses(t *testing.T) {
	event := &paymentsv1.WebhookEvent{Id: "evt_1"}
	ack := &paymentsv1.HttpResponse{StatusCode: 200, Body: []byte("[accepted]")}
	verified := webhook.Verified(ack, event)
	if verified.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED || verified.GetEvents()[0] != event || verified.GetAcknowledgement() != ack {
		t.Errorf("got %v", verified)
	}
	for _, c := range []struct {
		got  *paymentsv1.HandleWebhookResponse
		want paymentsv1.WebhookVerification
	}{
		{webhook.Rejected(http.StatusUnauthorized, "wrong"), paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED},
		{webhook.Unsigned(http.StatusUnauthorized, "wrong"), paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_UNSIGNED},
	} {
		if c.got.GetVerification() != c.want || c.got.GetRejectionReason() != "wrong" || c.got.GetAcknowledgement().GetStatusCode() != 401 || len(c.got.GetEvents()) != 0 {
			t.Errorf("got %v, want %s", c.got, c.want)
		}
	}
}

// A PSP that signs its body with HMAC-SHA256, in hexadecimal digits in a header.
func ExampleGenuine() {
	secrets := []sdk.Secret{"the secret before", "the secret"}
	request := &paymentsv1.HttpRequest{Body: []byte(`{"id":"evt_1"}`), Headers: []*paymentsv1.HttpHeader{
		{Name: "x-signature", Value: hex.EncodeToString(mac("the secret", `{"id":"evt_1"}`))},
	}}

	keys, err := webhook.Keys(secrets, nil)
	if err != nil {
		fmt.Println(webhook.Rejected(http.StatusUnauthorized, err.Error()).GetRejectionReason())
		return
	}
	var signatures [][]byte
	for _, value := range webhook.Header(request, "X-Signature") {
		if signature, err := hex.DecodeString(value); err == nil {
			signatures = append(signatures, signature)
		}
	}
	fmt.Println(webhook.Genuine(sha256.New, keys, request.GetBody(), signatures...))
	// Output: true
}
