package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

func TestTokens(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	other := New(Options{Empty: true, Now: clock.now})
	good := c.tenant.Token("read:clients")
	revoked := c.tenant.Token("read:clients", "read:logs")
	c.tenant.Revoke(revoked)
	parts := strings.Split(good, ".")

	for _, test := range []struct {
		name, header    string
		status          int
		code, message   string
		wantsAttributes bool
	}{
		{"no header", "", 401, "", "Missing authentication", false},
		{"good", "Bearer " + good, 200, "", "", false},
		{"scheme in lower case", "bearer " + good, 200, "", "", false},
		{"other scheme", "Basic " + good, 401, "", "Invalid token", true},
		{"not a token", "Bearer nonsense", 401, "", "Invalid token", true},
		{"empty token", "Bearer ", 401, "", "Invalid token", true},
		{"another tenant's", "Bearer " + other.Token("read:clients"), 401, "", "Invalid token", true},
		{"changed claims", "Bearer " + parts[0] + "." +
			base64.RawURLEncoding.EncodeToString([]byte(`{"exp":9999999999,"scope":"read:clients"}`)) + "." + parts[2], 401, "",
			"Invalid token", true},
		{"expired", "Bearer " + c.tenant.TokenUntil(clock.now().Add(-time.Second), "read:clients"), 401, "", "Invalid token",
			true},
		{"revoked", "Bearer " + revoked, 401, "", "Invalid token", true},
		{"without the scope", "Bearer " + c.tenant.Token("read:logs"), 403, "insufficient_scope",
			"Insufficient scope, expected any of: read:clients", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://x/api/v2/clients", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if test.header != "" {
				request.Header.Set("Authorization", test.header)
			}
			response, err := c.tenant.Transport().RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			a := read(t, test.name, response).want(test.status)
			if test.status == 200 {
				return
			}
			a.refused(test.status, test.code, test.message)
			if _, found := a.object()["attributes"]; found != test.wantsAttributes {
				t.Errorf("attributes there: %v, want %v", found, test.wantsAttributes)
			}
		})
	}
}

func TestTokenExpiresOnTheTenantsClock(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	c.get("/api/v2/clients").want(200)
	clock.advance(tokenLifetime)
	c.get("/api/v2/clients").refused(401, "", "Invalid token")
}

func TestTokenLooksLikeOne(t *testing.T) {
	tenant := New(Options{Empty: true, Domain: "bookshop.example"})
	token := tenant.Token("read:logs", "read:clients")
	parts := strings.Split(token, ".")
	if len(parts) != 3 || !strings.HasPrefix(token, "eyJ") {
		t.Fatalf("token %q has not the form of a JSON Web Token", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Audience) != 1 || c.Audience[0] != "https://bookshop.example/api/v2/" ||
		c.Scope != "read:logs read:clients" || c.ExpiresAt <= time.Now().Unix() {
		t.Errorf("claims are %+v", c)
	}
}

// somePath is a path of an operation whose parameters are valid and name nothing that exists.
func somePath(t *testing.T, o *managementapi.Operation) string {
	t.Helper()
	values := map[string]string{}
	for _, parameter := range o.PathParameters {
		values[parameter.Name] = "x"
		if allowed := parameter.Schema.Resolve().Enum; len(allowed) > 0 {
			values[parameter.Name], _ = allowed[0].(string)
		}
	}
	path, err := o.FillPath(values)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Every endpoint needs its scope: no token does for all of them by accident.
func TestEveryEndpointNeedsItsScope(t *testing.T) {
	c := newCaller(t, Options{Empty: true}, "read:nothing")
	all := managementScopes()
	for name := range handlers(newTables()) {
		operation, known := managementapi.ByName(name)
		if !known {
			t.Fatalf("%s is no operation of the Management API", name)
		}
		path := somePath(t, operation)
		a := c.do(operation.Method, path, "")
		a.refused(403, "insufficient_scope", "Insufficient scope, expected any of: "+strings.Join(operation.Scopes, ","))
		for _, scope := range operation.Scopes {
			if !slices.Contains(all, scope) {
				t.Errorf("%s: scope %s is not in a token with all scopes", name, scope)
			}
		}
	}
}

func TestUnknownPlaces(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	for _, test := range []struct{ method, path string }{
		{"GET", "/api/v2/"}, {"GET", "/api/v2"}, {"GET", "/"}, {"GET", "/api/v2/clients/"},
		{"GET", "/api/v2//clients"}, {"GET", "/api/v2/clients/a/b"}, {"PUT", "/api/v2/clients"},
		{"DELETE", "/api/v2/clients"},
		{"POST", "/api/v2/logs"}, {"GET", "/api/v2/../v2/clients"}, {"GET", "/api/v1/clients"},
	} {
		c.do(test.method, test.path, "").refused(404, "", "Not Found")
	}
	// An encoded climb is a client id like any other, and no such client exists.
	c.get("/api/v2/clients/%2e%2e%2flogs").refused(404, "inexistent_client", "The client does not exist")
}

func TestBodies(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	c.post("/api/v2/clients", "{").refused(400, "", "Invalid request payload JSON format")
	c.post("/api/v2/clients", `{"name":"a"} {"name":"b"}`).refused(400, "", "Invalid request payload JSON format")
	c.post("/api/v2/clients", "").refused(400, "invalid_body", "Expected type object but found type null")
	c.post("/api/v2/clients", `["a"]`).refused(400, "invalid_body", "Expected type object but found type array")
	c.post("/api/v2/clients", `{"name":"`+strings.Repeat("a", maxBody)+`"}`).refused(413, "",
		"Payload content length greater than maximum allowed: 1048576")

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://x/api/v2/clients",
		strings.NewReader("name=a"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.tenant.Transport().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	read(t, "form body", response).refused(415, "", "Unsupported Media Type")
}

func TestRateLimitHeaders(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now, RateLimit: 3})
	for _, want := range []string{"2", "1", "1", "1"} {
		a := c.get("/api/v2/clients").want(200)
		if got := a.header.Get("X-RateLimit-Remaining"); got != want {
			t.Errorf("X-RateLimit-Remaining %s, want %s", got, want)
		}
		if a.header.Get("X-RateLimit-Limit") != "3" {
			t.Errorf("X-RateLimit-Limit is %q", a.header.Get("X-RateLimit-Limit"))
		}
		if want := number(int(clock.now().Unix()) + 1).String(); a.header.Get("X-RateLimit-Reset") != want {
			t.Errorf("X-RateLimit-Reset is %q, want %s", a.header.Get("X-RateLimit-Reset"), want)
		}
	}
	clock.advance(time.Second)
	if got := c.get("/api/v2/nowhere").header.Get("X-RateLimit-Remaining"); got != "2" {
		t.Errorf("in the next second X-RateLimit-Remaining is %s, want 2", got)
	}
}
