package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"time"
)

// KeySpec is an API key as the host's configuration declares it.
type KeySpec struct {
	SHA256   string    `yaml:"sha256"`    // hexadecimal
	NotAfter time.Time `yaml:"not_after"` // zero: it does not expire
}

// keys are callers' API keys. Only their hashes are kept: keys are long and
// random, so that a hash needs no salt and no work factor.
type keys struct {
	all []key
	now func() time.Time
}

type key struct {
	hash     [sha256.Size]byte
	notAfter time.Time
	caller   Caller
}

func (k *keys) add(spec KeySpec, caller Caller) error {
	raw, err := hex.DecodeString(spec.SHA256)
	if err != nil || len(raw) != sha256.Size {
		return fmt.Errorf("a key's sha256 must be 64 hexadecimal digits: printf %%s KEY | sha256sum")
	}
	hash := [sha256.Size]byte(raw)
	for _, other := range k.all {
		if other.hash == hash {
			return fmt.Errorf("one of its keys is caller %q's already", other.caller.Name)
		}
	}
	k.all = append(k.all, key{hash, spec.NotAfter, caller})
	return nil
}

func (k *keys) caller(given string) (Caller, error) {
	hash := sha256.Sum256([]byte(given))
	found := -1
	for i := range k.all { // all of them, so that time tells nothing
		if subtle.ConstantTimeCompare(hash[:], k.all[i].hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return Caller{}, &Error{Reason: "the API key is not known"}
	}
	if key := k.all[found]; !key.notAfter.IsZero() && !k.now().Before(key.notAfter) {
		return Caller{}, &Error{Reason: fmt.Sprintf("an API key of caller %q, which has expired at %s", key.caller.Name, key.notAfter.Format(time.RFC3339))}
	}
	return k.all[found].caller, nil
}
