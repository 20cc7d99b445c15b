package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestCallsAndRequests(t *testing.T) {
	l, _ := testLog(t)
	call := l.Begin(
		Subject{
			Client:        "Cli\x1b[31ment",
			ClientVersion: strings.Repeat("9", 500),
			Tool:          "auth0_update_x",
			Plugin:        "x",
			PluginVersion: "1",
			PluginDigest:  "sha256:00",
			Effect:        "write",
		},
		json.RawMessage(`{"id":"a","secret_thing":"s"}`),
	)
	read := call.Request("GET", "/api/v2/x/a", false)
	if err := read.Sending("t.example"); err != nil {
		t.Fatal(err)
	}
	read.End(Answer{Status: 200, RequestID: "r1", Outcome: OK})
	change := call.Request("PATCH", "/api/v2/x/a", true)
	for range 2 {
		if err := change.Sending("other.example"); err != nil {
			t.Fatal(err)
		}
	}
	change.End(Answer{Status: 502, RequestID: "r2", Outcome: MayHaveHappened})
	call.RefuseRequest("DELETE", "/api/v2/x/a", RulePolicy, "it is not declared")
	call.End(MayHaveHappened, "")
	call.End(OK, "twice")
	all := records(t, l)
	if len(all) != 4 {
		t.Fatalf("%d records: %+v", len(all), all)
	}
	for _, r := range all {
		if r.Call != call.ID() || r.Client != "Cli�[31ment" || len([]rune(r.ClientVersion)) != maxName+1 ||
			r.Profile != "prod" ||
			r.Plugin != "x" ||
			r.PluginDigest != "sha256:00" ||
			r.At().IsZero() {
			t.Errorf("%+v", r)
		}
	}
	type row struct {
		kind                Kind
		phase               Phase
		request, status     int
		attempts            int
		method, id, tenant  string
		outcome             Outcome
		verdict             Verdict
		rule                Rule
		arguments, withHMAC bool
	}
	want := []row{
		{KindRequest, Answered, 1, 200, 1, "GET", "r1", "t.example", OK, VerdictAllowed, RuleDefault, false, false},
		{KindRequest, Sending, 2, 0, 0, "PATCH", "", "other.example", "", VerdictAllowed, RuleDefault, true, true},
		{
			KindRequest,
			Answered,
			2,
			502,
			2,
			"PATCH",
			"r2",
			"other.example",
			MayHaveHappened,
			VerdictAllowed,
			RuleDefault,
			false,
			false,
		},
		{KindCall, "", 0, 0, 0, "", "", "t.example", MayHaveHappened, VerdictAllowed, RuleDefault, true, true},
	}
	for i, r := range all {
		got := row{
			r.Kind,
			r.Phase,
			r.Request,
			r.Status,
			r.Attempts,
			r.Method,
			r.RequestID,
			r.Tenant,
			r.Outcome,
			r.Verdict,
			r.Rule,
			len(r.Arguments) > 0,
			r.ArgumentsHMAC != "",
		}
		if got != want[i] {
			t.Errorf("record %d: %+v, want %+v", i+1, got, want[i])
		}
	}
	if got := string(all[3].Arguments); got != `{"id":"a"}` {
		t.Errorf("arguments %s", got)
	}
	if got, want := fmt.Sprint(all[3].Counted), "[{policy 1 [{DELETE /api/v2/x/a it is not declared}]}]"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
}

func TestReadingCallsRecordNoRequests(t *testing.T) {
	l, _ := testLog(t)
	call := l.Begin(Subject{Tool: "auth0_list_x", Effect: "read"}, nil)
	request := call.Request("GET", "/api/v2/x", false)
	if err := request.Sending("t.example"); err != nil {
		t.Error(err)
	}
	request.End(Answer{Status: 200, Outcome: OK})
	call.End(OK, "")
	if all := records(t, l); len(all) != 1 || all[0].Kind != KindCall || all[0].Chain != ChainReads ||
		len(all[0].Counted) != 0 {
		t.Errorf("%+v", all)
	}
}

// What an approval decides stands in the records that follow.
func TestDecisions(t *testing.T) {
	l, _ := testLog(t)
	approved := l.Begin(Subject{Effect: "write"}, nil)
	approved.Decide(Decision{Verdict: VerdictApproved, Rule: "approval:elicit", Approval: "A1"})
	request := approved.Request("POST", "/api/v2/x", true)
	if err := request.Sending("t.example"); err != nil {
		t.Fatal(err)
	}
	request.End(Answer{Status: 201, Outcome: OK})
	approved.End(OK, "")
	declined := l.Begin(Subject{Effect: "destroy"}, nil)
	declined.Decide(Decision{Verdict: VerdictDeclined, Rule: "approval:terminal", Approval: "A2"})
	declined.Refuse("approval:terminal", "a user declined it")
	all := records(t, l)
	for i, want := range []Decision{
		{VerdictApproved, "approval:elicit", "A1"},
		{VerdictApproved, "approval:elicit", "A1"},
		{VerdictApproved, "approval:elicit", "A1"},
		{VerdictDeclined, "approval:terminal", "A2"},
	} {
		if all[i].Decision != want {
			t.Errorf("record %d: %+v, want %+v", i+1, all[i].Decision, want)
		}
	}
	if all[3].Outcome != Refused {
		t.Errorf("%+v", all[3])
	}
}
