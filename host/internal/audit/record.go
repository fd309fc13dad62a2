// Package audit keeps a record of every call and of everything that operators do:
// who did what with which account, and what came of it. It has no secrets and no
// card data: of a request only amounts, of an answer only its status.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/patchbay/patchbay/sdk/wire"
)

// Kind says what a record is about.
type Kind string

// The kinds of records.
const (
	KindCall     Kind = "call"     // a caller's call
	KindOperator Kind = "operator" // an operator's call
	KindGap      Kind = "gap"      // records that could not be kept
)

// Record is one line. What is not known is left out.
type Record struct {
	Time       time.Time         `json:"time"` // of the end
	Kind       Kind              `json:"kind"`
	RequestID  string            `json:"request_id,omitempty"`
	Caller     string            `json:"caller,omitempty"` // empty: nobody was authenticated
	Peer       string            `json:"peer,omitempty"`   // the other end of the connection
	Method     string            `json:"method,omitempty"` // package.Service/Method
	Connector  string            `json:"connector,omitempty"`
	Version    string            `json:"version,omitempty"`
	Digest     string            `json:"digest,omitempty"` // SHA-256 of the plugin that had the call
	Generation uint64            `json:"generation,omitempty"`
	Account    string            `json:"account,omitempty"`
	KeySHA256  string            `json:"idempotency_key_sha256,omitempty"`
	Amounts    map[string]Amount `json:"amounts,omitempty"` // of the request, by field
	Code       string            `json:"code,omitempty"`    // the gRPC code
	Status     string            `json:"status,omitempty"`  // of the answer
	Reason     string            `json:"reason,omitempty"`  // of the failure
	Sent       string            `json:"sent,omitempty"`    // of the failure: NEVER or MAYBE
	Took       int64             `json:"took_us,omitempty"` // microseconds
	Lost       uint64            `json:"lost,omitempty"`    // of a gap: how many records
}

// Amount is money, in minor units.
type Amount struct {
	CurrencyCode string `json:"currency_code"`
	MinorUnits   int64  `json:"minor_units"`
}

// maxText is how much of a text is kept: callers invent some.
const maxText = 200

// line writes a record as one line. Texts come from callers and guests: they are
// cut, and card numbers in them masked.
func (r Record) line() ([]byte, error) {
	for _, text := range []*string{&r.RequestID, &r.Caller, &r.Peer, &r.Method, &r.Connector, &r.Version, &r.Account, &r.Reason, &r.Status} {
		*text = clean(*text)
	}
	r.Time = r.Time.UTC()
	raw, err := json.Marshal(r)
	return append(raw, '\n'), err
}

func clean(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
		for !utf8.ValidString(text) && len(text) > maxText-utf8.UTFMax {
			text = text[:len(text)-1]
		}
	}
	return wire.RedactText(strings.ToValidUTF8(text, "?"))
}

// HashKey is how an idempotency key stands in a record.
func HashKey(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
