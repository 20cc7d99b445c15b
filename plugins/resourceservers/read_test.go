package resourceservers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

const (
	orders    = "https://api.harbourlight.example/orders"
	warehouse = "urn:harbourlight:warehouse"
	reports   = "https://reports.harbourlight.example/api?v=1&team=all"
)

// tenant is a sandbox that sees the token which the host would add; without
// scopes the token has all there are.
func tenant(t *testing.T, o sandbox.Options, scopes ...string) (*sandbox.Tenant, http.Handler) {
	t.Helper()
	s := sandbox.New(o)
	return s, s.Authorized(scopes...)
}

// seed makes an API behind the plugin's back and returns its id.
func seed(t *testing.T, auth0 http.Handler, body string) string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v2/resource-servers", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	auth0.ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		t.Fatalf("seeding %s: %d %s", body, w.Code, w.Body)
	}
	return decoded(t, w.Body.Bytes())["id"].(string)
}

func decoded(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

// succeed is the answer of a call that must not fail.
func succeed(t *testing.T, auth0 http.Handler, tool, args string) json.RawMessage {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, tool, args)
	if r.Failure != nil {
		t.Fatalf("%s %s: %v", tool, args, r.Failure)
	}
	return r.JSON
}

func get(t *testing.T, auth0 http.Handler, id string) map[string]any {
	t.Helper()
	return decoded(t, succeed(t, auth0, "auth0_get_resource_server", fmt.Sprintf(`{"id":%q}`, id)))
}

type listing struct {
	ResourceServers []map[string]any `json:"resource_servers"`
	Count           int              `json:"count"`
	Total           *int             `json:"total"`
	Note            string           `json:"note"`
	Pagination      struct {
		Page       int  `json:"page"`
		PerPage    int  `json:"per_page"`
		TotalPages *int `json:"total_pages"`
		HasNext    bool `json:"has_next"`
	} `json:"pagination"`
}

// String is what the numbers of a listing say, with ? for what is not known.
func (l listing) String() string {
	known := func(n *int) string {
		if n == nil {
			return "?"
		}
		return fmt.Sprint(*n)
	}
	return fmt.Sprintf("%d of %s, page %d of %s by %d, next %v", l.Count, known(l.Total),
		l.Pagination.Page, known(l.Pagination.TotalPages), l.Pagination.PerPage, l.Pagination.HasNext)
}

func list(t *testing.T, auth0 http.Handler, args string) listing {
	t.Helper()
	var l listing
	if err := json.Unmarshal(succeed(t, auth0, "auth0_list_resource_servers", args), &l); err != nil {
		t.Fatal(err)
	}
	if l.ResourceServers == nil || len(l.ResourceServers) != l.Count {
		t.Errorf("%s: count %d of %v", args, l.Count, l.ResourceServers)
	}
	return l
}

func TestPages(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	for i := range 11 { // and the Management API
		seed(t, auth0, fmt.Sprintf(`{"identifier":"urn:pages:%d"}`, i))
	}
	for args, want := range map[string]string{
		`{}`:                      "12 of 12, page 0 of 1 by 20, next false",
		`{"per_page":5}`:          "5 of 12, page 0 of 3 by 5, next true",
		`{"per_page":5,"page":1}`: "5 of 12, page 1 of 3 by 5, next true",
		`{"per_page":5,"page":2}`: "2 of 12, page 2 of 3 by 5, next false",
		`{"per_page":5,"page":3}`: "0 of 12, page 3 of 3 by 5, next false",
		`{"per_page":5,"page":1,"include_totals":false}`:  "5 of ?, page 1 of ? by 5, next true",
		`{"per_page":5,"page":2,"include_totals":false}`:  "2 of ?, page 2 of ? by 5, next false",
		`{"identifiers":["urn:nobody"]}`:                  "0 of 0, page 0 of 0 by 20, next false",
		`{"identifiers":["urn:nobody"],"page":7}`:         "0 of 0, page 7 of 0 by 20, next false",
		`{"identifiers":["urn:pages:3"],"per_page":1}`:    "1 of 1, page 0 of 1 by 1, next false",
		`{"identifiers":[],"per_page":100,"fields":[]}`:   "12 of 12, page 0 of 1 by 100, next false",
		`{"include_totals":true,"page":0,"per_page":100}`: "12 of 12, page 0 of 1 by 100, next false",
	} {
		if got := list(t, auth0, args).String(); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
	seen := map[any]bool{}
	for page := range 3 {
		for _, api := range list(t, auth0, fmt.Sprintf(`{"per_page":5,"page":%d}`, page)).ResourceServers {
			seen[api["identifier"]] = true
		}
	}
	if len(seen) != 12 {
		t.Errorf("the pages hold %d of 12 resource servers", len(seen))
	}
}

// The API answers a list in two forms, and an empty one with or without a total.
func TestEmptyTenant(t *testing.T) {
	for _, answer := range []string{
		`[]`, `{"start":0,"limit":20,"length":0,"total":0,"resource_servers":[]}`,
		`{"start":0,"limit":20,"resource_servers":[]}`,
	} {
		auth0 := answering(http.StatusOK, answer)
		if got := list(t, auth0, `{}`).String(); got != "0 of 0, page 0 of 0 by 20, next false" {
			t.Errorf("%s: %s", answer, got)
		}
	}
}

// answering is an Auth0 that always gives one answer.
func answering(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func TestListByIdentifiers(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	args := fmt.Sprintf(`{"identifiers":[%q,%q,"urn:nobody"]}`, orders, reports)
	var got []string
	for _, api := range list(t, auth0, args).ResourceServers {
		got = append(got, api["identifier"].(string))
	}
	if slices.Sort(got); !slices.Equal(got, []string{orders, reports}) {
		t.Errorf("got %v", got)
	}
	if sent := s.Requests()[0].Query["identifiers"]; !slices.Equal(sent, []string{orders, reports, "urn:nobody"}) {
		t.Errorf("the query has identifiers %q", sent)
	}
}

func TestListProjection(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	one := func(more string) map[string]any {
		return list(t, auth0, fmt.Sprintf(`{"identifiers":[%q]%s}`, warehouse, more)).ResourceServers[0]
	}
	api := one("")
	if api["name"] != "Legacy Warehouse" || api["identifier"] != warehouse || api["signing_alg"] != "HS256" ||
		api["scopes"] != 2.0 || api["id"] == nil {
		t.Errorf("usual members: %v", api)
	}
	if _, shown := api["signing_secret"]; shown || api["token_lifetime"] != nil {
		t.Errorf("usual members have too much: %v", api)
	}
	if scopes, ok := one(`,"fields":["scopes"]`)["scopes"].([]any); !ok || len(scopes) != 2 {
		t.Errorf("fields scopes: %v", scopes)
	}
	if api = one(`,"fields":["token_lifetime"]`); api["token_lifetime"] != 600.0 || api["name"] == nil ||
		api["id"] == nil || api["scopes"] != 2.0 {
		t.Errorf("fields token_lifetime: %v", api)
	}
	if api = one(`,"fields":["signing_secret","id"],"include_fields":false`); api["signing_secret"] != nil ||
		api["id"] == nil || api["token_lifetime"] != 600.0 {
		t.Errorf("all but signing_secret: %v", api)
	}
	if scopes, ok := one(`,"include_fields":false`)["scopes"].([]any); !ok || len(scopes) != 2 {
		t.Errorf("all members: scopes %v", scopes)
	}
	for _, api := range list(t, auth0, `{}`).ResourceServers {
		switch api["name"] {
		case "Auth0 Management API":
			if api["is_system"] != true || api["scopes"].(float64) < 10 {
				t.Errorf("the Management API: %v", api)
			}
		case "Recommendations", "Reports (unused)": // an empty list of scopes, and none
			if api["scopes"] != 0.0 {
				t.Errorf("no scopes: %v", api)
			}
		}
	}
}

func TestUnknownFields(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	for args, want := range map[string]string{
		`{"fields":["lifetime","scopes"]}`: "unknown fields, ignored: lifetime (similar: token_lifetime, " +
			"token_lifetime_for_web, token_lifetime_for_anonymous_access_tokens)",
		`{"fields":["client"],"include_fields":false}`: "unknown fields, ignored: client (similar: client_id, " +
			"skip_consent_for_verifiable_first_party_clients)",
		`{"fields":["authorization_policy"]}`: "no item here has: authorization_policy",
	} {
		if got := list(t, auth0, args).Note; got != want {
			t.Errorf("%s: note %q, want %q", args, got, want)
		}
	}
}

// Auth0 gives the first 1000 by pages, and has no other way to the rest than their keys.
func TestMoreThanAuth0Lists(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	for i := range 1004 {
		seed(t, auth0, fmt.Sprintf(`{"identifier":"urn:many:%d","name":"API %d"}`, i, i))
	}
	next := true
	seen := 0
	for page := 0; next; page++ {
		l := list(t, auth0, fmt.Sprintf(`{"per_page":30,"page":%d}`, page))
		seen += len(l.ResourceServers)
		next = l.Pagination.HasNext
		if want := "Auth0 lists the first 1000 of 1005 resource servers; to reach others, give their identifiers"; next ==
			(l.Note == want) {
			t.Errorf("page %d: has_next %v, note %q", page, next, l.Note)
		}
	}
	if seen != 1000 {
		t.Errorf("saw %d APIs", seen)
	}
	f := sdktest.Call(t, Plugin(), auth0, "auth0_list_resource_servers", `{"page":60}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT ||
		!strings.Contains(f.GetMessage(), "give their identifiers") {
		t.Errorf("a page that Auth0 refuses: %v", f)
	}
	if api := get(t, auth0, "urn:many:1003"); api["name"] != "API 1003" {
		t.Errorf("got %v", api)
	}
	f = sdktest.Call(t, Plugin(), auth0, "auth0_get_resource_server", `{"id":"API 1003"}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_NOT_FOUND || !strings.Contains(f.GetMessage(), "first 1000") {
		t.Errorf("a name beyond: %v", f)
	}
}

func TestScopesOfAnotherKindAreAnError(t *testing.T) {
	auth0 := answering(http.StatusOK, `[{"id":"odd","scopes":"read"}]`)
	f := sdktest.Call(t, Plugin(), auth0, "auth0_list_resource_servers", `{}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_INTERNAL || !strings.Contains(f.GetMessage(), "odd") {
		t.Errorf("failure = %v", f)
	}
}

func TestGet(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	id := list(t, auth0, fmt.Sprintf(`{"identifiers":[%q]}`, orders)).ResourceServers[0]["id"].(string)
	const climbing = "https://api.harbourlight.example/../tides"
	seed(t, auth0, fmt.Sprintf(`{"identifier":%q,"name":"Tides"}`, climbing))
	for _, tt := range []struct {
		key, identifier string
		paths           []string // below /api/v2/resource-servers
	}{
		{id, orders, []string{"/" + id}},
		{orders, orders, []string{"/https:%2F%2Fapi.harbourlight.example%2Forders"}},
		{"https://api.harbourlight.example/catalogue/", "https://api.harbourlight.example/catalogue/",
			[]string{"/https:%2F%2Fapi.harbourlight.example%2Fcatalogue%2F"}},
		{warehouse, warehouse, []string{"/urn:harbourlight:warehouse"}},
		{"recommendations", "recommendations", []string{"/recommendations"}},
		{reports, reports, []string{"/" + url.PathEscape(reports)}},
		// By name: what could be an identifier is asked for as one first.
		{"Recommendations", "recommendations", []string{"/Recommendations", "", "/ID"}},
		{"Legacy Warehouse", warehouse, []string{"/Legacy%20Warehouse", "", "/ID"}},
		{"Auth0 Management API", s.Audience(), []string{"/Auth0%20Management%20API", "", "/ID"}},
		// An identifier that the host lets into no path.
		{climbing, climbing, []string{"", "/ID"}},
	} {
		s.ResetRequests()
		api := get(t, auth0, tt.key)
		if api["identifier"] != tt.identifier {
			t.Errorf("%s: got %v", tt.key, api)
		}
		var sent []string
		for _, r := range s.Requests() {
			sent = append(sent, strings.TrimPrefix(r.Path, "/api/v2/resource-servers"))
		}
		for i := range tt.paths {
			tt.paths[i] = strings.Replace(tt.paths[i], "ID", api["id"].(string), 1)
		}
		if !slices.Equal(sent, tt.paths) {
			t.Errorf("%s: asked for %q, want %q", tt.key, sent, tt.paths)
		}
	}
}

func TestGetAnswersWhatAuth0Sends(t *testing.T) {
	const sent = `{"id":"a","token_lifetime":12345678901234567890,"scopes":[],"consent_policy":null,` +
		`"of_tomorrow":{"b":1.0,"a":"<&>"}}`
	if got := succeed(t, answering(http.StatusOK, sent), "auth0_get_resource_server", `{"id":"a"}`); string(got) != sent {
		t.Errorf("got %s", got)
	}
}

func TestIdentifierGoesBeforeName(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	seed(t, auth0, `{"identifier":"urn:tides:old","name":"urn:tides"}`)
	seed(t, auth0, `{"identifier":"urn:tides","name":"Tides"}`)
	seed(t, auth0, `{"identifier":"urn:spaced:old","name":"two words"}`)
	seed(t, auth0, `{"identifier":"two words","name":"Spaced"}`)
	for _, key := range []string{"urn:tides", "two words"} {
		if api := get(t, auth0, key); api["identifier"] != key {
			t.Errorf("%s: got %v", key, api)
		}
	}
}

func TestNameOnALaterPage(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	for i := range 104 {
		seed(t, auth0, fmt.Sprintf(`{"identifier":"urn:many:%d","name":"API %d"}`, i, i))
	}
	if api := get(t, auth0, "API 103"); api["identifier"] != "urn:many:103" {
		t.Errorf("got %v", api)
	}
}

func TestNamesThatDoNotDecide(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	first := seed(t, auth0, `{"identifier":"urn:twin:1","name":"Twin"}`)
	second := seed(t, auth0, `{"identifier":"urn:twin:2","name":"Twin"}`)
	f := sdktest.Call(t, Plugin(), auth0, "auth0_get_resource_server", `{"id":"Twin"}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_AMBIGUOUS || !strings.Contains(f.GetMessage(), first) ||
		!strings.Contains(f.GetMessage(), second) {
		t.Errorf("two of a name: %v, want a mention of %s and %s", f, first, second)
	}
	for _, key := range []string{"warehouse", "no such thing", "urn:nobody", strings.Repeat("0", 24)} {
		f = sdktest.Call(t, Plugin(), auth0, "auth0_get_resource_server", fmt.Sprintf(`{"id":%q}`, key)).Failure
		if f.GetCode() != pluginv1.Failure_CODE_NOT_FOUND || !strings.Contains(f.GetMessage(), key) {
			t.Errorf("%s: %v", key, f)
		}
		if near := strings.Contains(f.GetMessage(), "Legacy Warehouse"); near != (key == "warehouse") {
			t.Errorf("%s: near names: %v", key, f)
		}
	}
}

// Only a 404 or a 400 says that the key may be a name.
func TestReadFailures(t *testing.T) {
	for _, tt := range []struct {
		tool, args, fail string
		status, requests int
	}{
		{"auth0_get_resource_server", `{"id":"recommendations"}`, "/api/v2/resource-servers/*", http.StatusBadRequest, 3},
		{"auth0_get_resource_server", `{"id":"recommendations"}`, "/api/v2/resource-servers/*", http.StatusForbidden, 1},
		{"auth0_get_resource_server", `{"id":"recommendations"}`, "/api/v2/resource-servers/*", http.StatusTooManyRequests,
			1},
		{"auth0_get_resource_server", `{"id":"recommendations"}`, "/api/v2/resource-servers/*",
			http.StatusInternalServerError, 1},
		{"auth0_get_resource_server", `{"id":"Recommendations"}`, "/api/v2/resource-servers", http.StatusForbidden, 2},
		{"auth0_get_resource_server", `{"id":"Legacy Warehouse"}`, "/api/v2/resource-servers", http.StatusForbidden, 2},
		{"auth0_get_resource_server", `{"id":"Legacy Warehouse"}`, "/api/v2/resource-servers/*", http.StatusNotFound, 3},
		{"auth0_list_resource_servers", `{}`, "/api/v2/resource-servers", http.StatusForbidden, 1},
		{"auth0_list_resource_servers", `{}`, "/api/v2/resource-servers", http.StatusInternalServerError, 1},
	} {
		s, auth0 := tenant(t, sandbox.Options{})
		s.Fail(sandbox.FaultRule{Path: tt.fail, Status: tt.status, Times: -1})
		f := sdktest.Call(t, Plugin(), auth0, tt.tool, tt.args).Failure
		if f.GetCode() != pluginv1.Failure_CODE_API || int(f.GetHttpStatus()) != tt.status {
			t.Errorf("%s %s: %v, want status %d", tt.tool, tt.args, f, tt.status)
		}
		if n := len(s.Requests()); n != tt.requests {
			t.Errorf("%s %s: %d requests after %d, want %d", tt.tool, tt.args, n, tt.status, tt.requests)
		}
	}
}

// Every tool gets by with the scopes that it declares.
func TestDeclaredScopesSuffice(t *testing.T) {
	for _, tt := range []struct{ tool, scope, args string }{
		{"auth0_list_resource_servers", "read:resource_servers", `{}`},
		{"auth0_get_resource_server", "read:resource_servers", `{"id":"Legacy Warehouse"}`},
		{"auth0_create_resource_server", "create:resource_servers", `{"name":"Tides","identifier":"urn:tides"}`},
		{"auth0_update_resource_server", "update:resource_servers", `{"id":"recommendations","name":"Advice"}`},
	} {
		_, auth0 := tenant(t, sandbox.Options{}, tt.scope)
		succeed(t, auth0, tt.tool, tt.args)
		manifest, err := Plugin().Manifest()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(manifest.Tools, func(m pluginv1.ToolManifest) bool { return m.Name == tt.tool })
		if got := manifest.Tools[i].Scopes; !slices.Equal(got, []string{tt.scope}) {
			t.Errorf("%s declares %v", tt.tool, got)
		}
	}
}
