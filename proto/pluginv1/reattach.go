package pluginv1

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
)

// Reattach tells a host where a plugin that its author has started, under a debugger, listens, and what it shows as its
// certificate. It holds a key: whoever reads it can take the host's place.
type Reattach struct {
	// Network is "unix" or "tcp", Address a socket's absolute path, or a port of the loopback interface.
	Network string `json:"network"`
	Address string `json:"address"`
	// Certificate is the plugin's, in PEM.
	Certificate string `json:"certificate"`
	// Host is the certificate that the plugin accepts, with its key, in PEM.
	Host string `json:"host"`
	// PID is the plugin's process.
	PID int `json:"pid"`
}

// ParseReattach reads a Reattach, and refuses addresses that another machine could have.
func ParseReattach(data []byte) (Reattach, error) {
	var r Reattach
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("reattach: %w", err)
	}
	switch r.Network {
	case "unix":
		if !filepath.IsAbs(r.Address) {
			return r, fmt.Errorf("reattach: address %q: want the absolute path of a socket", r.Address)
		}
	case "tcp":
		if at, err := netip.ParseAddrPort(r.Address); err != nil || !at.Addr().IsLoopback() {
			return r, fmt.Errorf("reattach: address %q: want a port of the loopback interface, such as 127.0.0.1:1234",
				r.Address)
		}
	default:
		return r, fmt.Errorf("reattach: network %q: want unix or tcp", r.Network)
	}
	_, _, err := r.Certificates()
	return r, err
}

// Certificates are the plugin's, as it is trusted, and the host's own.
func (r Reattach) Certificates() (plugin *x509.Certificate, host tls.Certificate, err error) {
	block, _ := pem.Decode([]byte(r.Certificate))
	if block == nil {
		return nil, host, errors.New("reattach: no certificate of the plugin")
	}
	if plugin, err = x509.ParseCertificate(block.Bytes); err != nil {
		return nil, host, fmt.Errorf("reattach: the plugin's certificate: %w", err)
	}
	if host, err = tls.X509KeyPair([]byte(r.Host), []byte(r.Host)); err != nil {
		return nil, host, fmt.Errorf("reattach: the host's certificate: %w", err)
	}
	return plugin, host, nil
}

// EncodeCertificate is a certificate in PEM, with its key if that is asked for.
func EncodeCertificate(c tls.Certificate, withKey bool) (string, error) {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
	if withKey {
		key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		if err != nil {
			return "", fmt.Errorf("encoding a key: %w", err)
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	}
	return string(text), nil
}
