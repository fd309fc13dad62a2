package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

func hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func callers(t *testing.T, issuers []IssuerSpec, specs ...CallerSpec) *Callers {
	t.Helper()
	c, err := New(specs, issuers, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// denied holds a refusal against what it may tell.
func denied(t *testing.T, err error, reason string) {
	t.Helper()
	var denial *Error
	if !errors.As(err, &denial) || !strings.Contains(denial.Reason, reason) {
		t.Fatalf("got %v (%+v), want %q", err, denial, reason)
	}
	if denial.Missing || denial.Unverifiable {
		return
	}
	if err.Error() != "the credentials are not accepted" {
		t.Errorf("the caller is told %q", err)
	}
}

func TestKeys(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	c := callers(t, nil,
		CallerSpec{Name: "shop", KeySHA256: []string{hash("old")}, Keys: []KeySpec{
			{SHA256: hash("lasting")}, {SHA256: hash("until"), NotAfter: now.Add(time.Second)}, {SHA256: hash("expired"), NotAfter: now},
		}},
		CallerSpec{Name: "other", KeySHA256: []string{hash("third")}},
	)
	c.keys.now = func() time.Time { return now }
	for name, test := range map[string]struct {
		headers        []string
		caller, reason string
	}{
		"none":            {nil, "", "no credentials"},
		"wrong":           {[]string{"x-api-key", "wrong"}, "", "not known"},
		"the hash itself": {[]string{"x-api-key", hash("old")}, "", "not known"},
		"empty":           {[]string{"x-api-key", ""}, "", "not known"},
		"basic":           {[]string{"authorization", "Basic old"}, "", "no credentials"},
		"two":             {[]string{"x-api-key", "old", "authorization", "Bearer old"}, "", "several"},
		"expired":         {[]string{"x-api-key", "expired"}, "", "expired"},
		"old":             {[]string{"x-api-key", "old"}, "shop", ""},
		"rotated":         {[]string{"x-api-key", "lasting"}, "shop", ""},
		"not yet expired": {[]string{"x-api-key", "until"}, "shop", ""},
		"bearer":          {[]string{"authorization", "bearer third"}, "other", ""},
	} {
		t.Run(name, func(t *testing.T) {
			caller, err := c.Authenticate(t.Context(), metadata.Pairs(test.headers...))
			if caller.Name != test.caller {
				t.Errorf("got %q, %v", caller.Name, err)
			}
			if test.caller == "" {
				denied(t, err, test.reason)
			}
		})
	}
}

// connection is a context as gRPC makes it for a verified client certificate.
func connection(t *testing.T, leaf *x509.Certificate) context.Context {
	t.Helper()
	state := tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{leaf}}}
	return peer.NewContext(t.Context(), &peer.Peer{AuthInfo: credentials.TLSInfo{State: state}})
}

func TestCertificates(t *testing.T) {
	c := callers(t, nil,
		CallerSpec{Name: "shop", KeySHA256: []string{hash("shop")}, Certificates: []CertificateRule{{URI: "spiffe://example.org/shop"}, {CN: "shop"}}},
		CallerSpec{Name: "till", KeySHA256: []string{hash("till")}, Certificates: []CertificateRule{{DNS: "till.example.org"}}},
	)
	uri, err := url.Parse("spiffe://example.org/shop")
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	shop := &x509.Certificate{NotAfter: later, URIs: []*url.URL{uri}}
	for name, test := range map[string]struct {
		leaf           *x509.Certificate
		key            string
		caller, reason string
	}{
		"uri":                    {shop, "", "shop", ""},
		"common name":            {&x509.Certificate{NotAfter: later, Subject: pkix.Name{CommonName: "shop"}}, "", "shop", ""},
		"dns":                    {&x509.Certificate{NotAfter: later, DNSNames: []string{"a.example.org", "till.example.org"}}, "", "till", ""},
		"dns is no common name":  {&x509.Certificate{NotAfter: later, DNSNames: []string{"shop"}}, "", "", "no credentials"},
		"nobody's":               {&x509.Certificate{NotAfter: later, DNSNames: []string{"x"}}, "", "", "no credentials"},
		"of two":                 {&x509.Certificate{NotAfter: later, URIs: []*url.URL{uri}, DNSNames: []string{"till.example.org"}}, "", "", "caller"},
		"expired since":          {&x509.Certificate{NotAfter: time.Now().Add(-time.Second), URIs: []*url.URL{uri}}, "", "", "expired"},
		"and its key":            {shop, "shop", "shop", ""},
		"and another's key":      {shop, "till", "", "the certificate is caller"},
		"and a wrong key":        {shop, "wrong", "", "not known"},
		"nobody's, but with key": {&x509.Certificate{NotAfter: later}, "till", "till", ""},
	} {
		t.Run(name, func(t *testing.T) {
			md := metadata.MD{}
			if test.key != "" {
				md.Set("x-api-key", test.key)
			}
			caller, err := c.Authenticate(connection(t, test.leaf), md)
			if caller.Name != test.caller {
				t.Errorf("got %q, %v", caller.Name, err)
			}
			if test.caller == "" {
				denied(t, err, test.reason)
			}
		})
	}
	unverified := tls.ConnectionState{PeerCertificates: []*x509.Certificate{shop}}
	ctx := peer.NewContext(t.Context(), &peer.Peer{AuthInfo: credentials.TLSInfo{State: unverified}})
	if caller, err := c.Authenticate(ctx, nil); err == nil {
		t.Errorf("a certificate that nobody has verified makes %q", caller.Name)
	}
}

func TestPolicy(t *testing.T) {
	spec := PolicySpec{Connectors: []string{"acme-*", "one"}, Accounts: []string{"eu-*"}, Services: []string{"x.Refunds"}, Methods: []string{"pay.v1.PaymentService/*", "x.Y/Z"}}
	spec.InlineConfig, spec.Limits.InFlight, spec.Limits.PerSecond = true, 3, 2.5
	c := callers(t, nil, CallerSpec{Name: "shop", KeySHA256: []string{hash("shop")}, PolicySpec: spec}, CallerSpec{Name: "nobody", KeySHA256: []string{hash("n")}},
		CallerSpec{Name: "all", KeySHA256: []string{hash("all")}, PolicySpec: PolicySpec{Connectors: []string{"*"}, Accounts: []string{"*"}, Methods: []string{"*"}}})
	as := func(key string) Caller {
		t.Helper()
		caller, err := c.Authenticate(t.Context(), metadata.Pairs("x-api-key", key))
		if err != nil {
			t.Fatal(err)
		}
		return caller
	}
	dev, err := Anybody{}.Authenticate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	shop, all, nobody := as("shop"), as("all"), as("n")
	for _, test := range []struct {
		caller Caller
		what   func(Caller, string) error
		name   string
		ok     bool
	}{
		{shop, Caller.MayCall, "/pay.v1.PaymentService/Authorize", true},
		{shop, Caller.MayCall, "/x.Y/Z", true},
		{shop, Caller.MayCall, "/x.Y/ZZ", false},
		{shop, Caller.MayCall, "/x.Refunds/Anything", true},
		{shop, Caller.MayCall, "/x.RefundsAndMore/Anything", false},
		{shop, Caller.MayUse, "one", true},
		{shop, Caller.MayUse, "acme-eu", true},
		{shop, Caller.MayUse, "acme", false},
		{shop, Caller.MayUse, "two", false},
		{shop, Caller.MaySpend, "eu-1", true},
		{shop, Caller.MaySpend, "us-1", false},
		{nobody, Caller.MayCall, "/x.Y/Z", false},
		{nobody, Caller.MayUse, "one", false},
		{nobody, Caller.MaySpend, "eu-1", false},
		{Caller{}, Caller.MayCall, "/x.Y/Z", false},
		{Caller{}, Caller.MayUse, "one", false},
		{Caller{}, Caller.MaySpend, "eu-1", false},
		{all, Caller.MayCall, "/x.Y/Z", true},
		{all, Caller.MayUse, "one", true},
		{all, Caller.MaySpend, "x", true},
		{dev, Caller.MayCall, "/x.Y/Z", true},
		{dev, Caller.MayUse, "one", true},
		{dev, Caller.MaySpend, "x", true},
	} {
		if err := test.what(test.caller, test.name); (err == nil) != test.ok {
			t.Errorf("%q %s: %v", test.caller.Name, test.name, err)
		}
	}
	if inFlight, perSecond := shop.Limits(); inFlight != 3 || perSecond != 2.5 || !shop.MayConfigure() || all.MayConfigure() || !dev.MayConfigure() || (Caller{}).MayConfigure() {
		t.Errorf("limits %d and %g, or who may configure", inFlight, perSecond)
	}
}

func TestNewErrors(t *testing.T) {
	key := []string{hash("x")}
	for reason, specs := range map[string][]CallerSpec{
		"name is required":           {{KeySHA256: key}},
		"nothing says how":           {{Name: "x"}},
		"64 hexadecimal":             {{Name: "x", KeySHA256: []string{"secret"}}},
		"not a pattern":              {{Name: "x", KeySHA256: key, PolicySpec: PolicySpec{Methods: []string{"["}}}},
		"declared twice":             {{Name: "x", KeySHA256: key}, {Name: "x", KeySHA256: []string{hash("y")}}},
		`key`:                        {{Name: "x", KeySHA256: key}, {Name: "y", KeySHA256: key}},
		"exactly one of uri":         {{Name: "x", Certificates: []CertificateRule{{URI: "a", CN: "b"}}}},
		"one of its certificates":    {{Name: "x", Certificates: []CertificateRule{{CN: "b"}}}, {Name: "y", Certificates: []CertificateRule{{CN: "b"}}}},
		"is not among token_issuers": {{Name: "x", Tokens: []TokenRule{{Issuer: "i", Value: "v"}}}},
	} {
		if _, err := New(specs, nil, hclog.NewNullLogger()); err == nil || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), "callers[") {
			t.Errorf("got %v, want %q", err, reason)
		}
	}
	for reason, issuer := range map[string]IssuerSpec{
		"issuer and audience": {Issuer: "x"},
		"is none of":          {Issuer: "x", Audience: "y", Algorithms: []string{"HS256"}},
		"jwks_file":           {Issuer: "x", Audience: "y", JWKSFile: "/nowhere"},
	} {
		if _, err := New(nil, []IssuerSpec{issuer}, hclog.NewNullLogger()); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("got %v, want %q", err, reason)
		}
	}
}

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	a := authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	return a
}

// sign makes a certificate with this common name for loopback.
func (a authority) sign(name string, serial int64) tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}
