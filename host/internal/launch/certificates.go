package launch

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/patchbay/patchbay/sdk/wire"
)

// certificates are made for one process and used for no other: whoever lacks
// them can neither call the plugin nor pretend to be it.
//
// go-plugin's AutoMTLS makes P-521 keys on both sides, which costs a start some
// 40 ms; these are P-256, made in microseconds. A plugin that does not know of
// them sees go-plugin's own variable and makes its half as AutoMTLS does.
type certificates struct {
	client    *tls.Config // the host's side
	hostPEM   []byte      // the host's certificate, for AutoMTLS
	forPlugin []byte      // PEM of the plugin's certificate, its key and hostPEM
}

func newCertificates() (certificates, error) {
	host, hostPEM, _, err := newCertificate()
	if err != nil {
		return certificates{}, err
	}
	_, pluginPEM, keyPEM, err := newCertificate()
	if err != nil {
		return certificates{}, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pluginPEM)
	return certificates{
		client: &tls.Config{
			Certificates: []tls.Certificate{host},
			RootCAs:      pool, // go-plugin puts an AutoMTLS plugin's own certificate here
			ServerName:   wire.TLSServerName,
			MinVersion:   tls.VersionTLS12, // plugins in other languages
		},
		hostPEM:   hostPEM,
		forPlugin: append(append(pluginPEM, keyPEM...), hostPEM...),
	}, nil
}

func newCertificate() (cert tls.Certificate, certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return cert, nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: wire.TLSServerName},
		DNSNames:              []string{wire.TLSServerName},
		NotBefore:             now.Add(-time.Hour), // clocks jump
		NotAfter:              now.AddDate(30, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		IsCA:                  true, // it is its own root
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return cert, nil, nil, fmt.Errorf("make a certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return cert, nil, nil, err
	}
	certPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, certPEM, keyPEM, nil
}
