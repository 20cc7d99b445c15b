package diagnosis

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

func ask(t *testing.T, auth0 http.Handler, arguments map[string]any) answer {
	t.Helper()
	args, err := json.Marshal(arguments)
	if err != nil {
		t.Fatal(err)
	}
	result := sdktest.Call(t, Plugin(), auth0, "auth0_diagnose_login", string(args))
	var a answer
	if result.Failure != nil || json.Unmarshal(result.JSON, &a) != nil {
		t.Fatalf("%s: %v %s", args, result.Failure, result.JSON)
	}
	return a
}

// read is an answer of the tenant itself.
func read(t *testing.T, auth0 http.Handler, path string, out any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+sdktest.Domain+path, http.NoBody)
	w := httptest.NewRecorder()
	auth0.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

type event struct {
	LogID    string    `json:"log_id"`
	Date     time.Time `json:"date"`
	ClientID string    `json:"client_id"`
}

// expected is what the tool should say about an incident of the sandbox.
type expected struct {
	// ask are the arguments; {client_id} is that of the incident's event.
	ask string
	// at restricts the time to an hour around the incident's newest event.
	at bool
	// code is that of the verdict, evidence the ids that show it, tool what fixes it.
	code, evidence, tool string
	// events: the log alone shows it, so that it is not confirmed.
	events bool
}

func expectations() map[string]expected {
	return map[string]expected{
		"blocked-user": {`{"user":"bram.okafor@example.com"}`, false, "user_blocked", "auth0|", unblockTool, false},
		"brute-force-block": {`{"user":"ada.finch@example.com"}`, false, "brute_force_block", "auth0|",
			unblockTool, false},
		"mfa-enrollment-missing": {`{"user":"kira.tanaka@example.com"}`, false, "mfa_enrollment_missing",
			"auth0| guardian/policies", writeTool, false},
		"signup-disabled": {`{"user":"orders@dockside.example"}`, false, "signup_disabled", "con_WarehousePartner",
			"auth0_create_user", false},
		"organization-connection-disabled": {`{"user":"sable@lanternfish.example"}`, false,
			"organization_connection_disabled", "org_LanternfishRview", writeTool, false},
		"connection-not-enabled": {`{"application":"Harbourlight Reader (Android)"}`, false, "connection_not_enabled",
			"con_HarbourlightGoog {client_id}", "auth0_update_connection_applications", false},
		"callback-url-mismatch": {`{"application":"{client_id}"}`, true, "callback_url_mismatch", "{client_id}",
			"auth0_update_application", false},
		"custom-domain-certificate-expired": {`{"domain":"id.readers.harbourlight.example"}`, false,
			"custom_domain_certificate", "cd_ReadersOldDomai1", "auth0_verify_custom_domain", false},
		"action-throws": {`{"application":"Stock Sync"}`, false, "action_failed", "exe_LimitMachineScopes01",
			"auth0_update_action", false},
		"client-secret-rotated": {`{"application":"Order Importer"}`, true, "client_secret_rotated", "{log_id}",
			"auth0_get_application", true},
		"client-grant-missing": {`{"application":"Order Importer"}`, true, "client_grant_missing", "{client_id}",
			"auth0_create_application_grant", false},
	}
}

// Each incident of the sandbox, whose cause is known, is diagnosed with that cause.
func TestIncidents(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	auth0 := tenant.Authorized()
	all := expectations()
	for _, incident := range tenant.Incidents() {
		t.Run(incident.Name, func(t *testing.T) {
			want, ok := all[incident.Name]
			if !ok {
				t.Fatal("nothing is expected of it")
			}
			var events []event
			read(t, auth0, "/api/v2/logs?sort=date:-1&q="+url.QueryEscape(incident.Query), &events)
			names := strings.NewReplacer("{client_id}", events[0].ClientID, "{log_id}", events[0].LogID)
			var args map[string]any
			if err := json.Unmarshal([]byte(names.Replace(want.ask)), &args); err != nil {
				t.Fatal(err)
			}
			if want.at {
				args["since"] = events[0].Date.Add(-time.Hour / 2).Format(time.RFC3339)
				args["until"] = events[0].Date.Add(time.Hour / 2).Format(time.RFC3339)
			}
			a := ask(t, auth0, args)
			if len(a.Causes) == 0 || a.Verdict.Code != want.code || (a.Causes[0].Certainty == confirmed) == want.events {
				t.Fatalf("%v: %s (%s), want %s\n%+v", args, a.Verdict.Code, a.Verdict.Sentence, want.code, a.Causes)
			}
			first := a.Causes[0]
			if first.Fix.Tool != want.tool || first.Fix.Text == "" || len(a.NotLookedAt) > 0 {
				t.Errorf("fix %+v, want %s; not looked at: %v", first.Fix, want.tool, a.NotLookedAt)
			}
			for id := range strings.FieldsSeq(names.Replace(want.evidence)) {
				if !slices.ContainsFunc(first.Evidence, func(f fact) bool { return strings.HasPrefix(f.ID, id) }) {
					t.Errorf("%s is not among the evidence: %+v", id, first.Evidence)
				}
			}
		})
	}
}

// A user without trouble gets no cause, and learns what was looked at.
func TestNothingFound(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{}).Authorized()
	a := ask(t, auth0, map[string]any{"user": "night.reader@example.net"})
	if a.Verdict.Code != "nothing_found" || len(a.Causes) > 0 || len(a.NotLookedAt) > 0 || a.Note != "" {
		t.Errorf("%+v", a)
	}
	var looked []string
	for _, l := range a.LookedAt {
		looked = append(looked, l.What)
	}
	for _, what := range []string{"log events of failures", "brute-force blocks", "authentication methods"} {
		if !slices.Contains(looked, what) {
			t.Errorf("%s is not among what was looked at: %q", what, looked)
		}
	}
	nobody := ask(t, auth0, map[string]any{"user": "nobody@example.net"})
	if nobody.Verdict.Code != "nothing_found" || !strings.Contains(nobody.Subject.Note, "no user") {
		t.Errorf("%+v", nobody)
	}
}

// Without scopes the log is still read, and what was not looked at is told with the scope that it needs.
func TestMissingScopes(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{}).Authorized("read:logs")
	a := ask(t, auth0, map[string]any{"user": "bram.okafor@example.com"})
	if a.Verdict.Code != "user_blocked" || a.Verdict.Certainty != likely ||
		!strings.Contains(a.Verdict.Sentence, "not_looked_at") {
		t.Errorf("%+v", a.Verdict)
	}
	if !slices.ContainsFunc(a.NotLookedAt, func(g gap) bool { return g.Scope == "read:users" && g.Why != "" }) {
		t.Errorf("not looked at: %+v", a.NotLookedAt)
	}
	f := sdktest.Call(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized("read:users"), "auth0_diagnose_login",
		`{"user":"bram.okafor@example.com"}`).Failure
	if f.GetHttpStatus() != http.StatusForbidden {
		t.Errorf("without the log: %v", f)
	}
}

// A login that worked later is told, and what still fails goes before what may be over.
func TestLaterSuccess(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Empty: true})
	at := func(age time.Duration) string { return time.Now().Add(-age).UTC().Format("2006-01-02T15:04:05.000Z") }
	for _, e := range []map[string]any{
		{"type": "fp", "date": at(3 * time.Hour), "user_name": "ada", "user_id": "auth0|1", "ip": "192.0.2.1"},
		{"type": "s", "date": at(2 * time.Hour), "user_name": "ada", "user_id": "auth0|1"},
		{"type": "f", "date": at(time.Hour), "user_name": "ada", "user_id": "auth0|1",
			"description": "a new kind of failure"},
	} {
		tenant.AddLog(e)
	}
	a := ask(t, tenant.Authorized(), map[string]any{"user": "ada"})
	if len(a.Causes) != 2 || a.Causes[0].Code != "unexplained" || a.Causes[0].LaterSuccess != nil ||
		!strings.Contains(a.Causes[0].Sentence, "a new kind of failure") || a.Causes[1].Code != "wrong_password" ||
		a.Causes[1].LaterSuccess == nil {
		t.Errorf("%+v", a.Causes)
	}
}

// Whatever failed, and however much, the answer stays short and says what it leaves out.
func TestBounds(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Empty: true})
	for n := range 1100 {
		tenant.AddLog(map[string]any{"type": []string{"f", "fp", "fu", "feccft", "fs", "mfar", "limit_wc"}[n%7],
			"user_name": strings.Repeat("é|#EXT#/", n%9), "client_id": "c" + strings.Repeat("x", n%40),
			"description": strings.Repeat("w", n%300), "ip": "192.0.2.7", "date": time.Now().UTC().Format(time.RFC3339)})
	}
	a := ask(t, tenant.Authorized(), map[string]any{})
	size, err := json.Marshal(a)
	if err != nil || len(a.Causes) > maxCauses || len(a.LookedAt) > maxLooks || len(size) > 20_000 ||
		!strings.Contains(a.Note, "newest 1000") {
		t.Errorf("%d causes, %d bytes, note %q", len(a.Causes), len(size), a.Note)
	}
}

// Whom the arguments name may hold anything.
func TestNames(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{}).Authorized()
	for _, id := range []string{"samlp|harbourlight-staff|o'dowd/warehouse", "auth0|northquay desk; front?",
		"+353871234567", "waad|northquay-entra|maeve.linden_northquay.example#EXT#@harbourlight.onmicrosoft.example"} {
		if a := ask(t, auth0, map[string]any{"user": id}); len(a.Subject.Users) != 1 {
			t.Errorf("%s: %+v", id, a.Subject)
		}
	}
	for _, id := range []string{"..|", `" OR type:s`, "a|b/../c"} {
		if a := ask(t, auth0, map[string]any{"user": id}); len(a.Subject.Users) != 0 || a.Verdict.Code != "nothing_found" {
			t.Errorf("%s: %+v", id, a)
		}
	}
	for arguments, want := range map[string]string{`{"application":"Staff Dashboard"}`: "2 applications",
		`{"application":"No such"}`: "no application", `{"since":"yesterday"}`: "since"} {
		f := sdktest.Call(t, Plugin(), auth0, "auth0_diagnose_login", arguments).Failure
		if !strings.Contains(f.GetMessage(), want) {
			t.Errorf("%s: %v", arguments, f)
		}
	}
}

// Each call that an answer proposes names an operation that exists, with its parameters and a body that fits, by the
// tool for its effect.
func TestFixes(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	auth0 := tenant.Authorized()
	checked := 0
	for _, args := range []map[string]any{{"since": "9d"}, {"user": "bram.okafor@example.com"},
		{"user": "ada.finch@example.com"}, {"user": "kira.tanaka@example.com"}, {"user": "sable@lanternfish.example"},
		{"application": "Order Importer"}, {"application": "Harbourlight Reader (Android)"},
		{"ip": "192.0.2.3", "since": "9d"}, {"domain": "id.readers.harbourlight.example"}} {
		for _, c := range ask(t, auth0, args).Causes {
			if checkCall(t, c.Code, c.Fix) {
				checked++
			}
		}
	}
	if checked < 10 {
		t.Errorf("%d calls were checked", checked)
	}
}
