package vectors_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest/vectors"
)

const (
	verified = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED
	rejected = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED
	at       = 1_700_000_000
)

// acme signs id and time, in "t=…,v1=…", and leaves the note unsigned.
type acme struct {
	ID   string `json:"id"`
	Note string `json:"note"`
}

func sum(key, t, id string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(t + "." + id))
	return hex.EncodeToString(mac.Sum(nil))
}

func signed() (vectors.Webhook, []vectors.Part) {
	signature := sum("the secret", strconv.Itoa(at), "evt_1")
	put := func(field string) func([]byte, string) []byte {
		return func(body []byte, text string) []byte {
			var all map[string]any
			if json.Unmarshal(body, &all) != nil {
				return nil
			}
			all[field] = text
			raw, _ := json.Marshal(all)
			return raw
		}
	}
	w := vectors.Webhook{
		Request: &paymentsv1.HttpRequest{Body: []byte(`{"id":"evt_1","note":"hello"}`), Headers: []*paymentsv1.HttpHeader{
			{Name: "x-signature", Value: "t=1700000000,v1=" + signature},
		}},
		Secrets: []string{"the secret"},
	}
	return w, []vectors.Part{
		vectors.Field("id", "evt_1", put("id")),
		vectors.MAC("X-Signature", signature, vectors.Hex()),
		vectors.MACText("X-Signature", signature, vectors.Hex()),
		vectors.Timestamp("X-Signature", "1700000000"),
		vectors.Secret(vectors.Text()),
		vectors.Unsigned(vectors.Field("note", "hello", put("note"))),
	}
}

// verifier believes what is signed; wrong is what it does wrong.
func verifier(wrong string) vectors.Handle {
	return func(_ context.Context, w vectors.Webhook) (*paymentsv1.HandleWebhookResponse, error) {
		var body acme
		if err := json.Unmarshal(w.Request.GetBody(), &body); err != nil {
			return nil, err
		}
		first, signature, _ := strings.Cut(strings.TrimPrefix(w.Request.GetHeaders()[0].GetValue(), "t="), ",v1=")
		seconds, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return nil, err
		}
		got, err := hex.DecodeString(signature)
		if err != nil {
			return nil, errors.New("no digits")
		}
		key, signedTime := w.Secrets[0], strconv.FormatInt(seconds, 10)
		switch wrong {
		case "key":
			key = "the secret"
		case "time":
			signedTime = "1700000000"
		}
		want, _ := hex.DecodeString(sum(key, signedTime, body.ID))
		if wrong == "prefix" && len(got) > 0 {
			got, want = got[:1], want[:1]
		}
		event := &paymentsv1.WebhookEvent{Id: body.ID, Type: "paid"}
		if wrong == "unsigned content" {
			event.Type = body.Note
		}
		if wrong != "id" && !hmac.Equal(got, want) {
			resp := &paymentsv1.HandleWebhookResponse{Verification: rejected}
			if wrong == "tells" {
				resp.Events = append(resp.Events, event)
			}
			return resp, nil
		}
		return &paymentsv1.HandleWebhookResponse{Verification: verified, Events: []*paymentsv1.WebhookEvent{event}}, nil
	}
}

func TestMutate(t *testing.T) {
	original, parts := signed()
	began := time.Now()
	vectors.Mutate(t, verifier(""), original, vectors.Enough, 1, parts...)
	t.Logf("%d mutations took %s", len(parts)*vectors.Enough, time.Since(began))
}

// failures counts what a test would have failed with.
type failures struct {
	testing.TB
	told []string
}

func (f *failures) Helper()             {}
func (f *failures) Logf(string, ...any) {}
func (f *failures) Errorf(s string, args ...any) {
	f.told = append(f.told, fmt.Sprintf(s, args...))
}
func (f *failures) Fatalf(s string, args ...any) {
	f.Errorf(s, args...)
	panic(f)
}

// Each way of verifying wrongly is found, in the part that is concerned.
func TestMutate_canFail(t *testing.T) {
	for wrong, want := range map[string]string{
		"id":               "id, mutation",
		"prefix":           "MAC, mutation",
		"time":             "timestamp, mutation",
		"key":              "secret, mutation",
		"unsigned content": "note, which is not signed,, mutation",
		"tells":            "content of a webhook that is not believed",
	} {
		original, parts := signed()
		f := &failures{TB: t}
		vectors.Mutate(f, verifier(wrong), original, 2000, 1, parts...)
		if told := strings.Join(f.told, "\n"); !strings.Contains(told, want) {
			t.Errorf("%s: told %q, want %q", wrong, told, want)
		}
	}
}

// A webhook that is not believed proves nothing, and neither does a part that can't be
// mutated.
func TestMutate_control(t *testing.T) {
	for name, spoil := range map[string]func(*vectors.Webhook, *vectors.Part){
		"the original": func(w *vectors.Webhook, _ *vectors.Part) { w.Secrets[0] = "another" },
		"only 0 differ": func(_ *vectors.Webhook, p *vectors.Part) {
			p.Put = func(*vectors.Webhook, []byte) bool { return false }
		},
		"differ from the": func(_ *vectors.Webhook, p *vectors.Part) { p.Same = func(_, _ []byte) bool { return true } },
	} {
		original, parts := signed()
		spoil(&original, &parts[0])
		f := &failures{TB: t}
		func() {
			defer func() { _ = recover() }()
			vectors.Mutate(f, verifier(""), original, 10, 1, parts...)
		}()
		if told := strings.Join(f.told, "\n"); !strings.Contains(told, name) {
			t.Errorf("told %q, want %q", told, name)
		}
	}
}

// What decodes to the same is the same.
func TestSame(t *testing.T) {
	for name, c := range map[string]struct {
		part vectors.Part
		a, b string
		want bool
	}{
		"case of digits":      {vectors.MACText("h", "ab", vectors.Hex()), "ab", "AB", true},
		"other digits":        {vectors.MACText("h", "ab", vectors.Hex()), "ab", "aa", false},
		"no digits":           {vectors.MACText("h", "ab", vectors.Hex()), "ab", "a", false},
		"padding bits":        {vectors.MACText("h", "QQ==", vectors.Base64()), "QQ==", "QR==", true},
		"other base64":        {vectors.MACText("h", "QQ==", vectors.Base64()), "QQ==", "Qg==", false},
		"zeros before a time": {vectors.Timestamp("h", "17"), "17", "017", true},
		"another time":        {vectors.Timestamp("h", "17"), "17", "18", false},
		"zeros after a key":   {vectors.Secret(vectors.Text()), "key", "key\x00", true},
		"zeros before a key":  {vectors.Secret(vectors.Text()), "key", "\x00key", false},
	} {
		if got := c.part.Same([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// The vectors of four vendors are there, and are what they say.
func TestLoad(t *testing.T) {
	for _, v := range vectors.Load(t, "stripe") {
		mac := hmac.New(sha256.New, []byte(v.Key))
		mac.Write([]byte(v.Message))
		if !strings.HasSuffix(v.Signature, "v1="+hex.EncodeToString(mac.Sum(nil))) {
			t.Errorf("the vector of %s is not what its message signs", v.Source)
		}
	}
	if got := len(vectors.Load(t, "adyen")); got < 2 {
		t.Errorf("%d vectors of adyen, want 2", got)
	}
	f := &failures{TB: t}
	func() {
		defer func() { _ = recover() }()
		vectors.Load(f, "nobody")
	}()
	if len(f.told) != 1 {
		t.Errorf("told %q of a vendor without vectors", f.told)
	}
}
