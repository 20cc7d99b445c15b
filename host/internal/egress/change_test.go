package egress

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
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
	t.Cleanup(func() { c.Close() })
	var statuses []int
	var answers []*pluginv1.RoundTripResponse
	for _, r := range requests {
		path, query, _ := strings.Cut(r.path, "?")
		answer := f.RoundTrip(t.Context(), "p",
			&pluginv1.RoundTripRequest{CallId: c.ID(), Method: r.method, Path: path, Query: query, Body: []byte(r.body)})
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

// existing is an application of the tenant, other than the session's own.
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
		if !client.Global && client.ID != holderOf(f.tenant.Token()).client {
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
		sent{"POST", "/api/v2/actions/actions/planned-id-003/deploy", ``},
		sent{"GET", "/api/v2/actions/actions/planned-id-003", ``},
		sent{"DELETE", client, ``},
		sent{"GET", client, ``},
		sent{"PATCH", "/api/v2/clients/nobody", `{"name":"x"}`},
		sent{"GET", "/api/v2/clients/nobody-planned-id-009", ``},
	)
	if want := "[200 200 200 201 201 200 204 404 404 404]"; fmt.Sprint(statuses) != want {
		t.Errorf("statuses %v, want %s", statuses, want)
	}
	if got := string(answers[1].GetResponse().GetBody()); !strings.Contains(got, `"name":"First"`) ||
		!strings.Contains(got, `"client_id"`) {
		t.Errorf("a read after a write: %s", got)
	}
	if got := string(answers[5].GetResponse().GetBody()); !strings.Contains(got, `"name":"A"`) ||
		!strings.Contains(got, `"id":"planned-id-003"`) {
		t.Errorf("a read of what would be made: %s", got)
	}
	if got := f.writes(); len(got) != 0 {
		t.Errorf("reached the tenant: %v", got)
	}
	out := c.Close()
	changes := out.Plan.Changes
	var got []string
	for _, change := range changes {
		got = append(got, change.Method+" "+strings.TrimPrefix(change.Path, client))
	}
	if want := "[PATCH  PATCH  POST /api/v2/actions/actions POST /api/v2/actions/actions/planned-id-003/deploy DELETE ]"; fmt.Sprint(got) != want {
		t.Errorf("changes %v, want %s", got, want)
	}
	if changes[0].Before == nil || !strings.Contains(string(changes[1].Before), "First") {
		t.Errorf("before: %s and %s", changes[0].Before, changes[1].Before)
	}
	if out.Effect != NoEffect || out.Changes != nil || out.Unsent != 0 {
		t.Errorf("something was sent: %+v", out)
	}
}

// plan is what a dry run of the requests finds.
func (f fixture) plan(t *testing.T, requests ...sent) *plan.Plan {
	t.Helper()
	c, _, _ := f.call(t, Grant{DryRun: true}, requests...)
	f.tenant.ResetRequests()
	return &plan.Plan{Changes: c.Close().Plan.Changes}
}

func TestOnlyWhatWasApprovedIsSent(t *testing.T) {
	const edited = "/api/v2/users/sms%7C65f0c0ffee65f0c0ffee65f1/roles"
	tests := map[string]struct {
		approved, sent func(client string) []sent
		// meanwhile is done to the tenant by another writer.
		meanwhile func(client string) sent
		writes    int
		deviation string
	}{
		"as approved": {
			approved: func(c string) []sent {
				return []sent{{"PATCH", c, `{"name":"N","description":"e"}`}, {"PATCH", c, `{"description":"d"}`}}
			},
			sent: func(c string) []sent {
				return []sent{{"PATCH", c, ` {"description":"e","name":"N"}`}, {"PATCH", c, `{"description":"d"}`}}
			},
			writes: 2,
		},
		"after a step that was rejected": {
			approved: func(c string) []sent {
				return []sent{{"PATCH", c, `{"no_such_setting":1}`}, {"PATCH", c, `{"description":"d"}`}}
			},
			sent: func(c string) []sent {
				return []sent{{"PATCH", c, `{"no_such_setting":1}`}, {"PATCH", c, `{"description":"d"}`}}
			},
			writes:    1,
			deviation: "which comes before it in the approved plan, failed",
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
		"another method": {
			approved:  func(c string) []sent { return []sent{{"PATCH", c, `{"name":"N"}`}} },
			sent:      func(c string) []sent { return []sent{{"PUT", c, `{"name":"N"}`}} },
			deviation: "not part of what was approved",
		},
		"another query": {
			approved:  func(c string) []sent { return []sent{{"DELETE", c + "?a=1", ``}} },
			sent:      func(c string) []sent { return []sent{{"DELETE", c + "?a=2", ``}} },
			deviation: "not part of what was approved",
		},
		"after a deviation nothing goes": {
			approved: func(c string) []sent {
				return []sent{{"PATCH", c, `{"name":"N"}`}, {"POST", "/api/v2/clients", `{"name":"x"}`}}
			},
			sent: func(c string) []sent {
				return []sent{{"PATCH", c, `{"name":"M"}`}, {"POST", "/api/v2/clients", `{"name":"x"}`}}
			},
			deviation: "not part of what was approved",
		},
		"one thing in another order": {
			approved: func(c string) []sent {
				return []sent{{"PATCH", c, `{"name":"first"}`}, {"PATCH", c, `{"name":"last"}`}}
			},
			sent: func(c string) []sent {
				return []sent{{"PATCH", c, `{"name":"last"}`}, {"PATCH", c, `{"name":"first"}`}}
			},
			deviation: "comes before it",
		},
		"things that are made, in another order": {
			approved: func(string) []sent {
				return []sent{{"POST", "/api/v2/clients", `{"name":"x"}`}, {"POST", "/api/v2/clients", `{"name":"y"}`}}
			},
			sent: func(string) []sent {
				return []sent{{"POST", "/api/v2/clients", `{"name":"y"}`}, {"POST", "/api/v2/clients", `{"name":"x"}`}}
			},
			writes: 2,
		},
		"added to a list, then removed from it": {
			approved: func(string) []sent {
				return []sent{{"POST", edited, `{"roles":["rol_Auditor000000001"]}`},
					{"DELETE", edited, `{"roles":["rol_Librarian0000001"]}`}}
			},
			sent: func(string) []sent {
				return []sent{{"POST", edited, `{"roles":["rol_Auditor000000001"]}`},
					{"DELETE", edited, `{"roles":["rol_Librarian0000001"]}`}}
			},
			writes: 2,
		},
		"removed from a list that another writer has changed": {
			approved: func(string) []sent { return []sent{{"DELETE", edited, `{"roles":["rol_Librarian0000001"]}`}} },
			sent:     func(string) []sent { return []sent{{"DELETE", edited, `{"roles":["rol_Librarian0000001"]}`}} },
			meanwhile: func(string) sent {
				return sent{"POST", edited, `{"roles":["rol_Librarian0000001","rol_Auditor000000001"]}`}
			},
			deviation: "not as it was",
		},
		"what it acts on has changed": {
			approved:  func(c string) []sent { return []sent{{"POST", c + "/rotate-secret", ``}} },
			sent:      func(c string) []sent { return []sent{{"POST", c + "/rotate-secret", ``}} },
			meanwhile: func(c string) sent { return sent{"PATCH", c, `{"description":"by another writer"}`} },
			deviation: "not as it was",
		},
		"a target that is not there": {
			approved: func(string) []sent { return []sent{{"DELETE", "/api/v2/clients/nobody", ``}} },
			sent:     func(string) []sent { return []sent{{"DELETE", "/api/v2/clients/nobody", ``}} },
			writes:   1,
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
			meanwhile: func(c string) sent { return sent{"PATCH", c, `{"description":"by another writer"}`} },
			deviation: "not as it was",
		},
		"the target is gone": {
			approved:  func(c string) []sent { return []sent{{"PATCH", c, `{"name":"N"}`}} },
			sent:      func(c string) []sent { return []sent{{"PATCH", c, `{"name":"N"}`}} },
			meanwhile: func(c string) sent { return sent{"DELETE", c, ``} },
		},
		"the target of a deletion is gone": {
			approved:  func(c string) []sent { return []sent{{"DELETE", c, ``}} },
			sent:      func(c string) []sent { return []sent{{"DELETE", c, ``}} },
			meanwhile: func(c string) sent { return sent{"DELETE", c, ``} },
			deviation: "not as it was",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(false)
			client := f.existing(t)
			plan := f.plan(t, tt.approved(client)...)
			if tt.meanwhile != nil {
				if _, statuses, _ := f.call(t, Grant{}, tt.meanwhile(client)); statuses[0] > 299 {
					t.Fatalf("another writer's change: %v", statuses)
				}
				f.tenant.ResetRequests()
			}
			c, _, _ := f.call(t, Grant{Plan: plan}, tt.sent(client)...)
			if got := f.writes(); len(got) != tt.writes {
				t.Errorf("reached the tenant: %v, want %d", got, tt.writes)
			}
			var deviation *DeviationError
			if err := c.Close().Err; errors.As(err, &deviation) != (tt.deviation != "") || err != nil &&
				!strings.Contains(err.Error(), tt.deviation) {
				t.Errorf("deviation %v, want %q", err, tt.deviation)
			}
		})
	}
}

// What one request makes, the next uses: by its placeholder in the plan, and by
// Auth0's id when it happens.
func TestPlannedIDsBecomeReal(t *testing.T) {
	steps := func(id string) []sent {
		return []sent{
			{"POST", "/api/v2/actions/actions",
				`{"name":"Render","code":"exports.onExecutePostLogin = async () => {};","supported_triggers":[{"id":"post-login","version":"v3"}]}`},
			{"PATCH", "/api/v2/actions/triggers/post-login/bindings",
				fmt.Sprintf(`{"bindings":[{"display_name":"Render","ref":{"type":"action_id","value":%q}}]}`, id)},
			{"PATCH", "/api/v2/actions/actions/" + id, `{"name":"Render it"}`},
		}
	}
	begin := func() (send func(sent) *pluginv1.RoundTripResponse, id string) {
		t.Helper()
		f := newFixture(false) // its names are free
		plan := f.plan(t, steps("planned-id-001")...)
		if len(plan.Changes) != 3 {
			t.Fatalf("plan: %+v", plan.Changes)
		}
		c, statuses, answers := f.call(t, Grant{Plan: plan}, steps("")[0])
		var made struct{ ID string }
		if err := json.Unmarshal(answers[0].GetResponse().GetBody(), &made); err != nil || made.ID == "" {
			t.Fatalf("%v: %s", statuses, answers[0].GetResponse().GetBody())
		}
		return func(step sent) *pluginv1.RoundTripResponse {
			return f.RoundTrip(t.Context(), "p",
				&pluginv1.RoundTripRequest{CallId: c.ID(), Method: step.method, Path: step.path, Body: []byte(step.body)})
		}, made.ID
	}
	for i := range 2 {
		send, _ := begin()
		if answer := send(steps("another-action")[i+1]); answer.GetFailure().GetCode() != pluginv1.Failure_CODE_REFUSED {
			t.Errorf("step %d with another action's id: %v", i+1, answer)
		}
	}
	send, id := begin()
	// Bound first: a binding of an action without a deployed version is Auth0's to refuse.
	if answer := send(steps(id)[1]); answer.GetFailure() != nil {
		t.Errorf("a binding of what was just made: %v", answer)
	}
	if answer := send(steps(id)[2]); answer.GetResponse().GetStatus() != http.StatusOK {
		t.Errorf("a change of what was just made: %v", answer)
	}
}

// What an approver is shown and what Auth0 reads must be the same: bodies that two
// readers could read differently are refused, and what is sent is what was compared.
func TestBodiesOfOneMeaning(t *testing.T) {
	for name, body := range map[string]string{
		"more behind it": `{"name":"shown"}&callbacks[]=https://evil.example`,
		"twice a member": `{"name":"evil","name":"shown"}`,
		"not JSON":       `name=evil`,
		"not UTF-8":      "{\"name\":\"\xff\"}",
	} {
		f := newFixture(false)
		client := f.existing(t)
		for mode, grant := range map[string]Grant{"dry run": {DryRun: true},
			"plan": {Plan: &plan.Plan{Changes: []plan.Change{{Method: "PATCH", Path: client, Body: []byte(body)}}}}} {
			_, _, answers := f.call(t, grant, sent{"PATCH", client, body})
			if answers[0].GetFailure().GetCode() != pluginv1.Failure_CODE_REFUSED || len(f.writes()) != 0 {
				t.Errorf("%s, %s: %v", name, mode, answers[0])
			}
		}
	}
	f := newFixture(false)
	client := f.existing(t)
	plan := f.plan(t, sent{"PATCH", client, `{"name":"N","description":"d"}`})
	c, err := f.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "auth0_tool",
		Effect: pluginv1.EffectWrite}, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := f.RoundTrip(t.Context(), "p",
		&pluginv1.RoundTripRequest{CallId: c.ID(), Method: "PATCH", Path: client,
			Body: []byte(` {"description":"d", "name":"\u004e"} `),
			Headers: []*pluginv1.Header{{Name: "Content-Type", Values: []string{"application/x-www-form-urlencoded; " +
				"charset=utf-7"}}}})
	requests := f.tenant.Requests()
	last := requests[len(requests)-1]
	if answer.GetResponse().GetStatus() != http.StatusOK || string(last.Body) != `{"description":"d","name":"N"}` ||
		last.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v: %s %v", answer, last.Body, last.Header)
	}
}

func TestPlansAreBounded(t *testing.T) {
	f := newFixture(false)
	var many []sent
	for range maxPlanned + 1 {
		many = append(many, sent{"POST", "/api/v2/clients", `{"name":"x"}`})
	}
	c, _, answers := f.call(t, Grant{DryRun: true}, many...)
	if got := answers[maxPlanned].GetFailure(); got.GetCode() != pluginv1.Failure_CODE_REFUSED ||
		len(c.Close().Plan.Changes) != maxPlanned {
		t.Errorf("%v, not %d changes", got, maxPlanned)
	}
	large := `{"name":"` + strings.Repeat("x", maxPlannedBytes/2) + `"}`
	c, _, answers = f.call(t, Grant{DryRun: true}, sent{"POST", "/api/v2/clients", large},
		sent{"POST", "/api/v2/clients", large})
	if answers[1].GetFailure() == nil || len(c.Close().Plan.Changes) != 1 {
		t.Errorf("answer %v, not 1 change", answers[1])
	}
}

// A tool may do less than was approved: that is told.
func TestUnspent(t *testing.T) {
	f := newFixture(false)
	client := f.existing(t)
	plan := f.plan(t, sent{"PATCH", client, `{"name":"N"}`}, sent{"DELETE", client, ``})
	c, _, _ := f.call(t, Grant{Plan: plan}, sent{"PATCH", client, `{"name":"N"}`})
	if got, want := fmt.Sprint(c.Close().Unspent), "[DELETE "+client+"]"; got != want {
		t.Errorf("unspent %s, want %s", got, want)
	}
}

// A token that may write and not read hinders nothing; without a plan, nothing does.
func TestTargetThatCannotBeRead(t *testing.T) {
	for status, want := range map[int]string{http.StatusForbidden: "[200]", http.StatusInternalServerError: "[500]",
		http.StatusNotFound: "[404]"} {
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
				out := c.Close()
				for _, change := range append(out.Plan.Changes, out.Changes...) {
					if change.Before != nil {
						t.Errorf("before: %s", change.Before)
					}
				}
			})
		}
	}
}

// What a call keeps of its changes is bounded, and each change is told all the same.
func TestKeptChangesAreBounded(t *testing.T) {
	const n, bound, size = 5, 1 << 20, 1 << 18
	sent := 0
	g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{[]string{"one"}},
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodGet {
				sent++
			}
			return &http.Response{StatusCode: http.StatusOK,
				Body: io.NopCloser(strings.NewReader(`{"a":"` + strings.Repeat("x", size) + `"}`))}, nil
		})})
	if g.maxKept != maxKept {
		t.Errorf("a gate keeps up to %d bytes", g.maxKept)
	}
	g.maxKept = bound
	for _, dry := range []bool{false, true} {
		sent = 0
		c, err := g.Open(t.Context(), Grant{Plugin: "p", DryRun: dry, Tool: pluginv1.ToolManifest{Name: "auth0_tool",
			Effect: pluginv1.EffectWrite}})
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for i := range n {
			answer := g.RoundTrip(t.Context(), "p",
				&pluginv1.RoundTripRequest{CallId: c.ID(), Method: "PATCH", Path: fmt.Sprintf("/api/v2/clients/%d", i),
					Body: []byte(`{"a":"y"}`)})
			if answer.GetFailure() != nil {
				refused++
			}
		}
		out := c.Close()
		kept := 0
		for _, change := range append(out.Changes, out.Plan.Changes...) {
			kept += change.Size()
		}
		if kept > bound || kept < bound/4 {
			t.Errorf("dry run %v: %d bytes kept", dry, kept)
		}
		if dry && (sent != 0 || refused == 0) || !dry && (len(out.Changes) != n || sent != n) {
			t.Errorf("dry run %v: %d sent, %d refused, %d told", dry, sent, refused, len(out.Changes))
		}
	}
}
