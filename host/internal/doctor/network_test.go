package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

func TestClock(t *testing.T) {
	for _, c := range []struct {
		name string
		date string
		want Status
		text string
	}{
		{"same", epoch.Format(http.TimeFormat), OK, "agrees"},
		{"ahead", epoch.Add(-2 * time.Minute).Format(http.TimeFormat), Warn, "2m0s ahead of"},
		{"behind", epoch.Add(time.Hour).Format(http.TimeFormat), Fail, "1h0m0s behind"},
		{"no date", "", Warn, "not checked"},
		{"nonsense", "yesterday", Warn, "not checked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkFinding(t, checkClock(c.date, epoch.Add(-time.Millisecond), epoch.Add(time.Millisecond)), c.want, c.text)
		})
	}
}

func TestDNS(t *testing.T) {
	for _, c := range []struct {
		name, host string
		err        error
		proxied    bool
		want       Status
		text       string
	}{
		{"address", "192.0.2.1", errors.New("not asked"), false, OK, "is an address"},
		{"found", "t.example.com", nil, false, OK, "192.0.2.7"},
		{"not found", "t.example.com", &net.DNSError{Err: "no such host", IsNotFound: true}, false, Fail,
			"there is no name t.example.com"},
		{"no server", "t.example.com", &net.DNSError{Err: "i/o timeout", IsTimeout: true}, false, Fail, "i/o timeout"},
		{"proxy's", "proxy.example.com", &net.DNSError{Err: "no such host", IsNotFound: true}, true, Fail,
			"correct HTTPS_PROXY"},
		{"interrupted", "t.example.com", context.Canceled, false, Fail, "canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := examinee(t, nil)
			d.at.lookup = func(context.Context, string) ([]string, error) { return []string{"192.0.2.7"}, c.err }
			checkFinding(t, d.checkDNS(t.Context(), c.host, c.proxied), c.want, c.text)
		})
	}
}

func TestTCP(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := examinee(t, nil).as("", auth.Profile{Method: auth.Given})
	checkFinding(t, d.checkTCP(t.Context(), listener.Addr().String(), false), OK, "is open")
	_ = listener.Close() // from here on the port is dead
	checkFinding(t, d.checkTCP(t.Context(), listener.Addr().String(), false), Fail, "refused", "correct AUTH0_DOMAIN")
	checkFinding(t, d.checkTCP(t.Context(), listener.Addr().String(), true), Fail, "refused", "HTTPS_PROXY")
	d.at.dial = func(context.Context, string, string) (net.Conn, error) { return nil, os.ErrDeadlineExceeded }
	checkFinding(t, d.checkTCP(t.Context(), "192.0.2.1:443", false), Fail, "in time", "firewall")
	d.at.dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no route to host") }
	checkFinding(t, d.checkTCP(t.Context(), "192.0.2.1:443", false), Fail, "no route")
}

func TestProxyIsShownWithoutItsPassword(t *testing.T) {
	const good = "http://someone-0123:" + canary + "@proxy.example.com:3128"
	for _, c := range []struct {
		name    string
		proxy   func(*http.Request) (*url.URL, error)
		env     map[string]string
		address string
		want    Status
		text    string
	}{
		{"none", nil, nil, "t.example.com:443", OK, "none"},
		{"used", func(*http.Request) (*url.URL, error) { return url.Parse(good) }, map[string]string{"HTTPS_PROXY": good},
			"proxy.example.com:3128", OK, "http://proxy.example.com:3128, by HTTPS_PROXY"},
		{"not for this", func(*http.Request) (*url.URL, error) { return nil, nil },
			map[string]string{"NO_PROXY": ".example.com"}, "t.example.com:443", OK, "not used for t.example.com"},
		{"malformed", func(*http.Request) (*url.URL, error) {
			return nil, &url.Error{Op: "parse", URL: "http://" + canary, Err: url.EscapeError("%zz")}
		}, map[string]string{"https_proxy": canary}, "", Fail, "https_proxy can't be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := examinee(t, c.env).as("p", auth.Profile{})
			d.accounts.Transport = &http.Transport{Proxy: c.proxy}
			address, _, found := d.checkProxy(t.Context(), "t.example.com")
			if address != c.address {
				t.Errorf("address %q, want %q", address, c.address)
			}
			checkFinding(t, found, c.want, c.text)
			if strings.Contains(found.Detail, "someone-0123") {
				t.Errorf("the proxy's user is shown: %q", found.Detail)
			}
		})
	}
}

// tlsServer answers like a tenant, with a certificate by its own authority.
func tlsServer(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, caFile string) {
	t.Helper()
	server = httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	writeText(t, caFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	return server, caFile
}

// TestNetwork goes the whole way on the loopback, with the real transport.
func TestNetwork(t *testing.T) {
	server, caFile := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("a token was sent to a page that needs none")
		}
		w.Header().Set("Date", epoch.Format(http.TimeFormat))
	})
	domain := strings.TrimPrefix(server.URL, "https://")
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	text := filepath.Join(t.TempDir(), "text.pem")
	writeText(t, text, "no certificate")
	for _, c := range []struct {
		name, domain, caFile string
		last                 string
		want                 Status
		texts                []string
	}{
		{"good", domain, caFile, "clock", OK, nil},
		{"not trusted", domain, "", "tls", Fail, []string{"AUTH0_MCP_CA_FILE", "Acme Co"}},
		{"no TLS", strings.TrimPrefix(plain.URL, "http://"), caFile, "tls", Fail,
			[]string{"does not speak https", "correct AUTH0_DOMAIN"}},
		{"no name", "t.example.com", caFile, "dns", Fail, []string{"there is no name"}},
		{"bad file", domain, text, "tls", Fail, []string{"AUTH0_MCP_CA_FILE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := examinee(t, map[string]string{"AUTH0_MCP_CA_FILE": c.caFile, "AUTH0_DOMAIN": c.domain, "AUTH0_TOKEN": canary})
			d.openAccount(canary, "")
			found := d.checkNetwork(t.Context(), c.domain)
			last := found[len(found)-1]
			if last.Check != c.last {
				t.Fatalf("the last is %s, want %s: %v", last.Check, c.last, found)
			}
			checkFinding(t, last, c.want, c.texts...)
			if bad := c.caFile == text; bad != (found[0].Status == Fail) {
				t.Errorf("certificates: %+v", found[0])
			}
		})
	}
}

// TestNetworkThroughProxy has a proxy that tunnels, and two that do not.
func TestNetworkThroughProxy(t *testing.T) {
	server, caFile := tlsServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", epoch.Format(http.TimeFormat))
	})
	// A name that only the proxy can resolve; the certificate is for example.com.
	const domain = "example.com"
	for _, c := range []struct {
		status int
		last   string
		want   Status
		texts  []string
	}{
		{http.StatusOK, "clock", OK, nil},
		{http.StatusProxyAuthRequired, "tls", Fail, []string{"did not accept the user and password (407)", "USER:PASSWORD"}},
		{http.StatusForbidden, "tls", Fail, []string{"answered 403", "allow example.com"}},
	} {
		t.Run(http.StatusText(c.status), func(t *testing.T) {
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodConnect || r.Host != domain+":443" {
					t.Errorf("the proxy got %s %s", r.Method, r.Host)
				}
				w.WriteHeader(c.status)
				if c.status == http.StatusOK {
					tunnel(t, w, server.Listener.Addr().String())
				}
			}))
			t.Cleanup(proxy.Close)
			address, err := url.Parse("http://someone:" + canary + "@" + strings.TrimPrefix(proxy.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			d := examinee(t, map[string]string{"AUTH0_MCP_CA_FILE": caFile, "HTTPS_PROXY": address.String()}).as("p",
				auth.Profile{})
			transport, err := d.at.transport(caFile)
			if err != nil {
				t.Fatal(err)
			}
			transport.Proxy = http.ProxyURL(address)
			d.accounts.Transport = transport
			found := d.checkNetwork(t.Context(), domain)
			last := found[len(found)-1]
			if last.Check != c.last {
				t.Fatalf("the last is %s, want %s: %v", last.Check, c.last, found)
			}
			checkFinding(t, last, c.want, c.texts...)
		})
	}
}

// tunnel joins the client of a CONNECT request with an address.
func tunnel(t *testing.T, w http.ResponseWriter, address string) {
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer client.Close()
	there, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer there.Close()
	// What the server had read already is the beginning of the client's hello.
	go func() { _, _ = io.Copy(there, buffered.Reader) }()
	_, _ = io.Copy(client, there)
}

func TestExplainTLS(t *testing.T) {
	leaf := &x509.Certificate{DNSNames: []string{"other.example.com"}, NotBefore: epoch.Add(-48 * time.Hour),
		NotAfter: epoch.Add(-24 * time.Hour)}
	for name, c := range map[string]struct {
		err   error
		texts []string
	}{
		"other host": {x509.HostnameError{Certificate: leaf, Host: "t.example.com"},
			[]string{"the certificate of t.example.com is for another host (other.example.com)"}},
		"expired": {x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired}, []string{"clock", "2031-03-13"}},
		"proxy": {&net.OpError{Op: "proxyconnect", Err: errors.New("407")},
			[]string{"could not be used (407)"}},
		"slow":  {os.ErrDeadlineExceeded, []string{"did not answer in time"}},
		"other": {errors.New("reset"), []string{"reset"}},
	} {
		t.Run(name, func(t *testing.T) {
			checkFinding(t, examinee(t, nil).as("p", auth.Profile{}).explainTLS("t.example.com", c.err), Fail, c.texts...)
		})
	}
}

// refusal is an error answer of the Management API.
func refusal(status int, message, code string) string {
	return fmt.Sprintf(`{"statusCode":%d,"error":%q,"message":%q,"errorCode":%q}`, status, http.StatusText(status),
		message,
		code)
}

func TestAPI(t *testing.T) {
	for _, c := range []struct {
		name, scope, path string
		status            int
		body              string
		want              Status
		texts             []string
	}{
		{"answers", "read:clients", "/api/v2/clients", 200, "[]", OK, []string{"GET /api/v2/clients"}},
		{"cheapest that is allowed", "read:users read:roles", "/api/v2/roles", 200, "[]", OK, []string{"GET /api/v2/roles"}},
		{"no scope that reads", "create:users", "/api/v2/clients", 403,
			refusal(403, "Insufficient scope", "insufficient_scope"), OK,
			[]string{"accepts the token", "Insufficient scope"}},
		{"forbidden all the same", "read:clients", "/api/v2/clients", 403, refusal(403, "no", "insufficient_scope"), Fail,
			[]string{"although read:clients was granted", "AUTH0_TOKEN"}},
		{"not offered", "read:clients", "/api/v2/clients", 403, refusal(403, "upgrade", "operation_not_supported"), Warn,
			[]string{"accepts the token", "upgrade", "more scopes will not help"}},
		{"a firewall", "read:clients", "/api/v2/clients", 403, "<html>", Fail,
			[]string{"something other than Auth0's Management API answered", "a new token will not help"}},
		{"a gateway's sign-in", "read:clients", "/api/v2/clients", 401, "<html>", Fail,
			[]string{"something other than Auth0's Management API answered", "a new token will not help"}},
		{"unauthorized", "read:clients", "/api/v2/clients", 401, refusal(401, "Invalid token", ""), Fail,
			[]string{"401 Unauthorized: Invalid token", "set AUTH0_TOKEN"}},
		{"too many", "read:clients", "/api/v2/clients", 429, "", Warn, []string{"rate limit", "wait a minute"}},
		{"fault", "read:clients", "/api/v2/clients", 503, "<html>", Fail, []string{"fault on its side"}},
		{"no API", "read:clients", "/api/v2/clients", 404, "<html>", Fail,
			[]string{"no Management API is there", "correct AUTH0_DOMAIN"}},
		{"redirect", "read:clients", "/api/v2/clients", 302, "", Fail, []string{"302 Found"}},
		{"echoes the token", "read:clients", "/api/v2/clients", 400, refusal(400, "bad "+canary, ""), Fail,
			[]string{"[REDACTED]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, caFile := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != c.path || r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer "+canary {
					t.Errorf("got %s %s", r.Method, r.URL.Path)
				}
				w.Header().Set("Location", "https://elsewhere.example.com/")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			domain := strings.TrimPrefix(server.URL, "https://")
			d := examinee(t, map[string]string{"AUTH0_MCP_CA_FILE": caFile, "AUTH0_DOMAIN": domain, "AUTH0_TOKEN": canary})
			d.openAccount(canary, "")
			d.session = &auth.Session{Domain: domain, Scope: c.scope}
			found := d.checkAPI(t.Context())[0]
			found.Detail, found.Remedy = d.clean(found.Detail), d.clean(found.Remedy)
			checkFinding(t, found, c.want, c.texts...)
		})
	}
}
