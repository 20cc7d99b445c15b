package egress

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// sent is one request of a plugin in these tests.
type sent struct{ method, path, body string }

// call opens a call in a mode, sends the requests and returns their statuses; 0 is a
// failure.
func (f fixture) call(t *testing.T, mode Grant, requests ...sent) (*Call, []int, []*pluginv1.RoundTripResponse) {
	t.Helper()
	mode.Plugin, mode.Tool = "p", pluginv1.ToolManifest{Name: "auth0_tool", Effect: pluginv1.EffectDestroy}
	c, err := f.Open(t.Context(), mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	var statuses []int
	var answers []*pluginv1.RoundTripResponse
	for _, r := range requests {
		answer := f.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: r.method, Path: r.path, Body: []byte(r.body)})
		statuses = append(statuses, int(answer.GetResponse().GetStatus()))
		answers = append(answers, answer)
	}
	return c, statuses, answers
}

// writes are the requests that reached the tenant and may have changed it.
func (f fixture) writes() []string {
	var list []string
	for _, r := range f.tenant.Requests() {
		if r.Method != http.MethodGet {
			list = append(list, r.Method+" "+r.Path)
		}
	}
	return list
}

// existing is an application of the tenant.
func (f fixture) existing(t *testing.T) string {
	t.Helper()
	_, _, answers := f.call(t, Grant{}, sent{"GET", "/api/v2/clients", ""})
	var list []struct {
		ID     string `json:"client_id"`
		Global bool   `json:"global"`
	}
	if err := json.Unmarshal(answers[0].GetResponse().GetBody(), &list); err != nil {
		t.Fatal(err)
	}
	for _, client := range list {
		if !client.Global {
			f.tenant.ResetRequests()
			return "/api/v2/clients/" + client.ID
		}
	}
	t.Fatal("the tenant has no application")
	return ""
}

func TestDryRunSendsNoWrite(t *testing.T) {
	f := newFixture(false)
	client := f.existing(t)
	c, statuses, answers := f.call(t, Grant{DryRun: true},
		sent{"PATCH", client, `{"name":"First"}`},
		sent{"GET", client, ``},
		sent{"PATCH", client, `{"description":"d"}`},
		sent{"POST", "/api/v2/actions/actions", `{"name":"A","code":"x"}`},
		sent{"POST", "/api/v2/actions/actions/planned-id-3/deploy", ``},
		sent{"GET", "/api/v2/actions/actions/planned-id-3", ``},
		sent{"DELETE", client, ``},
		sent{"GET", client, ``},
		sent{"PATCH", "/api/v2/clients/nobody", `{"name":"x"}`},
		sent{"GET", "/api/v2/clients/nobody-planned-id-9", ``},
	)
	if want := "[200 200 200 201 201 200 204 404 404 404]"; fmt.Sprint(statuses) != want {
		t.Errorf("statuses %v, want %s", statuses, want)
	}
	if got := string(answers[1].GetResponse().GetBody()); !strings.Contains(got, `"name":"First"`) || !strings.Contains(got, `"client_id"`) {
		t.Errorf("a read after a write: %s", got)
	}
	if got := string(answers[5].GetResponse().GetBody()); !strings.Contains(got, `"name":"A"`) || !strings.Contains(got, `"id":"planned-id-3"`) {
		t.Errorf("a read of what would be made: %s", got)
	}
	if got := f.writes(); len(got) != 0 {
		t.Errorf("reached the tenant: %v", got)
	}
	changes := c.Changes()
	var got []string
	for _, change := range changes {
		got = append(got, change.Method+" "+strings.TrimPrefix(change.Path, client))
	}
	if want := "[PATCH  PATCH  POST /api/v2/actions/actions POST /api/v2/actions/actions/planned-id-3/deploy DELETE ]"; fmt.Sprint(got) != want {
		t.Errorf("changes %v, want %s", got, want)
	}
	if changes[0].Before == nil || !strings.Contains(string(changes[1].Before), "First") {
		t.Errorf("before: %s and %s", changes[0].Before, changes[1].Before)
	}
	if c.Wrote() {
		t.Error("Wrote, though nothing was sent")
	}
}

// plan is what a dry run of the requests finds.
func (f fixture) plan(t *testing.T, requests ...sent) *Plan {
	t.Helper()
	c, _, _ := f.call(t, Grant{DryRun: true}, requests...)
	f.tenant.ResetRequests()
	return &Plan{Changes: c.Changes()}
}

func TestOnlyWhatWasApprovedIsSent(t *testing.T) {
	tests := map[string]struct {
		approved, sent func(client string) []sent
		// meanwhile is done to the tenant by somebody else.
		meanwhile func(client string) sent
		writes    int
		deviation string
	}{
		"as approved": {
			approved: func(c string) []sent {
				return []sent{{"PATCH", c, `{"name":"N","n":9007199254740993}`}, {"PATCH", c, `{"description":"d"}`}}
			},
			sent: func(c string) []sent {
				return []sent{{"PATCH", c, ` {"n":9007199254740993,"name":"N"}`}, {"PATCH", c, `{"description":"d"}`}}
			},
			writes: 2,
		},
		"another body": {
			approved: func(c string) []sent { return []sent{{"PATCH", c, `{"name":"N"}`}} },
			sent: func(c string) []sent {
				return []sent{{"PATCH", c, `{"name":"N","callbacks":["https://evil.example"]}`}}
			},
			deviation: "not part of what was approved",
		},
		"a number that is close": {
			approved:  func(c string) []sent { return []sent{{"PATCH", c, `{"n":9007199254740993}`}} },
			sent:      func(c string) []sent { return []sent{{"PATCH", c, `{"n":9007199254740992}`}} },
			deviation: "not part of what was approved",
		},
		"another target": {
			approved:  func(c string) []sent { return []sent{{"DELETE", c, ``}} },
			sent:      func(string) []sent { return []sent{{"POST", "/api/v2/clients", `{"name":"x"}`}} },
			deviation: "not part of what was approved",
		},
		"twice": {
			approved: func(string) []sent { return []sent{{"POST", "/api/v2/clients", `{"name":"x"}`}} },
			sent: func(string) []sent {
				return []sent{{"POST", "/api/v2/clients", `{"name":"x"}`}, {"POST", "/api/v2/clients", `{"name":"x"}`}}
			},
			writes:    1,
			deviation: "not part of what was approved",
		},
		"the target has changed": {
			approved:  func(c string) []sent { return []sent{{"PATCH", c, `{"name":"N"}`}} },
			sent:      func(c string) []sent { return []sent{{"PATCH", c, `{"name":"N"}`}} },
			meanwhile: func(c string) sent { return sent{"PATCH", c, `{"description":"by somebody else"}`} },
			deviation: "not as it was",
		},
		"the target is gone": {
			approved:  func(c string) []sent { return []sent{{"PATCH", c, `{"name":"N"}`}} },
			sent:      func(c string) []sent { return []sent{{"PATCH", c, `{"name":"N"}`}} },
			meanwhile: func(c string) sent { return sent{"DELETE", c, ``} },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(false)
			client := f.existing(t)
			plan := f.plan(t, tt.approved(client)...)
			if tt.meanwhile != nil {
				if _, statuses, _ := f.call(t, Grant{}, tt.meanwhile(client)); statuses[0] > 299 {
					t.Fatalf("somebody else's change: %v", statuses)
				}
				f.tenant.ResetRequests()
			}
			c, _, _ := f.call(t, Grant{Plan: plan}, tt.sent(client)...)
			if got := f.writes(); len(got) != tt.writes {
				t.Errorf("reached the tenant: %v, want %d", got, tt.writes)
			}
			if got := c.Deviation(); !strings.Contains(got, tt.deviation) || (got == "") != (tt.deviation == "") {
				t.Errorf("deviation %q, want %q", got, tt.deviation)
			}
		})
	}
}

// What one request makes, the next uses: by its placeholder in the plan, and by
// Auth0's id when it happens.
func TestPlannedIDsBecomeReal(t *testing.T) {
	f := newFixture(false)
	steps := func(id string) []sent {
		return []sent{
			{"POST", "/api/v2/actions/actions", `{"name":"Render","code":"exports.onExecutePostLogin = async () => {};","supported_triggers":[{"id":"post-login","version":"v3"}]}`},
			{"PATCH", "/api/v2/actions/triggers/post-login/bindings", fmt.Sprintf(`{"bindings":[{"display_name":"Render","ref":{"type":"action_id","value":%q}}]}`, id)},
			{"PATCH", "/api/v2/actions/actions/" + id, `{"name":"Render it"}`},
		}
	}
	plan := f.plan(t, steps("planned-id-1")...)
	if len(plan.Changes) != 3 {
		t.Fatalf("plan: %+v", plan.Changes)
	}
	c, statuses, answers := f.call(t, Grant{Plan: plan}, steps("")[0])
	var made struct{ ID string }
	if err := json.Unmarshal(answers[0].GetResponse().GetBody(), &made); err != nil || made.ID == "" {
		t.Fatalf("%v: %s", statuses, answers[0].GetResponse().GetBody())
	}
	send := func(step sent) *pluginv1.RoundTripResponse {
		return f.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: step.method, Path: step.path, Body: []byte(step.body)})
	}
	for i, step := range steps("another-action")[1:] {
		if answer := send(step); answer.GetFailure().GetCode() != pluginv1.Failure_CODE_REFUSED {
			t.Errorf("step %d with another action's id: %v", i+1, answer)
		}
	}
	// Bound first: a binding of an action without a deployed version is Auth0's to refuse.
	if answer := send(steps(made.ID)[1]); answer.GetFailure() != nil {
		t.Errorf("a binding of what was just made: %v", answer)
	}
	if answer := send(steps(made.ID)[2]); answer.GetResponse().GetStatus() != http.StatusOK {
		t.Errorf("a change of what was just made: %v", answer)
	}
}

// A token that may write and not read hinders nothing; without a plan, nothing does.
func TestTargetThatCannotBeRead(t *testing.T) {
	for status, want := range map[int]string{http.StatusForbidden: "[200]", http.StatusInternalServerError: "[500]", http.StatusNotFound: "[404]"} {
		for mode, grant := range map[string]Grant{"dry run": {DryRun: true}, "no plan": {}} {
			t.Run(fmt.Sprint(mode, " ", status), func(t *testing.T) {
				f := newFixture(false)
				client := f.existing(t)
				f.tenant.Fail(sandbox.FaultRule{Method: "GET", Path: client, Status: status, Times: -1})
				want := want
				if mode == "no plan" {
					want = "[200]"
				}
				c, statuses, _ := f.call(t, grant, sent{"PATCH", client, `{"name":"N"}`})
				if fmt.Sprint(statuses) != want {
					t.Errorf("statuses %v, want %s", statuses, want)
				}
				for _, change := range c.Changes() {
					if change.Before != nil {
						t.Errorf("before: %s", change.Before)
					}
				}
			})
		}
	}
}

func TestDifferences(t *testing.T) {
	tests := map[string]struct{ before, after, want string }{
		"a value":                   {`{"a":1,"b":2}`, `{"a":1,"b":3}`, `[{"field":"b","before":2,"after":3}]`},
		"order and space":           {`{"a":1,"b":[1,2]}`, `{ "b":[1, 2],"a":1}`, `null`},
		"deep":                      {`{"a":{"b":{"c":1,"d":2}}}`, `{"a":{"b":{"c":"x","d":2}}}`, `[{"field":"a.b.c","before":1,"after":"x"}]`},
		"a list is one value":       {`{"a":[1,2]}`, `{"a":[2,1]}`, `[{"field":"a","before":[1,2],"after":[2,1]}]`},
		"new and gone":              {`{"a":1}`, `{"b":null}`, `[{"field":"a","before":1},{"field":"b","after":null}]`},
		"numbers as they are":       {`{"a":9007199254740992}`, `{"a":9007199254740993}`, `[{"field":"a","before":9007199254740992,"after":9007199254740993}]`},
		"a secret":                  {`{"client_secret":"one"}`, `{"client_secret":"two"}`, `[{"field":"client_secret","before":"[REDACTED]","after":"[REDACTED]"}]`},
		"the same secret":           {`{"client_secret":"one"}`, `{"client_secret":"one"}`, `null`},
		"when it was changed":       {`{"updated_at":"1","x":{"updated_at":"1"}}`, `{"updated_at":"2","x":{"updated_at":"2"}}`, `[{"field":"x.updated_at","before":"1","after":"2"}]`},
		"nothing there before":      {``, `{"a":1}`, `[{"field":"a","after":1}]`},
		"nothing there after":       {`{"a":1}`, ``, `[{"field":"","before":{"a":1}}]`},
		"not objects":               {`[1]`, `[2]`, `[{"field":"","before":[1],"after":[2]}]`},
		"an object becomes a value": {`{"a":{"b":1}}`, `{"a":5}`, `[{"field":"a","before":{"b":1},"after":5}]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var change Change
			if tt.before != "" {
				change.Before = json.RawMessage(tt.before)
			}
			if tt.after != "" {
				change.After = json.RawMessage(tt.after)
			}
			found, err := change.Differences(Redact)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(found)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
