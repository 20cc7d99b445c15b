package egress

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// recordingTenant is a gate to a TLS server that keeps the request lines it got.
func recordingTenant(t *testing.T, http2 bool) (g *Gate, lines func() []string) {
	t.Helper()
	seen := make(chan string, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Method + " " + r.RequestURI
		_, _ = io.WriteString(w, "{}")
	}))
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	g = New(Config{Domain: strings.TrimPrefix(server.URL, "https://"), Transport: server.Client().Transport,
		UserAgent: "auth0-mcp/test",
		Tokens:    oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"})})
	return g, func() (all []string) {
		for len(seen) > 0 {
			all = append(all, <-seen)
		}
		return all
	}
}

// What was compared with the declared paths is what the tenant receives, byte for byte.
func TestTheComparedPathIsSent(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			g, lines := recordingTenant(t, http2)
			c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "auth0_tool",
				Effect: pluginv1.EffectRead,
				Paths:  []string{"GET /api/v2/users/{id}", "GET /api/v2/resource-servers/{id}"}}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for asked, sent := range map[string]string{
				"/api/v2/users/auth0%7cabc":                                 "/api/v2/users/auth0%7Cabc",
				"/api/v2/users/a_b%23EXT%23%40c.onmicrosoft.com":            "/api/v2/users/a_b%23EXT%23@c.onmicrosoft.com",
				"/api/v2/users/a%20b%3Fc%3Bd%2Fe":                           "/api/v2/users/a%20b%3Fc%3Bd%2Fe",
				"/api/v2/users/a;b[c]!$&'()*+,=":                            "/api/v2/users/a%3Bb%5Bc%5D%21$&%27%28%29%2A+%2C=",
				"/api/v2/users/100%25":                                      "/api/v2/users/100%25",
				"/api/v2/users/a%252Fb":                                     "/api/v2/users/a%252Fb",
				"/api/v2/%75sers/%61":                                       "/api/v2/users/a",
				"/api/v2/users/%5C":                                         "/api/v2/users/%5C",
				"/api/v2/users/%C3%A9":                                      "/api/v2/users/%C3%A9",
				"/api/v2/resource-servers/https%3A%2F%2Fapi.example.com%2F": "/api/v2/resource-servers/https:%2F%2Fapi.example.com%2F",
			} {
				answer := g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET", Path: asked,
					Query: "q=%2e"})
				if got := lines(); !slices.Equal(got, []string{"GET " + sent + "?q=%2e"}) {
					t.Errorf("%s became %q, want %s (%v)", asked, got, sent, answer.GetFailure())
				}
			}
			for _, path := range []string{
				"/api/v2/users/a/b", "/api/v2/users%2Fa", "/api/v2/users/", "/api/v2/users/%2E%2E",
				"/api/v2/users/x%2F%252e%252e%2Fclients", "/api/v2/users/a b", "/api/v2/users/%",
				"/api/v2/users/a%00", "/api/v2/users/a?b", "/api/v2/clients/a", "/api/v2/users/%2E%2E%2Fclients%2Fa",
				"/api/v2/users/x%5c..%5c..%5cclients",
			} {
				answer := g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET", Path: path})
				if got := lines(); answer.GetFailure().GetCode() != pluginv1.Failure_CODE_REFUSED || len(got) > 0 {
					t.Errorf("%s: %v, and the tenant got %q", path, answer, got)
				}
			}
		})
	}
}

// Before a change the host reads its target: at the same path, also if the id holds
// a slash.
func TestTheTargetOfAChangeIsReadAtItsPath(t *testing.T) {
	g, lines := recordingTenant(t, false)
	id := "/api/v2/resource-servers/" + url.PathEscape("https://api/")
	c, err := g.Open(t.Context(), Grant{Plugin: "p", DryRun: true, Tool: pluginv1.ToolManifest{Name: "auth0_tool",
		Effect: pluginv1.EffectWrite}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "PATCH",
		Path: strings.ReplaceAll(id, ":", "%3a"), Body: []byte(`{"name":"x"}`)})
	g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "POST",
		Path: "/api/v2/users/a%2fb/roles"})
	if got, want := lines(), []string{"GET " + id, "GET /api/v2/users/a%2Fb"}; !slices.Equal(got, want) {
		t.Errorf("the tenant got %q, want %q", got, want)
	}
	for _, change := range c.Close().Plan.Changes {
		if path, err := pluginv1.ParsePath(change.Path); err != nil || path.String() != change.Path {
			t.Errorf("the plan shows %s", change.Path)
		}
	}
}
