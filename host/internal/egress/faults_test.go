package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// served is a tenant that is served over HTTPS, with a transport that trusts it.
func served(t *testing.T, auth0 *sandbox.Tenant, certificate sandbox.Certificate) (addr string,
	transport *http.Transport) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.ServeWith(listener, auth0, certificate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, server.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	if transport, err = tenant.NewTransport(ca); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return server.Addr, transport
}

// pipes are connections within the process, which virtual time does not pass by: on those of the network a goroutine
// waits for the world outside of its bubble, where it stands still.
type pipes struct {
	dialled chan net.Conn
	closed  chan struct{}
}

func newPipes() pipes { return pipes{make(chan net.Conn), make(chan struct{})} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.dialled <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dialled:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	close(p.closed)
	return nil
}

func (pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// noGoroutineLeft waits until nothing of the gate or of its transport runs, but for
// idle connections, which are closed.
func noGoroutineLeft(t *testing.T, transport *http.Transport) {
	t.Helper()
	var left []string
	for range 1000 {
		transport.CloseIdleConnections()
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		left = slices.DeleteFunc(strings.Split(string(stacks), "\n\n"), func(stack string) bool {
			return !strings.Contains(stack, "egress.(*") && !strings.Contains(stack, "persistConn") &&
				!strings.Contains(stack, "ClientConn")
		})
		if len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("left:\n%s", strings.Join(left, "\n\n"))
}

// reached waits for so many requests: what a caller has given up is recorded when
// the tenant notices.
func reached(tenant *sandbox.Tenant, n int) []sandbox.Request {
	for range 1000 {
		if len(tenant.Requests()) >= n {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return tenant.Requests()
}

// fault is one row of the table: what a tenant or the way to it does, and what
// becomes of a read and of a write.
type fault struct {
	rule sandbox.FaultRule
	// read and write are the kinds of their outcomes, with words of the texts.
	read, write outcome
	// reads is how many reads reach the tenant; 0: as many as fit into the budget.
	reads int
	// writes is how many writes the endpoint processed, and effect what the call is told
	// to have done.
	writes int
	effect Effect
}

type outcome struct {
	status int32
	code   pluginv1.Failure_Code
	words  string
}

func answered(status int32) outcome { return outcome{status: status} }
func failed(words string) outcome {
	return outcome{code: pluginv1.Failure_CODE_TRANSPORT, words: words}
}

func (o outcome) check(t *testing.T, what string, answer *pluginv1.RoundTripResponse) {
	t.Helper()
	if o.status != answer.GetResponse().GetStatus() || o.code != answer.GetFailure().GetCode() ||
		!strings.Contains(answer.GetFailure().GetMessage(), o.words) {
		t.Errorf("%s: status %d, failure %v; want %+v", what, answer.GetResponse().GetStatus(), answer.GetFailure(), o)
	}
}

// faults are the rows. A body that is not what it should be passes the gate: what
// it means is the plugin's matter, and the client's view of it is tested there.
func faults() map[string]fault {
	tooLarge := outcome{code: pluginv1.Failure_CODE_TOO_LARGE, words: "ask for fewer items"}
	// It was carried out, so asking for less would be wrong.
	notShown := outcome{code: pluginv1.Failure_CODE_TOO_LARGE, words: "was carried out (201), but its answer is over"}
	const huge = pluginv1.MaxBodyBytes + 1<<20
	broke := failed("was answered with 201, but the answer did not arrive whole")
	rows := map[string]fault{
		"reset before":    {sandbox.FaultRule{Drop: sandbox.DropBefore}, failed(""), failed(""), 0, 0, Uncertain},
		"reset after":     {sandbox.FaultRule{Drop: sandbox.DropAfter}, failed(""), failed(""), 0, 1, Uncertain},
		"reset in header": {sandbox.FaultRule{Drop: sandbox.DropInHeader}, failed(""), failed(""), 0, 1, Uncertain},
		"reset in body":   {sandbox.FaultRule{Drop: sandbox.DropInBody}, failed(""), broke, 1, 1, Changed},
		"no answer":       {sandbox.FaultRule{Latency: time.Hour}, failed("in time"), failed("in time"), 1, 0, Uncertain},
		"slow header":     {sandbox.FaultRule{SlowHeader: time.Hour}, failed("in time"), failed("in time"), 1, 1, Uncertain},
		"slow body":       {sandbox.FaultRule{SlowBody: time.Hour}, failed("in time"), broke, 1, 1, Changed},
		"longer":          {sandbox.FaultRule{ExtraLength: 10}, failed(""), broke, 1, 1, Changed},
		"shorter":         {sandbox.FaultRule{ExtraLength: -10}, answered(200), answered(201), 1, 1, Changed},
		"malformed":       {sandbox.FaultRule{Malformed: true}, answered(200), answered(201), 1, 1, Changed},
		"huge":            {sandbox.FaultRule{Huge: huge}, tooLarge, notShown, 1, 1, Changed},
		"gzip bomb":       {sandbox.FaultRule{Huge: huge, Gzip: true}, tooLarge, notShown, 1, 1, Changed},
		"no JSON": {sandbox.FaultRule{Status: 200, Body: "<html>maintenance</html>"}, answered(200), answered(200), 1,
			0, Changed},
		"redirect": {sandbox.FaultRule{Status: 307, Header: http.Header{"Location": {"https://elsewhere.invalid/"}}},
			failed("redirects, which is not followed"), failed("redirects, which is not followed"), 1, 0, Uncertain},
		// A 429 says whether it is Auth0's limiter that speaks, and when it resets.
		"429, far reset": {sandbox.FaultRule{Status: 429, Reset: time.Hour}, answered(429), answered(429), 1, 0, NoEffect},
		"429 of another": {sandbox.FaultRule{Status: 429,
			Header: http.Header{"Retry-After": {"1"}, "X-Ratelimit-Remaining": {"7"}}, Times: 1},
			answered(200), answered(429), 2, 0, Uncertain},
		"clock ahead":  {sandbox.FaultRule{Skew: time.Hour}, answered(200), answered(201), 1, 1, Changed},
		"clock behind": {sandbox.FaultRule{Skew: -time.Hour}, answered(200), answered(201), 1, 1, Changed},
		"429, clock ahead": {sandbox.FaultRule{Status: 429, Reset: time.Second, Skew: time.Hour, Times: 1}, answered(200),
			answered(201), 2, 1, Changed},
		"429, clock behind": {sandbox.FaultRule{Status: 429, Reset: time.Second, Skew: -time.Hour, Times: 1}, answered(200),
			answered(201), 2, 1, Changed},
		"204, unexpected": {sandbox.FaultRule{Status: 204}, answered(204), answered(204), 1, 0, Changed},
		"503 that passes": {sandbox.FaultRule{Status: 503, Times: 1}, answered(200), answered(503), 2, 0, Uncertain},
		"a reset that passes": {sandbox.FaultRule{Drop: sandbox.DropBefore, Times: 1}, answered(200), failed(""), 2, 0,
			Uncertain},
	}
	for _, status := range []int{400, 401, 403, 404, 409} {
		rows[fmt.Sprint(status)] = fault{sandbox.FaultRule{Status: status}, answered(int32(status)), answered(int32(status)),
			1, 0, NoEffect}
	}
	for _, status := range []int{304, 500, 501} {
		rows[fmt.Sprint(status)] = fault{sandbox.FaultRule{Status: status}, answered(int32(status)), answered(int32(status)),
			1, 0, Uncertain}
	}
	for _, status := range []int{300, 301, 302, 303, 308} {
		rows[fmt.Sprint(status)] = fault{sandbox.FaultRule{Status: status}, failed("redirects"), failed("redirects"), 1, 0,
			Uncertain}
	}
	for _, status := range []int{502, 503, 504} {
		rows[fmt.Sprint(status)] = fault{sandbox.FaultRule{Status: status}, answered(int32(status)), answered(int32(status)),
			0, 0, Uncertain}
	}
	return rows
}

// What a tenant does to a request never sends a write twice, never lets one pass
// for done, and never leaves anything behind. In process, and over both versions of
// HTTP, because Go's transports repeat requests by themselves where they may. Rows
// that end with a budget run in virtual time, where nothing else takes any.
func TestTenantFaults(t *testing.T) {
	for name, row := range faults() {
		t.Run("in process/"+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := sandbox.New(sandbox.Options{})
				row.run(t, Config{Domain: tenant.Domain(), Transport: tenant.Transport(), Tokens: tokensOf(tenant)}, tenant)
			})
		})
	}
	for _, protocol := range []string{"http/1.1", "h2"} {
		tenant := sandbox.New(sandbox.Options{})
		addr, transport := served(t, tenant, sandbox.GoodCertificate)
		speak(transport, protocol)
		for name, row := range faults() {
			if row.rule.Status == http.StatusTooManyRequests || row.rule.Skew != 0 {
				continue // it is all in the headers, and the wait would be a real one
			}
			t.Run(protocol+"/"+name, func(t *testing.T) {
				if strings.Contains(row.read.words, "in time") {
					synctest.Test(t, func(t *testing.T) { row.overPipes(t, protocol) })
					return
				}
				if row.reads == 0 { // on the real clock: it passes, rather than to use the budget up
					row.rule.Times, row.reads, row.read = 1, 2, answered(200)
				}
				row.run(t, Config{Domain: addr, Transport: transport, Tokens: tokensOf(tenant), ReadBudget: time.Minute,
					WriteBudget: time.Minute}, tenant)
				noGoroutineLeft(t, transport)
			})
		}
	}
}

// overPipes runs a row over HTTPS, in virtual time.
func (row fault) overPipes(t *testing.T, protocol string) {
	auth0, network := sandbox.New(sandbox.Options{}), newPipes()
	server, err := sandbox.Serve(network, auth0)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := tenant.NewTransport("")
	if err != nil {
		t.Fatal(err)
	}
	transport.Proxy, transport.DialContext = nil, network.dial
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(server.CAPEM())
	speak(transport, protocol)
	if row.rule.SlowBody != 0 { // the header waits for the first bytes of the body
		row.write, row.effect = failed("in time"), Uncertain
	}
	row.run(t, Config{Domain: server.Addr, Transport: transport, Tokens: tokensOf(auth0),
		ReadBudget: 500 * time.Millisecond, WriteBudget: 500 * time.Millisecond}, auth0)
	noGoroutineLeft(t, transport)
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}

func tokensOf(tenant *sandbox.Tenant) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tenant.Token()})
}

// speak makes a transport speak one version of HTTP.
func speak(transport *http.Transport, protocol string) {
	transport.TLSClientConfig.NextProtos = []string{protocol}
	transport.ForceAttemptHTTP2 = protocol == "h2"
}

func (row fault) run(t *testing.T, cfg Config, tenant *sandbox.Tenant) {
	if row.rule.Times == 0 {
		row.rule.Times = -1
	}
	for _, method := range []string{"GET", "POST"} {
		tenant.ClearFaults()
		tenant.ResetRequests()
		tenant.Fail(row.rule)
		g := New(cfg)
		answer, out := ask(t.Context(), g, method, "/api/v2/clients", nil)
		if method == "GET" {
			row.read.check(t, method, answer)
			if n := len(reached(tenant, max(row.reads, 1))); row.reads != 0 && n != row.reads || n > 10 {
				t.Errorf("%d reads reached the tenant, want %d", n, row.reads)
			}
		} else {
			row.write.check(t, method, answer)
			if out.Effect != row.effect {
				t.Errorf("the effect is %v, want %v", out.Effect, row.effect)
			}
			row.checkWrites(t, reached(tenant, 1))
		}
		nothingLeft(t, g)
	}
	tenant.ClearFaults()
}

// checkWrites counts: a second request is allowed only after Auth0's limiter has
// turned the first away, and the endpoint never sees two.
func (row fault) checkWrites(t *testing.T, sent []sandbox.Request) {
	t.Helper()
	processed := 0
	for i, r := range sent {
		if r.Processed != 0 {
			processed++
		}
		if i > 0 && sent[i-1].Status != http.StatusTooManyRequests {
			t.Errorf("a write was sent again after the status %d", sent[i-1].Status)
		}
	}
	if processed != row.writes || len(sent) > 2 {
		t.Errorf("%d writes reached the tenant, %d its endpoint: want %d", len(sent), processed, row.writes)
	}
}

// A header without end must not fill the memory.
func TestHeadersAreBounded(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := range 100 {
			w.Header().Set(fmt.Sprint("X-Flood-", i), strings.Repeat("x", 10_000))
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	transport, err := tenant.NewTransport("")
	if err != nil {
		t.Fatal(err)
	}
	trusting, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the test server's client has another transport")
	}
	for _, protocols := range [][]string{{"http/1.1"}, {"h2"}} {
		transport := transport.Clone()
		transport.TLSClientConfig.RootCAs, transport.TLSClientConfig.NextProtos = trusting.TLSClientConfig.RootCAs, protocols
		transport.ForceAttemptHTTP2 = protocols[0] == "h2"
		g := New(Config{Domain: strings.TrimPrefix(server.URL, "https://"), Tokens: &tokens{[]string{"one"}},
			Transport: transport, ReadBudget: 300 * time.Millisecond})
		if answer, _ := ask(t.Context(), g, "GET", "/api/v2/clients",
			nil); answer.GetFailure().GetCode() != pluginv1.Failure_CODE_TRANSPORT {
			t.Errorf("%v: %.200v", protocols, answer)
		}
		transport.CloseIdleConnections()
	}
}

// Who called stands in the tenant's log: the host and its version, the plugin and
// its version.
func TestRequestsNameTheirSender(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	g, _ := limited(tenant, func(c *Config) { c.UserAgent, c.Version = "auth0-mcp/1.2.3 (os; arch)", "1.2.3" })
	c, err := g.Open(t.Context(), Grant{Plugin: "logs", PluginVersion: "4.5.6",
		Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectRead}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	g.RoundTrip(t.Context(), "logs", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET", Path: "/api/v2/logs",
		Headers: []*pluginv1.Header{{Name: "Auth0-Client", Values: []string{"forged"}},
			{Name: "Accept-Encoding", Values: []string{"identity"}}, {Name: "Idempotency-Key", Values: []string{"1"}}}})
	h := tenant.Requests()[0].Header
	if got := h.Get("User-Agent"); got != "auth0-mcp/1.2.3 (os; arch) logs/4.5.6" {
		t.Errorf("User-Agent: %s", got)
	}
	info := decodeTelemetry(t, h.Get("Auth0-Client"))
	if info.Name != "auth0-mcp" || info.Version != "1.2.3" || info.Env["plugin"] != "logs/4.5.6" {
		t.Errorf("Auth0-Client: %+v", info)
	}
	// Accept-Encoding would switch the bound on what is decompressed off, and with
	// Idempotency-Key Go repeats a write by itself.
	if h.Get("Accept-Encoding") != "" || h.Get("Idempotency-Key") != "" {
		t.Errorf("a plugin's headers got through: %v", h)
	}
}

// The rules of TLS hold for every client of the host: none skips the check of
// certificates, and each configuration that is not the default names a version.
func TestNoTLSIsWeakened(t *testing.T) {
	files := 0
	root := filepath.Join("..", "..", "..")
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{"node_modules", ".tools", ".git", "bin"}, entry.Name()) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.Contains(string(source), "Insecure"+"SkipVerify") {
			t.Errorf("%s: certificates must be checked", path)
		}
		for _, literal := range strings.SplitAfter(string(source), "tls.Config{")[1:] {
			if body, _, _ := strings.Cut(literal, "}"); !strings.Contains(literal[:min(len(literal), len(body)+200)],
				"MinVersion: tls.VersionTLS1") {
				t.Errorf("%s: a tls.Config without MinVersion", path)
			}
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files, %v: this proves nothing", files, err)
	}
	transport, err := tenant.NewTransport("")
	if err != nil {
		t.Fatal(err)
	}
	if c := transport.TLSClientConfig; c.MinVersion != tls.VersionTLS12 || transport.TLSHandshakeTimeout == 0 ||
		transport.ResponseHeaderTimeout == 0 || transport.DisableCompression {
		t.Errorf("transport: %+v", transport)
	}
}
