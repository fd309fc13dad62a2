package auth

import (
	"crypto"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"google.golang.org/grpc/metadata"
)

// signer signs tokens.
type signer struct {
	t   *testing.T
	id  string
	key crypto.Signer
}

func (s signer) token(claims map[string]any) string {
	s.t.Helper()
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.key, KeyID: s.id}}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return compact(s.t, made, claims)
}

func compact(t *testing.T, s jose.Signer, claims map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func jwks(t *testing.T, signers ...signer) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, s := range signers {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: s.key.Public(), KeyID: s.id, Algorithm: "ES256", Use: "sig"})
	}
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// claims are those of a good token, with changes; nil takes one away.
func claims(issuer string, changes map[string]any) map[string]any {
	all := map[string]any{"iss": issuer, "aud": []string{"patchbay", "x"}, "sub": "shop-1", "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range changes {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	return all
}

func bearer(token string) metadata.MD { return metadata.Pairs("authorization", "Bearer "+token) }

func TestTokens(t *testing.T) {
	const issuer = "https://issuer.example"
	path := filepath.Join(t.TempDir(), "keys.json")
	right, wrong := signer{t, "1", newKey(t)}, signer{t, "1", newKey(t)}
	replace(t, path, jwks(t, right))
	c := callers(t, []IssuerSpec{{Issuer: issuer, Audience: "patchbay", JWKSFile: path, Algorithms: []string{"ES256"}}},
		CallerSpec{Name: "shop", KeySHA256: []string{hash("key")}, Tokens: []TokenRule{{Issuer: issuer, Value: "shop-1"}}},
		CallerSpec{Name: "till", Tokens: []TokenRule{{Issuer: issuer, Claim: "client_id", Value: "till-7"}}},
	)
	symmetric, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jwks(t, right)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	none := strings.Join([]string{"eyJhbGciOiJub25lIn0", strings.Split(right.token(claims(issuer, nil)), ".")[1], ""}, ".")
	for name, test := range map[string]struct {
		token          string
		caller, reason string
	}{
		"right":              {right.token(claims(issuer, nil)), "shop", ""},
		"another claim":      {right.token(claims(issuer, map[string]any{"sub": "x", "client_id": "till-7"})), "till", ""},
		"two callers'":       {right.token(claims(issuer, map[string]any{"client_id": "till-7"})), "", "the token is caller"},
		"nobody's":           {right.token(claims(issuer, map[string]any{"sub": "shop-2"})), "", "nobody's"},
		"no subject":         {right.token(claims(issuer, map[string]any{"sub": nil})), "", "nobody's"},
		"expired":            {right.token(claims(issuer, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()})), "", "expired"},
		"without an end":     {right.token(claims(issuer, map[string]any{"exp": nil})), "", "expired"},
		"of the future":      {right.token(claims(issuer, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})), "", "nbf"},
		"another audience":   {right.token(claims(issuer, map[string]any{"aud": "other"})), "", "audience"},
		"another issuer":     {right.token(claims("https://other.example", nil)), "", "issued by a different provider"},
		"another's key":      {wrong.token(claims(issuer, nil)), "", "signature"},
		"signed with public": {compact(t, symmetric, claims(issuer, nil)), "", "malformed"},
		"not signed":         {none, "", "malformed"},
		"no token at all":    {"a.b.c", "", "malformed"},
		"an API key":         {"key", "shop", ""},
	} {
		t.Run(name, func(t *testing.T) {
			caller, err := c.Authenticate(t.Context(), bearer(test.token))
			if caller.Name != test.caller {
				t.Errorf("got %q, %v", caller.Name, err)
			}
			if test.caller == "" {
				denied(t, err, test.reason)
			}
		})
	}
	next := signer{t, "2", newKey(t)}
	replace(t, path, jwks(t, right, next))
	wait(t, "a new key counts", func() bool {
		caller, err := c.Authenticate(t.Context(), bearer(next.token(claims(issuer, nil))))
		return err == nil && caller.Name == "shop"
	})
}

// provider is an OpenID Connect provider on loopback.
type provider struct {
	server  *httptest.Server
	keys    atomic.Pointer[[]byte]
	up      atomic.Bool
	fetches atomic.Int64
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		if !p.up.Load() {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.server.URL, "jwks_uri": p.server.URL + "/keys", "authorization_endpoint": p.server.URL, "token_endpoint": p.server.URL,
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.fetches.Add(1)
		_, _ = w.Write(*p.keys.Load())
	})
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

// An issuer is discovered when its first token comes; until it answers, that is
// nobody's fault. Strangers' tokens do not make a fetch each.
func TestDiscovery(t *testing.T) {
	began := time.Now()
	p := newProvider(t)
	first, second, stranger := signer{t, "1", newKey(t)}, signer{t, "2", newKey(t)}, signer{t, "3", newKey(t)}
	keys := jwks(t, first)
	p.keys.Store(&keys)
	c := callers(t, []IssuerSpec{
		{Issuer: p.server.URL, Audience: "patchbay"},
		{Issuer: "http://127.0.0.1:1", Audience: "patchbay"},
	}, CallerSpec{Name: "shop", Tokens: []TokenRule{{Issuer: p.server.URL, Value: "shop-1"}}})
	_, err := c.Authenticate(t.Context(), bearer(first.token(claims(p.server.URL, nil))))
	denied(t, err, "503")
	p.up.Store(true)
	accepted := func(s signer) bool {
		caller, err := c.Authenticate(t.Context(), bearer(s.token(claims(p.server.URL, nil))))
		return err == nil && caller.Name == "shop"
	}
	wait(t, "the provider is discovered", func() bool { return accepted(first) })
	keys = jwks(t, first, second)
	p.keys.Store(&keys)
	if !accepted(second) {
		t.Error("a key that the provider has added does not count")
	}
	for range 50 {
		if accepted(stranger) {
			t.Fatal("a stranger's token was accepted")
		}
	}
	atMost := fetchBurst + int64(time.Since(began)/fetchEvery)
	if n := p.fetches.Load(); n > atMost {
		t.Errorf("the keys were fetched %d times, want at most %d", n, atMost)
	}
	if !accepted(first) {
		t.Error("known keys do not count any more")
	}
}
