package pluginv1

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// certificateName is the name that both ends of a connection verify, as go-plugin does.
const certificateName = "localhost"

// NewCertificate makes the certificate by which one end of a connection between host and plugin is known to the
// other, which accepts no other: self-signed, for the life of a process. The key is on the curve P-256, which every
// TLS library has. go-plugin's own certificates (P-521) mean the same, and cost some 20 ms on each side of a launch.
func NewCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a serial number: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: certificateName},
		DNSNames:              []string{certificateName},
		SerialNumber:          serial,
		NotBefore:             time.Now().Add(-time.Hour), // a clock may be set back
		NotAfter:              time.Now().AddDate(10, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// TLSConfig is for both directions between host and plugin: each end dials the other, shows its own certificate, and
// accepts those in peers alone. The host gets to know the plugin's certificate with the handshake, and sets it then.
func TLSConfig(own tls.Certificate, peers *x509.CertPool) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{own}, ServerName: certificateName, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: peers, RootCAs: peers,
	}
}
