package auth

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// CertificateRule says which certificates are a caller's: those with this name,
// exactly. One of the fields is given.
type CertificateRule struct {
	URI string `yaml:"uri"` // a subject alternative name, such as spiffe://example.org/shop
	DNS string `yaml:"dns"` // a subject alternative name
	CN  string `yaml:"cn"`  // the subject's common name
}

// certificates are callers by the names in their certificates.
type certificates map[CertificateRule]Caller

func (c certificates) add(rule CertificateRule, caller Caller) error {
	given := 0
	for _, name := range []string{rule.URI, rule.DNS, rule.CN} {
		if name != "" {
			given++
		}
	}
	if given != 1 {
		return fmt.Errorf("a rule for certificates has exactly one of uri, dns and cn")
	}
	if other, twice := c[rule]; twice {
		return fmt.Errorf("one of its certificates is caller %q's already", other.Name)
	}
	c[rule] = caller
	return nil
}

// caller finds whose certificate a connection has. One that nobody has declared
// is nobody's; that it is a good one was seen to in the handshake.
func (c certificates) caller(ctx context.Context) (caller Caller, known bool, err error) {
	leaf := leafOf(ctx)
	if leaf == nil || len(c) == 0 {
		return Caller{}, false, nil
	}
	if time.Now().After(leaf.NotAfter) { // since the handshake
		return Caller{}, false, &Error{Reason: "the client certificate has expired"}
	}
	for _, rule := range names(leaf) {
		found, ok := c[rule]
		if ok && known && found.Name != caller.Name {
			return Caller{}, false, &Error{Reason: fmt.Sprintf("the certificate is caller %q's and caller %q's", caller.Name, found.Name)}
		}
		if ok {
			caller, known = found, true
		}
	}
	return caller, known, nil
}

// leafOf is the verified certificate at the other end of a connection, or nil.
func leafOf(ctx context.Context) *x509.Certificate {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 {
		return nil
	}
	return info.State.VerifiedChains[0][0]
}

// names are the rules that a certificate fits.
func names(leaf *x509.Certificate) []CertificateRule {
	var rules []CertificateRule
	for _, uri := range leaf.URIs {
		rules = append(rules, CertificateRule{URI: uri.String()})
	}
	for _, dns := range leaf.DNSNames {
		rules = append(rules, CertificateRule{DNS: dns})
	}
	if cn := leaf.Subject.CommonName; cn != "" {
		rules = append(rules, CertificateRule{CN: cn})
	}
	return rules
}
