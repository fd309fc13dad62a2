package standard_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/patchbay/patchbay/sdk/webhook/standard"
)

// The vector of the scheme's own libraries.
// Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/go/webhook_test.go.
const (
	secret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	id        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	body      = `{"test": 2432232314}`
	signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func at() time.Time { return time.Unix(1614265330, 0) }

func keyOf(t *testing.T, secret string) []byte {
	t.Helper()
	key, err := standard.Key(secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSign_vector(t *testing.T) {
	h := http.Header{}
	if err := standard.Sign(h, id, at(), []byte(body), keyOf(t, secret)); err != nil {
		t.Fatal(err)
	}
	if got := h.Get("webhook-signature"); got != signature || h.Get("webhook-id") != id || h.Get("webhook-timestamp") != "1614265330" {
		t.Errorf("signed %v", h)
	}
	if err := standard.Sign(h, "a.b", at(), nil, keyOf(t, secret)); err == nil {
		t.Error("an id with a full stop was signed")
	}
	if err := standard.Sign(h, id, at(), nil); err == nil {
		t.Error("signed without a key")
	}
}

func TestVerify(t *testing.T) {
	other := bytes.Repeat([]byte{7}, 24)
	for name, c := range map[string]struct {
		spoil func(http.Header)
		now   time.Time
		body  string
		key   []byte
		wrong string // "" if it is to be believed
	}{
		"right":              {},
		"at the edge":        {now: at().Add(standard.Tolerance)},
		"further signatures": {spoil: func(h http.Header) { h.Set("webhook-signature", "v1a,AAAA v1,AAAA "+signature) }},
		"old":                {now: at().Add(standard.Tolerance + time.Second), wrong: "at most"},
		"ahead":              {now: at().Add(-standard.Tolerance - time.Second), wrong: "at most"},
		"other body":         {body: body + " ", wrong: "no signature"},
		"other key":          {key: other, wrong: "no signature"},
		"empty key":          {key: []byte{}, wrong: "no signature"},
		"other id":           {spoil: func(h http.Header) { h.Set("webhook-id", "msg_2") }, wrong: "no signature"},
		"other time":         {spoil: func(h http.Header) { h.Set("webhook-timestamp", "1614265331") }, wrong: "no signature"},
		"other spelling":     {spoil: func(h http.Header) { h.Set("webhook-timestamp", "01614265330") }, wrong: "no signature"},
		"other version":      {spoil: func(h http.Header) { h.Set("webhook-signature", strings.Replace(signature, "v1", "v2", 1)) }, wrong: "no signature"},
		"no signature":       {spoil: func(h http.Header) { h.Del("webhook-signature") }, wrong: "no signature"},
		"no id":              {spoil: func(h http.Header) { h.Del("webhook-id") }, wrong: "missing"},
		"no time":            {spoil: func(h http.Header) { h.Del("webhook-timestamp") }, wrong: "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			h, now, key, text := http.Header{}, at(), keyOf(t, secret), body
			if err := standard.Sign(h, id, at(), []byte(body), key); err != nil {
				t.Fatal(err)
			}
			if c.spoil != nil {
				c.spoil(h)
			}
			if !c.now.IsZero() {
				now = c.now
			}
			if c.key != nil {
				key = c.key
			}
			if c.body != "" {
				text = c.body
			}
			err := standard.Verify(h, now, []byte(text), key)
			if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
		})
	}
}

// While a secret is replaced, who has either of the two believes the webhook.
func TestVerify_rotation(t *testing.T) {
	before, after, h := keyOf(t, secret), bytes.Repeat([]byte{9}, 32), http.Header{}
	if err := standard.Sign(h, id, at(), []byte(body), before, after); err != nil {
		t.Fatal(err)
	}
	for _, keys := range [][][]byte{{before}, {after}, {after, before}} {
		if err := standard.Verify(h, at(), []byte(body), keys...); err != nil {
			t.Error(err)
		}
	}
	if standard.Verify(h, at(), []byte(body)) == nil {
		t.Error("believed without a key")
	}
}

func TestKey_refused(t *testing.T) {
	for _, secret := range []string{"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", "whsec_c2hvcnQ=", "whsec_" + strings.Repeat("QUFB", 30)} {
		if key, err := standard.Key(secret); err == nil {
			t.Errorf("%q gives a key of %d bytes", secret, len(key))
		}
	}
}

func Example() {
	key, err := standard.Key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		panic(err)
	}
	sent := time.Unix(1614265330, 0)
	header := http.Header{}
	if err := standard.Sign(header, "msg_1", sent, []byte(`{}`), key); err != nil {
		panic(err)
	}
	fmt.Println(standard.Verify(header, sent, []byte(`{}`), key))
	fmt.Println(standard.Verify(header, sent, []byte(`{"amount":1}`), key))
	// Output:
	// <nil>
	// no signature is right
}
