package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// opened is a server and a call of it that the test sends requests in.
func opened(t *testing.T, tenant *sandbox.Tenant) (*Server, *egress.Call, func(method, path string) *pluginv1.RoundTripResponse) {
	t.Helper()
	g := egress.New(egress.Config{Domain: tenant.Domain(), Transport: tenant.Transport(), Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tenant.Token()})})
	call, err := g.Open(t.Context(), egress.Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "x", Effect: pluginv1.EffectWrite}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(call.Close)
	return &Server{cfg: Config{Gate: g, Redact: new(redact.Redactor)}}, call, func(method, path string) *pluginv1.RoundTripResponse {
		return g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: call.ID(), Method: method, Path: path, Body: []byte(`{"name":"one"}`),
			Headers: []*pluginv1.Header{{Name: "Content-Type", Values: []string{"application/json"}}}})
	}
}

// What the tool says that it had done stands in every answer that the host words.
func TestOutcomeOfACallThatFailed(t *testing.T) {
	t.Parallel()
	const maybe = "may or may not have happened"
	done := &pluginv1.Failure{Done: "Done: made application one."}
	tests := map[string]struct {
		fault     sandbox.FaultRule
		failure   *pluginv1.Failure
		want, not string
	}{
		"told by the tool": {sandbox.FaultRule{Path: "/nowhere"}, done, "It broke. Done: made application one.", "changed the tenant"},
		"seen by the gate": {sandbox.FaultRule{Path: "/nowhere"}, nil, "It broke. Requests that the call made before and that changed the tenant: 1, the last POST /api/v2/clients.", maybe},
		"turned down":      {sandbox.FaultRule{Status: http.StatusConflict}, nil, "It broke.", maybe},
		"uncertain":        {sandbox.FaultRule{Status: http.StatusBadGateway}, nil, "It broke. The change " + maybe, "changed the tenant"},
		"done, uncertain":  {sandbox.FaultRule{Drop: sandbox.DropAfter}, done, "Done: made application one. The change " + maybe, "changed the tenant"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := sandbox.New(sandbox.Options{})
			_, call, send := opened(t, tenant)
			tenant.Fail(tt.fault)
			send("POST", "/api/v2/clients")
			if got := withOutcome("It broke.", call, tt.failure); !strings.Contains(got, tt.want) || strings.Contains(got, tt.not) {
				t.Errorf("%q: want %q, not %q", got, tt.want, tt.not)
			}
		})
	}
}

// A refusal, too, tells of the change that came before it.
func TestRefusalAfterAChange(t *testing.T) {
	t.Parallel()
	c := connectTo(t, sandbox.New(sandbox.Options{}), func(*egress.Config) {}, "ok")
	got := seenOf(t, c.request("tools/call", `{"name":"auth0_ok_write","arguments":{"do":"request","then":"delete","method":"POST","path":"/api/v2/clients"}}`))
	if !got.isError || !strings.Contains(got.text, "went beyond") || !strings.Contains(got.text, "changed the tenant: 1, the last POST /api/v2/clients. Look before") {
		t.Errorf("%+v", got)
	}
}

// So does an answer that cannot be shown.
func TestAnswerOverTheBudgetAfterAChange(t *testing.T) {
	t.Parallel()
	c := connectWith(t, catalog.Filter{}, func(cfg *Config) { cfg.MaxOutput = 1000 }, "ok")
	c.tenant.Fail(sandbox.FaultRule{Method: "POST", Status: http.StatusCreated, Body: `"` + strings.Repeat("a", 2000) + `"`})
	got := seenOf(t, c.request("tools/call", `{"name":"auth0_ok_write","arguments":{"do":"request","method":"POST","path":"/api/v2/clients"}}`))
	if !got.isError || !strings.Contains(got.text, "over the budget") || !strings.Contains(got.text, "changed the tenant: 1, the last POST /api/v2/clients. Look before") {
		t.Errorf("%+v", got)
	}
}

// A call that changed something and then met the rate limit must not look like one
// that can simply be repeated.
func TestRateLimitAfterAChange(t *testing.T) {
	t.Parallel()
	tenant := sandbox.New(sandbox.Options{})
	s, call, send := opened(t, tenant)
	limited := func(done string) (text string, kind any) {
		r := s.limited(call, &pluginv1.Failure{Code: pluginv1.Failure_CODE_API, HttpStatus: http.StatusTooManyRequests, Done: done})
		content, _ := mcp.AsTextContent(r.Content[0])
		if r.Meta != nil {
			kind = r.Meta.AdditionalFields[errorKind]
		}
		return content.Text, kind
	}
	send("POST", "/api/v2/clients")
	tenant.Fail(sandbox.RateLimited("POST", "/api/v2/clients", time.Now().Add(time.Hour)))
	send("POST", "/api/v2/clients")
	for done, want := range map[string]string{
		"Done: made application one.": "Done: made application one.",
		"":                            "changed the tenant: 1, the last POST /api/v2/clients. Look before you try again",
	} {
		if text, kind := limited(done); kind != nil || !strings.Contains(text, "429") || !strings.HasSuffix(text, want) {
			t.Errorf("%s, kind %v: want %q, no kind", text, kind, want)
		}
	}
}

// Only a call whose last need for a token failed is signed out: the host's own look
// before a change may fail, and the change go through.
func TestSignedOutIsForgottenWithTheNextToken(t *testing.T) {
	t.Parallel()
	asked := 0
	var failing func(int) bool
	tenant := sandbox.New(sandbox.Options{})
	c := connectTo(t, tenant, func(cfg *egress.Config) {
		cfg.Current = func(context.Context) (string, *oauth2.Token, error) {
			if asked++; failing(asked) {
				return "", nil, errors.New("the keychain is locked")
			}
			return tenant.Domain(), &oauth2.Token{AccessToken: tenant.Token()}, nil
		}
	}, "ok")
	failing = func(n int) bool { return n == 1 } // the look before
	if got := c.api(fakeplugin.Write, "PATCH", "/api/v2/clients/nobody"); asked != 2 || got.kind != "" || !strings.Contains(got.text, "404") {
		t.Errorf("asked %d times: %+v", asked, got)
	}
	failing = func(n int) bool { return n > 2 }
	if got := c.api(fakeplugin.Write, "PATCH", "/api/v2/clients/nobody"); got.kind != "sign_in_required" {
		t.Errorf("%+v", got)
	}
}

// However long an error is, it is told within the budget, with its end: what is to be
// done stands there.
func TestErrorsAreBounded(t *testing.T) {
	t.Parallel()
	const budget = 1000
	c := connectWith(t, catalog.Filter{}, func(cfg *Config) { cfg.MaxOutput = budget }, "ok")
	got := seenOf(t, c.request("tools/call", `{"name":"auth0_ok_write","arguments":{"do":"delete","n":25,"path":"/api/v2/clients/x"}}`))
	if !got.isError || len(got.text) > budget || !strings.HasPrefix(got.text, "plugin ok went beyond what auth0_ok_write declares: DELETE ") ||
		!strings.Contains(got.text, "its middle is left out") || !strings.HasSuffix(got.text, "; and 5 more") {
		t.Errorf("%d bytes: %s", len(got.text), got.text)
	}
	if text := middleOut(strings.Repeat("é", budget), 999); len(text) > 999 || !utf8.ValidString(text) {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

// A long message of Auth0 keeps neither the remedy from being told, nor does it show
// what a cut would make of a secret.
func TestLongMessageOfAuth0IsCut(t *testing.T) {
	t.Parallel()
	tenant := sandbox.New(sandbox.Options{})
	c := connectTo(t, tenant, func(*egress.Config) {}, "ok")
	// The cut is in the middle of the token.
	message := strings.Repeat("x ", 2<<10-10) + tenant.Token() + strings.Repeat(" y", 100<<10)
	tenant.Fail(sandbox.FaultRule{Status: http.StatusConflict, Body: fmt.Sprintf(`{"statusCode":409,"message":%q,"errorCode":%q}`, message, strings.Repeat("e", 10<<10))})
	got := c.api(fakeplugin.Read, "GET", "/api/v2/clients")
	if len(got.text) > 5<<10 || !strings.Contains(got.text, "… (") || !strings.Contains(got.text, "409 Conflict") || !strings.HasSuffix(got.text, "update the existing one") || strings.Contains(got.text, tenant.Token()[:10]) {
		t.Errorf("%d bytes: %s", len(got.text), got.text)
	}
}
