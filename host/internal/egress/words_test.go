package egress

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// said is an error answer in the form of the Management API.
func said(t *testing.T, status int, message, code string) string {
	t.Helper()
	members := map[string]any{"statusCode": status, "error": http.StatusText(status), "message": message}
	if code != "" {
		members["errorCode"] = code
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// refusal is an answer and what its words must and must not say.
type refusal struct {
	method, path string
	status       int
	header       http.Header
	body         string
	want, never  []string
}

const scopesDoNotHelp = "ore scopes will not help"

// ask sends the request of a refusal and returns the call's words.
func (r refusal) words(t *testing.T) (string, Outcome) {
	t.Helper()
	g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{[]string{"one"}}, SignIn: "SIGN IN",
		MoreScopes: "GET THE SCOPE", Transport: transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: r.status, Header: r.header, Body: io.NopCloser(strings.NewReader(r.body))}, nil
		})})
	c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "auth0_tool",
		Effect: pluginv1.EffectDestroy, Scopes: []string{"update:things"},
		Paths: []string{"GET /api/v2/emails/provider", "GET /api/v2/forms/{id}", "POST /api/v2/forms",
			"PATCH /api/v2/forms/{id}"}}})
	if err != nil {
		t.Fatal(err)
	}
	request := &pluginv1.RoundTripRequest{CallId: c.ID(), Method: r.method, Path: r.path}
	if r.method != http.MethodGet {
		request.Body = []byte(`{"a":1}`)
	}
	answer := g.RoundTrip(t.Context(), "p", request)
	out := c.Close()
	return out.Words(&pluginv1.Failure{Code: pluginv1.Failure_CODE_API, HttpStatus: answer.GetResponse().GetStatus()}), out
}

// Only insufficient_scope is a missing scope, only what Auth0 names is a field: everything
// else is itself. The kinds are those of real answers; the data are not.
func TestRefusalsAreThemselves(t *testing.T) {
	const form = "/api/v2/forms/ap_1"
	tests := map[string]refusal{
		"a scope": {method: "GET", path: form, status: 403,
			body: said(t, 403, "Insufficient scope, expected any of: read:forms, read:form_drafts", "insufficient_scope"),
			want: []string{"lacks a scope that auth0_tool needs: read:forms or read:form_drafts", "GET THE SCOPE"}},
		"a scope that only the header names": {method: "GET", path: form, status: 403,
			header: http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope", scope="read:forms"`}},
			body:   said(t, 403, "Forbidden", ""), want: []string{"needs: read:forms.", "GET THE SCOPE"}},
		"insufficient_scope for a subscription": {method: "GET", path: form, status: 403,
			body:  said(t, 403, "Please upgrade your subscription to use this", "insufficient_scope"),
			want:  []string{"upgrade your subscription", "names no scope", "If the token has update:things", scopesDoNotHelp},
			never: []string{"lacks a scope"}},
		"an entitlement": {method: "PATCH", path: form, status: 403,
			body: said(t, 403, "Please upgrade your subscription", "insufficient_entitlement"),
			want: []string{"upgrade your subscription", scopesDoNotHelp}, never: []string{"GET THE SCOPE", "lacks"}},
		"a tenant that is not allowed": {method: "PATCH", path: form, status: 403,
			body: said(t, 403, "The tenant is not allowed to modify session_transfer", "operation_not_supported"),
			want: []string{"not allowed to modify session_transfer", scopesDoNotHelp}, never: []string{"GET THE SCOPE"}},
		"a feature that is off, without a code": {method: "GET", path: form, status: 403,
			body: said(t, 403, "This feature is not enabled for this tenant.", ""),
			want: []string{"not enabled for this tenant.", scopesDoNotHelp}, never: []string{"GET THE SCOPE", "tenant.."}},
		"not supported, as 400": {method: "POST", path: "/api/v2/forms", status: 400,
			body:  said(t, 400, "This is not supported for this connection", "operation_not_supported"),
			want:  []string{"not supported", "does not support it there", scopesDoNotHelp},
			never: []string{"Correct", "field", "subscription"}},
		"a quota": {method: "POST", path: "/api/v2/forms", status: 403,
			body: said(t, 403, "You reached the limit of entities of this type", "too_many_entities"),
			want: []string{"as many of these as it may have", "higher limit"}, never: []string{"GET THE SCOPE", "lacks"}},
		"a quota, as 400": {method: "POST", path: "/api/v2/forms", status: 400,
			body: said(t, 400, "There are 10 already", "max_entities_exceeded"),
			want: []string{"as many of these as it may have"}, never: []string{"Correct"}},
		"a field": {method: "POST", path: "/api/v2/forms", status: 400,
			body: said(t, 400, "Payload validation error: 'Array items are not unique (indexes 0 and 1)' on property "+
				"rule.match.list.", "invalid_body"), want: []string{"Correct rule.match.list and call again"}},
		"a field with a reason behind it": {method: "POST", path: "/api/v2/forms", status: 400,
			body: said(t, 400, "Payload validation error: 'Object didn't pass validation for format email: ' on property "+
				"groups[0].email (the address).", "invalid_body"), want: []string{"Correct groups[0].email and call again"}},
		"unknown fields": {method: "POST", path: "/api/v2/forms", status: 400,
			body: said(t, 400, "Payload validation error: 'Additional properties not allowed: colour, size'.", "invalid_body"),
			want: []string{"Correct colour, size and call again"}},
		"a missing field": {method: "POST", path: "/api/v2/forms", status: 400,
			body: said(t, 400, "Payload validation error: 'Missing required property: name'.", "invalid_body"),
			want: []string{"Correct name and call again"}},
		"no field": {method: "POST", path: "/api/v2/forms", status: 400,
			body:  said(t, 400, "Cannot set both of two things", "invalid_body"),
			want:  []string{"Cannot set both of two things", "as Auth0's message says"},
			never: []string{"Correct", "field"}},
		"no field and no code": {method: "POST", path: "/api/v2/forms", status: 400,
			body: said(t, 400, "Bad Operation on Resource", ""), want: []string{"as Auth0's message says"}},
		"an object that is not there": {method: "GET", path: form, status: 404, body: said(t, 404, "Form not found", ""),
			want: []string{`under "ap_1": check the id`}},
		"a setting that is not there": {method: "GET", path: "/api/v2/emails/provider", status: 404,
			body: said(t, 404, "There is not a configured email provider", "inexistent_email_provider"),
			want: []string{"create it first"}, never: []string{"check the id"}},
		"a conflict": {method: "POST", path: "/api/v2/forms", status: 409, body: said(t, 409, "It exists already.", ""),
			want: []string{"conflicts with what the tenant has"}},
		"a token": {method: "GET", path: form, status: 401, body: said(t, 401, "Invalid token", ""),
			want: []string{"The token was rejected: SIGN IN"}},
		"a fault of Auth0": {method: "GET", path: form, status: 501, body: said(t, 501, "Not now", ""),
			want: []string{"fault on Auth0's side: try again later"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { tt.check(t, false) })
	}
}

func (r refusal) check(t *testing.T, foreign bool) {
	t.Helper()
	text, out := r.words(t)
	if out.Effect != NoEffect {
		t.Errorf("the effect is %v", out.Effect)
	}
	if strings.Contains(text, "not by Auth0") != foreign || strings.HasPrefix(text, "Auth0 answered ") == foreign {
		t.Errorf("who answered: %s", text)
	}
	for _, want := range r.want {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in: %s", want, text)
		}
	}
	for _, never := range r.never {
		if strings.Contains(text, never) {
			t.Errorf("%q is in: %s", never, text)
		}
	}
}

// What is not in the Management API's form was answered by something in between.
func TestAnswersOfOthers(t *testing.T) {
	const form = "/api/v2/forms/ap_1"
	cloudflare := http.Header{"Cf-Ray": {"8f00aa-AMS"}, "Content-Type": {"text/html"}}
	tests := map[string]refusal{
		"a firewall's page": {method: "GET", path: form, status: 403,
			body: "<!DOCTYPE html><html><head><title>Access Denied</title><style>p{}</style></head><body>Reference 12</body>",
			want: []string{"Access Denied", "firewall or proxy between this computer and tenant.auth0.example",
				scopesDoNotHelp}, never: []string{"<", "Reference", "GET THE SCOPE", "code or markup"}},
		"a page without a title": {method: "PATCH", path: form, status: 406,
			body: "<html><script>evil()</script><body><h1>Not\n Acceptable</h1> by mod_security</body></html>",
			want: []string{"Not Acceptable by mod_security", "code or markup in its body"}, never: []string{"evil", "<"}},
		"Cloudflare": {method: "GET", path: form, status: 403, header: cloudflare, body: "error code: 1020",
			want: []string{"error code: 1020", "Cloudflare blocked the request (Ray ID 8f00aa-AMS)", scopesDoNotHelp}},
		"a gateway's JSON": {method: "GET", path: form, status: 403, body: `{"message":"Forbidden"}`,
			want: []string{`{"message":"Forbidden"}`, scopesDoNotHelp}, never: []string{"GET THE SCOPE"}},
		"JSON of another status": {method: "GET", path: form, status: 403,
			body: `{"statusCode":401,"error":"Unauthorized","message":"no"}`, want: []string{scopesDoNotHelp}},
		"a sign-in of a gateway": {method: "GET", path: form, status: 401, body: "<html><title>Sign in</title>",
			want:  []string{"Sign in", "says nothing about the token", "the next call sends it again"},
			never: []string{"SIGN IN", "restart"}},
		"an empty 401": {method: "PATCH", path: form, status: 401,
			want: []string{"no message", "says nothing about the token"}, never: []string{"SIGN IN", "restart"}},
		"no API": {method: "GET", path: form, status: 404, body: "<html><h1>404</h1>",
			want: []string{"check the tenant's domain, tenant.auth0.example"}, never: []string{"check the id"}},
		"a proxy's 500": {method: "GET", path: form, status: 500, body: "<html><h1>oops</h1>",
			want: []string{"oops", "a fault of Auth0 or of something between", "try again later"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { tt.check(t, true) })
	}
}

// A 401 that is not Auth0's is no verdict on the token: the session goes on, whoever
// answered in between. Auth0's own is one.
func TestForeign401KeepsTheSession(t *testing.T) {
	tests := map[string]struct {
		body    string
		refused int
	}{
		"a page":             {"<html>Please sign in</html>", 0},
		"nothing":            {"", 0},
		"JSON of a gateway":  {`{"message":"Unauthorized"}`, 0},
		"an OAuth error":     {`{"error":"invalid_token","error_description":"no"}`, 0},
		"a list":             {`[401]`, 0},
		"more than is read":  {`{"statusCode":401,"message":"` + strings.Repeat("x", 70<<10) + `"}`, 0},
		"expired, by Auth0":  {rejectedToken, 1},
		"invalid, by Auth0":  {`{"statusCode":401,"error":"Unauthorized","message":"Invalid token","attributes":{}}`, 1},
		"a name, no message": {`{"statusCode":401,"error":"Unauthorized"}`, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"GET", "POST"} {
				away, refused := true, 0
				g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{[]string{"one"}},
					Refused: func(string) { refused++ },
					Transport: transport(func(*http.Request) (*http.Response, error) {
						if away {
							return answer{code: 401, body: tt.body}.response()
						}
						return answer{code: 200}.response()
					})})
				got, out := ask(t.Context(), g, method, "/api/v2/clients", nil)
				if got.GetResponse().GetStatus() != 401 || string(got.GetResponse().GetBody()) != tt.body {
					t.Errorf("%s: the plugin got %.200v", method, got)
				}
				if refused != tt.refused || out.Effect != NoEffect || out.Err != nil {
					t.Errorf("%s: refused %d times, %v, %v", method, refused, out.Effect, out.Err)
				}
				away = false
				if got, _ := ask(t.Context(), g, method, "/api/v2/clients", nil); got.GetResponse().GetStatus() != 200 {
					t.Errorf("%s: the next call: %v", method, got)
				}
			}
		})
	}
}
