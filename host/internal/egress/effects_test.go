package egress

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// An operation's effect is the minimum for every plugin, whatever its method is and whatever paths a tool declares.
func TestEachOperationTakesItsEffect(t *testing.T) {
	rank := map[pluginv1.Effect]int{pluginv1.EffectRead: 0, pluginv1.EffectWrite: 1, pluginv1.EffectDestroy: 2}
	var mu sync.Mutex
	seen := map[string]bool{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Method+" "+r.RequestURI] = true
		answer := `{"client_id":"another"}`
		if strings.HasSuffix(r.URL.Path, "/roles") || strings.HasSuffix(r.URL.Path, "/permissions") {
			answer = "[]" // no administrator
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	g := New(Config{Domain: strings.TrimPrefix(server.URL, "https://"), Transport: server.Client().Transport,
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tokenOf("own", "")})})
	for effect := range rank {
		c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "auth0_tool", Effect: effect}})
		if err != nil {
			t.Fatal(err)
		}
		for o := range managementapi.All() {
			values := map[string]string{}
			for _, p := range o.PathParameters {
				values[p.Name] = "x"
			}
			path, err := o.FillPath(values)
			if err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			clear(seen)
			mu.Unlock()
			answer := g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: o.Method, Path: path})
			may := rank[effect] >= rank[pluginv1.Effect(o.Effect)]
			mu.Lock()
			sent := seen[o.Method+" "+path]
			mu.Unlock()
			refused := answer.GetFailure().GetCode() == pluginv1.Failure_CODE_REFUSED
			// A gate without a vault has no place for what is answered once, and sends none of these.
			if sent != may && len(o.Once) == 0 || sent && !may || refused == sent {
				t.Errorf("%s by a tool that may %s: sent %v, %v", o.Name(), effect, sent, answer.GetFailure())
			}
			if effect == pluginv1.EffectWrite && o.Effect == managementapi.Destroy && o.Method != http.MethodDelete &&
				!strings.Contains(answer.GetFailure().GetMessage(), `takes a tool with the effect "destroy"`) {
				t.Errorf("%s: %v", o.Name(), answer.GetFailure())
			}
		}
		c.Close()
	}
}

func TestADestroyingOperationIsRefusedHoweverItIsWritten(t *testing.T) {
	f := newFixture(false)
	c := f.open(t, pluginv1.EffectWrite, "POST /api/v2/keys/signing/{action}")
	defer c.Close()
	for _, path := range []string{"/api/v2/keys/signing/rotate", "/api/v2/keys/signing/%72otate", "/api/v2/keys/s%69gning/rotate"} {
		answer := f.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "POST", Path: path})
		if answer.GetFailure().GetCode() != pluginv1.Failure_CODE_REFUSED {
			t.Errorf("%s: %v", path, answer)
		}
	}
	if n := len(f.tenant.Requests()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// A tool for the whole API declares no scopes: what is missing is the operation's.
func TestAMissingScopeIsTheOperations(t *testing.T) {
	for message, want := range map[string]string{
		"Insufficient scope, expected any of: delete:users": "a scope that DELETE /api/v2/users/{id} needs: delete:users.",
		"Forbidden": "If the token has delete:users or delete:current_user, which DELETE /api/v2/users/{id} needs, more",
	} {
		g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{[]string{tokenOf("own", "")}},
			MoreScopes: "GET THE SCOPE",
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodGet {
					return answer{code: http.StatusOK, body: "[]"}.response()
				}
				return &http.Response{StatusCode: http.StatusForbidden,
					Body: io.NopCloser(strings.NewReader(said(t, 403, message, "insufficient_scope")))}, nil
			})})
		c, err := g.Open(t.Context(), Grant{Plugin: "p",
			Tool: pluginv1.ToolManifest{Name: "auth0_api_destroy", Effect: pluginv1.EffectDestroy}})
		if err != nil {
			t.Fatal(err)
		}
		g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "DELETE", Path: "/api/v2/users/x"})
		failure := &pluginv1.Failure{Code: pluginv1.Failure_CODE_API, HttpStatus: http.StatusForbidden}
		if text := c.Close().Words(failure); !strings.Contains(text, want) {
			t.Errorf("%s", text)
		}
	}
}
