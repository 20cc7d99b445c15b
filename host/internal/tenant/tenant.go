// Package tenant knows a tenant's domain in its normal form and makes the HTTP transport to it.
package tenant

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

var hostName = lazily(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

// NormalizeDomain turns what a user types into host or host:port: a scheme and
// trailing slashes go, letters become lower-case. Anything that would send the
// token elsewhere than it seems (user info, a path, a query) is refused, and so is a
// placeholder, as a *[PlaceholderError].
func NormalizeDomain(s string) (string, error) {
	domain := strings.TrimSpace(s)
	if scheme, rest, ok := strings.Cut(domain, "://"); ok {
		if !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
			return "", fmt.Errorf("domain %q: the scheme must be https", s)
		}
		domain = rest
	}
	if err := Placeholder(domain); err != nil {
		return "", fmt.Errorf("domain: %w", err)
	}
	domain = strings.ToLower(strings.TrimRight(domain, "/"))
	if domain == "" {
		return "", errors.New("the domain is empty: give the tenant's domain, such as mytenant.us.auth0.com")
	}
	u, err := url.Parse("https://" + domain)
	if err != nil || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" ||
		u.Host != domain || strings.HasSuffix(domain, ":") {
		return "", fmt.Errorf("domain %q: want a host and nothing else, such as mytenant.us.auth0.com", s)
	}
	host := u.Hostname()
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", fmt.Errorf("domain %q: %s is not a port", s, port)
		}
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return domain, nil
	}
	switch {
	case !hostName().MatchString(host):
		return "", fmt.Errorf("domain %q: %q is not a host name; write an international name in its xn-- form", s, host)
	case !strings.Contains(host, "."):
		return "", fmt.Errorf("domain %q: give the full domain with its region, such as %s.us.auth0.com or %s.eu.auth0.com",
			s, host, host)
	}
	return domain, nil
}

// NewTransport makes the transport to a tenant: TLS 1.2 or later, the proxy of
// the environment, the system's roots and those of caFile (PEM; "" for none),
// which is how a company's own certificate authority is trusted. The system's roots
// are read for the first connection.
func NewTransport(caFile string) (*http.Transport, error) {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	dial := dialer.DialContext
	config := &tls.Config{MinVersion: tls.VersionTLS12} // without RootCAs: the system's
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("AUTH0_MCP_CA_FILE: %w", err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("AUTH0_MCP_CA_FILE: %s holds no certificate in PEM form", caFile)
		}
		// The transport copies the configuration after it has dialled.
		trust := sync.OnceFunc(func() {
			roots := systemRoots()
			roots.AppendCertsFromPEM(pem)
			config.RootCAs = roots
		})
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			trust()
			return dialer.DialContext(ctx, network, address)
		}
	}
	proxy := &proxy{of: http.ProxyFromEnvironment}
	return &http.Transport{
		Proxy:                  proxy.choose,
		OnProxyConnectResponse: proxy.answered,
		DialContext:            dial,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  20 * time.Second,
		// Auth0's headers take about 2 kB; without a bound of ours it would be 10 MB.
		MaxResponseHeaderBytes: 256 << 10,
		// Servers and load balancers close idle connections after a minute at the earliest. A write that meets such a
		// close would have no known outcome, so this end closes first.
		IdleConnTimeout: 50 * time.Second,
		// As many as requests that the rate limiter lets be under way.
		MaxIdleConnsPerHost: 5,
		// HTTP/1.1: a few requests are under way at a time, and each takes less processor time than a stream of HTTP/2.
		ForceAttemptHTTP2: false,
	}, nil
}

// systemRoots are the system's roots; none if they cannot be read.
func systemRoots() *x509.CertPool {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return x509.NewCertPool()
	}
	return roots
}
