package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Timestamped is a scheme of signatures that several PSPs have: one header with the
// time and signatures, as in "t=1893456000,v1=5257a869…". What is signed is the time
// as it is there, a dot and the body, by HMAC-SHA256 in hexadecimal digits.
type Timestamped struct {
	Header    string
	Tolerance time.Duration // how far the time may be from now
}

// Verify returns why a webhook can't be believed, for the operator, or nothing. Each
// of the account's secrets may have signed it, so that they can be replaced.
// Signatures of other schemes than v1 prove nothing.
func (s Timestamped) Verify(r *paymentsv1.HttpRequest, secrets []sdk.Secret, now time.Time) error {
	at, signatures, err := s.read(Header(r, s.Header))
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return fmt.Errorf("the time of %s can't be read", s.Header)
	}
	if err := Fresh(time.Unix(seconds, 0), now, s.Tolerance); err != nil {
		return err
	}
	keys, err := Keys(secrets, nil)
	if err != nil {
		return err
	}
	if !Genuine(sha256.New, keys, append([]byte(at+"."), r.GetBody()...), signatures...) {
		return errors.New("the signature is wrong")
	}
	return nil
}

// read reads the header, which has to be there once, with one time.
func (s Timestamped) read(values []string) (at string, signatures [][]byte, err error) {
	if len(values) != 1 {
		return "", nil, fmt.Errorf("there are %d headers %s", len(values), s.Header)
	}
	for part := range strings.SplitSeq(values[0], ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if at != "" || value == "" {
				return "", nil, fmt.Errorf("the time of %s can't be read", s.Header)
			}
			at = value
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, mac)
			}
		}
	}
	if at == "" || len(signatures) == 0 {
		return "", nil, fmt.Errorf("%s has no time or no signature", s.Header)
	}
	return at, signatures, nil
}
