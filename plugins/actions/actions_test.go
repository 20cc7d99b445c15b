package actions

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// tenant is a sandbox that sees the token which the host would add.
func tenant(t *testing.T, o sandbox.Options) (*sandbox.Tenant, http.Handler) {
	t.Helper()
	s := sandbox.New(o)
	return s, s.Authorized()
}

// answer is what a tool answered, which must not be a failure.
func answer(t *testing.T, auth0 http.Handler, tool, args string) map[string]any {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, tool, args)
	if r.Failure != nil {
		t.Fatalf("%s %s: %v", tool, args, r.Failure)
	}
	return decode(t, r.JSON)
}

func decode(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return o
}

// wantFailure checks a tool's failure: its code, its status, its words.
func wantFailure(t *testing.T, f *pluginv1.Failure, code pluginv1.Failure_Code, status int32, mentions ...string) {
	t.Helper()
	if f.GetCode() != code || f.GetHttpStatus() != status {
		t.Errorf("failure = %v, want %v with status %d", f, code, status)
	}
	for _, mention := range mentions {
		if !strings.Contains(f.GetMessage(), mention) {
			t.Errorf("failure %q does not mention %s", f.GetMessage(), mention)
		}
	}
}

type listing struct {
	Actions    []map[string]any `json:"actions"`
	Count      int              `json:"count"`
	Total      *int             `json:"total"`
	Pagination struct {
		Page       int  `json:"page"`
		PerPage    int  `json:"per_page"`
		TotalPages *int `json:"total_pages"`
		HasNext    bool `json:"has_next"`
	} `json:"pagination"`
}

func list(t *testing.T, auth0 http.Handler, args string) listing {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, "auth0_list_actions", args)
	if r.Failure != nil {
		t.Fatalf("%s: %v", args, r.Failure)
	}
	var l listing
	if err := json.Unmarshal(r.JSON, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPages(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	seen := map[any]bool{}
	for _, tt := range []struct {
		args        string
		page, count int
		next        bool
	}{
		{`{"per_page":3}`, 0, 3, true},
		{`{"per_page":3,"page":1}`, 1, 3, true},
		{`{"per_page":3,"page":2}`, 2, 2, false},
		{`{"per_page":3,"page":3}`, 3, 0, false},
		{`{"per_page":3,"page":99}`, 99, 0, false},
	} {
		l := list(t, auth0, tt.args)
		if l.Count != tt.count || len(l.Actions) != tt.count || l.Total == nil || *l.Total != 8 ||
			*l.Pagination.TotalPages != 3 ||
			l.Pagination.Page != tt.page || l.Pagination.PerPage != 3 || l.Pagination.HasNext != tt.next {
			t.Errorf("%s: %+v", tt.args, l)
		}
		for _, a := range l.Actions {
			if seen[a["id"]] {
				t.Errorf("%s: %v came twice", tt.args, a["name"])
			}
			seen[a["id"]] = true
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d actions seen, want 8", len(seen))
	}
	if l := list(t, auth0, `{"include_totals":false,"per_page":8}`); l.Total != nil || !l.Pagination.HasNext ||
		l.Count != 8 {
		t.Errorf("without totals: %+v", l)
	}
	for _, r := range s.Requests() {
		if r.Query.Has("include_totals") {
			t.Errorf("%s was asked with %s", r.Path, r.RawQuery)
		}
	}
	_, empty := tenant(t, sandbox.Options{Empty: true})
	if l := list(t, empty, `{}`); l.Count != 0 || l.Actions == nil || l.Total == nil || *l.Total != 0 ||
		*l.Pagination.TotalPages != 0 || l.Pagination.HasNext {
		t.Errorf("empty tenant: %+v", l)
	}
}

func TestFilters(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	for args, want := range map[string]int{
		`{}`:                                           8,
		`{"trigger_id":"post-login"}`:                  5,
		`{"trigger_id":"send-phone-message"}`:          0, // a trigger, though without actions
		`{"deployed":true}`:                            6,
		`{"deployed":false}`:                           2,
		`{"action_name":"Greet new readers"}`:          1,
		`{"action_name":"Greet"}`:                      0,
		`{"trigger_id":"post-login","deployed":false}`: 1,
	} {
		if l := list(t, auth0, args); l.Count != want || *l.Total != want {
			t.Errorf("%s: %d of %d actions, want %d", args, l.Count, *l.Total, want)
		}
	}
	for _, a := range list(t, auth0, `{"trigger_id":"post-login"}`).Actions {
		if a["supported_triggers"].([]any)[0].(map[string]any)["id"] != "post-login" {
			t.Errorf("%v has the triggers %v", a["name"], a["supported_triggers"])
		}
	}
}

func TestListOfAnUnknownTrigger(t *testing.T) {
	const args = `{"trigger_id":"post_login"}`
	s, auth0 := tenant(t, sandbox.Options{})
	call := func() *pluginv1.Failure { return sdktest.Call(t, Plugin(), auth0, "auth0_list_actions", args).Failure }
	f := call()
	wantFailure(t, f, pluginv1.Failure_CODE_INVALID_ARGUMENT, 0, `"post_login"`, "post-login v3", "mcp-tool v1")
	if strings.Contains(f.GetMessage(), "post-login v2") {
		t.Errorf("a deprecated version is offered: %s", f.GetMessage())
	}

	s.Fail(sandbox.FaultRule{Path: "/api/v2/actions/actions", Status: 400})
	wantFailure(t, call(), pluginv1.Failure_CODE_INVALID_ARGUMENT, 0, "post-login v3")

	// Not known: Auth0's own failure stands.
	s.Fail(sandbox.FaultRule{Path: "/api/v2/actions/actions", Status: 400})
	s.Fail(sandbox.FaultRule{Path: "/api/v2/actions/triggers", Status: 403})
	wantFailure(t, call(), pluginv1.Failure_CODE_API, 400)
}

func TestListedMembers(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	members := func(args string) map[string]any {
		t.Helper()
		l := list(t, auth0, args)
		if l.Count != 1 {
			t.Fatalf("%s: %+v", args, l)
		}
		return l.Actions[0]
	}
	usual := members(`{"action_name":"Add roles to tokens"}`)
	if got := slices.Sorted(maps.Keys(usual)); !slices.Equal(got, slices.Sorted(slices.Values(summary))) {
		t.Errorf("the usual members are %v", got)
	}
	version := usual["deployed_version"].(map[string]any)
	if got := slices.Sorted(maps.Keys(version)); !slices.Equal(got, []string{"built_at", "id", "number"}) {
		t.Errorf("the deployed version has %v", got)
	}
	if draft := members(`{"action_name":"Greet new readers"}`); draft["deployed_version"] != nil ||
		draft["all_changes_deployed"] != false {
		t.Errorf("a draft is listed as %v", draft)
	}
	asked := members(`{"action_name":"Enrich profile from CRM","fields":["code","deployed_version"]}`)
	if got := slices.Sorted(maps.Keys(asked)); !slices.Equal(got,
		[]string{"all_changes_deployed", "bound", "code", "deployed_version", "id", "name", "runtime", "status",
			"supported_triggers",
			"updated_at"}) {
		t.Errorf("asked for code: %v", got)
	}
	if _, ok := asked["deployed_version"].(map[string]any)["code"]; !ok {
		t.Error("the deployed version that was asked for is not whole")
	}
	others := members(`{"action_name":"Enrich profile from CRM","fields":["code","name"],"include_fields":false}`)
	if others["code"] != nil || others["name"] == nil || others["secrets"] == nil {
		t.Errorf("all but code: %v", others)
	}
	for args, want := range map[string]string{
		`{"fields":["bindings"]}`:    "unknown fields, ignored: bindings",
		`{"fields":["deployed_at"]}`: "similar: deployed_version",
	} {
		r := sdktest.Call(t, Plugin(), auth0, "auth0_list_actions", args)
		if !strings.Contains(string(r.JSON), want) {
			t.Errorf("%s: %s, want %s", args, r.JSON, want)
		}
	}
}

func TestGet(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	id := list(t, auth0, `{"action_name":"Enrich profile from CRM"}`).Actions[0]["id"].(string)
	s.ResetRequests()
	byID := sdktest.Call(t, Plugin(), auth0, "auth0_get_action", `{"id":"`+id+`"}`)
	if n := len(s.Requests()); n != 2 {
		t.Errorf("%d requests for an id: the action and its trigger's bindings", n)
	}
	byName := sdktest.Call(t, Plugin(), auth0, "auth0_get_action", `{"id":"Enrich profile from CRM"}`)
	if string(byID.JSON) != string(byName.JSON) || !strings.Contains(string(byID.JSON), "crm_tier") {
		t.Errorf("by id %s (%v), by name %s (%v)", byID.JSON, byID.Failure, byName.JSON, byName.Failure)
	}
	failure := func(id string) *pluginv1.Failure {
		return sdktest.Call(t, Plugin(), auth0, "auth0_get_action", `{"id":"`+id+`"}`).Failure
	}
	wantFailure(t, failure("greet"), pluginv1.Failure_CODE_NOT_FOUND, 0, `"greet"`, "Greet new readers")
	wantFailure(t, failure("00000000-0000-4000-8000-000000000000"), pluginv1.Failure_CODE_NOT_FOUND, 0,
		"00000000-0000-4000-8000-000000000000")
	s.Fail(sandbox.FaultRule{Status: 500})
	wantFailure(t, failure(id), pluginv1.Failure_CODE_API, 500)

	// A name may have the form of an id.
	const odd = "0d15ea5e-0000-4000-8000-00000000c0de"
	answer(t, auth0, "auth0_create_action", creation(odd, "//"))
	if got := answer(t, auth0, "auth0_get_action", `{"id":"`+odd+`"}`); got["name"] != odd {
		t.Errorf("got %v", got)
	}
}

// Unknown members of an action, and numbers that Go would round, arrive unchanged.
func TestGetIsWhole(t *testing.T) {
	const whole = `{"id":"a","name":"one","x":null,"list":[],"n":9007199254740993,"code":"a<b&&c"}`
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := whole
		if strings.HasSuffix(r.URL.Path, "/actions") {
			body = `{"actions":[{"id":"1","name":"twice"},{"id":"2","name":"twice"},` + whole + `],"total":3,"per_page":100}`
		}
		_, _ = w.Write([]byte(body))
	})
	for _, id := range []string{"one", "0d15ea5e-0000-4000-8000-00000000c0de"} {
		if r := sdktest.Call(t, Plugin(), auth0, "auth0_get_action", `{"id":"`+id+`"}`); string(r.JSON) != whole {
			t.Errorf("%s: got %s (%v)", id, r.JSON, r.Failure)
		}
	}
	f := sdktest.Call(t, Plugin(), auth0, "auth0_get_action", `{"id":"twice"}`).Failure
	wantFailure(t, f, pluginv1.Failure_CODE_AMBIGUOUS, 0, `"twice" (1), "twice" (2)`)
}

// creation are the least arguments of an action.
func creation(name, code string) string {
	return `{"name":"` + name + `","supported_triggers":[{"id":"post-login","version":"v3"}],"code":"` + code + `"}`
}

// lastBody is the body of the tenant's last request.
func lastBody(t *testing.T, s *sandbox.Tenant) string {
	t.Helper()
	all := s.Requests()
	if len(all) == 0 {
		t.Fatal("nothing was sent")
	}
	return strings.TrimSpace(string(all[len(all)-1].Body))
}

func TestCreateAndUpdate(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	made := answer(t, auth0, "auth0_create_action", creation("greet", "// one"))
	const sent = `{"name":"greet","supported_triggers":[{"id":"post-login","version":"v3"}],"code":"// one",` +
		`"runtime":"node22","dependencies":[],"secrets":[]}`
	if got := lastBody(t, s); got != sent {
		t.Errorf("sent %s, want %s", got, sent)
	}
	if made["next_step"] != nextStep || made["status"] != "pending" || made["all_changes_deployed"] != false {
		t.Errorf("created: %v", made)
	}
	id := made["id"].(string)

	changed := answer(t, auth0, "auth0_update_action", `{"id":"`+id+`","name":"greet kindly","runtime":"node18",
		"dependencies":[{"name":"nano","version":"10.1.4","registry_url":"https://npm.example"}],
		"secrets":[{"name":"KEEP","value":"swordfish-1"},{"name":"DROP","value":"swordfish-2"}]}`)
	if changed["next_step"] != nextStep || changed["name"] != "greet kindly" || changed["code"] != "// one" ||
		changed["runtime"] != "node18" {
		t.Errorf("changed: %v", changed)
	}
	answer(t, auth0, "auth0_update_action", `{"id":"`+id+`","secrets":[{"name":"KEEP"}],"dependencies":[]}`)
	if got, want := lastBody(t, s), `{"secrets":[{"name":"KEEP"}],"dependencies":[]}`; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	r := sdktest.Call(t, Plugin(), auth0, "auth0_get_action", `{"id":"`+id+`"}`)
	read := decode(t, r.JSON)
	secrets := read["secrets"].([]any)
	if len(secrets) != 1 || secrets[0].(map[string]any)["name"] != "KEEP" || len(read["dependencies"].([]any)) != 0 ||
		strings.Contains(string(r.JSON), "swordfish") {
		t.Errorf("read back %s", r.JSON)
	}
}

// What Auth0 says of a draft comes first and unchanged, before our one member.
func TestDraftIsWhole(t *testing.T) {
	const whole = `{"id":"a","x":null,"list":[],"n":9007199254740993,"code":"a<b&&c"}`
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(whole)) })
	want := strings.TrimSuffix(whole, "}") + `,"next_step":"` + nextStep + `"}`
	for tool, args := range map[string]string{"auth0_create_action": creation("a", "//"),
		"auth0_update_action": `{"id":"0d15ea5e-0000-4000-8000-00000000c0de","code":"//"}`} {
		if r := sdktest.Call(t, Plugin(), auth0, tool, args); string(r.JSON) != want {
			t.Errorf("%s: got %s (%v)", tool, r.JSON, r.Failure)
		}
	}
}

func TestDefaultsNeverOverride(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	const given = `{"secrets":[{"name":"KEY","value":"dead"}],"runtime":"node18","name":"a",` +
		`"supported_triggers":[{"id":"post-login","version":"v3"}],"code":"//","dependencies":[]}`
	answer(t, auth0, "auth0_create_action", given)
	if got := lastBody(t, s); got != given {
		t.Errorf("sent %s", got)
	}
}

func TestDeployAtCreation(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	made := answer(t, auth0, "auth0_create_action", strings.TrimSuffix(creation("greet", "//"), "}")+`,"deploy":true}`)
	if made["next_step"] != nextOfDeployed || !strings.Contains(lastBody(t, s), `"deploy":true`) {
		t.Errorf("next step %v after %s", made["next_step"], lastBody(t, s))
	}
}

func TestArgumentsArriveUntouched(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	sdktest.Untouched(t, Plugin(), auth0, "auth0_create_action",
		`{"name":"a","supported_triggers":[{"id":"post-login","version":"v3"}],"code":"//","runtime":"node22",`+
			`"dependencies":[],"secrets":[]}`)
	named := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"actions":[{"id":"a","name":"sample"}],"total":1}`))
	})
	sdktest.Untouched(t, Plugin(), named, "auth0_update_action", `{"id":"sample"}`, "id")
}

func TestFailures(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	const invalid, api = pluginv1.Failure_CODE_INVALID_ARGUMENT, pluginv1.Failure_CODE_API
	id := list(t, auth0, `{"action_name":"Greet new readers"}`).Actions[0]["id"].(string)
	for name, tt := range map[string]struct {
		tool, args string
		code       pluginv1.Failure_Code
		status     int32
		mentions   []string
	}{
		"nothing to change": {"auth0_update_action", `{"id":"` + id + `"}`, invalid, 0,
			[]string{"nothing to update"}},
		"name taken": {"auth0_create_action", creation("Greet new readers", "//"), api, 409, nil},
		"new name taken": {"auth0_update_action", `{"id":"` + id + `","name":"Ask for the profile"}`, api, 409,
			nil},
		"no such action": {"auth0_update_action", `{"id":"nobody","code":"//"}`, pluginv1.Failure_CODE_NOT_FOUND, 0,
			[]string{"nobody"}},
		"no such deployment": {"auth0_deploy_action", `{"id":"nobody"}`, pluginv1.Failure_CODE_NOT_FOUND, 0,
			[]string{"nobody"}},
		"no such id": {"auth0_deploy_action", `{"id":"` + someID + `"}`, api, 404, nil},
		"secret without a value": {"auth0_update_action", `{"id":"` + id + `","secrets":[{"name":"NEW"}]}`, api, 400,
			nil},
		"fault beside a good trigger": {"auth0_update_action",
			`{"id":"` + id + `","supported_triggers":[{"id":"post-login","version":"v3"}],"secrets":[{"name":"NEW"}]}`, api, 400,
			nil},
		"unknown trigger": {"auth0_create_action",
			strings.Replace(creation("a", "//"), "post-login", "onExecutePostLogin", 1),
			invalid, 0, []string{`"onExecutePostLogin"`, "post-login v3", "event-stream v1"}},
		"unknown version": {"auth0_update_action",
			`{"id":"` + id + `","supported_triggers":[{"id":"post-login","version":"v4"}]}`,
			invalid, 0, []string{`"v4"`, "v1 (deprecated), v2 (deprecated), v3 (current)"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantFailure(t, sdktest.Call(t, Plugin(), auth0, tt.tool, tt.args).Failure, tt.code, tt.status, tt.mentions...)
		})
	}
	if got := list(t, auth0, `{}`); *got.Total != 8 {
		t.Errorf("there are %d actions after refusals", *got.Total)
	}
	for _, r := range s.Requests() {
		if r.Method == http.MethodPatch && string(r.Body) == "{}" {
			t.Error("an empty change was sent")
		}
	}
}
