package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"
)

// IssuerSpec is somebody whose tokens (JWT, RFC 7519) count.
type IssuerSpec struct {
	Issuer     string   `yaml:"issuer"`     // the claim iss; without JWKSFile also where OpenID Connect discovery begins
	Audience   string   `yaml:"audience"`   // must be in the claim aud
	JWKSFile   string   `yaml:"jwks_file"`  // its public keys (RFC 7517), followed when they change
	Algorithms []string `yaml:"algorithms"` // of signatures; what discovery says, or else RS256, if empty
}

// TokenRule says which tokens are a caller's: those of an issuer with this value
// of a claim.
type TokenRule struct {
	Issuer string `yaml:"issuer"`
	Claim  string `yaml:"claim"` // sub if empty
	Value  string `yaml:"value"`
}

// tokens are callers by the claims of their tokens.
type tokens struct {
	issuers []*issuer
	callers map[TokenRule]Caller
}

func newTokens(specs []IssuerSpec, log hclog.Logger) (tokens, error) {
	t := tokens{callers: map[TokenRule]Caller{}}
	for i, spec := range specs {
		iss, err := newIssuer(spec, log)
		if err == nil && t.issuer(spec.Issuer) != nil {
			err = errors.New("is declared twice")
		}
		if err != nil {
			return t, fmt.Errorf("token_issuers[%d] %q: %w", i, spec.Issuer, err)
		}
		t.issuers = append(t.issuers, iss)
	}
	return t, nil
}

func (t tokens) none() bool { return len(t.issuers) == 0 }

func (t tokens) issuer(name string) *issuer {
	if i := slices.IndexFunc(t.issuers, func(iss *issuer) bool { return iss.spec.Issuer == name }); i >= 0 {
		return t.issuers[i]
	}
	return nil
}

func (t tokens) add(rule TokenRule, caller Caller) error {
	if rule.Claim == "" {
		rule.Claim = "sub"
	}
	iss := t.issuer(rule.Issuer)
	switch {
	case iss == nil:
		return fmt.Errorf("tokens: issuer %q is not among token_issuers", rule.Issuer)
	case rule.Value == "":
		return fmt.Errorf("tokens: value is required")
	}
	if other, twice := t.callers[rule]; twice {
		return fmt.Errorf("one of its tokens is caller %q's already", other.Name)
	}
	if !slices.Contains(iss.claims, rule.Claim) {
		iss.claims = append(iss.claims, rule.Claim)
	}
	t.callers[rule] = caller
	return nil
}

// caller verifies a token and finds whose it is.
func (t tokens) caller(ctx context.Context, raw string) (Caller, error) {
	denial := &Error{Reason: "the token is nobody's"}
	for _, iss := range t.issuers {
		if len(t.issuers) > 1 && !iss.claimed(raw) {
			continue
		}
		claims, err := iss.verify(ctx, raw)
		if err != nil {
			return Caller{}, err
		}
		var found Caller
		for _, claim := range iss.claims {
			value, _ := claims[claim].(string)
			caller, ok := t.callers[TokenRule{iss.spec.Issuer, claim, value}]
			if ok && found.Name != "" && found.Name != caller.Name {
				return Caller{}, &Error{Reason: fmt.Sprintf("the token is caller %q's and caller %q's", found.Name, caller.Name)}
			}
			if ok {
				found = caller
			}
		}
		if found.Name != "" {
			return found, nil
		}
	}
	return Caller{}, denial
}

// issuer verifies the tokens of one issuer.
type issuer struct {
	spec   IssuerSpec
	claims []string      // that rules name
	client *http.Client  // for discovery and keys
	pace   *rate.Limiter // of discovery, while it fails

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier // nil until discovery has succeeded
}

const (
	fetchTime  = 5 * time.Second
	fetchEvery = 2 * time.Second // on average; a token with an unknown key id makes one fetch
	fetchBurst = 5
)

func newIssuer(spec IssuerSpec, log hclog.Logger) (*issuer, error) {
	if spec.Issuer == "" || spec.Audience == "" {
		return nil, errors.New("issuer and audience are required")
	}
	iss := &issuer{
		spec: spec, pace: rate.NewLimiter(rate.Every(fetchEvery), 1),
		client: &http.Client{Timeout: fetchTime, Transport: &paced{rate.NewLimiter(rate.Every(fetchEvery), fetchBurst)}},
	}
	for _, name := range spec.Algorithms {
		if !slices.Contains(asymmetric(), name) {
			return nil, fmt.Errorf("algorithms: %q is none of %v", name, asymmetric())
		}
	}
	if spec.JWKSFile == "" {
		return iss, nil
	}
	keys := &fileKeys{follow(log, "keys of tokens", func() (*oidc.StaticKeySet, error) { return readKeys(spec.JWKSFile) }, spec.JWKSFile)}
	if err := keys.load(); err != nil {
		return nil, fmt.Errorf("jwks_file: %w", err)
	}
	iss.verifier = oidc.NewVerifier(spec.Issuer, keys, iss.config())
	return iss, nil
}

// asymmetric are the algorithms whose verifiers can't sign.
func asymmetric() []string {
	return []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}
}

func (i *issuer) config() *oidc.Config {
	return &oidc.Config{ClientID: i.spec.Audience, SupportedSigningAlgs: i.spec.Algorithms}
}

// claimed says whether a token claims to be this issuer's.
func (i *issuer) claimed(raw string) bool {
	token, err := jose.ParseSignedCompact(raw, algorithms())
	if err != nil {
		return false
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	return json.Unmarshal(token.UnsafePayloadWithoutVerification(), &claims) == nil && claims.Issuer == i.spec.Issuer
}

func algorithms() []jose.SignatureAlgorithm {
	var all []jose.SignatureAlgorithm
	for _, name := range asymmetric() {
		all = append(all, jose.SignatureAlgorithm(name))
	}
	return all
}

// verify checks signature, issuer, audience and times, and gives the claims.
func (i *issuer) verify(ctx context.Context, raw string) (map[string]any, error) {
	verifier, err := i.ready(ctx)
	if err != nil {
		return nil, &Error{Unverifiable: true, Reason: fmt.Sprintf("the token's issuer %s: %v", i.spec.Issuer, err)}
	}
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, &Error{Reason: fmt.Sprintf("the token: %v", err)}
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return nil, &Error{Reason: "the token's claims can't be read"}
	}
	return claims, nil
}

// ready discovers where the issuer's keys are, once. It does so at the first
// token, so that the gateway starts while the issuer is away.
func (i *issuer) ready(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.verifier != nil {
		return i.verifier, nil
	}
	if !i.pace.Allow() {
		return nil, errors.New("its discovery has failed a moment ago")
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), i.client), i.spec.Issuer)
	if err != nil {
		return nil, err
	}
	config := i.config()
	i.verifier = provider.Verifier(config)
	return i.verifier, nil
}

// paced limits how often strangers' tokens can make the gateway fetch keys.
type paced struct{ limit *rate.Limiter }

// RoundTrip implements http.RoundTripper.
func (p *paced) RoundTrip(req *http.Request) (*http.Response, error) {
	if !p.limit.Allow() {
		return nil, errors.New("keys were fetched a moment ago")
	}
	return http.DefaultTransport.RoundTrip(req)
}

// fileKeys are keys in a file.
type fileKeys struct{ *followed[*oidc.StaticKeySet] }

// VerifySignature implements oidc.KeySet.
func (k *fileKeys) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	return k.get().VerifySignature(ctx, raw)
}

// readKeys reads the public keys of a set.
func readKeys(path string) (*oidc.StaticKeySet, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("%s is not a set of JSON Web Keys", path)
	}
	keys := &oidc.StaticKeySet{}
	for _, key := range set.Keys {
		if !key.Valid() || !key.IsPublic() || key.Use == "enc" {
			return nil, fmt.Errorf("%s: key %q is not a public key for signatures", path, key.KeyID)
		}
		keys.PublicKeys = append(keys.PublicKeys, key.Key)
	}
	if len(keys.PublicKeys) == 0 {
		return nil, fmt.Errorf("%s has no keys", path)
	}
	return keys, nil
}
