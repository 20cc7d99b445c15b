package sdk

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// certified makes the certificate of a plugin that a host starts, and its TLS configuration. An error is that the host
// offers no certificate of its own.
func certified() (config *tls.Config, own tls.Certificate, err error) {
	peers := x509.NewCertPool()
	if !peers.AppendCertsFromPEM([]byte(os.Getenv("PLUGIN_CLIENT_CERT"))) {
		return nil, own, errors.New("the host sent no certificate in PLUGIN_CLIENT_CERT")
	}
	if own, err = pluginv1.NewCertificate(); err != nil {
		return nil, own, err
	}
	return pluginv1.TLSConfig(own, peers), own, nil
}
