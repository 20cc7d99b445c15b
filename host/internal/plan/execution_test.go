package plan

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// planned is the plan of some changes, as a dry run finds it.
func planned(changes ...Change) Plan {
	var s Simulation
	for _, change := range changes {
		if answer, ok := s.Read(targetOf(change.Method, change.Path)); ok && HasTarget(change.Method) {
			change.Before = answer.Body
		}
		s.Apply(change)
	}
	return Plan{s.Changes()}
}

func patch(path, body string) Change { return Change{Method: "PATCH", Path: path, Body: []byte(body)} }
func post(path, body string) Change  { return Change{Method: "POST", Path: path, Body: []byte(body)} }

// What is done to one resource, or below it, is done in the plan's order; what does not
// depend on each other may come in any.
func TestOrder(t *testing.T) {
	const action = "/api/v2/actions/actions/a1"
	tests := map[string]struct {
		approved []Change
		order    []int
		stops    int // the step that is refused; -1: none
	}{
		"as approved": {[]Change{patch(action, `{"n":1}`), post(action+"/deploy", ``), patch(action, `{"n":2}`)},
			[]int{0, 1, 2}, -1},
		"a deployment after the change that follows it": {[]Change{patch(action, `{"n":1}`), post(action+"/deploy", ``),
			patch(action, `{"n":2}`)}, []int{0, 2, 1}, 2},
		"a deployment first": {[]Change{patch(action, `{"n":1}`), post(action+"/deploy", ``)},
			[]int{1, 0}, 1},
		"two versions": {[]Change{post(action+"/versions/1/deploy", ``),
			post(action+"/versions/2/deploy", ``)}, []int{1, 0}, 1},
		"below a resource, then itself": {[]Change{post("/api/v2/users/u/roles", `{}`),
			{Method: "DELETE", Path: "/api/v2/users/u"}}, []int{1, 0}, 1},
		"a collection, then one of it": {[]Change{post("/api/v2/clients", `{}`),
			patch("/api/v2/clients/c", `{}`)}, []int{1, 0}, 1},
		"different resources": {[]Change{patch("/api/v2/clients/a", `{}`),
			patch("/api/v2/clients/b", `{}`)}, []int{1, 0}, -1},
		"different kinds": {[]Change{patch("/api/v2/clients/a", `{}`),
			patch("/api/v2/roles/a", `{}`)}, []int{1, 0}, -1},
		"things made in one collection": {[]Change{post("/api/v2/roles", `{"name":"a"}`),
			post("/api/v2/roles", `{"name":"b"}`)}, []int{1, 0}, -1},
		"a tenant's settings, twice": {[]Change{patch("/api/v2/tenants/settings", `{"a":1}`),
			patch("/api/v2/tenants/settings", `{"a":2}`)}, []int{1, 0}, 1},
		"the last of three, out of order": {[]Change{patch("/api/v2/clients/a", `{"a":1}`),
			patch("/api/v2/clients/b", `{}`), patch("/api/v2/clients/a", `{"a":2}`)}, []int{1, 2, 0}, 2},
	}
	for name, tt := range tests {
		e := Plan{tt.approved}.Execute()
		stopped := -1
		for _, i := range tt.order {
			step, reason := e.Take(tt.approved[i])
			if reason != "" {
				stopped = i
				break
			}
			e.Done(step, tt.approved[i])
		}
		if stopped != tt.stops {
			t.Errorf("%s: stopped at step %d, want %d", name, stopped, tt.stops)
		}
		if _, reason := e.Take(tt.approved[0]); stopped >= 0 && reason == "" {
			t.Errorf("%s: something is given out after it", name)
		}
	}
}

// After a step that failed, nothing more is done to its resource; other resources are
// not affected.
func TestAfterAFailedStep(t *testing.T) {
	const action = "/api/v2/actions/actions/a1"
	code, deploy, more := patch(action, `{"code":"1"}`), post(action+"/deploy", ``), patch(action, `{"code":"2"}`)
	other := patch("/api/v2/clients/c1", `{}`)
	e := Plan{[]Change{code, deploy, more, other}}.Execute()
	step, reason := e.Take(code)
	e.Done(step, code)
	if _, again := e.Take(deploy); reason+again != "" { // it fails: there is no Done
		t.Fatal(reason, again)
	}
	if _, reason := e.Take(other); reason != "" {
		t.Errorf("another resource: %s", reason)
	}
	if _, reason := e.Take(more); !strings.Contains(reason, "POST "+action+"/deploy, which comes before it") {
		t.Errorf("after a failed step: %q", reason)
	}
}

// A step's target must be as the step before left it.
func TestStateBetweenSteps(t *testing.T) {
	const action = "/api/v2/actions/actions/a1"
	before := json.RawMessage(`{"id":"a1","code":"0","status":"built"}`)
	first := patch(action, `{"code":"1"}`)
	first.Before = before
	deploy := post(action+"/deploy", ``)
	deploy.Target = json.RawMessage(`{"id":"a1","code":"1","status":"built"}`)
	tests := map[string]struct {
		answer string // of the first step; "": it was not carried out
		read   string // what a read shows right after it; "": none is wanted
		now    string // the target when the second step comes
		reason string
	}{
		"as it was left": {`{"id":"a1","code":"1","status":"pending","updated_at":"1"}`, "",
			`{"id":"a1","code":"1","status":"built","updated_at":"2","deployed":true}`, ""},
		"changed meanwhile": {`{"id":"a1","code":"1","status":"pending"}`, "",
			`{"id":"a1","code":"evil","status":"built"}`, "not as the step before left it"},
		"a nested value": {`{"id":"a1","secrets":[{"name":"A"}]}`, "", `{"id":"a1","secrets":[{"name":"B"}]}`,
			"not as the step before left it"},
		"one more item": {`{"id":"a1","secrets":[]}`, "", `{"id":"a1","secrets":[{"name":"B"}]}`,
			"not as the step before left it"},
		"gone":                     {`{"id":"a1"}`, "", ``, "not as the step before left it"},
		"an answer without a body": {`null`, `{"id":"a1","code":"1"}`, `{"id":"a1","code":"1"}`, ""},
		"the same, and changed": {`null`, `{"id":"a1","code":"1"}`, `{"id":"a1","code":"2"}`,
			"not as the step before left it"},
		"the first was not carried": {"", "", `{"id":"a1","code":"1"}`, "comes before it in the approved plan, failed"},
	}
	for name, tt := range tests {
		e := Plan{[]Change{first, deploy}}.Execute()
		step, reason := e.Take(first)
		if reason == "" {
			reason = e.Check(step, first)
		}
		if reason != "" {
			t.Fatalf("%s: %s", name, reason)
		}
		if tt.answer != "" {
			done := first
			done.After = json.RawMessage(tt.answer)
			unread := e.Done(step, done)
			if slices.Contains(unread, action) != (tt.read != "") {
				t.Errorf("%s: to be read: %q", name, unread)
			}
			for _, path := range unread {
				e.Left(path, json.RawMessage(tt.read))
			}
		}
		second := post(action+"/deploy", ``)
		if tt.now != "" {
			second.Target = json.RawMessage(tt.now)
		}
		step, reason = e.Take(second)
		if reason == "" {
			reason = e.Check(step, second)
		}
		if !strings.Contains(reason, tt.reason) || (reason == "") != (tt.reason == "") {
			t.Errorf("%s: %q, want %q", name, reason, tt.reason)
		}
	}
}

// Auth0 may answer a change with less than there is: what it leaves out is compared with
// what was there before the step.
func TestStateThatAnAnswerLeavesOut(t *testing.T) {
	const client = "/api/v2/clients/c"
	const before = `{"name":"n","logo":"l"}`
	second := patch(client, `{"callbacks":["https://a.example"],"logo":"m"}`)
	second.Before = json.RawMessage(before)
	tests := map[string]struct {
		now string // the target when the second step comes
		ok  bool
	}{
		"as it was left":                      {`{"name":"d","logo":"l"}`, true},
		"a member left out, as it was":        {`{"name":"d","logo":"l","callbacks":null}`, true},
		"a member left out, changed":          {`{"name":"d","logo":"other"}`, false},
		"a member that the step would change": {`{"name":"d","logo":"l","callbacks":["https://other.example"]}`, false},
		"a member that no step changes":       {`{"name":"d","logo":"l","computed":1}`, true},
	}
	for name, tt := range tests {
		first := patch(client, `{"name":"d"}`)
		first.Before = json.RawMessage(before)
		e := Plan{[]Change{first, second}}.Execute()
		step, reason := e.Take(first)
		if reason != "" {
			t.Fatal(reason)
		}
		done := first
		done.After = json.RawMessage(`{"name":"d"}`)
		e.Done(step, done)
		now := second
		now.Before = json.RawMessage(tt.now)
		if step, reason = e.Take(now); reason == "" {
			reason = e.Check(step, now)
		}
		if (reason == "") != tt.ok {
			t.Errorf("%s: %q", name, reason)
		}
	}
}

// After a deployment the action is not as it was: what follows is compared with that.
func TestStateAfterAPostBelowIt(t *testing.T) {
	const action = "/api/v2/actions/actions/a1"
	deploy := post(action+"/deploy", ``)
	deploy.Target = json.RawMessage(`{"id":"a1","n":1}`)
	after := patch(action, `{"n":2}`)
	after.Before = json.RawMessage(`{"id":"a1","n":1}`)
	e := Plan{[]Change{deploy, after}}.Execute()
	step, _ := e.Take(deploy)
	if unread := e.Done(step, deploy); !slices.Equal(unread, []string{action}) {
		t.Fatalf("to be read: %q", unread)
	}
	e.Left(action, json.RawMessage(`{"id":"a1","n":1,"deployed_version":{"n":1}}`))
	step, _ = e.Take(after)
	after.Before = json.RawMessage(`{"id":"a1","n":1,"deployed_version":{"n":1}}`)
	if reason := e.Check(step, after); reason != "" {
		t.Error(reason)
	}
}

// What one request makes, the next uses by the id that Auth0 gave, whatever it holds.
func TestIDsWithOddCharacters(t *testing.T) {
	for _, id := range []string{`auth0|1`, `a/b`, `a b`, `a"b`, `a\b`, `a#EXT#@b`, `ä`, `a?b;c`, `a%2Fb`} {
		first, second := post("/api/v2/users", `{"email":"a@example.com"}`), post("/api/v2/users/planned-id-001/roles",
			`{"user":"planned-id-001"}`)
		e := planned(first, second).Execute()
		step, reason := e.Take(first)
		if reason != "" {
			t.Fatal(reason)
		}
		answer, err := json.Marshal(map[string]string{"user_id": id})
		if err != nil {
			t.Fatal(err)
		}
		first.After = answer
		e.Done(step, first)
		path := "/api/v2/users/" + url.PathEscape(id) + "/roles"
		if got := e.Unspent(); !slices.Equal(got, []string{"POST " + path}) {
			t.Errorf("%s: left: %v", id, got)
		}
		body, err := json.Marshal(map[string]string{"user": id})
		if err != nil {
			t.Fatal(err)
		}
		if _, reason := e.Take(post(path, string(body))); reason != "" {
			t.Errorf("%s: %s", id, reason)
		}
	}
}

func TestPlansOfOneCallAreEqual(t *testing.T) {
	plan := func(path string) string {
		doc, err := planned(post("/api/v2/clients", `{ "b":1, "a":2 }`), patch(path, `{}`)).Canonical()
		if err != nil {
			t.Fatal(err)
		}
		return string(doc)
	}
	if a, b := plan("/api/v2/clients/planned-id-001"), plan("/api/v2/clients/planned-id-001"); a != b ||
		!strings.Contains(a, `{\"a\":2,\"b\":1}`) {
		t.Errorf("%s\n%s", a, b)
	}
	if a, b := plan("/api/v2/clients/a"), plan("/api/v2/clients/b"); a == b {
		t.Error(fmt.Sprint("two plans are one: ", a))
	}
}
