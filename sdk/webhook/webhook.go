// Package webhook is what connectors share to verify what their PSPs send.
//
// A connector reads the headers of its PSP's scheme, puts together the bytes that
// the PSP signed, and asks Genuine. Each function fails closed: without a usable
// secret, without a signature or with an unreadable time nothing is believed.
//
//	keys, err := webhook.Keys(config.WebhookSecrets, nil)
//	if err != nil {
//		return webhook.Rejected(http.StatusUnauthorized, err.Error()), nil
//	}
//	if !webhook.Genuine(sha256.New, keys, request.GetBody(), signature) {
//		return webhook.Rejected(http.StatusUnauthorized, "the signature is wrong"), nil
//	}
package webhook

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"hash"
	"strings"
	"time"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Header returns the values of a header in their order, one for each line. The name
// is in any case (RFC 9110, section 5.1).
func Header(r *paymentsv1.HttpRequest, name string) []string {
	var values []string
	for _, h := range r.GetHeaders() {
		if strings.EqualFold(h.GetName(), name) {
			values = append(values, h.GetValue())
		}
	}
	return values
}

// Keys returns the keys that the account's secrets stand for. An empty secret signs
// nothing and is passed over. Where no key is left the error says why, for the
// operator, and quotes no secret. A decode that is nil takes the secret's own bytes.
func Keys(secrets []sdk.Secret, decode func(string) ([]byte, error)) ([][]byte, error) {
	var keys [][]byte
	unreadable := 0
	for _, secret := range secrets {
		key, err := []byte(secret.Reveal()), error(nil)
		if decode != nil {
			key, err = decode(secret.Reveal())
		}
		switch {
		case secret == "":
		case err != nil || len(key) == 0:
			unreadable++ // err may quote the secret
		default:
			keys = append(keys, key)
		}
	}
	switch {
	case len(keys) > 0:
		return keys, nil
	case unreadable > 0:
		return nil, fmt.Errorf("the account has %d webhook secrets, and none can be read", unreadable)
	}
	return nil, errors.New("the account has no webhook secret")
}

// Genuine says whether one of the signatures is the message's HMAC under one of the
// keys. Every signature is compared with every key, each in constant time, so that
// the time taken tells only how many there are.
func Genuine(hash func() hash.Hash, keys [][]byte, message []byte, signatures ...[]byte) bool {
	genuine := false
	for _, key := range keys {
		if len(key) == 0 {
			continue
		}
		mac := hmac.New(hash, key)
		mac.Write(message)
		want := mac.Sum(nil)
		for _, got := range signatures {
			genuine = hmac.Equal(got, want) || genuine
		}
	}
	return genuine
}

// Fresh returns an error for the operator if a webhook was signed longer ago than
// the tolerance, or as far ahead of now.
func Fresh(at, now time.Time, tolerance time.Duration) error {
	age := now.Sub(at)
	switch {
	case age > tolerance:
		return fmt.Errorf("the signature is %s old; at most %s is allowed", age.Round(time.Second), tolerance)
	case age.Abs() > tolerance:
		return fmt.Errorf("the signature is of a time %s ahead of now; at most %s is allowed", age.Abs().Round(time.Second), tolerance)
	}
	return nil
}
