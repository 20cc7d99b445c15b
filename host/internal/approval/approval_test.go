package approval

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestPolicy(t *testing.T) {
	const read, write, destroy = pluginv1.EffectRead, pluginv1.EffectWrite, pluginv1.EffectDestroy
	tests := map[string]struct {
		policy               Policy
		read, write, destroy Mode
	}{
		"development":         {Policy{Environment: tenant.Development}, None, None, None},
		"production":          {Policy{Environment: tenant.Production}, None, Elicit, Elicit},
		"not set":             {Policy{}, None, None, Elicit},
		"spelt otherwise":     {Policy{Environment: "Production"}, None, Elicit, Elicit},
		"none, in production": {Policy{None, tenant.Production}, None, None, None},
		"terminal":            {Policy{Terminal, tenant.Development}, None, Terminal, Terminal},
		"elicit":              {Policy{Elicit, ""}, None, Elicit, Elicit},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for effect, want := range map[pluginv1.Effect]Mode{read: tt.read, write: tt.write, destroy: tt.destroy} {
				if got := tt.policy.For(effect); got != want {
					t.Errorf("%s: %s, want %s", effect, got, want)
				}
			}
			// An effect that is not known here may do anything.
			if got := (Policy{}).For("unheard-of"); got != Elicit {
				t.Errorf("an unknown effect: %s", got)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Mode{"none": None, " Elicit ": Elicit, "TERMINAL": Terminal, "": "", "yes": "",
		"auto": ""} {
		got, err := ParseMode(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("mode %q: %q, %v", text, got, err)
		}
	}
	for text, fine := range map[string]bool{"": true, "development": true, "Production": true, "prod": false} {
		if _, err := tenant.ParseEnvironment(text); (err == nil) != fine {
			t.Errorf("environment %q: %v", text, err)
		}
	}
}

func testKey() []byte { return []byte("the key of an installation") }

// The digest in a file can be tested by no one without the installation's key: neither by guessing what a body holds,
// nor by another installation.
func TestDigestIsKeyed(t *testing.T) {
	digest, err := request().digest(testKey, "salt")
	if err != nil {
		t.Fatal(err)
	}
	other, err := request().digest(func() []byte { return []byte("another key") }, "salt")
	if err != nil || other == digest {
		t.Errorf("another key gives the same digest: %v", err)
	}
	if _, err := request().digest(nil, "salt"); err == nil {
		t.Error("a digest was made without a key")
	}
}

func request() Request {
	return Request{
		Profile: "prod", Tenant: "tenant.auth0.example", Tool: "auth0_update_application", Plugin: "applications",
		PluginVersion: "0.1.0",
		Arguments:     json.RawMessage(`{"client_id":"abc","name":"New","n":9007199254740993}`),
		Plan: plan.Plan{Changes: []plan.Change{{
			Method: "PATCH", Path: "/api/v2/clients/abc", Body: []byte(`{"name":"New"}`),
			Before: json.RawMessage(`{"client_id":"abc","name":"Old","client_secret":"s3cret"}`),
			After:  json.RawMessage(`{"client_id":"abc","name":"New","client_secret":"s3cret"}`),
		}}},
	}
}

// An approval is for one request: whatever differs from it finds none.
func TestApprovalIsBound(t *testing.T) {
	others := map[string]func(*Request){
		"another tenant":         func(r *Request) { r.Tenant = "other.auth0.example" },
		"another profile":        func(r *Request) { r.Profile = "dev" },
		"another tool":           func(r *Request) { r.Tool = "auth0_create_application" },
		"another plugin version": func(r *Request) { r.PluginVersion = "0.1.1" },
		"another binary":         func(r *Request) { r.PluginDigest[0]++ },
		"another argument": func(r *Request) {
			r.Arguments = json.RawMessage(`{"client_id":"abc","name":"Newer","n":9007199254740993}`)
		},
		"a number that is close": func(r *Request) {
			r.Arguments = json.RawMessage(`{"client_id":"abc","name":"New","n":9007199254740992}`)
		},
		"another body":  func(r *Request) { r.Plan.Changes[0].Body = []byte(`{"name":"New","is_first_party":false}`) },
		"another path":  func(r *Request) { r.Plan.Changes[0].Path = "/api/v2/clients/abd" },
		"another query": func(r *Request) { r.Plan.Changes[0].Query = "force=true" },
		"another state before": func(r *Request) {
			r.Plan.Changes[0].Before = json.RawMessage(
				`{"client_id":"abc","name":"Moved"}`)
		},
		"one more change": func(r *Request) { r.Plan.Changes = append(r.Plan.Changes, r.Plan.Changes[0]) },
		"no change":       func(r *Request) { r.Plan.Changes = nil },
	}
	store := Store{Dir: filepath.Join(t.TempDir(), "approvals"), Key: testKey}
	proposal, err := store.Propose(t.Context(), request(), "a plan")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := store.Consume(t.Context(), request()); ok || err != nil {
		t.Fatalf("without a decision: %v, %v", ok, err)
	}
	if err := store.Approve(t.Context(), proposal); err != nil {
		t.Fatal(err)
	}
	for name, change := range others {
		r := request()
		change(&r)
		if _, ok, err := store.Consume(t.Context(), r); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	same := request()
	same.Arguments = json.RawMessage(` {"n":9007199254740993, "name":"New","client_id":"abc"} `)
	same.Plan.Changes[0].After = nil // a guess, and no part of what was approved
	if id, ok, err := store.Consume(t.Context(), same); !ok || err != nil || id != proposal.ID {
		t.Errorf("the same request: %q, %v, %v", id, ok, err)
	}
	if _, ok, _ := store.Consume(t.Context(), same); ok {
		t.Error("an approval was used twice")
	}
}

func TestApprovalExpires(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	store := Store{Dir: t.TempDir(), Key: testKey, Now: func() time.Time { return now }}
	first, err := store.Propose(t.Context(), request(), "a plan")
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if again, err := store.Propose(t.Context(), request(), "a plan"); err != nil || again.ID != first.ID {
		t.Errorf("the same call again: %v, %v, want %s", again.ID, err, first.ID)
	}
	now = now.Add(Lifetime - 2*time.Minute)
	second, err := store.Propose(t.Context(), request(), "a plan")
	if err != nil || second.ID == first.ID {
		t.Errorf("near its end it is given out again: %v, %v", second.ID, err)
	}
	now = now.Add(2 * time.Minute)
	if _, err := store.Find(t.Context(), first.ID); !isUnknown(err) {
		t.Errorf("after its end: %v", err)
	}
	if err := store.Approve(t.Context(), first); !isUnknown(err) {
		t.Errorf("approving after its end: %v", err)
	}
	if err := store.Approve(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	now = now.Add(Lifetime + time.Second)
	if _, ok, err := store.Consume(t.Context(), request()); ok || err != nil {
		t.Errorf("an approval after its end: %v, %v", ok, err)
	}
	if entries, _ := filepath.Glob(filepath.Join(store.Dir, "*.json")); len(entries) != 0 {
		t.Errorf("left: %v", entries)
	}
}

func isUnknown(err error) bool {
	var unknown *UnknownError
	return errors.As(err, &unknown)
}

func TestDecline(t *testing.T) {
	store := Store{Dir: t.TempDir(), Key: testKey}
	p, err := store.Propose(t.Context(), request(), "a plan")
	if err != nil {
		t.Fatal(err)
	}
	found, err := store.Find(t.Context(), strings.ToLower(strings.ReplaceAll(p.ID, "-", ""))+"\n")
	if err != nil || found.ID != p.ID {
		t.Fatalf("as a user types it: %v, %v", found.ID, err)
	}
	if err := store.Decline(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	if err := store.Approve(t.Context(), p); !isUnknown(err) {
		t.Errorf("approving what was declined: %v", err)
	}
}

// What a user saw is what they approve.
func TestApproveWhatWasShown(t *testing.T) {
	store := Store{Dir: t.TempDir(), Key: testKey}
	p, err := store.Propose(t.Context(), request(), "a plan")
	if err != nil {
		t.Fatal(err)
	}
	shown := p
	shown.Text = "another plan"
	if err := store.Approve(t.Context(), shown); !isUnknown(err) {
		t.Errorf("got %v", err)
	}
}

func TestOneOfManyUsesAnApproval(t *testing.T) {
	store := Store{Dir: t.TempDir(), Key: testKey}
	p, err := store.Propose(t.Context(), request(), "a plan")
	if err == nil {
		err = store.Approve(t.Context(), p)
	}
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	used := 0
	for range 20 {
		wg.Go(func() {
			_, ok, err := store.Consume(t.Context(), request())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if ok {
				used++
			}
		})
	}
	wg.Wait()
	if used != 1 {
		t.Errorf("used %d times", used)
	}
}

func TestProposalsAreBounded(t *testing.T) {
	store := Store{Dir: t.TempDir(), Key: testKey}
	for i := range maxProposals + 1 {
		r := request()
		r.Tool = fmt.Sprint("tool", i)
		_, err := store.Propose(t.Context(), r, "a plan")
		var full *FullError
		if errors.As(err, &full) != (i == maxProposals) {
			t.Fatalf("proposal %d: %v", i, err)
		}
	}
}

// Files that are no proposals, or that would live for ever, count for nothing.
func TestForeignFiles(t *testing.T) {
	store := Store{Dir: t.TempDir(), Key: testKey}
	p, err := store.Propose(t.Context(), request(), "a plan")
	if err != nil {
		t.Fatal(err)
	}
	p.Approved = time.Now()
	p.Expires = time.Now().Add(1000 * time.Hour)
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{p.ID + ".json": string(data), "AAAA-AAAA.json": "{",
		"BBBB-BBBB.json": string(data), "notes.txt": "mine"} {
		if err := os.WriteFile(filepath.Join(store.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(store.Dir, "CCCC-CCCC.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := store.Consume(t.Context(), request()); ok || err != nil {
		t.Errorf("consumed: %v, %v", ok, err)
	}
	if list, err := store.List(t.Context()); len(list) != 0 || err != nil {
		t.Errorf("listed: %v, %v", list, err)
	}
	if _, err := os.Stat(filepath.Join(store.Dir, "notes.txt")); err != nil {
		t.Error("a file that is no proposal is gone")
	}
}

func TestDescribe(t *testing.T) {
	r := request()
	r.Plan.Changes = []plan.Change{
		{
			Method: "PATCH", Path: "/api/v2/clients/abc",
			Before: json.RawMessage(`{"client_id":"abc","name":"Old","client_secret":"s3cret","jwt":{"alg":"HS256","ttl":1},` +
				`"gone":true,"updated_at":"1"}`),
			After: json.RawMessage(`{"client_id":"abc","name":"N\u202eew","client_secret":"other","jwt":{"alg":"RS256",` +
				`"ttl":1},"updated_at":"2"}`),
		},
		{
			Method: "POST", Path: "/api/v2/actions/actions",
			Body:  []byte(`{"code":"one;\n// -----BEGIN note-----\nevil();","secrets":[{"name":"KEY","value":"hidden"}]}`),
			After: json.RawMessage(`{"id":"planned-id-002"}`),
		},
		{Method: "POST", Path: "/api/v2/actions/actions/a1/deploy", Target: json.RawMessage(`{"id":"a1","name":"Login"}`)},
		{Method: "DELETE", Path: "/api/v2/clients/def", Before: json.RawMessage(`{"name":"Doomed"}`)},
		{Method: "DELETE", Path: "/api/v2/clients/unreadable"},
		{Method: "DELETE", Path: "/api/v2/users/u/roles", Before: json.RawMessage(`[{"id":"a"},{"id":"b"}]`),
			Body: []byte(`{"roles":["a"]}`)},
		{Method: "PATCH", Path: "/api/v2/clients/ghi",
			Query: "a=b&access_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", Body: []byte(`{"sso":false}`)},
		{Method: "PUT", Path: "/api/v2/guardian/policies", Before: json.RawMessage(`["all-applications"]`),
			After: json.RawMessage(`[]`), Body: []byte(`[]`)},
		{Method: "PATCH", Path: "/api/v2/x/y", Body: []byte(`{"updated_at":"2"}`),
			Before: json.RawMessage(`{"updated_at":"1"}`), After: json.RawMessage(`{"updated_at":"2"}`)},
		{Method: "PATCH", Path: "/api/v2/x/z", Before: json.RawMessage(`{"a":1}`), After: json.RawMessage(`{"a":1}`)},
	}
	want := `auth0_update_application (plugin applications 0.1.0) on the tenant tenant.auth0.example, profile prod, 10 requests:

1. PATCH /api/v2/clients/abc
  client_secret (5 characters hidden): "[REDACTED]" → "[REDACTED]"
  gone: removed, was true
  jwt.alg: "HS256" → "RS256"
  name: "Old" → "N\u{202E}ew"

2. POST /api/v2/actions/actions
  code: 
    | one;
    | // -----BEGIN note-----
    | evil();
  secrets (6 characters hidden): [{"name":"KEY","value":"[REDACTED]"}]

3. POST /api/v2/actions/actions/a1/deploy
  acts on, as it is now:
    id: "a1"
    name: "Login"

4. DELETE /api/v2/clients/def
  deletes {"name":"Doomed"}

5. DELETE /api/v2/clients/unreadable
  deletes this, which could not be read

6. DELETE /api/v2/users/u/roles
  roles: ["a"]

7. PATCH /api/v2/clients/ghi?a=b&access_token=[REDACTED] (49 characters hidden)
  (what is there now could not be read)
  sso: false

8. PUT /api/v2/guardian/policies
  all of it: - all-applications (was 1)

9. PATCH /api/v2/x/y
  updated_at: "1" → "2"

10. PATCH /api/v2/x/z
  (no value changes)

Warning: 49 characters that look like secrets are hidden in texts above, where they may be code.`
	got, whole, err := r.Describe(new(redact.Redactor), false)
	if err != nil || !whole {
		t.Fatal(whole, err)
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A dialog shows a change whole, or says that it does not.
func TestDescribeForADialog(t *testing.T) {
	callbacks := func(more ...string) json.RawMessage {
		list := []string{}
		for i := range 30 {
			list = append(list, fmt.Sprintf("https://app%d.example/callback", i))
		}
		doc, err := json.Marshal(map[string]any{"callbacks": append(list, more...),
			"code": strings.Repeat("safe(); ", 600) + strings.Join(more, "")})
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	r := request()
	r.Plan.Changes = []plan.Change{{Method: "PATCH", Path: "/api/v2/clients/abc", Before: callbacks(),
		After: callbacks("https://evil.example/cb")}}
	text, whole, err := r.Describe(new(redact.Redactor), true)
	if err != nil || !whole || !strings.Contains(text, `callbacks: 1–30 unchanged, + 31 https://evil.example/cb`) ||
		!strings.Contains(text, `behind the first 4800: "" → "https://evil.example/cb"`) {
		t.Errorf("%v, %v:\n%s", whole, err, text)
	}
	r.Plan.Changes = []plan.Change{{Method: "PATCH", Path: "/a", Before: json.RawMessage(`{"l":["a","b"]}`),
		After: json.RawMessage(`{"l":["b","a"]}`)}}
	if text, whole, err := r.Describe(new(redact.Redactor), true); err != nil || !whole ||
		!strings.Contains(text, `l: 1 b (was 2), 2 a`) {
		t.Errorf("another order: %v, %v:\n%s", whole, err, text)
	}
	// Whatever stands before it, each request is named.
	long, err := json.Marshal(map[string]string{"name": strings.Repeat("ä", 5000)})
	if err != nil {
		t.Fatal(err)
	}
	r.Plan.Changes = nil
	for range 20 {
		r.Plan.Changes = append(r.Plan.Changes, plan.Change{Method: "POST", Path: "/api/v2/clients", Body: long})
	}
	r.Plan.Changes = append(r.Plan.Changes, plan.Change{Method: "DELETE", Path: "/api/v2/clients/precious"})
	text, whole, err = r.Describe(new(redact.Redactor), true)
	if err != nil || whole || !strings.Contains(text, "DELETE /api/v2/clients/precious") ||
		strings.Count(text, "POST /api/v2/clients") != 20 {
		t.Errorf("%v, %v:\n%s", whole, err, text)
	}
	if text, whole, err := r.Describe(new(redact.Redactor), false); err != nil || !whole ||
		strings.Count(text, strings.Repeat("ä", 5000)) != 20 {
		t.Errorf("the other form leaves something out: %v, %v", whole, err)
	}
	r.Plan.Changes = []plan.Change{{Method: "POST", Path: "/a", Body: []byte("not JSON")}}
	if _, _, err := r.Describe(new(redact.Redactor), false); err == nil {
		t.Error("what cannot be shown can be approved")
	}
}

// What depends on a thing that is deleted is shown in both forms, on a line of its own and without secrets.
func TestDependentsAreShown(t *testing.T) {
	r := request()
	r.Plan = plan.Plan{Changes: []plan.Change{{Method: "DELETE", Path: "/api/v2/roles/r", Before: []byte(`{"name":"R"}`),
		Dependents: []string{"2 users: a\n2. DELETE /api/v2/users/x, password=hunter2hunter2"}}}}
	for _, short := range []bool{true, false} {
		text, _, err := r.Describe(new(redact.Redactor), short)
		if err != nil || !strings.Contains(text, "\n  Depends on it: 2 users: a") || strings.Contains(text, "\n2.") ||
			strings.Contains(text, "hunter2") {
			t.Errorf("%v: %s", err, text)
		}
	}
}
