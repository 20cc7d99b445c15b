package sandbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"slices"
	"time"
)

// Server serves a tenant over HTTPS.
type Server struct {
	// Addr is the address it listens on, host and port.
	Addr string

	caPEM  []byte
	server *http.Server
	done   chan error
}

// Certificate says how good a server's certificate is.
type Certificate int

const (
	// GoodCertificate is trusted by whoever trusts the server's authority.
	GoodCertificate Certificate = iota
	// ExpiredCertificate ended an hour ago.
	ExpiredCertificate
	// WrongHostCertificate is for another host.
	WrongHostCertificate
	// UntrustedCertificate is of another authority than the server names.
	UntrustedCertificate
)

// Listen serves the tenant over HTTPS on addr (host and port; port 0 picks a free
// one), with a certificate from an authority made for this server alone. The
// certificate is good for the host of addr, for localhost, 127.0.0.1 and ::1, and
// for the tenant's domain. It fails if the address is malformed or taken.
func Listen(addr string, t *Tenant) (*Server, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox address %q: %w; give host:port, for instance 127.0.0.1:0", addr, err)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox listen on %s: %w; free the port or pick another", addr, err)
	}
	return serve(listener, t, host, GoodCertificate)
}

// Serve is Listen on a listener that is open already, which the server then owns:
// for a tenant whose Options.Domain is the listener's address, so that the
// addresses and the audiences it hands out lead back to this very server. It fails
// if it can't make the certificate; the listener is then closed.
func Serve(listener net.Listener, t *Tenant) (*Server, error) {
	return ServeWith(listener, t, GoodCertificate)
}

// ServeWith is Serve with a certificate that may be a bad one.
func ServeWith(listener net.Listener, t *Tenant, certificate Certificate) (*Server, error) {
	host, _, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("sandbox serve on %s: %w; give a TCP listener", listener.Addr(), err)
	}
	return serve(listener, t, host, certificate)
}

func serve(listener net.Listener, t *Tenant, host string, quality Certificate) (*Server, error) {
	domain, _, err := net.SplitHostPort(t.domain)
	if err != nil {
		domain = t.domain // it names no port
	}
	hosts := []string{host, "localhost", "127.0.0.1", "::1", domain}
	if quality == WrongHostCertificate {
		hosts = []string{"elsewhere.sandbox.auth0.invalid"}
	}
	// Certificates are checked on the real clock, whatever the tenant's is.
	from := time.Now().Add(-time.Hour)
	until := from.AddDate(1, 0, 0)
	if quality == ExpiredCertificate {
		from, until = from.Add(-time.Hour), from
	}
	certificate, caPEM, err := issue(hosts, from, until)
	if err == nil && quality == UntrustedCertificate {
		_, caPEM, err = issue(hosts, from, until)
	}
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	s := &Server{
		Addr:  listener.Addr().String(),
		caPEM: caPEM,
		server: &http.Server{
			Handler:           t,
			ReadHeaderTimeout: 10 * time.Second,
			TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
			// Handshakes that fail are the tests' own business; the default
			// logger would write them to stderr.
			ErrorLog: log.New(io.Discard, "", 0),
		},
		done: make(chan error, 1),
	}
	go func() { s.done <- s.server.ServeTLS(listener, "", "") }()
	return s, nil
}

// URL returns the server's base address, for instance https://127.0.0.1:4443.
func (s *Server) URL() string { return "https://" + s.Addr }

// CAPEM returns the certificate of the authority to trust, in PEM.
func (s *Server) CAPEM() []byte { return slices.Clone(s.caPEM) }

// Close stops the server at once and cuts the requests in flight.
func (s *Server) Close() error {
	err := s.server.Close()
	if served := <-s.done; served != nil && !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.done <- http.ErrServerClosed // a second Close finds the same end
	if err != nil {
		return fmt.Errorf("sandbox close %s: %w", s.Addr, err)
	}
	return nil
}

// issue makes an authority and a leaf for the given hosts and time. The authority's key is
// forgotten at once, so that nothing else can ever be signed with it.
func issue(hosts []string, from, until time.Time) (tls.Certificate, []byte, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("sandbox authority key: %w", err)
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("sandbox server key: %w", err)
	}
	ca := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "Sandbox tenant authority"},
		NotBefore:             from,
		NotAfter:              from.AddDate(1, 0, 0), // a bad leaf is the leaf's own fault
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "Sandbox tenant"},
		NotBefore:    from,
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else if host != "" {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("sandbox authority certificate: %w", err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &leafKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("sandbox server certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{leafDER, caDER}, PrivateKey: leafKey},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), nil
}
