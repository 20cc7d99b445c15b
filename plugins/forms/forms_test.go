package forms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func names(o map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(o)), " ")
}

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// tenant is a sandbox that sees the token which the host would add.
func tenant(t *testing.T, o sandbox.Options) (*sandbox.Tenant, http.Handler) {
	t.Helper()
	s := sandbox.New(o)
	return s, s.Authorized()
}

// send is a request of the test itself, not of the plugin; it answers the object.
func send(t *testing.T, auth0 http.Handler, method, path, body string) map[string]any {
	t.Helper()
	w := httptest.NewRecorder()
	auth0.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/api/v2/"+path, strings.NewReader(body)))
	if w.Code >= http.StatusBadRequest {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return object(t, w.Body.Bytes())
}

func object(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var o map[string]any
	if err := dec.Decode(&o); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return o
}

// call runs a tool that must succeed.
func call(t *testing.T, auth0 http.Handler, tool, args string) map[string]any {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, tool, args)
	if r.Failure != nil {
		t.Fatalf("%s %s: %v", tool, args, r.Failure)
	}
	return object(t, r.JSON)
}

// text is a value as JSON, for comparing and for error messages.
func text(t *testing.T, v any) string {
	t.Helper()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(buf.String())
}

// ids are the seeded forms' ids by name.
func ids(t *testing.T, auth0 http.Handler) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, item := range call(t, auth0, "auth0_list_forms", `{}`)["forms"].([]any) {
		o := item.(map[string]any)
		out[o["name"].(string)] = o["id"].(string)
	}
	return out
}

func TestPages(t *testing.T) {
	_, seeded := tenant(t, sandbox.Options{})
	_, empty := tenant(t, sandbox.Options{Empty: true})
	for name, tt := range map[string]struct {
		auth0      http.Handler
		args       string
		count      int
		pagination string
		total      string
	}{
		"default": {seeded, `{}`, 5, `{"has_next":false,"page":0,"per_page":20,"total_pages":1}`, "5"},
		"first": {seeded, `{"per_page":2,"page":0}`, 2, `{"has_next":true,"page":0,"per_page":2,"total_pages":3}`,
			"5"},
		"middle": {seeded, `{"per_page":2,"page":1}`, 2, `{"has_next":true,"page":1,"per_page":2,"total_pages":3}`,
			"5"},
		"last": {seeded, `{"per_page":2,"page":2}`, 1, `{"has_next":false,"page":2,"per_page":2,"total_pages":3}`,
			"5"},
		"past the end": {seeded, `{"per_page":2,"page":9}`, 0, `{"has_next":false,"page":9,"per_page":2,"total_pages":3}`,
			"5"},
		"without totals": {seeded, `{"per_page":2,"page":1,"include_totals":false}`, 2,
			`{"has_next":true,"page":1,"per_page":2,"total_pages":null}`, "null"},
		"empty tenant": {empty, `{}`, 0, `{"has_next":false,"page":0,"per_page":20,"total_pages":0}`, "0"},
	} {
		got := call(t, tt.auth0, "auth0_list_forms", tt.args)
		if n := len(got["forms"].([]any)); n != tt.count || text(t, got["count"]) != fmt.Sprint(tt.count) {
			t.Errorf("%s: %d forms, count %v, want %d", name, n, got["count"], tt.count)
		}
		if p := text(t, got["pagination"]); p != tt.pagination || text(t, got["total"]) != tt.total {
			t.Errorf("%s: %s, total %v, want %s, %s", name, p, got["total"], tt.pagination, tt.total)
		}
	}
}

func TestPagesDoNotOverlap(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	seen := map[any]bool{}
	for page := range 3 {
		for _, item := range call(t, auth0, "auth0_list_forms",
			fmt.Sprintf(`{"per_page":2,"page":%d}`, page))["forms"].([]any) {
			seen[item.(map[string]any)["id"]] = true
		}
	}
	if len(seen) != 5 {
		t.Errorf("three pages of two hold %d forms, want 5", len(seen))
	}
}

func TestFields(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	for fields, want := range map[string]string{
		`["nodes","name"]`:     "no item here has: nodes",
		`["flow_cout","name"]`: "unknown fields, ignored: flow_cout (similar: flow_count)",
	} {
		if note := call(t, auth0, "auth0_list_forms", `{"fields":`+fields+`}`)["note"]; note != want {
			t.Errorf("%s: note %v, want %s", fields, note, want)
		}
	}
	for args, want := range map[string]string{
		`{"per_page":1}`:                         "created_at embedded_at flow_count id name submitted_at updated_at",
		`{"per_page":1,"fields":["flow_count"]}`: "created_at embedded_at flow_count id name submitted_at updated_at",
		`{"per_page":1,"fields":["flow_count","id"],"include_fields":false}`: "created_at embedded_at id name " +
			"submitted_at updated_at",
		`{"per_page":1,"page":4}`: "created_at flow_count id name updated_at",
		`{"per_page":1,"page":4,"fields":["submitted_at"],"include_totals":false}`: "created_at flow_count id name " +
			"updated_at",
	} {
		item := call(t, auth0, "auth0_list_forms", args)["forms"].([]any)[0].(map[string]any)
		if got := names(item); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
}

func TestGetForm(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	id := ids(t, auth0)["Complete your profile"]
	want := text(t, send(t, auth0, http.MethodGet, "forms/"+id, ""))
	s.ResetRequests()
	for _, given := range []string{id, "Complete your profile"} {
		if got := text(t, call(t, auth0, "auth0_get_form", `{"id":"`+given+`"}`)); got != want {
			t.Errorf("%s: got %s, want %s", given, got, want)
		}
	}
	if n := len(s.Requests()); n != 3 {
		t.Errorf("%d requests for one form by id and one by name, want 3", n)
	}
}

// A name may look like an id, and may be on any page.
func TestGetFormByName(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	for i := range 101 {
		send(t, auth0, http.MethodPost, "forms", fmt.Sprintf(`{"name":"survey %d"}`, i))
	}
	want := send(t, auth0, http.MethodPost, "forms", `{"name":"ap_survey"}`)
	for _, name := range []string{"ap_survey", "survey 100"} {
		if got := call(t, auth0, "auth0_get_form", `{"id":"`+name+`"}`); got["name"] != name {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if got := call(t, auth0, "auth0_get_form", `{"id":"`+want["id"].(string)+`"}`); got["name"] != "ap_survey" {
		t.Errorf("by id: got %v", got)
	}
}

func TestNameFailures(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	twin := send(t, auth0, http.MethodPost, "forms", `{"name":"Blank form"}`)["id"].(string)
	first := ids(t, auth0)["Untitled"]
	for _, tool := range []string{"auth0_get_form", "auth0_check_form", "auth0_publish_form", "auth0_update_form"} {
		for given, want := range map[string]struct {
			code pluginv1.Failure_Code
			text string
		}{
			"Blank form":             {pluginv1.Failure_CODE_AMBIGUOUS, twin},
			"blank":                  {pluginv1.Failure_CODE_NOT_FOUND, `"Blank form" (` + twin + ")"},
			"unti":                   {pluginv1.Failure_CODE_NOT_FOUND, `"Untitled" (` + first + ")"},
			"ap_0000000000000000000": {pluginv1.Failure_CODE_NOT_FOUND, "no form has the id or the name"},
		} {
			args := map[string]any{"id": given}
			if tool == "auth0_update_form" {
				args["name"] = "Other"
			}
			f := sdktest.Call(t, Plugin(), auth0, tool, text(t, args)).Failure
			if f.GetCode() != want.code || !strings.Contains(f.GetMessage(), want.text) {
				t.Errorf("%s %s: %v, want %v with %s", tool, given, f, want.code, want.text)
			}
		}
	}
}

// whole has every top-level member, and numbers and texts that a careless hand
// would change on the way.
const whole = `{"name":"Onboarding","messages":{"errors":{"ERR_REQUIRED_PROPERTY":"Needed & wanted"},"custom":{"hello":"<b>Hi</b>"}},
	"languages":{"primary":"en","default":"en"},"translations":{"de":{"components":{"first":{"label":"Vorname"}}}},
	"start":{"hidden_fields":[{"key":"campaign","value":"a & b"}],"next_node":"ask","coordinates":{"x":0,"y":-12}},
	"nodes":[
		{"id":"ask","type":"STEP","alias":"Ask","coordinates":{"x":500,"y":0},"config":{"next_node":"where","components":[
			{"id":"first","category":"FIELD","type":"TEXT","label":"First name","hint":"As in <b>your</b> passport & co","required":false,"sensitive":false,"config":{"min_length":1,"multiline":false,"default_value":"\u0041<&>"}},
			{"id":"go","category":"BLOCK","type":"NEXT_BUTTON","config":{"text":"Go"}}]}},
		{"id":"where","type":"ROUTER","config":{"rules":[{"id":"r","alias":"Irish","condition":{"operator":"AND","operands":[]},"next_node":"$ending"}],"fallback":"store"}},
		{"id":"store","type":"FLOW","config":{"flow_id":"af_1","next_node":"$ending"}}],
	"ending":{"redirection":{"delay":0,"target":"https://shop.example/welcome"},"after_submit":{"flow_id":"af_2"},"coordinates":{"x":1,"y":2}},
	"style":{"css":"h1 > b { color: red }"}}`

func TestCreateForm(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	made := call(t, auth0, "auth0_create_form", whole)
	if sent := text(t, object(t, s.Requests()[0].Body)); sent != text(t, object(t, []byte(whole))) {
		t.Errorf("the body was %s", sent)
	}
	kept := call(t, auth0, "auth0_get_form", `{"id":"`+made["id"].(string)+`"}`)
	for name, value := range object(t, []byte(whole)) {
		if text(t, kept[name]) != text(t, value) {
			t.Errorf("%s: kept %s, gave %s", name, text(t, kept[name]), text(t, value))
		}
	}
	small := call(t, auth0, "auth0_create_form", `{"name":"Small"}`)
	if text(t, small["ending"]) != `{"resume_flow":true}` || text(t, small["languages"]) != `{"primary":"en"}` {
		t.Errorf("Auth0's defaults: got %v", small)
	}
}

func TestUpdateForm(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	id := call(t, auth0, "auth0_create_form", whole)["id"].(string)
	kept := func() map[string]any { return call(t, auth0, "auth0_get_form", `{"id":"`+id+`"}`) }

	// By its name: the answer says which form it was.
	if got := call(t, auth0, "auth0_update_form",
		`{"id":"Onboarding","name":"Renamed","style":{"css":"p{}"}}`); got["id"] != id || got["name"] != "Renamed" {
		t.Errorf("by its name: %v", got)
	}
	if got := kept(); got["name"] != "Renamed" || text(t, got["style"]) != `{"css":"p{}"}` || got["nodes"] == nil {
		t.Errorf("after a change of name and style: %v", got)
	}
	call(t, auth0, "auth0_update_form", `{"id":"`+id+`","nodes":[]}`)
	if got, there := kept()["nodes"]; there {
		t.Errorf("nodes [] left %v", got)
	}
	for _, member := range []string{"languages", "messages", "translations", "style", "start", "ending"} {
		if _, there := kept()[member]; !there {
			t.Fatalf("%s is not there to be cleared", member)
		}
		call(t, auth0, "auth0_update_form", `{"id":"`+id+`","`+member+`":null}`)
		if got, there := kept()[member]; there {
			t.Errorf("null left %s %v", member, got)
		}
	}
	call(t, auth0, "auth0_update_form", `{"id":"`+id+`","nodes":[{"id":"a","type":"STEP"}]}`)
	call(t, auth0, "auth0_update_form", `{"id":"`+id+`","nodes":null}`)
	if got, there := kept()["nodes"]; there {
		t.Errorf("nodes null left %v", got)
	}
}

func TestFailures(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	id := ids(t, auth0)["Blank form"]
	for _, tt := range []struct {
		tool, args string
		fault      sandbox.FaultRule
		status     int32
	}{
		{tool: "auth0_update_form", args: `{"id":"` + id + `","nodes":[{"id":"","type":"STEP"}]}`, status: 400},
		{tool: "auth0_create_form", args: `{"name":"n","nodes":[{"id":"","type":"STEP"}]}`, status: 400},
		{tool: "auth0_create_form", args: `{"name":"n"}`, fault: sandbox.FaultRule{Method: "POST", Status: 409}, status: 409},
		{tool: "auth0_create_form", args: `{"name":"n"}`, fault: sandbox.FaultRule{Method: "POST", Status: 403}, status: 403},
		{tool: "auth0_list_forms", args: `{}`, fault: sandbox.FaultRule{Path: "/api/v2/forms", Status: 500}, status: 500},
		{tool: "auth0_get_form", args: `{"id":"` + id + `"}`, fault: sandbox.FaultRule{Path: "/api/v2/forms/*", Status: 503},
			status: 503},
		{tool: "auth0_get_form", args: `{"id":"Blank form"}`, fault: sandbox.FaultRule{Path: "/api/v2/forms/*", Status: 429},
			status: 429},
		{tool: "auth0_publish_form", args: `{"id":"Complete your profile"}`,
			fault: sandbox.FaultRule{Path: "/api/v2/flows/*", Status: 403}, status: 403},
		{tool: "auth0_publish_form", args: `{"id":"Blank form"}`,
			fault: sandbox.FaultRule{Path: "/api/v2/actions/actions", Status: 403}, status: 403},
		{tool: "auth0_publish_form", args: `{"id":"Complete your profile"}`,
			fault: sandbox.FaultRule{Path: "*/bindings", Status: 500}, status: 500},
	} {
		s.ClearFaults()
		if tt.fault.Status != 0 {
			s.Fail(tt.fault)
		}
		f := sdktest.Call(t, Plugin(), auth0, tt.tool, tt.args).Failure
		if f.GetCode() != pluginv1.Failure_CODE_API || f.GetHttpStatus() != tt.status {
			t.Errorf("%s %.80s: %v, want Auth0's %d", tt.tool, tt.args, f, tt.status)
		}
	}
}
