package sandbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// body tells whether it was closed.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error { b.closed = true; return nil }

func send(ctx context.Context, t *testing.T, tenant *Tenant, method, path string,
	content io.ReadCloser) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, "https://"+tenant.Domain()+path, content)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+tenant.Token())
	return tenant.Transport().RoundTrip(request)
}

func TestTransportClosesTheBody(t *testing.T) {
	tenant := New(Options{Empty: true})
	tenant.Fail(FaultRule{Path: "*dropped", Drop: DropBefore})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		path string
		ctx  context.Context
		ok   bool
	}{{"/api/v2/clients", t.Context(), true}, {"/api/v2/dropped", t.Context(), false}, {"/api/v2/clients", cancelled,
		false}} {
		content := &body{Reader: strings.NewReader(`{"name":"x"}`)}
		response, err := send(test.ctx, t, tenant, http.MethodPost, test.path, content)
		if err == nil {
			_ = response.Body.Close()
		}
		if (err == nil) != test.ok || !content.closed {
			t.Errorf("%s: error %v, body closed %v", test.path, err, content.closed)
		}
	}
}

// cancelAtEnd cancels a context when it has been read to its end.
type cancelAtEnd struct{ cancel context.CancelFunc }

func (c cancelAtEnd) Read([]byte) (int, error) { c.cancel(); return 0, io.EOF }

// The context ends after the request has reached the tenant, which then waits out
// an hour of latency: only the context can end that.
func TestTransportHeedsTheContext(t *testing.T) {
	tenant := New(Options{Empty: true})
	tenant.Fail(FaultRule{Latency: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	response, err := send(ctx, t, tenant, http.MethodPost, "/api/v2/clients", io.NopCloser(cancelAtEnd{cancel}))
	if err == nil {
		_ = response.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call ends with %v", err)
	}
	if all := tenant.Requests(); len(all) != 1 || all[0].Status != 0 {
		t.Errorf("recorded %+v, want one request without a status", all)
	}
}

func TestLatencyPasses(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	c.tenant.Fail(FaultRule{Latency: time.Millisecond})
	began := time.Now()
	c.get("/api/v2/clients").want(200)
	if took := time.Since(began); took < time.Millisecond {
		t.Errorf("a scripted latency of 1 ms took %v", took)
	}
}

func TestHead(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	if a := c.do(http.MethodHead, "/api/v2/clients", "").want(200); a.text != "" {
		t.Errorf("HEAD answers %q", a.text)
	}
}

func TestFaults(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	c.tenant.Fail(FaultRule{Method: "GET", Path: "/api/v2/clients/*", Times: 2, Status: 503})
	c.tenant.Fail(FaultRule{Path: "/api/v2/logs", Status: 500, Body: "<html>gateway</html>",
		Header: http.Header{"content-type": {"text/html"}, "Retry-After": {"7"}}})
	rule := RateLimited("", "/api/v2/forms", clock.now().Add(5*time.Second))
	rule.Times = -1
	c.tenant.Fail(rule)

	c.get("/api/v2/clients").want(200)
	c.get("/api/v2/clients/x").refused(503, "", "Service Unavailable")
	c.patch("/api/v2/clients/x", `{"name":"y"}`).want(404)
	c.get("/api/v2/clients/y").want(503)
	c.get("/api/v2/clients/y").want(404)

	response, err := send(t.Context(), t, c.tenant, http.MethodGet, "/api/v2/logs", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || string(text) != "<html>gateway</html>" || response.Header.Get("Content-Type") != "text/html" ||
		response.Header.Get("Retry-After") != "7" {
		t.Errorf("the scripted answer is %q with %v (%v)", text, response.Header, err)
	}
	c.get("/api/v2/logs").want(200)

	for range 3 {
		a := c.get("/api/v2/forms")
		a.refused(429, "too_many_requests", "Global limit has been reached")
		if a.header.Get("X-RateLimit-Remaining") != "0" ||
			a.header.Get("X-RateLimit-Reset") != number(int(clock.now().Unix())+5).String() {
			t.Errorf("headers of a 429 are %v", a.header)
		}
	}
	c.tenant.ClearFaults()
	c.get("/api/v2/forms").want(200)
}

func TestDrops(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	count := func() int { return len(c.get("/api/v2/clients").want(200).array()) }
	before := count()
	for _, test := range []struct {
		drop Drop
		made int
	}{{DropBefore, 0}, {DropAfter, 1}} {
		c.tenant.Fail(FaultRule{Method: "POST", Drop: test.drop})
		content := io.NopCloser(strings.NewReader(`{"name":"x"}`))
		response, err := send(t.Context(), t, c.tenant, http.MethodPost, "/api/v2/clients", content)
		if err == nil {
			_ = response.Body.Close()
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a dropped connection gives %v", err)
		}
		if got := count() - before; got != test.made {
			t.Errorf("drop %d left %d clients, want %d", test.drop, got, test.made)
		}
	}
}

func TestGlobMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"/a", "/a", true}, {"/a", "/ab", false}, {"/a*", "/a", true}, {"/a*", "/a/b", true}, {"*", "", true},
		{"*b", "/ab", true}, {"a*a", "a", false},
		{"a*b*c", "aXbYc", true}, {"a*b*c", "aXcYb", false}, {"/x/*/y", "/x/1/y", true}, {"/x/*/y", "/x/y", false},
		{"**", "x", true}, {"", "", true}, {"", "x", false},
	} {
		if got := globMatch(test.pattern, test.text); got != test.want {
			t.Errorf("%q matches %q: %v, want %v", test.pattern, test.text, got, test.want)
		}
	}
}

func TestRecording(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	c.post("/api/v2/clients", `{"name":"x"}`).want(201)
	c.get("/api/v2/resource-servers/https:%2F%2Fapi.example?fields=a%2Cb&fields=c").want(400)
	c.with("read:nothing").get("/api/v2/logs").want(403)
	c.token = "nonsense"
	c.get("/api/v2/logs").want(401)
	all := c.tenant.Requests()
	if len(all) != 4 {
		t.Fatalf("%d requests were recorded, want 4", len(all))
	}
	first, second := all[0], all[1]
	if first.Method != http.MethodPost || first.Path != "/api/v2/clients" || string(first.Body) != `{"name":"x"}` ||
		first.Status != 201 || !first.Authorized || first.Host != c.tenant.Domain() {
		t.Errorf("recorded %+v", first)
	}
	if first.Header.Get("Authorization") != "" || first.Header.Get("Content-Type") != "application/json" {
		t.Errorf("recorded headers %v", first.Header)
	}
	if second.Path != "/api/v2/resource-servers/https:%2F%2Fapi.example" || second.RawQuery != "fields=a%2Cb&fields=c" ||
		len(second.Query["fields"]) != 2 {
		t.Errorf("recorded %+v", second)
	}
	if !all[2].Authorized || all[3].Authorized {
		t.Errorf("a token without scope is authorized %v, an invalid one %v", all[2].Authorized, all[3].Authorized)
	}
	c.tenant.ResetRequests()
	if got := len(c.tenant.Requests()); got != 0 {
		t.Errorf("%d requests after a reset", got)
	}
}

func TestRecordingIsBounded(t *testing.T) {
	var rec recorder
	for i := range maxRecordedRequests + 50 {
		rec.add(Request{Status: i})
	}
	if len(rec.requests) != maxRecordedRequests || rec.requests[0].Status != 50 {
		t.Errorf("kept %d requests, the oldest is number %d", len(rec.requests), rec.requests[0].Status)
	}
	for range 20 {
		rec.add(Request{Body: bytes.Repeat([]byte("x"), maxBody)})
	}
	if rec.bytes > maxRecordedBytes || len(rec.requests) != maxRecordedBytes/maxBody {
		t.Errorf("kept %d bytes in %d requests", rec.bytes, len(rec.requests))
	}
	rec.add(Request{Body: bytes.Repeat([]byte("x"), maxRecordedBytes+1)})
	if len(rec.requests) != 1 {
		t.Errorf("kept %d requests beside one that is too large", len(rec.requests))
	}
}

func TestListen(t *testing.T) {
	tenant := New(Options{Empty: true})
	server, err := Listen("127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(server.CAPEM()) {
		t.Fatal("the authority's certificate can't be read")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	call := func(method, path string) (answer, error) {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+tenant.Token())
		response, err := transport.RoundTrip(request)
		if err != nil {
			return answer{}, err
		}
		defer func() { _ = response.Body.Close() }()
		if response.ProtoMajor != 2 {
			t.Errorf("%s came over %s", path, response.Proto)
		}
		return read(t, path, response), nil
	}
	got, err := call(http.MethodGet, "/api/v2/resource-servers/"+strings.ReplaceAll(tenant.Audience(), "/", "%2F"))
	if err != nil {
		t.Fatal(err)
	}
	got.want(200).is(`"Auth0 Management API"`, "name")
	if head, err := call(http.MethodHead, "/api/v2/clients"); err != nil || head.want(200).text != "" {
		t.Errorf("HEAD: %v, %q", err, head.text)
	}
	tenant.Fail(FaultRule{Drop: DropAfter})
	if _, err := call(http.MethodPatch, "/api/v2/clients/x"); err == nil {
		t.Error("a dropped connection gave an answer")
	}
	stranger := &http.Transport{}
	defer stranger.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := stranger.RoundTrip(request); err == nil {
		_ = response.Body.Close()
		t.Error("a client that doesn't know the authority got through")
	}
	for range 2 {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := call(http.MethodGet, "/api/v2/clients"); err == nil {
		t.Error("a closed server answers")
	}
}

func TestListenRefusals(t *testing.T) {
	tenant := New(Options{Empty: true})
	server, err := Listen("127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	for addr, want := range map[string]string{"nonsense": "give host:port", server.Addr: "free the port"} {
		if other, err := Listen(addr, tenant); err == nil {
			_ = other.Close()
			t.Errorf("%s could be listened on", addr)
		} else if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), addr) {
			t.Errorf("%s: error %q lacks the address or the remedy", addr, err)
		}
	}
}
