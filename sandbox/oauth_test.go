package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

// form posts a form of name and value pairs, without a token.
func (c caller) form(path string, pairs ...string) answer {
	c.t.Helper()
	return c.formAs(Credentials{}, path, pairs...)
}

// formAs is form with the credentials in the header, if there are any.
func (c caller) formAs(who Credentials, path string, pairs ...string) answer {
	c.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	request := c.request(http.MethodPost, path, values.Encode())
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if who.ClientID != "" {
		request.SetBasicAuth(who.ClientID, who.ClientSecret)
	}
	return c.send(request)
}

func (c caller) request(method, path, body string) *http.Request {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, "https://"+c.tenant.Domain()+path,
		strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	return request
}

func (c caller) send(request *http.Request) answer {
	c.t.Helper()
	response, err := c.tenant.Transport().RoundTrip(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	defer func() { _ = response.Body.Close() }()
	return read(c.t, request.Method+" "+request.URL.Path, response)
}

// in is the same caller in a subtest.
func (c caller) in(t *testing.T) caller {
	c.t = t
	return c
}

// denied checks an error answer of the Authentication API: its status, its code and
// a part of its description, and that nothing else is in it.
func (a answer) denied(status int, code, description string) {
	a.t.Helper()
	a.want(status)
	if got := a.textAt("error"); got != code {
		a.t.Errorf("%s: error %q, want %q; body %s", a.what, got, code, a.text)
	}
	if got := a.textAt("error_description"); !strings.Contains(got, description) {
		a.t.Errorf("%s: error_description %q, want it to hold %q", a.what, got, description)
	}
	if got := memberNames(a.object()); got != "error error_description" {
		a.t.Errorf("%s: members %s", a.what, got)
	}
}

// claims reads the access token's claims as they are written.
func (a answer) claims() object {
	a.t.Helper()
	parts := strings.Split(a.textAt("access_token"), ".")
	if len(parts) != 3 {
		a.t.Fatalf("%s: no token in %s", a.what, a.text)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		a.t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(payload, &out); err != nil {
		a.t.Fatal(err)
	}
	return out
}

// as is a caller with the access token of an answer.
func (c caller) as(a answer) caller {
	c.t.Helper()
	c.token = a.textAt("access_token")
	return c
}

func TestOAuthRequests(t *testing.T) {
	c := newCaller(t, Options{})
	deploy, err := c.tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	good := []string{"grant_type", grantMachine, "client_id", deploy.ClientID, "client_secret", deploy.ClientSecret,
		"audience", c.tenant.Audience()}
	asJSON := `{"grant_type":"client_credentials","client_id":"` + deploy.ClientID + `","client_secret":"` +
		deploy.ClientSecret + `","audience":"` + c.tenant.Audience() + `"}`
	raw := func(media, body string) answer {
		request := c.request(http.MethodPost, tokenPath, body)
		request.Header.Set("Content-Type", media)
		return c.send(request)
	}
	c.form(tokenPath, good...).want(200)
	raw("application/json", asJSON).want(200)
	raw("application/json; charset=utf-8", asJSON).want(200)

	c.form(tokenPath, append(good, "audience", "twice")...).denied(400, "invalid_request",
		"Parameter audience is given more than once")
	raw("application/json", `["a"]`).denied(400, "invalid_request", "no JSON object")
	raw("application/json", `{"grant_type":7}`).denied(400, "invalid_request", "no JSON object")
	raw("application/json", `null`).denied(400, "invalid_request", "Missing required parameter: grant_type")
	raw("text/plain", "x").denied(400, "invalid_request", "Send a form")
	raw("", "x").denied(400, "invalid_request", "Send a form")
	raw("application/x-www-form-urlencoded", "a=%zz").denied(400, "invalid_request", "can't be read")
	raw("application/x-www-form-urlencoded", "a="+strings.Repeat("a", maxBody)).denied(413, "invalid_request",
		"greater than maximum")
	c.form(tokenPath, "grant_type", "").denied(400, "invalid_request", "Missing required parameter: grant_type")
	c.form(tokenPath, "grant_type", "password").denied(403, "unsupported_grant_type", "Unsupported grant type: password")

	wrong := c.send(c.request(http.MethodGet, tokenPath, ""))
	wrong.denied(405, "invalid_request", "does not answer GET")
	if got := wrong.header.Get("Allow"); got != http.MethodPost {
		t.Errorf("Allow is %q", got)
	}
	if got := c.send(c.request(http.MethodPut, activatePath, "")).want(405).header.Get("Allow"); got != "GET, POST" {
		t.Errorf("Allow is %q", got)
	}
	// The rest of the house is the Management API's.
	c.do(http.MethodPost, "/oauth/tokens", "").refused(404, "", "Not Found")
	c.do(http.MethodPost, "/oauth/token/", "").refused(404, "", "Not Found")
}

func TestTokenAnswersAreNotCached(t *testing.T) {
	c := newCaller(t, Options{})
	for _, a := range []answer{c.form(tokenPath), c.device("read:clients"),
		c.form(revokePath, "client_id", DeviceClientID, "token", "x")} {
		if got := a.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", a.what, got)
		}
		if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
			t.Errorf("%s: Content-Type is %q", a.what, got)
		}
	}
}

func TestDiscovery(t *testing.T) {
	c := newCaller(t, Options{Domain: "bookshop.example"})
	c.token = ""
	found := c.get("/.well-known/openid-configuration").want(200)
	found.is(`"https://bookshop.example/"`, "issuer")
	for member, path := range map[string]string{
		"token_endpoint": tokenPath, "device_authorization_endpoint": devicePath, "revocation_endpoint": revokePath,
		"jwks_uri": "/.well-known/jwks.json",
	} {
		if got := found.textAt(member); got != "https://bookshop.example"+path {
			t.Errorf("%s is %s", member, got)
		}
		if _, served := oauthRoutes()[path]; !served {
			t.Errorf("%s leads nowhere", member)
		}
	}
	c.get("/.well-known/jwks.json").want(200).is(`{"keys":[]}`)
}

func TestOAuthFaults(t *testing.T) {
	c := newCaller(t, Options{})
	poll := func() answer {
		return c.form(tokenPath, "grant_type", grantDevice, "client_id", DeviceClientID, "device_code", "x")
	}
	for code, status := range map[string]int{
		"authorization_pending": 403, "slow_down": 429, "access_denied": 403, "expired_token": 403, "invalid_grant": 403,
		"invalid_client": 401, "unauthorized_client": 403, "unsupported_grant_type": 403, "invalid_request": 400,
		"invalid_scope": 400, "made_up": 400,
	} {
		c.tenant.Fail(OAuthFault(code))
		poll().denied(status, code, ".")
	}
	twice := OAuthFault("slow_down")
	twice.Times = 2
	c.tenant.Fail(twice)
	poll().want(429)
	c.form(devicePath, "client_id", DeviceClientID).want(200) // another endpoint
	poll().want(429)
	poll().denied(403, "invalid_grant", "unknown")

	for status, code := range map[int]string{429: "too_many_requests", 401: "invalid_client", 403: "access_denied",
		503: "temporarily_unavailable", 500: "server_error", 502: "server_error", 400: "invalid_request"} {
		c.tenant.Fail(FaultRule{Path: tokenPath, Status: status})
		poll().denied(status, code, "")
	}
	c.tenant.Fail(FaultRule{Path: "/oauth/*", Status: 200, Body: `{"access_token":`})
	malformed := c.request(http.MethodPost, tokenPath, "")
	response, err := c.tenant.Transport().RoundTrip(malformed)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != `{"access_token":` {
		t.Errorf("a malformed answer is %q (%v)", text, err)
	}
	c.tenant.Fail(FaultRule{Path: tokenPath, Latency: time.Millisecond})
	began := time.Now()
	poll().denied(403, "invalid_grant", "unknown")
	if took := time.Since(began); took < time.Millisecond {
		t.Errorf("a scripted latency of 1 ms took %v", took)
	}
	c.tenant.Fail(FaultRule{Path: devicePath, Drop: DropBefore})
	dropped, err := c.tenant.Transport().RoundTrip(c.request(http.MethodPost, devicePath, ""))
	if err == nil {
		_ = dropped.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a dropped connection gives %v", err)
	}
}

// The record is what tests compare with, secrets and all.
func TestOAuthRecording(t *testing.T) {
	c := newCaller(t, Options{})
	deploy, err := c.tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	c.formAs(deploy, tokenPath, "grant_type", grantMachine, "audience", c.tenant.Audience()).want(200)
	c.form(tokenPath, "grant_type", grantRefresh, "client_id", DeviceClientID, "refresh_token", "v1.secret").want(403)
	all := c.tenant.Requests()
	if len(all) != 2 || all[0].Path != tokenPath || all[0].Status != 200 || all[1].Status != 403 {
		t.Fatalf("recorded %d requests", len(all))
	}
	id, secret, _ := (&http.Request{Header: all[0].Header}).BasicAuth()
	if id != deploy.ClientID || secret != deploy.ClientSecret || all[0].Authorized {
		t.Errorf("the header of a client is not in the record, or counts as a token")
	}
	if !strings.Contains(string(all[1].Body), "refresh_token=v1.secret") {
		t.Errorf("recorded body %s", all[1].Body)
	}
}

func TestTokenRequestsAreCounted(t *testing.T) {
	c := newCaller(t, Options{})
	c.tenant.Fail(FaultRule{Path: tokenPath, Status: 500})
	for range 2 { // the first meets the fault
		c.form(tokenPath, "grant_type", grantRefresh, "client_id", DeviceClientID, "refresh_token", "x")
	}
	c.form(tokenPath, "grant_type", grantMachine).want(401)
	c.form(tokenPath).want(400)
	c.form(devicePath, "grant_type", grantRefresh).want(400)
	for grant, want := range map[string]int{grantRefresh: 2, grantMachine: 1, grantDevice: 0, "": 4} {
		if got := c.tenant.TokenRequests(grant); got != want {
			t.Errorf("%d requests with grant_type %q, want %d", got, grant, want)
		}
	}
	for i := range 2 * maxCounted {
		c.form(tokenPath, "grant_type", number(i).String()).want(403)
	}
	if got := len(c.tenant.oauth.counts); got > maxCounted+1 {
		t.Errorf("%d grant types are counted apart", got)
	}
	if got := c.tenant.TokenRequests(""); got != 4+2*maxCounted {
		t.Errorf("%d requests in all", got)
	}
	c.tenant.ResetRequests()
	if got := c.tenant.TokenRequests(""); got != 0 {
		t.Errorf("%d requests after a reset", got)
	}
}

// A tenant named after its listener hands out addresses and audiences that lead back
// to it.
func TestServe(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tenant := New(Options{Domain: listener.Addr().String()})
	server, err := Serve(listener, tenant)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(server.CAPEM())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool,
		MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	deploy, err := tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	call := func(request *http.Request, err error) answer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if request.Method == http.MethodPost {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		return read(t, request.URL.Path, response)
	}
	form := url.Values{
		"grant_type": {grantMachine}, "client_id": {deploy.ClientID}, "client_secret": {deploy.ClientSecret},
		"audience": {server.URL() + "/api/v2/"},
	}
	made := call(http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL()+tokenPath,
		strings.NewReader(form.Encode()))).want(200)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL()+"/api/v2/clients", http.NoBody)
	if err == nil {
		request.Header.Set("Authorization", "Bearer "+made.textAt("access_token"))
	}
	call(request, err).want(200)
	code := call(http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL()+devicePath,
		strings.NewReader("client_id="+DeviceClientID))).want(200)
	if got := code.textAt("verification_uri"); got != server.URL()+activatePath {
		t.Errorf("verification_uri is %s", got)
	}
	request, err = http.NewRequestWithContext(t.Context(), http.MethodGet, code.textAt("verification_uri_complete"),
		http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	page, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = page.Body.Close()
	if page.StatusCode != http.StatusOK {
		t.Errorf("the page answers %d", page.StatusCode)
	}
}

// The certificate is good for the tenant's domain, with a port in it or without.
func TestCertificateNamesTheDomain(t *testing.T) {
	for _, domain := range []string{"bookshop.example", "bookshop.example:8443"} {
		server, err := Listen("127.0.0.1:0", New(Options{Empty: true, Domain: domain}))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = server.Close() }()
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(server.CAPEM())
		dialer := tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: "bookshop.example", MinVersion: tls.VersionTLS12}}
		connection, err := dialer.DialContext(t.Context(), "tcp", server.Addr)
		if err != nil {
			t.Errorf("domain %s: %v", domain, err)
			continue
		}
		_ = connection.Close()
	}
}

// socketListener says that it listens on a Unix socket.
type socketListener struct{ net.Listener }

func (socketListener) Addr() net.Addr { return &net.UnixAddr{Name: "/run/x", Net: "unix"} }

func TestServeRefusesOtherListeners(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if server, err := Serve(socketListener{listener}, New(Options{Empty: true})); err == nil {
		_ = server.Close()
		t.Error("a Unix socket is served")
	} else if !strings.Contains(err.Error(), "/run/x") || !strings.Contains(err.Error(), "TCP") {
		t.Errorf("error %q lacks the address or the remedy", err)
	}
	if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener was left open (%v)", err)
	}
}
