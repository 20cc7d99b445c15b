package actions

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// The Actions of the seeded tenant that are for post-login.
const (
	first    = "Ask for the profile"
	second   = "Add roles to tokens"
	unbound  = "Enrich profile from CRM"
	old      = "Redirect to old shop"
	draftOne = "Fraud score (experiment)"
)

type boundList struct {
	TriggerID string `json:"trigger_id"`
	Bindings  []struct {
		Position    int    `json:"position"`
		ID          string `json:"id"`
		TriggerID   string `json:"trigger_id"`
		DisplayName string `json:"display_name"`
		Action      struct {
			ID       string         `json:"id"`
			Name     string         `json:"name"`
			Code     *string        `json:"code"`
			Deployed map[string]any `json:"deployed_version"`
		} `json:"action"`
	} `json:"bindings"`
	Count   int    `json:"count"`
	Total   int    `json:"total"`
	Note    string `json:"note"`
	Outcome string `json:"outcome"`
}

// order is such as "1 A, 2 B".
func (b boundList) order() string {
	var all []string
	for _, one := range b.Bindings {
		all = append(all, fmt.Sprintf("%d %s", one.Position, one.DisplayName))
	}
	return strings.Join(all, ", ")
}

func bindingsAnswer(t *testing.T, auth0 http.Handler, tool, args string) boundList {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, tool, args)
	if r.Failure != nil {
		t.Fatalf("%s %s: %v", tool, args, r.Failure)
	}
	var b boundList
	if err := json.Unmarshal(r.JSON, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBoundAndPosition(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	want := map[string]string{first: "true 1", second: "true 2", unbound: "false <nil>", old: "false <nil>",
		draftOne: "false <nil>"}
	l := list(t, auth0, `{"trigger_id":"post-login"}`)
	if l.Count != len(want) {
		t.Errorf("%d actions", l.Count)
	}
	for _, a := range l.Actions {
		if got := fmt.Sprint(a["bound"], " ", a["position"]); got != want[a["name"].(string)] {
			t.Errorf("%v is listed with %s", a["name"], got)
		}
	}
	if n := len(s.Requests()); n != 2 {
		t.Errorf("%d requests: the list, and each trigger's bindings once", n)
	}
	if got := answer(t, auth0, "auth0_get_action", `{"id":"`+second+`"}`); got["bound"] != true || got["position"] != 2.0 {
		t.Errorf("got %v %v", got["bound"], got["position"])
	}
	if got := answer(t, auth0, "auth0_get_action", `{"id":"`+draftOne+`"}`); got["bound"] != false ||
		got["position"] != nil {
		t.Errorf("a draft: %v %v", got["bound"], got["position"])
	}
	// All triggers on one page, each read once.
	s.ResetRequests()
	list(t, auth0, `{}`)
	if n := len(s.Requests()); n > 5 {
		t.Errorf("%d requests for a page", n)
	}
}

// What is not known is left out, and never reads as "not bound".
func TestBoundIsNotGuessed(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	s.Fail(sandbox.FaultRule{Path: "/api/v2/actions/triggers/post-login/bindings", Status: 403})
	r := sdktest.Call(t, Plugin(), auth0, "auth0_list_actions", `{"trigger_id":"post-login","deployed":true}`)
	if r.Failure != nil || strings.Contains(string(r.JSON), `"bound":`) ||
		!strings.Contains(string(r.JSON), "bindings could not be read") {
		t.Errorf("got %s (%v)", r.JSON, r.Failure)
	}
	// The Actions of such a trigger are chosen elsewhere: Auth0 lists no bindings.
	id := answer(t, auth0, "auth0_create_action",
		strings.Replace(creation("streamed", "//"), `"post-login","version":"v3"`, `"event-stream","version":"v1"`,
			1))["id"].(string)
	deployed := answer(t, auth0, "auth0_deploy_action", `{"id":"`+id+`"}`)
	if outcome := deployed["outcome"].(string); !strings.Contains(outcome, "runs where it is chosen") ||
		deployed["next_step"] != nil {
		t.Errorf("deployed: %v, %v", outcome, deployed["next_step"])
	}
	if got := answer(t, auth0, "auth0_get_action", `{"id":"streamed"}`); got["bound"] != nil || got["position"] != nil {
		t.Errorf("bound %v, position %v", got["bound"], got["position"])
	}
}

func TestListBindings(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	b := bindingsAnswer(t, auth0, "auth0_list_trigger_bindings", `{"trigger_id":"post-login"}`)
	if b.order() != "1 "+first+", 2 "+second || b.Count != 2 || b.Total != 2 || b.Note != "" {
		t.Errorf("got %+v", b)
	}
	if one := b.Bindings[0]; one.ID == "" || one.TriggerID != "post-login" || one.Action.Name != first ||
		one.Action.ID == "" || one.Action.Code != nil || one.Action.Deployed["code"] != nil ||
		one.Action.Deployed["number"] != 1.0 {
		t.Errorf("a binding is %+v", one)
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
	all := bindingsAnswer(t, auth0, "auth0_list_trigger_bindings", `{}`)
	if all.Count < 3 || !strings.Contains(all.Note, "nothing is bound to ") ||
		!strings.Contains(all.Note, "send-phone-message") || !strings.Contains(all.Note, "event-stream") ||
		strings.Contains(all.Note, "post-login") {
		t.Errorf("all triggers: %+v", all)
	}
	for args, want := range map[string]string{
		`{"trigger_id":"send-phone-message"}`: "", `{"trigger_id":"event-stream"}`: "not by bindings",
	} {
		if b := bindingsAnswer(t, auth0, "auth0_list_trigger_bindings", args); b.Count != 0 ||
			!strings.Contains(b.Note, want) || want == "" && b.Note != "" {
			t.Errorf("%s: %+v", args, b)
		}
	}
	f := sdktest.Call(t, Plugin(), auth0, "auth0_list_trigger_bindings", `{"trigger_id":"post_login"}`).Failure
	wantFailure(t, f, pluginv1.Failure_CODE_INVALID_ARGUMENT, 0, `"post_login"`, "post-login v3")
}

// bodyOf is what was sent to replace the bindings.
func bodyOf(t *testing.T, s *sandbox.Tenant) []map[string]any {
	t.Helper()
	var sent []map[string]any
	for _, r := range s.Requests() {
		if r.Method == http.MethodPatch {
			var body struct {
				Bindings []map[string]any `json:"bindings"`
			}
			if err := json.Unmarshal(r.Body, &body); err != nil {
				t.Fatal(err)
			}
			sent = body.Bindings
		}
	}
	return sent
}

func TestUpdateBindings(t *testing.T) {
	for name, tt := range map[string]struct{ args, want string }{
		"append": {`"add":["` + unbound + `"]`, "1 " + first + ", 2 " + second + ", 3 " + unbound},
		"insert": {`"add":["` + unbound + `"],"position":1`, "1 " + unbound + ", 2 " + first + ", 3 " + second},
		"append in order": {`"add":["` + old + `","` + unbound + `"]`,
			"1 " + first + ", 2 " + second + ", 3 " + old + ", 4 " + unbound},
		"move":            {`"add":["` + second + `"],"position":1`, "1 " + second + ", 2 " + first},
		"move to the end": {`"add":["` + first + `"],"position":2`, "1 " + second + ", 2 " + first},
		"remove":          {`"remove":["` + first + `"]`, "1 " + second},
		"replace one": {`"remove":["` + first + `"],"add":["` + unbound + `"],"position":1`,
			"1 " + unbound + ", 2 " + second},
		"whole list": {`"actions":["` + unbound + `","` + second + `"]`, "1 " + unbound + ", 2 " + second},
		"swap":       {`"actions":["` + second + `","` + first + `"]`, "1 " + second + ", 2 " + first},
		"unbind all": {`"actions":[]`, ""},
		"by action name": {`"bindings":[{"ref":{"type":"action_name","value":"` + unbound + `"},"display_name":"CRM"}]`,
			"1 CRM"},
		"bound already": {`"add":["` + second + `"]`, "1 " + first + ", 2 " + second},
		"the same list": {`"actions":["` + first + `","` + second + `"]`, "1 " + first + ", 2 " + second},
	} {
		t.Run(name, func(t *testing.T) {
			s, auth0 := tenant(t, sandbox.Options{})
			got := bindingsAnswer(t, auth0, "auth0_update_trigger_bindings", `{"trigger_id":"post-login",`+tt.args+`}`)
			if got.order() != tt.want || got.TriggerID != "post-login" {
				t.Errorf("answered %s, want %s", got.order(), tt.want)
			}
			read := bindingsAnswer(t, auth0, "auth0_list_trigger_bindings", `{"trigger_id":"post-login"}`)
			if read.order() != tt.want {
				t.Errorf("bound are %s, want %s", read.order(), tt.want)
			}
			for _, b := range bodyOf(t, s) {
				ref, _ := b["ref"].(map[string]any)
				if ref["type"] != "action_id" || ref["value"] == "" || b["display_name"] == nil {
					t.Errorf("sent %v", b)
				}
			}
			changed := tt.want != "1 "+first+", 2 "+second
			if sent := bodyOf(t, s) != nil; sent != changed || strings.HasPrefix(got.Outcome, "nothing to change") == changed {
				t.Errorf("a change was sent: %v; outcome %q", sent, got.Outcome)
			}
		})
	}
}

// What was listed can be given back in another order, also after the ids of all
// bindings have changed.
func TestListedBindingsCanBeWrittenBack(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	r := sdktest.Call(t, Plugin(), auth0, "auth0_list_trigger_bindings", `{"trigger_id":"post-login"}`)
	var listed struct {
		Bindings []json.RawMessage `json:"bindings"`
	}
	if err := json.Unmarshal(r.JSON, &listed); err != nil {
		t.Fatal(err)
	}
	args := fmt.Sprintf(`{"trigger_id":"post-login","bindings":[%s,%s]}`, listed.Bindings[1], listed.Bindings[0])
	for range 2 {
		got := bindingsAnswer(t, auth0, "auth0_update_trigger_bindings", args)
		if got.order() != "1 "+second+", 2 "+first {
			t.Errorf("got %s", got.order())
		}
	}
}

// The names that bindings have of their own stay.
func TestDisplayNamesStay(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	call := func(args string) string {
		return bindingsAnswer(t, auth0, "auth0_update_trigger_bindings", `{"trigger_id":"post-login",`+args+`}`).order()
	}
	call(`"bindings":[{"ref":{"type":"action_name","value":"` + first + `"},"display_name":"Profile"},
		{"ref":{"type":"action_name","value":"` + second + `"}}]`)
	if got := call(`"add":["` + unbound + `"],"position":1`); got != "1 "+unbound+", 2 Profile, 3 "+second {
		t.Errorf("got %s", got)
	}
	if got := call(`"remove":["Profile"]`); got != "1 "+unbound+", 2 "+second {
		t.Errorf("got %s", got)
	}
}

func TestRefusedBindings(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	const invalid, state = pluginv1.Failure_CODE_INVALID_ARGUMENT, pluginv1.Failure_CODE_FAILED_PRECONDITION
	for args, want := range map[string]struct {
		code     pluginv1.Failure_Code
		mentions []string
	}{
		`{"trigger_id":"post-login"}`: {invalid,
			[]string{"add, remove or actions"}},
		`{"trigger_id":"post-login","actions":[],"bindings":[]}`: {invalid, []string{"one of them"}},
		`{"trigger_id":"post-login","bindings":[],"add":["x"]}`:  {invalid, []string{"whole list"}},
		`{"trigger_id":"post-login","position":1,"remove":["x"]}`: {invalid,
			[]string{"position is the place for add"}},
		`{"trigger_id":"post-login","remove":["` + unbound +
			`"]}`: {invalid, []string{"is not bound", "1 " + first}},
		`{"trigger_id":"post-login","actions":["` + first + `","` + first + `"]}`: {invalid, []string{"given twice"}},
		`{"trigger_id":"post-login","add":["` + unbound + `","` + unbound + `"]}`: {invalid, []string{"given twice"}},
		`{"trigger_id":"post-login","add":["` + unbound + `"],"position":4}`:      {invalid, []string{"2 other bindings"}},
		`{"trigger_id":"post-login","add":["Add roles"]}`: {pluginv1.Failure_CODE_NOT_FOUND,
			[]string{second}},
		`{"trigger_id":"post-login","add":["` + draftOne + `"]}`: {state,
			[]string{"has not been deployed", "auth0_deploy_action"}},
		`{"trigger_id":"post-login","add":["Limit machine scopes"]}`:    {invalid, []string{"credentials-exchange"}},
		`{"trigger_id":"post-logon","add":["x"]}`:                       {invalid, []string{"no trigger", "post-login v3"}},
		`{"trigger_id":"post-login","bindings":[{"display_name":"x"}]}`: {invalid, []string{"names no Action"}},
	} {
		f := sdktest.Call(t, Plugin(), auth0, "auth0_update_trigger_bindings", args).Failure
		wantFailure(t, f, want.code, 0, want.mentions...)
	}
	if sent := bodyOf(t, s); sent != nil {
		t.Errorf("sent %v", sent)
	}
}

// A list that is not known whole is never replaced.
func TestBindingsThatAreNotKnownWhole(t *testing.T) {
	items := strings.TrimSuffix(strings.Repeat(`{"id":"b","action":{"id":"a","name":"A"}},`, 100), ",")
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s was sent", r.Method)
		}
		_, _ = w.Write([]byte(`{"bindings":[` + items + `],"total":101,"per_page":100}`))
	})
	f := sdktest.Call(t, Plugin(), auth0, "auth0_update_trigger_bindings",
		`{"trigger_id":"post-login","remove":["A"]}`).Failure
	wantFailure(t, f, pluginv1.Failure_CODE_FAILED_PRECONDITION, 0, "more bindings than the first 100", "Dashboard")
}

// From a draft to a login: each answer says the next step, and it works.
func TestFromDraftToBound(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{})
	made := answer(t, auth0, "auth0_create_action", creation("greet", "//"))
	if !strings.Contains(made["next_step"].(string), "auth0_deploy_action") {
		t.Errorf("created: %v", made["next_step"])
	}
	deployed := answer(t, auth0, "auth0_deploy_action", `{"id":"greet"}`)
	if !strings.Contains(deployed["outcome"].(string), "is not bound to post-login") ||
		!strings.Contains(deployed["next_step"].(string),
			`auth0_update_trigger_bindings with trigger_id "post-login" and add ["greet"]`) {
		t.Errorf("deployed: %v, %v", deployed["outcome"], deployed["next_step"])
	}
	bound := bindingsAnswer(t, auth0, "auth0_update_trigger_bindings", `{"trigger_id":"post-login","add":["greet"]}`)
	if want := "post-login now runs 1 " + first + ", 2 " + second + ", 3 greet"; bound.Outcome != want {
		t.Errorf("outcome %q, want %q", bound.Outcome, want)
	}
	answer(t, auth0, "auth0_update_action", `{"id":"greet","code":"// two"}`)
	again := answer(t, auth0, "auth0_deploy_action", `{"id":"greet"}`)
	if again["outcome"] != "version 2 is live, and runs on post-login as number 3 of 3" || again["next_step"] != nil {
		t.Errorf("deployed again: %v, %v", again["outcome"], again["next_step"])
	}
}
