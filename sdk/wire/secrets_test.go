package wire

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// TestSecrets_everyMessage: what Redact hides is what Secrets lists, free-form
// structs aside.
func TestSecrets_everyMessage(t *testing.T) {
	withSecrets := 0
	allMessages(func(d protoreflect.MessageDescriptor) {
		for choice := range largestOneof() {
			f := filler{t: t, strict: true}
			m := newMessage(t, d.FullName()).Interface()
			f.fill(m.ProtoReflect(), choice, 4)
			found := Secrets(m)
			if hid := leaks(prototext.Format(m)); hid != slices.Contains(found, hidden) {
				t.Errorf("%s has something to hide: %v; found %q", d.FullName(), hid, found)
			} else if hid {
				withSecrets++
			}
			if slices.Contains(found, plain) {
				t.Errorf("%s: found what may be shown", d.FullName())
			}
		}
	})
	if withSecrets < 10 {
		t.Errorf("only %d messages had anything to hide", withSecrets)
	}
}

func TestHide(t *testing.T) {
	for _, test := range []struct {
		text, want string
		secrets    []string
	}{
		{"the key sk_live_123456 is wrong", "the key [redacted] is wrong", []string{"sk_live_123456"}},
		{"cvc 737, 7370 and a737", "cvc [redacted], 7370 and a737", []string{"737"}},
		{"737 737", "[redacted] [redacted]", []string{"737"}},
		{"the name Jo", "the name Jo", []string{"Jo", ""}},
		{"sk_live_1234567", "[redacted]", []string{"sk_live_1234", "sk_live_1234567"}},
		{"card 4242 4242 4242 4242", "card [redacted]", nil},
		{"für Müller.", "für [redacted].", []string{"Müller"}},
	} {
		if got := Hide(test.text, test.secrets); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}
