package tenant

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// ProxyError says that the proxy of the environment did not open a connection to the
// tenant: nothing was sent to it (RFC 9110, 9.3.6).
type ProxyError struct {
	// Proxy is its host and port, Status its answer.
	Proxy  string
	Status int
}

func (e *ProxyError) Error() string { return e.problem() }

func (e *ProxyError) problem() string {
	if e.Status == http.StatusProxyAuthRequired {
		return fmt.Sprintf("the proxy %s did not accept the user and password (407)", e.Proxy)
	}
	return fmt.Sprintf("the proxy %s answered %d %s and made no connection", e.Proxy, e.Status, http.StatusText(e.Status))
}

func (e *ProxyError) fix(host string) string {
	if e.Status == http.StatusProxyAuthRequired {
		return "set HTTPS_PROXY to http://USER:PASSWORD@" + e.Proxy + " and restart the server"
	}
	return fmt.Sprintf("ask who runs the proxy to allow %s, or name %s in NO_PROXY", host, host)
}

// lasting is true for what the proxy decided: a refused password must not be repeated.
func (e *ProxyError) lasting() bool { return e.Status < http.StatusInternalServerError }

// proxyOf is the host and port of the proxy that the environment names for a tenant,
// without user and password; empty if there is none.
func proxyOf(host string) string {
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host
}

// proxyHold is how long a password that a proxy refused is not sent again: each call would
// count as an attempt to guess it, and lock the user out.
const proxyHold = time.Minute

// proxy chooses the proxy of a transport.
type proxy struct {
	of func(*http.Request) (*url.URL, error)

	mu      sync.Mutex
	refused *ProxyError // the last refusal of its password
	until   time.Time
}

func (p *proxy) choose(r *http.Request) (*url.URL, error) {
	chosen, err := p.of(r)
	if err != nil || chosen == nil {
		return chosen, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused != nil && p.refused.Proxy == chosen.Host && time.Now().Before(p.until) {
		return nil, p.refused
	}
	return chosen, nil
}

// answered is asked about the answer of a proxy to CONNECT.
func (p *proxy) answered(_ context.Context, at *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	e := &ProxyError{at.Host, answer.StatusCode}
	if e.Status == http.StatusProxyAuthRequired {
		p.mu.Lock()
		p.refused, p.until = e, time.Now().Add(proxyHold)
		p.mu.Unlock()
	}
	return e
}
