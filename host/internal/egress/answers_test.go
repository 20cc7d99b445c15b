package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// tokens is a source that moves on to the next token when told to.
type tokens struct{ list []string }

func (s *tokens) Token() (*oauth2.Token, error) {
	if len(s.list) == 0 {
		return nil, errors.New("signed out")
	}
	t := &oauth2.Token{AccessToken: s.list[0]}
	if len(s.list) > 1 {
		s.list = s.list[1:]
	}
	return t, nil
}

// answer is what a tenant does with one request.
type answer struct {
	code   int
	header http.Header
	err    error
	body   string
}

func (a answer) response() (*http.Response, error) {
	return &http.Response{StatusCode: a.code, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body))}, a.err
}

// rejectedToken is how Auth0 answers an expired or revoked token.
const rejectedToken = `{"statusCode":401,"error":"Unauthorized","message":"Expired token received for JSON Web Token validation"}`

func TestRetries(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	reset := &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	unknown := &net.OpError{Op: "dial", Err: &net.DNSError{Name: "typo.example", IsNotFound: true}}
	untrusted := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	later := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	tests := map[string]struct {
		method string
		first  answer // then 200
		want   int    // requests
	}{
		"read, 503": {"GET", answer{code: 503}, 2},
		"read, 500": {"GET", answer{code: 500}, 1},
		"read, 429 that passes soon": {"GET",
			answer{code: 429, header: http.Header{http.CanonicalHeaderKey("Retry-After"): {"0"}}},
			2},
		"read, 429 beyond the budget": {"GET",
			answer{code: 429, header: http.Header{http.CanonicalHeaderKey("X-RateLimit-Reset"): {later}}}, 1},
		"read, connection reset":       {"GET", answer{err: reset}, 2},
		"read, 404":                    {"GET", answer{code: 404}, 1},
		"read, 401 with a newer token": {"GET", answer{code: 401, body: rejectedToken}, 2},
		"read, 401 of a gateway":       {"GET", answer{code: 401, body: "<html>sign in</html>"}, 2},
		"read, name not found":         {"GET", answer{err: unknown}, 1},
		"read, untrusted certificate":  {"GET", answer{err: untrusted}, 1},
		"write, 503":                   {"POST", answer{code: 503}, 1},
		"write, 429": {"POST",
			answer{code: 429, header: http.Header{http.CanonicalHeaderKey("Retry-After"): {"0"}}}, 1},
		"write, connection reset":       {"POST", answer{err: reset}, 1},
		"write, connection refused":     {"POST", answer{err: refused}, 2},
		"write, 401 with a newer token": {"POST", answer{code: 401, body: rejectedToken}, 2},
		"write, 401 of a gateway":       {"POST", answer{code: 401, body: "<html>sign in</html>"}, 1},
		"write, refused by the proxy":   {"POST", answer{err: &tenant.ProxyError{Proxy: "proxy", Status: 403}}, 1},
		"write, the proxy's password":   {"POST", answer{err: &tenant.ProxyError{Proxy: "proxy", Status: 407}}, 1},
		"read, the proxy's password":    {"GET", answer{err: &tenant.ProxyError{Proxy: "proxy", Status: 407}}, 1},
		"write, no way from the proxy":  {"POST", answer{err: &tenant.ProxyError{Proxy: "proxy", Status: 502}}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := 0
			list := []string{"one", "two"}
			if tt.method != http.MethodGet {
				list = []string{"one", "one", "two"} // the guards ask whose it is
			}
			g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{list},
				Transport: transport(func(*http.Request) (*http.Response, error) {
					if n++; n == 1 {
						return tt.first.response()
					}
					return answer{code: 200}.response()
				})})
			c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectWrite}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: tt.method, Path: "/api/v2/clients"})
			if n != tt.want {
				t.Errorf("%d requests, want %d", n, tt.want)
			}
		})
	}
}

func TestReadBudgetIsKept(t *testing.T) { synctest.Test(t, testReadBudget) }

func testReadBudget(t *testing.T) {
	n := 0
	g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{[]string{"one"}}, ReadBudget: 500 * time.Millisecond,
		Transport: transport(func(*http.Request) (*http.Response, error) {
			n++
			return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}, nil
		})})
	c, err := g.Open(context.Background(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectRead}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := g.RoundTrip(t.Context(), "p",
		&pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET", Path: "/api/v2/clients"})
	if answer.GetResponse().GetStatus() != 503 || n < 2 || n > 4 {
		t.Errorf("status %d after %d requests", answer.GetResponse().GetStatus(), n)
	}
}

func TestWords(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	reset := time.Now().Add(90 * time.Second)
	tests := map[string]struct {
		token        string
		fault        *sandbox.FaultRule
		method, path string
		body         string
		want         []string
	}{
		"401": {"wrong-token", nil, "GET", "/api/v2/clients", "", []string{"401", "sign in again"}},
		"403": {tenant.Token("read:logs"), nil, "GET", "/api/v2/clients", "",
			[]string{"403", "read:clients", "auth0_tool", "select more"}},
		"404": {"", nil, "GET", "/api/v2/actions/actions/nope", "", []string{"404", "nope"}},
		"400": {"", nil, "POST", "/api/v2/clients", `{"name":"x","colour":"red"}`,
			[]string{"400", "colour", "Correct colour"}},
		"409": {"", nil, "POST", "/api/v2/resource-servers", `{"name":"x","identifier":"IDENTIFIER"}`,
			[]string{"409", "conflicts"}},
		"429": {"", &sandbox.FaultRule{Path: "*", Times: -1, Status: 429,
			Header: http.Header{"X-Ratelimit-Reset": {strconv.FormatInt(reset.Unix(),
				10)}}, Body: `{"statusCode":429,"message":"Too many"}`},
			"GET", "/api/v2/clients", "", []string{"429", "Something between", "try again in",
				reset.UTC().Format(time.TimeOnly)}},
		"500 write": {"", &sandbox.FaultRule{Path: "*", Status: 500, Body: "<html>\x00oops</html>"}, "POST",
			"/api/v2/clients", `{"name":"x"}`, []string{"500", "oops", "not by Auth0", "a fault of Auth0 or"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant.ClearFaults()
			if tt.token == "" {
				tt.token = tenant.Token()
			}
			if tt.fault != nil {
				tenant.Fail(*tt.fault)
			}
			g := New(Config{Domain: tenant.Domain(), Transport: tenant.Transport(), SignIn: "sign in again",
				MoreScopes: "select more",
				Tokens:     &tokens{[]string{tt.token}}})
			c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "auth0_tool",
				Effect: pluginv1.EffectWrite, Scopes: []string{"read:clients"}}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			r := &pluginv1.RoundTripRequest{CallId: c.ID(), Method: tt.method, Path: tt.path,
				Body:    []byte(strings.Replace(tt.body, "IDENTIFIER", "https://orders.example/", 1)),
				Headers: []*pluginv1.Header{{Name: "Content-Type", Values: []string{"application/json"}}}}
			answer := g.RoundTrip(t.Context(), "p", r)
			if name == "409" { // the second one conflicts with the first
				answer = g.RoundTrip(t.Context(), "p", r)
			}
			text := c.Close().Words(&pluginv1.Failure{Code: pluginv1.Failure_CODE_API,
				HttpStatus: answer.GetResponse().GetStatus(), Message: "what the plugin says"})
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in: %s", want, text)
				}
			}
		})
	}
}

func TestTransportTexts(t *testing.T) {
	tests := map[string]struct {
		err    error
		method string
		want   string
		effect Effect
	}{
		"DNS": {&net.OpError{Op: "dial", Err: &net.DNSError{Name: "typo.example", IsNotFound: true}}, "POST",
			"typo.example was not found", NoEffect},
		"no answer from DNS": {&net.OpError{Op: "dial",
			Err: &net.DNSError{Name: "a.example", Err: "i/o timeout",
				IsTimeout: true}}, "GET", "looking up the name a.example failed", NoEffect},
		"plain http": {tls.RecordHeaderError{Msg: "first record"}, "GET", "does not speak https", NoEffect},
		"proxy": {&net.OpError{Op: "proxyconnect", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
			"GET", "could not be used (it refused the connection)", NoEffect},
		"refused": {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "POST",
			"refused the connection", NoEffect},
		"reset": {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "POST",
			"closed the connection", Uncertain},
		"timeout": {os.ErrDeadlineExceeded, "GET", "in time", NoEffect},
	}
	for name, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{[]string{"one"}},
				Transport: transport(func(*http.Request) (*http.Response, error) { return nil, tt.err })})
			c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectWrite}})
			if err != nil {
				t.Fatal(err)
			}
			f := g.RoundTrip(t.Context(), "p",
				&pluginv1.RoundTripRequest{CallId: c.ID(), Method: tt.method, Path: "/api/v2/x"}).GetFailure()
			if f.GetCode() != pluginv1.Failure_CODE_TRANSPORT || !strings.Contains(f.GetMessage(), tt.want) {
				t.Errorf("%s: %v, want %q", name, f, tt.want)
			}
			if out := c.Close(); out.Effect != tt.effect {
				t.Errorf("%s: the effect is %v, want %v", name, out.Effect, tt.effect)
			}
		})
	}
}

// A tenant that stops in the middle of its answer must not hold a call.
func TestStalledBodyEndsWithTheBudget(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"a":`))
		w.(http.Flusher).Flush()
		<-release
	}))
	defer server.Close()
	defer close(release)
	g := New(Config{Domain: strings.TrimPrefix(server.URL, "https://"), Tokens: &tokens{[]string{"one"}},
		Transport: server.Client().Transport, ReadBudget: 100 * time.Millisecond})
	c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectRead}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f := g.RoundTrip(t.Context(), "p",
		&pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET", Path: "/api/v2/x"}).GetFailure()
	if f.GetCode() != pluginv1.Failure_CODE_TRANSPORT || !strings.Contains(f.GetMessage(), "in time") {
		t.Errorf("failure = %v", f)
	}
}

func TestNoTokenIsNotSent(t *testing.T) {
	g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{}, SignIn: "sign in again",
		Transport: transport(func(*http.Request) (*http.Response, error) {
			t.Error("sent")
			return nil,
				errors.New("sent")
		})})
	c, _ := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectRead}})
	defer c.Close()
	f := g.RoundTrip(t.Context(), "p",
		&pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET", Path: "/api/v2/x"}).GetFailure()
	var signedOut *SignedOutError
	if err := c.Close().Err; !strings.Contains(f.GetMessage(), "signed out") || !errors.As(err, &signedOut) ||
		err.Error() != f.GetMessage() {
		t.Errorf("failure = %v", f)
	}
}

// A redirect must not carry the token to another host.
func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter,
		*http.Request) {
		t.Error("the redirect was followed")
	}))
	defer elsewhere.Close()
	server := httptest.NewTLSServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer server.Close()
	g := New(Config{Domain: strings.TrimPrefix(server.URL, "https://"), Tokens: &tokens{[]string{"one"}},
		Transport: server.Client().Transport})
	c, _ := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectRead}})
	defer c.Close()
	if f := g.RoundTrip(t.Context(), "p",
		&pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET",
			Path: "/api/v2/x"}).GetFailure(); !strings.Contains(f.GetMessage(), "not followed") {
		t.Errorf("failure = %v", f)
	}
}

func TestUntrustedCertificateNamesTheRemedy(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{})
	server, err := sandbox.Listen("127.0.0.1:0", auth0)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	ask := func(caFile string) *pluginv1.RoundTripResponse {
		transport, err := tenant.NewTransport(caFile)
		if err != nil {
			t.Fatal(err)
		}
		defer transport.CloseIdleConnections()
		g := New(Config{Domain: server.Addr, Tokens: &tokens{[]string{auth0.Token()}}, Transport: transport})
		c, _ := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectRead}})
		defer c.Close()
		return g.RoundTrip(t.Context(), "p",
			&pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET", Path: "/api/v2/clients"})
	}
	if f := ask("").GetFailure(); !strings.Contains(f.GetMessage(), "AUTH0_MCP_CA_FILE") {
		t.Errorf("failure = %v", f)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, server.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	if answer := ask(ca); answer.GetResponse().GetStatus() != 200 {
		t.Errorf("with the CA: %v", answer)
	}
	if _, err := tenant.NewTransport(filepath.Join(t.TempDir(), "gone.pem")); err == nil ||
		!strings.Contains(err.Error(), "gone.pem") {
		t.Errorf("a missing CA file: %v", err)
	}
}

const testJWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"

// What an error quotes of an answer that is not JSON is stripped, not blanked: a
// blank would split a secret.
func TestQuotedAnswerIsStripped(t *testing.T) {
	if got := new(redact.Redactor).Text(printable([]byte(testJWT[:20] + "\u200b" + testJWT[20:] +
		"\x1b[2J\nmi\u200cm\xff"))); got != "[REDACTED][2J mim" {
		t.Errorf("got %q", got)
	}
	if got := printable([]byte("می\u200cخواهم\u202e")); got != "می\u200cخواهم" {
		t.Errorf("got %+q", got)
	}
	if got := printable([]byte("\u200b\x00 ")); got != "no message" {
		t.Errorf("got %q", got)
	}
}
