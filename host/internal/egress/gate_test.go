package egress

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

type fixture struct {
	*Gate
	tenant *sandbox.Tenant
}

func newFixture(readOnly bool) fixture {
	tenant := sandbox.New(sandbox.Options{})
	return fixture{tenant: tenant, Gate: New(Config{
		Domain: tenant.Domain(), Transport: tenant.Transport(), UserAgent: "auth0-mcp/test", ReadOnly: readOnly,
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tenant.Token()}),
	})}
}

func (f fixture) open(t *testing.T, effect pluginv1.Effect, paths ...string) *Call {
	t.Helper()
	c, err := f.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "auth0_tool", Effect: effect,
		Paths: paths}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPolicyOnTheWire(t *testing.T) {
	const clients = "/api/v2/clients"
	tests := map[string]struct {
		effect       pluginv1.Effect
		readOnly     bool
		paths        []string
		method, path string
		sent         bool
	}{
		"read":                      {pluginv1.EffectRead, false, nil, "GET", clients, true},
		"read sends POST":           {pluginv1.EffectRead, false, nil, "POST", clients, false},
		"read sends DELETE":         {pluginv1.EffectRead, false, nil, "DELETE", clients + "/x", false},
		"write sends DELETE":        {pluginv1.EffectWrite, false, nil, "DELETE", clients + "/x", false},
		"write":                     {pluginv1.EffectWrite, false, nil, "POST", clients, true},
		"write on a read-only host": {pluginv1.EffectWrite, true, nil, "POST", clients, false},
		"no effect":                 {"", false, nil, "GET", clients, false},
		"odd method":                {pluginv1.EffectDestroy, false, nil, "CONNECT", clients, false},
		"lower-case method":         {pluginv1.EffectDestroy, false, nil, "delete", clients + "/x", false},
		"declared":                  {pluginv1.EffectRead, false, []string{"GET /api/v2/clients"}, "GET", clients, true},
		"undeclared":                {pluginv1.EffectRead, false, []string{"GET /api/v2/logs"}, "GET", clients, false},
		"outside the API":           {pluginv1.EffectWrite, false, nil, "POST", "/oauth/token", false},
		"climbs":                    {pluginv1.EffectRead, false, nil, "GET", "/api/v2/../../oauth/token", false},
		"climbs encoded":            {pluginv1.EffectRead, false, nil, "GET", "/api/v2/%2e%2e/%2e%2e/oauth/token", false},
		"a slash made on the way": {pluginv1.EffectRead, false, []string{"GET /api/v2/clients/{id}"}, "GET",
			clients + `/"%2Fcredentials`, false},
		"a host in the path": {pluginv1.EffectRead, false, nil, "GET", "@elsewhere.example/api/v2/clients", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(tt.readOnly)
			c := f.open(t, tt.effect, tt.paths...)
			defer c.Close()
			answer := f.RoundTrip(t.Context(), "p",
				&pluginv1.RoundTripRequest{CallId: c.ID(), Method: tt.method, Path: tt.path, Body: []byte(`{}`)})
			if reached := len(f.tenant.Requests()) == 1; reached != tt.sent {
				t.Errorf("reached the tenant: %v, want %v (%v)", reached, tt.sent, answer)
			}
			out := c.Close()
			if refused := answer.GetFailure().GetCode() == pluginv1.Failure_CODE_REFUSED; refused == tt.sent ||
				refused != (len(out.Refusals.First) == 1) {
				t.Errorf("failure %v, refusals %v", answer.GetFailure(), out.Refusals)
			}
			// The body is no application's: the tenant rejects it.
			if out.Effect != NoEffect {
				t.Errorf("effect %v", out.Effect)
			}
		})
	}
}

func TestRefusalsAreCounted(t *testing.T) {
	f := newFixture(false)
	c := f.open(t, pluginv1.EffectRead)
	defer c.Close()
	for range maxRefusals + 5 {
		f.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "DELETE", Path: "/api/v2/clients/x"})
	}
	if r := c.Close().Refusals; len(r.First) != maxRefusals || r.Count != maxRefusals+5 {
		t.Errorf("%d kept of %d", len(r.First), r.Count)
	}
}

// A refusal does not repeat a megabyte of a plugin's text.
func TestRefusalsAreShort(t *testing.T) {
	f := newFixture(false)
	c := f.open(t, pluginv1.EffectRead)
	long := strings.Repeat("é", 1<<20)
	for _, r := range []*pluginv1.RoundTripRequest{{Method: long, Path: "/api/v2/clients"}, {Method: "GET", Path: long},
		{Method: "GET", Path: "/api/v2/" + long}} {
		r.CallId = c.ID()
		if text := f.RoundTrip(t.Context(), "p", r).GetFailure().GetMessage(); text == "" || len(text) > 1000 ||
			!utf8.ValidString(text) {
			t.Errorf("%d bytes: %.100s", len(text), text)
		}
	}
	for _, text := range c.Close().Refusals.First {
		if len(text) > 1000 {
			t.Errorf("%d bytes: %.100s", len(text), text)
		}
	}
}

func TestIdServesItsOwnPluginWhileTheCallLasts(t *testing.T) {
	f := newFixture(false)
	c := f.open(t, pluginv1.EffectRead)
	request := func(id string) *pluginv1.RoundTripRequest {
		return &pluginv1.RoundTripRequest{CallId: id, Method: "GET", Path: "/api/v2/clients"}
	}
	ended := pluginv1.Failure_CODE_CALL_ENDED
	if code := f.RoundTrip(t.Context(), "another", request(c.ID())).GetFailure().GetCode(); code != ended {
		t.Errorf("another plugin's request: %v", code)
	}
	if code := f.RoundTrip(t.Context(), "p", request("guess")).GetFailure().GetCode(); code != ended {
		t.Errorf("a guessed id: %v", code)
	}
	c.Close()
	if code := f.RoundTrip(t.Context(), "p", request(c.ID())).GetFailure().GetCode(); code != ended {
		t.Errorf("after the call: %v", code)
	}
	if n := len(f.tenant.Requests()); n != 0 {
		t.Errorf("%d requests reached the tenant", n)
	}
}

func TestIdentityIsTheHosts(t *testing.T) {
	f := newFixture(false)
	c := f.open(t, pluginv1.EffectRead)
	defer c.Close()
	answer := f.RoundTrip(t.Context(), "p",
		&pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET", Path: "/api/v2/clients", Headers: []*pluginv1.Header{
			{Name: "authorization", Values: []string{"Bearer forged"}}, {Name: "Cookie",
				Values: []string{"a=b"}}, {Name: "User-Agent", Values: []string{"forged"}},
			{Name: "Accept", Values: []string{"application/json"}},
		}})
	if answer.GetResponse().GetStatus() != http.StatusOK {
		t.Fatalf("the host's token did not arrive: %v", answer)
	}
	got := f.tenant.Requests()[0].Header
	if got.Get("Cookie") != "" || got.Get("User-Agent") != "auth0-mcp/test p/" || got.Get("Accept") != "application/json" {
		t.Errorf("headers: %v", got)
	}
}

// The request must end with its call, or a cancelled call leaves it running.
func TestCloseAbortsWhatIsInFlight(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	g := New(Config{Domain: "tenant.auth0.example", Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"}),
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			close(begun)
			<-r.Context().Done()
			close(ended)
			return nil, r.Context().Err()
		})})
	c, err := g.Open(context.Background(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectRead}})
	if err != nil {
		t.Fatal(err)
	}
	go func() { <-begun; c.Close() }()
	answer := g.RoundTrip(t.Context(), "p",
		&pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET", Path: "/api/v2/logs"})
	<-ended
	if code := answer.GetFailure().GetCode(); code != pluginv1.Failure_CODE_CALL_ENDED {
		t.Errorf("failure = %v", answer.GetFailure())
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type telemetryInfo struct {
	Name, Version string
	Env           map[string]string
}

func decodeTelemetry(t *testing.T, header string) (info telemetryInfo) {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(header)
	if err == nil {
		err = json.Unmarshal(data, &info)
	}
	if err != nil {
		t.Fatalf("Auth0-Client %q: %v", header, err)
	}
	return info
}

// TestPrepare: what the first request would wait for begins with the first call, once.
func TestPrepare(t *testing.T) {
	begun := make(chan struct{}) // closed twice, it panics
	g := New(Config{Domain: "t.example", Prepare: func() { close(begun) }})
	for range 2 {
		c, err := g.Open(t.Context(), Grant{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		<-begun
	}
}
