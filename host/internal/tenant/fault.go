package tenant

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Fault is why a request to a tenant has no answer. It is made from the kinds of errors,
// never from their words.
type Fault struct {
	// Problem says what happened and Fix what to do about it; neither ends with a period.
	Problem, Fix string
	// Unsent is true for a fault that is only possible before a request is sent.
	Unsent bool
	// Handshake is true if the other side ended the TLS handshake. With TLS 1.3 that can
	// come after the request was written, but it is not read then: RFC 8446, 4.4 and 6.2.
	Handshake bool
	// Lasting is true if the next attempt would fail in the same way.
	Lasting bool
	// WrongDomain is true if the tenant's domain is likely to be wrong.
	WrongDomain bool
}

func (f Fault) String() string { return f.Problem + ": " + f.Fix }

const (
	fixNetwork   = "check the network and the proxy settings"
	fixAuthority = "set AUTH0_MCP_CA_FILE to the PEM file of the authority that signed it: your company's, if a proxy " +
		"inspects the traffic"
)

// FaultOf explains an error of a transport that [NewTransport] made. host is the
// tenant's; connected says that a connection to it stood, TLS included.
func FaultOf(host string, err error, connected bool) Fault {
	for _, kind := range []func(string, error) (Fault, bool){proxyFault, nameFault, certificateFault, handshakeFault} {
		if fault, ok := kind(host, err); ok {
			return fault
		}
	}
	var op *net.OpError
	unsent := errors.As(err, &op) && op.Op == "dial"
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Fault{Problem: host + " refused the connection", Unsent: unsent,
			Fix: "check the domain, the port and the proxy settings (HTTPS_PROXY)"}
	case timedOut(err):
		return Fault{Problem: host + " did not answer in time", Fix: fixNetwork, Unsent: unsent}
	case closed(err) && !connected:
		return Fault{Problem: host + " closed the connection before TLS was established", Unsent: unsent,
			Fix: "check the domain, and whether a firewall or proxy blocks it"}
	case closed(err):
		return Fault{Problem: host + " closed the connection before it had answered", Fix: fixNetwork, Unsent: unsent}
	}
	return Fault{Problem: fmt.Sprintf("no answer from %s (%v)", host, err), Unsent: unsent,
		Fix: "check the network, the domain and the proxy settings"}
}

func closed(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF)
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

// proxyFault explains a proxy that made no connection.
func proxyFault(host string, err error) (Fault, bool) {
	var refused *ProxyError
	if errors.As(err, &refused) {
		return Fault{Problem: refused.problem(), Fix: refused.fix(host), Unsent: true, Lasting: refused.lasting()}, true
	}
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "proxyconnect" && op.Op != "socks connect" {
		return Fault{}, false
	}
	proxy, reason, lasting := proxyOf(host), op.Err.Error(), false
	var dns *net.DNSError
	switch {
	case errors.As(op.Err, &dns) && dns.IsNotFound:
		reason, lasting = "its name was not found", true
	case errors.Is(op.Err, syscall.ECONNREFUSED):
		reason = "it refused the connection"
	case timedOut(op.Err):
		reason = "it did not answer in time"
	case closed(op.Err):
		reason = "it closed the connection"
	default:
		// Its certificate, or a password that a SOCKS proxy refused: to repeat a wrong
		// one can lock a user out.
		lasting = true
	}
	return Fault{Problem: fmt.Sprintf("the proxy %s could not be used (%s)", proxy, reason),
		Fix: "check HTTPS_PROXY and the proxy", Unsent: true, Lasting: lasting}, true
}

func nameFault(_ string, err error) (Fault, bool) {
	var dns *net.DNSError
	switch {
	case !errors.As(err, &dns):
		return Fault{}, false
	case dns.IsNotFound:
		return Fault{Problem: fmt.Sprintf("the name %s was not found", dns.Name),
			Fix: "check the domain and the network", Unsent: true, Lasting: true, WrongDomain: true}, true
	}
	return Fault{Problem: fmt.Sprintf("looking up the name %s failed (%s)", dns.Name, dns.Err),
		Fix: "check the network and its name server", Unsent: true}, true
}

func certificateFault(host string, err error) (Fault, bool) {
	fault := Fault{Unsent: true, Lasting: true}
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &authority):
		fault.Problem = fmt.Sprintf("the certificate of %s is not trusted: it was issued by %s", host, issuer(authority.Cert))
		fault.Fix = fixAuthority
	case errors.As(err, &name):
		fault.Problem = fmt.Sprintf("the certificate of %s is for another host (%s)", host, names(name.Certificate))
		fault.Fix, fault.WrongDomain = "check the tenant's domain", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		fault.Problem = fmt.Sprintf("the certificate of %s is not valid now: it has expired or is not valid yet (valid "+
			"from %s to %s)", host, invalid.Cert.NotBefore.UTC().Format(time.DateTime),
			invalid.Cert.NotAfter.UTC().Format(time.DateTime))
		fault.Fix = "check this computer's clock"
	case errors.As(err, &invalid), errors.As(err, &other):
		fault.Problem = fmt.Sprintf("the certificate of %s cannot be verified (%v)", host, err)
		fault.Fix = fixAuthority
	default:
		return Fault{}, false
	}
	return fault, true
}

func issuer(c *x509.Certificate) string {
	if c == nil {
		return "an unknown authority"
	}
	if name := strings.Join(c.Issuer.Organization, ", "); name != "" {
		return name
	}
	if c.Issuer.CommonName != "" {
		return c.Issuer.CommonName
	}
	return "an authority without a name"
}

// names are the first names of a certificate.
func names(c *x509.Certificate) string {
	const shown = 5
	if c == nil || len(c.DNSNames) == 0 {
		return "it names none"
	}
	if len(c.DNSNames) > shown {
		return strings.Join(c.DNSNames[:shown], ", ") + " and more"
	}
	return strings.Join(c.DNSNames, ", ")
}

// clientCertificateAlerts are those by which a server refuses a client's certificate,
// or that there is none: RFC 8446, 6.2.
func clientCertificateAlerts() []uint64 { return []uint64{42, 43, 44, 45, 46, 48, 49, 116} }

// disagreementAlerts are those of a server that shares no version or cipher of TLS with
// this client: RFC 8446, 6.2.
func disagreementAlerts() []uint64 { return []uint64{40, 70, 71} }

func handshakeFault(host string, err error) (Fault, bool) {
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		return Fault{Problem: host + " does not speak https there", Fix: "check the domain and the port", Unsent: true,
			Lasting: true, WrongDomain: true}, true
	}
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return Fault{}, false
	}
	// crypto/tls does not export the type of an alert; its value is the alert's number.
	alert := reflect.ValueOf(op.Err)
	switch {
	case alert.Kind() != reflect.Uint8:
		return Fault{}, false
	case slices.Contains(clientCertificateAlerts(), alert.Uint()):
		return Fault{Problem: fmt.Sprintf("%s asks for a client certificate, which auth0-mcp does not have (%v)", host,
			op.Err),
			Fix: "use a domain or a proxy that asks for none", Handshake: true, Lasting: true}, true
	}
	return Fault{Problem: fmt.Sprintf("%s ended the TLS connection (%v)", host, op.Err),
		Fix:     "check the domain, and whether a firewall or proxy changes the traffic",
		Lasting: slices.Contains(disagreementAlerts(), alert.Uint())}, true
}
