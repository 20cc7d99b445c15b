package applications

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

type listing struct {
	Applications []map[string]any `json:"applications"`
	Count        int              `json:"count"`
	Total        *int             `json:"total"`
	Note         string           `json:"note"`
	Pagination   struct {
		Page       int  `json:"page"`
		PerPage    int  `json:"per_page"`
		TotalPages *int `json:"total_pages"`
		HasNext    bool `json:"has_next"`
	} `json:"pagination"`
}

func list(t *testing.T, auth0 http.Handler, args string) listing {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, listTool, args)
	if r.Failure != nil {
		t.Fatalf("%s: %v", args, r.Failure)
	}
	var l listing
	if err := json.Unmarshal(r.JSON, &l); err != nil {
		t.Fatal(err)
	}
	if l.Applications == nil || l.Count != len(l.Applications) {
		t.Errorf("%s: count %d of %d applications", args, l.Count, len(l.Applications))
	}
	return l
}

func (l listing) names() []string {
	var names []string
	for _, a := range l.Applications {
		names = append(names, a["name"].(string))
	}
	return names
}

// state is what a page says of itself; -1 stands for null.
func (l listing) state() [5]int {
	orMinus := func(n *int) int {
		if n == nil {
			return -1
		}
		return *n
	}
	next := 0
	if l.Pagination.HasNext {
		next = 1
	}
	return [5]int{l.Count, orMinus(l.Total), l.Pagination.Page, orMinus(l.Pagination.TotalPages), next}
}

// fill makes applications beside the two that every tenant has: the global one
// and the API explorer's.
func fill(t *testing.T, auth0 http.Handler, n int) {
	t.Helper()
	for i := range n {
		body := strings.NewReader(fmt.Sprintf(`{"name":"Lighthouse %02d","app_type":"spa"}`, i))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v2/clients", body)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if auth0.ServeHTTP(w, r); w.Code != http.StatusCreated {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
}

func TestPages(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	fill(t, auth0, 21)
	seen := map[any]bool{}
	for _, tt := range []struct {
		args string
		want [5]int // count, total, page, total_pages, has_next
	}{
		{`{"per_page":10}`, [5]int{10, 23, 0, 3, 1}},
		{`{"per_page":10,"page":1}`, [5]int{10, 23, 1, 3, 1}},
		{`{"per_page":10,"page":2}`, [5]int{3, 23, 2, 3, 0}},
	} {
		l := list(t, auth0, tt.args)
		if l.state() != tt.want {
			t.Errorf("%s: %v, want %v", tt.args, l.state(), tt.want)
		}
		for _, a := range l.Applications {
			if seen[a["client_id"]] {
				t.Errorf("%s: %v came twice", tt.args, a["name"])
			}
			seen[a["client_id"]] = true
		}
	}
	for _, tt := range []struct {
		args string
		want [5]int
	}{
		{`{}`, [5]int{20, 23, 0, 2, 1}},
		{`{"per_page":10,"page":9}`, [5]int{0, 23, 9, 3, 0}},
		{`{"per_page":10,"page":1,"include_totals":false}`, [5]int{10, -1, 1, -1, 1}},
		{`{"per_page":10,"page":2,"include_totals":false}`, [5]int{3, -1, 2, -1, 0}},
		{`{"name":"LIGHTHOUSE","per_page":10,"page":1}`, [5]int{10, 21, 1, 3, 1}},
		{`{"name":"lighthouse","per_page":10,"page":2}`, [5]int{1, 21, 2, 3, 0}},
		{`{"name":"lighthouse","per_page":10,"page":9}`, [5]int{0, 21, 9, 3, 0}},
		{`{"is_first_party":false}`, [5]int{0, 0, 0, 0, 0}},
		{`{"is_first_party":false,"page":3}`, [5]int{0, 0, 3, 0, 0}},
		{`{"name":"no such name"}`, [5]int{0, 0, 0, 0, 0}},
	} {
		if got := list(t, auth0, tt.args).state(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.args, got, tt.want)
		}
	}
	if _, empty := tenant(t, sandbox.Options{Empty: true}); list(t, empty, `{}`).state() != [5]int{2, 2, 0, 1, 0} {
		t.Error("a new tenant has more than the two applications that Auth0 makes")
	}
}

func TestFilters(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	for args, want := range map[string][]string{
		`{"name":"staff"}`:  {"Staff Dashboard", "Staff Dashboard"},
		`{"name":"READER"}`: {"Harbourlight Reader (iOS)", "Harbourlight Reader (Android)"},
		`{"app_type":"native"}`: {"Harbourlight Reader (iOS)", "Harbourlight Reader (Android)",
			"Kiosk Device"},
		`{"is_first_party":false}`:                    {"Lanternfish Reviews (third party)"},
		`{"app_type":"native","name":"kiosk"}`:        {"Kiosk Device"},
		`{"app_type":"spa","name":"kiosk"}`:           nil,
		`{"app_type":"spa","is_first_party":false}`:   nil,
		`{"name":"reviews","is_first_party":false}`:   {"Lanternfish Reviews (third party)"},
		`{"name":"all applications"}`:                 {"All Applications"},
		`{"app_type":"sso_integration"}`:              nil,
		`{"app_type":"non_interactive","per_page":1}`: {"API Explorer Application"},
	} {
		if got := list(t, auth0, args).names(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
	s.ResetRequests()
	list(t, auth0, `{"app_type":"spa","is_first_party":true}`)
	if q := s.Requests()[0].Query; q.Get("app_type") != "spa" || q.Get("is_first_party") != "true" {
		t.Errorf("the API was asked for %v", q)
	}
	if l := list(t, auth0, `{}`); l.Applications[l.Count-1]["global"] != true {
		t.Errorf("the global client is missing: %v", l.names())
	}
}

func TestMoreThanOffsetsReach(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	fill(t, auth0, 1150)
	seen := map[any]bool{}
	next := true
	for page := 0; next; page++ {
		l := list(t, auth0, fmt.Sprintf(`{"per_page":100,"page":%d}`, page))
		for _, a := range l.Applications {
			seen[a["client_id"]] = true
		}
		next = l.Pagination.HasNext
		if len(l.Applications) == 0 || *l.Total != 1152 || l.Note != "" {
			t.Fatalf("page %d: %v, note %q", page, l.state(), l.Note)
		}
	}
	if len(seen) != 1152 {
		t.Errorf("saw %d applications", len(seen))
	}
	if l := list(t, auth0, `{"name":"lighthouse 114","per_page":100}`); *l.Total != 11 || l.Note != "" {
		t.Errorf("found %q, note %q", l.names(), l.Note)
	}
	if l := list(t, auth0, `{"app_type":"spa","is_first_party":true,"page":57}`); l.state() != [5]int{10, 1150, 57, 58,
		0} {
		t.Errorf("filtered: %v", l.state())
	}
	updated := answer(t, auth0, updateTool, `{"client_id":"Lighthouse 1149","description":"the last"}`)
	if got := answer(t, auth0, getTool, `{"name":"Lighthouse 1149"}`); got["description"] != "the last" ||
		got["client_id"] != updated["client_id"] {
		t.Errorf("got %v", got)
	}
}

// A search ends after 5000 applications, and says so.
func TestSearchIsCapped(t *testing.T) {
	pages := 0
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		pages++
		items := strings.Repeat(`{"client_id":"a","name":"Lamp"},`, 99) + `{"client_id":"b","name":"Buoy"}`
		_, _ = fmt.Fprintf(w, `{"total":6000,"next":"b","clients":[%s]}`, items)
	})
	l := list(t, auth0, `{"name":"buoy"}`)
	if pages != 51 || l.Count != 20 || *l.Total != 50 || !strings.Contains(l.Note, "first 5000") {
		t.Errorf("%d pages were read, %d applications found, note %q", pages, l.Count, l.Note)
	}
}

func TestFields(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	members := func(args string) []string {
		a := list(t, auth0, args).Applications[0]
		var names []string
		for name := range a {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	for args, want := range map[string][]string{
		`{"name":"Shop"}`: {"app_type", "callbacks", "client_id",
			"description", "global", "is_first_party", "name"},
		`{"name":"Shop","fields":["web_origins"]}`: {"app_type", "callbacks", "client_id",
			"description", "global", "is_first_party", "name", "web_origins"},
		`{"app_type":"spa","fields":["refresh_token"]}`: {"app_type", "callbacks", "client_id",
			"description", "global", "is_first_party", "name", "refresh_token"},
		`{"app_type":"spa","fields":["jwt_configuration"],"include_fields":true}`: {"app_type", "callbacks", "client_id",
			"description", "global", "is_first_party", "jwt_configuration", "name"},
	} {
		if got := members(args); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
	for _, r := range s.Requests() {
		if fields := r.Query.Get("fields"); fields == "" || strings.Contains(fields, "secret") {
			t.Errorf("%s asks for secrets", r.RawQuery)
		}
	}
	got := members(`{"name":"Shop","fields":["client_secret","signing_keys","client_id","name"],"include_fields":false}`)
	for name, want := range map[string]bool{"client_id": true, "name": true, "grant_types": true, "client_secret": false,
		"signing_keys": false} {
		if slices.Contains(got, name) != want {
			t.Errorf("include_fields false: %q, with %s: want %v", got, name, want)
		}
	}
}

// A field that Auth0 does not know is told, and not asked for: the request would be refused.
func TestUnknownFields(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	for args, note := range map[string]string{
		`{"fields":["callback"]}`: "unknown fields, ignored: callback (similar: callbacks, callback_url_template, " +
			"skip_non_verifiable_callback_uri_confirmation_prompt)",
		`{"fields":["bindings","name"]}`:                 "unknown fields, ignored: bindings",
		`{"fields":["scopes"],"include_fields":false}`:   "unknown fields, ignored: scopes",
		`{"fields":["compliance_level"]}`:                "no item here has: compliance_level",
		`{"name":"no such name","fields":["bindings"]}`:  "unknown fields, ignored: bindings",
		`{"name":"no such name","fields":["addons"]}`:    "",
		`{"fields":["native_social_login","client_id"]}`: "",
	} {
		s.ResetRequests()
		if l := list(t, auth0, args); l.Note != note {
			t.Errorf("%s: note %q, want %q", args, l.Note, note)
		}
		for _, r := range s.Requests() {
			for name := range strings.SplitSeq(r.Query.Get("fields"), ",") {
				if name != "" && !slices.Contains(askable(), name) {
					t.Errorf("%s: asked for %s", args, name)
				}
			}
		}
	}
	// What cannot be asked for by name comes without the secrets.
	created := answer(t, auth0, createTool, `{"name":"Social","native_social_login":{"apple":{"enabled":true}}}`)
	s.ResetRequests()
	l := list(t, auth0, `{"name":"Social","fields":["native_social_login"]}`)
	if len(l.Applications) != 1 || l.Applications[0]["native_social_login"] == nil ||
		l.Applications[0]["client_id"] != created["client_id"] {
		t.Errorf("got %v", l.Applications)
	}
	if q := s.Requests()[0].Query; q.Get("fields") != "client_secret,signing_keys,encryption_key" ||
		q.Get("include_fields") != "false" {
		t.Errorf("asked %v", q)
	}
}

// The members are those of the API's own description.
func TestMembers(t *testing.T) {
	o, ok := managementapi.ByName("GET /api/v2/clients")
	if !ok {
		t.Fatal("no such operation")
	}
	fields, _ := o.QueryParameter("fields")
	pattern := regexp.MustCompile(fields.Schema.Pattern)
	for _, name := range askable() {
		if !pattern.MatchString(name) {
			t.Errorf("fields refuses %s", name)
		}
	}
	known := members()
	for _, group := range regexp.MustCompile(`\\(([a-z_0-9]+)\\)`).FindAllStringSubmatch(fields.Schema.Pattern, -1) {
		if !slices.Contains(askable(), group[1]) {
			t.Errorf("%s can be asked for", group[1])
		}
	}
	one, _ := managementapi.ByName("GET /api/v2/clients/{id}")
	for _, m := range one.Answer.Resolve().Members {
		if !slices.Contains(known, m.Name) {
			t.Errorf("%s is not known", m.Name)
		}
	}
}

func TestGet(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	byName := answer(t, auth0, getTool, `{"name":"Harbourlight Shop"}`)
	if byName["client_metadata"] == nil || byName["initiate_login_uri"] != "https://shop.harbourlight.example/login" {
		t.Errorf("by name: %v", byName)
	}
	s.ResetRequests()
	byID := answer(t, auth0, getTool, `{"client_id":"`+byName["client_id"].(string)+`"}`)
	if text(t, byID) != text(t, byName) {
		t.Errorf("by id: %v, by name: %v", byID, byName)
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("a get by client_id took %d requests", n)
	}
}

func TestGetByNameOverAllPages(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	fill(t, auth0, 105)
	if got := answer(t, auth0, getTool, `{"name":"Lighthouse 104"}`); got["name"] != "Lighthouse 104" ||
		got["app_type"] != "spa" {
		t.Errorf("got %v", got)
	}
}

func TestGetRefusals(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	for _, tt := range []struct {
		args string
		code pluginv1.Failure_Code
		want []string
	}{
		{`{}`, pluginv1.Failure_CODE_INVALID_ARGUMENT, []string{"client_id or name: exactly one"}},
		{`{"client_id":"a","name":"b"}`, pluginv1.Failure_CODE_INVALID_ARGUMENT, []string{"client_id or name: exactly one"}},
		{`{"name":"staff dashboard"}`, pluginv1.Failure_CODE_NOT_FOUND, []string{`"Staff Dashboard" (`}},
		{`{"name":"Lightship"}`, pluginv1.Failure_CODE_NOT_FOUND, []string{`no application`, `"Lightship"`}},
	} {
		f := sdktest.Call(t, Plugin(), auth0, getTool, tt.args).Failure
		for _, want := range tt.want {
			if f.GetCode() != tt.code || !strings.Contains(f.GetMessage(), want) {
				t.Errorf("%s: %v, want %v with %q", tt.args, f, tt.code, want)
			}
		}
	}
	f := sdktest.Call(t, Plugin(), auth0, getTool, `{"name":"Staff Dashboard"}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_AMBIGUOUS {
		t.Errorf("two applications of one name: %v", f)
	}
	for _, a := range list(t, auth0, `{"name":"Staff Dashboard"}`).Applications {
		if !strings.Contains(f.GetMessage(), a["client_id"].(string)) {
			t.Errorf("%q does not name the candidate %v", f.GetMessage(), a["client_id"])
		}
	}
	for _, r := range s.Requests() {
		if strings.Count(r.Path, "/") > 3 {
			t.Errorf("%s was fetched although nothing said which", r.Path)
		}
	}
}
