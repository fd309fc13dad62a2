// Package standard signs and verifies webhooks by the Standard Webhooks scheme:
// HMAC-SHA256 over id, time and body, in three headers.
// Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
//
// It imports nothing of ours, so that the host can sign what it sends and a
// connector can verify what its PSP sends.
package standard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The scheme's headers.
const (
	IDHeader        = "Webhook-Id"
	TimestampHeader = "Webhook-Timestamp"
	SignatureHeader = "Webhook-Signature"
)

const (
	secretPrefix = "whsec_"
	version      = "v1,"
	// Tolerance is how far a webhook's time may be from now.
	Tolerance = 5 * time.Minute
	// The scheme asks for keys of 24 to 64 bytes.
	leastKey, mostKey = 24, 64
)

// Key reads a secret: whsec_ and the key in base64, with padding. Its errors quote
// nothing of the secret.
func Key(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, errors.New("the secret does not begin with " + secretPrefix)
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("the secret is not in base64")
	}
	if len(key) < leastKey || len(key) > mostKey {
		return nil, fmt.Errorf("the secret's key has %d bytes, not %d to %d", len(key), leastKey, mostKey)
	}
	return key, nil
}

// Sign sets the scheme's headers: who receives the body can know by the id whether
// it had it before, and at is when it is sent. There is one signature for each key,
// so that a secret can be replaced while both are in use.
func Sign(h http.Header, id string, at time.Time, body []byte, keys ...[]byte) error {
	if id == "" || strings.Contains(id, ".") {
		return fmt.Errorf("the id %q is empty or has a full stop, which separates what is signed", id)
	}
	if len(keys) == 0 {
		return errors.New("there is no key to sign with")
	}
	seconds := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(keys))
	for i, key := range keys {
		signatures[i] = version + base64.StdEncoding.EncodeToString(sum(key, id, seconds, body))
	}
	h.Set(IDHeader, id)
	h.Set(TimestampHeader, seconds)
	h.Set(SignatureHeader, strings.Join(signatures, " "))
	return nil
}

// Verify returns an error unless one of the keys signed the body, not longer than
// Tolerance from now. Signatures of other versions are passed over.
func Verify(h http.Header, now time.Time, body []byte, keys ...[]byte) error {
	id, seconds := h.Get(IDHeader), h.Get(TimestampHeader)
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if id == "" || err != nil {
		return fmt.Errorf("%s or %s is missing or can't be read", IDHeader, TimestampHeader)
	}
	if age := now.Sub(time.Unix(unix, 0)); age.Abs() > Tolerance {
		return fmt.Errorf("the time is %s from now; at most %s is allowed", age.Abs().Round(time.Second), Tolerance)
	}
	genuine := false
	for _, key := range keys {
		if len(key) == 0 {
			continue
		}
		want := sum(key, id, seconds, body)
		for signature := range strings.FieldsSeq(h.Get(SignatureHeader)) {
			text, known := strings.CutPrefix(signature, version)
			got, err := base64.StdEncoding.DecodeString(text)
			genuine = known && err == nil && hmac.Equal(got, want) || genuine
		}
	}
	if !genuine {
		return errors.New("no signature is right")
	}
	return nil
}

// sum is the scheme's HMAC over id, time and body.
func sum(key []byte, id, seconds string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + seconds + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
