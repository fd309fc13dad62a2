// Package vectors proves that a connector believes its PSP's webhooks and no others:
// by signatures that vendors publish, and by thousands of mutations of a webhook that
// is believed.
//
//	for _, v := range vectors.Load(t, "acme") { … }
//
//	vectors.Mutate(t, handle, signed, vectors.Enough, 1,
//		vectors.Body(), vectors.MAC("X-Signature", mac, vectors.Hex()), vectors.Secret(vectors.Text()))
package vectors

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest/internal/shared"
)

// Vector is a signature that a vendor publishes, or that its SDK made.
type Vector struct {
	Vendor    string
	Algorithm string // in words
	Key       string // as the vendor gives it
	Message   string // what is signed
	Signature string // as the vendor writes it
	Header    string // where it stands, if known
	What      string // of what, if not of a webhook
	Source    string
}

// Load reads a vendor's vectors from ../shared/vectors beside the module. The test
// skips where they are absent, and fails where the vendor has none.
func Load(t testing.TB, vendor string) []Vector {
	t.Helper()
	var all []Vector
	if err := json.Unmarshal(shared.Read(t, "vectors/webhook_signatures.json"), &all); err != nil {
		t.Fatal(err)
	}
	own := slices.DeleteFunc(all, func(v Vector) bool { return v.Vendor != vendor })
	if len(own) == 0 {
		t.Fatalf("there are no vectors of %s", vendor)
	}
	return own
}

// Enough is how many mutations of each part a proof asks for.
const Enough = 10_000

// Webhook is a request with the account's secrets that it is verified with.
type Webhook struct {
	Request *paymentsv1.HttpRequest
	Secrets []string
}

func (w Webhook) clone() Webhook {
	return Webhook{proto.CloneOf(w.Request), slices.Clone(w.Secrets)}
}

// Handle is a connector's HandleWebhook for an account with the webhook's secrets.
type Handle func(context.Context, Webhook) (*paymentsv1.HandleWebhookResponse, error)

// Part is something of a webhook that is mutated.
type Part struct {
	Name string
	// Of gives the part's bytes in a webhook.
	Of func(Webhook) []byte
	// Put puts mutated bytes in their place. It is false where they can't stand there.
	Put func(w *Webhook, mutated []byte) bool
	// Same says that the mutated bytes mean what the original means; such are not
	// counted. Nil: only equal bytes do.
	Same func(original, mutated []byte) bool
	// Alphabet is what is put in the place of bytes; all bytes if it is empty.
	Alphabet string
	// Unsigned: the PSP does not sign it. Then a webhook may still be believed, but
	// nothing of the part may come back.
	Unsigned bool
}

// Mutate changes each part of a webhook in n ways, drawn from the seed, and fails the
// test if one of them is believed; of parts that are not signed, if what the connector
// tells changes. The webhook itself must be believed, before and after.
func Mutate(t testing.TB, handle Handle, original Webhook, n int, seed uint64, parts ...Part) {
	t.Helper()
	told := control(t, handle, original)
	for i, part := range parts {
		random := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // mutations are to be repeatable
		counted, same := 0, 0
		for counted < n {
			mutated, ok := mutate(random, original, part)
			if !ok {
				if same++; same > 10*n+1000 {
					t.Fatalf("%s: of %d mutations only %d differ from the original", part.Name, same, counted)
				}
				continue
			}
			counted++
			resp, err := handle(t.Context(), mutated)
			if problem := judge(part, told, resp, err); problem != "" {
				t.Errorf("%s, mutation %d of seed %d: %s: %q", part.Name, counted, seed, problem, part.Of(mutated))
				break
			}
		}
		t.Logf("%s: %d mutations, and %d that mean the same or can't be sent", part.Name, counted, same)
	}
	control(t, handle, original)
}

// control makes sure that the original is believed.
func control(t testing.TB, handle Handle, original Webhook) *paymentsv1.HandleWebhookResponse {
	t.Helper()
	resp, err := handle(t.Context(), original.clone())
	if err != nil || resp.GetVerification() != verified || len(resp.GetEvents()) == 0 {
		t.Fatalf("the original: expected VERIFIED with events, got %v %v", resp, err)
	}
	return resp
}

const verified = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED

// judge says what is wrong with the answer to a mutated webhook.
func judge(part Part, original, resp *paymentsv1.HandleWebhookResponse, err error) string {
	believed := err == nil && resp.GetVerification() == verified
	switch {
	case err != nil:
		return ""
	case !believed && len(resp.GetEvents()) > 0:
		return "content of a webhook that is not believed is told"
	case believed && !part.Unsigned:
		return "it is believed"
	case believed && !slices.EqualFunc(original.GetEvents(), resp.GetEvents(), func(a, b *paymentsv1.WebhookEvent) bool { return proto.Equal(a, b) }):
		return "what the PSP does not sign is told as verified content"
	}
	return ""
}

// mutate changes one part of a copy. It is false if that makes no difference.
func mutate(random *rand.Rand, original Webhook, part Part) (Webhook, bool) {
	before := part.Of(original)
	after := change(random, before, part.Alphabet)
	if bytes.Equal(before, after) || part.Same != nil && part.Same(before, after) {
		return Webhook{}, false
	}
	w := original.clone()
	return w, part.Put(&w, after)
}

// change mutates bytes in one of the ways in which messages are broken or forged.
func change(random *rand.Rand, before []byte, alphabet string) []byte {
	letter := func() byte {
		if alphabet == "" {
			return byte(random.UintN(256))
		}
		return alphabet[random.IntN(len(alphabet))]
	}
	after := slices.Clone(before)
	if len(after) == 0 {
		return append(after, letter())
	}
	i := random.IntN(len(after))
	switch random.UintN(8) {
	case 0:
		after = slices.Delete(after, i, i+1)
	case 1:
		after = slices.Insert(after, i, letter())
	case 2:
		after = append(after, letter())
	case 3:
		after = after[:i]
	case 4:
		j := random.IntN(len(after))
		after[i], after[j] = after[j], after[i]
	case 5:
		if alphabet == "" {
			after[i] ^= 1 << random.UintN(8)
		} else {
			after[i] = letter()
		}
	case 6:
		for range 1 + random.IntN(4) {
			after[random.IntN(len(after))] = letter()
		}
	default:
		after[i] = letter()
	}
	return after
}

// Codec is how bytes are written as text.
type Codec struct {
	Decode   func(string) ([]byte, error)
	Encode   func([]byte) string
	alphabet string
}

// Hex is hexadecimal digits, in either case.
func Hex() Codec { return Codec{hex.DecodeString, hex.EncodeToString, "0123456789abcdefABCDEF"} }

// Base64 is standard base64 with padding.
func Base64() Codec {
	return Codec{base64.StdEncoding.DecodeString, base64.StdEncoding.EncodeToString, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="}
}

// Text is the bytes themselves.
func Text() Codec {
	return Codec{func(s string) ([]byte, error) { return []byte(s), nil }, func(b []byte) string { return string(b) }, ""}
}

// Body is the whole body.
func Body() Part {
	return Part{
		Name: "body",
		Of:   func(w Webhook) []byte { return w.Request.GetBody() },
		Put:  func(w *Webhook, mutated []byte) bool { w.Request.Body = mutated; return true },
	}
}

// URL is the address, where the PSP signs it.
func URL() Part {
	return Part{
		Name:     "url",
		Of:       func(w Webhook) []byte { return []byte(w.Request.GetUrl()) },
		Put:      func(w *Webhook, mutated []byte) bool { w.Request.Url = string(mutated); return true },
		Alphabet: "abcdefghijklmnopqrstuvwxyz0123456789/?&=-._~",
	}
}

// inHeader puts a text in the place of another in a header.
func inHeader(w *Webhook, header, old, text string) bool {
	for _, h := range w.Request.GetHeaders() {
		if strings.EqualFold(h.GetName(), header) && strings.Contains(h.GetValue(), old) {
			h.Value = strings.Replace(h.GetValue(), old, text, 1)
			return true
		}
	}
	return false
}

// MAC is the bytes of a signature that stands in a header, alone or within its value.
func MAC(header, signature string, codec Codec) Part {
	decoded, err := codec.Decode(signature)
	return Part{
		Name: "MAC",
		Of:   func(Webhook) []byte { return decoded },
		Put: func(w *Webhook, mutated []byte) bool {
			return err == nil && inHeader(w, header, signature, codec.Encode(mutated))
		},
	}
}

// MACText is such a signature as it is written. A text that decodes to the same bytes,
// as in the other case of hexadecimal digits or with other padding bits, is the same.
func MACText(header, signature string, codec Codec) Part {
	return Part{
		Name:     "MAC as text",
		Of:       func(Webhook) []byte { return []byte(signature) },
		Put:      func(w *Webhook, mutated []byte) bool { return inHeader(w, header, signature, string(mutated)) },
		Alphabet: codec.alphabet,
		Same: func(original, mutated []byte) bool {
			a, errA := codec.Decode(string(original))
			b, errB := codec.Decode(string(mutated))
			return errA == nil && errB == nil && bytes.Equal(a, b)
		},
	}
}

// Timestamp is a time in digits that stands in a header. Zeros before it make no other
// time.
func Timestamp(header, digits string) Part {
	return Part{
		Name:     "timestamp",
		Of:       func(Webhook) []byte { return []byte(digits) },
		Put:      func(w *Webhook, mutated []byte) bool { return inHeader(w, header, digits, string(mutated)) },
		Alphabet: "0123456789",
		Same: func(original, mutated []byte) bool {
			a, errA := strconv.ParseInt(string(original), 10, 64)
			b, errB := strconv.ParseInt(string(mutated), 10, 64)
			return errA == nil && errB == nil && a == b
		},
	}
}

// Secret is the key of the account's first webhook secret. HMAC pads a key with zeros,
// so that zeros at its end make no other key (RFC 2104, section 2).
func Secret(codec Codec) Part {
	return Part{
		Name: "secret",
		Of: func(w Webhook) []byte {
			key, _ := codec.Decode(w.Secrets[0]) // the control finds a secret that can't be read
			return key
		},
		Put: func(w *Webhook, mutated []byte) bool { w.Secrets[0] = codec.Encode(mutated); return true },
		Same: func(original, mutated []byte) bool {
			return bytes.Equal(bytes.TrimRight(original, "\x00"), bytes.TrimRight(mutated, "\x00"))
		},
	}
}

// Field is a text within the body, such as one field of a PSP that signs fields: put
// gives the body with another text in its place, or nil where it can't stand there.
// Bytes that are no text in UTF-8 are left out.
func Field(name, text string, put func(body []byte, text string) []byte) Part {
	return Part{
		Name: name,
		Of:   func(Webhook) []byte { return []byte(text) },
		Put: func(w *Webhook, mutated []byte) bool {
			if !utf8.Valid(mutated) {
				return false
			}
			w.Request.Body = put(w.Request.GetBody(), string(mutated))
			return w.Request.Body != nil
		},
	}
}

// Unsigned marks a part that the PSP does not sign.
func Unsigned(p Part) Part {
	p.Unsigned = true
	p.Name += ", which is not signed,"
	return p
}
