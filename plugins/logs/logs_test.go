package logs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// tenant is a sandbox that sees the token which the host would add.
func tenant(t *testing.T) (*sandbox.Tenant, http.Handler) {
	t.Helper()
	s := sandbox.New(sandbox.Options{})
	return s, s.Authorized()
}

type listing struct {
	Logs       []map[string]any `json:"logs"`
	Count      int              `json:"count"`
	Total      *int             `json:"total"`
	NextFrom   string           `json:"next_from"`
	Note       string           `json:"note"`
	Pagination struct {
		Page    int  `json:"page"`
		HasNext bool `json:"has_next"`
	} `json:"pagination"`
}

func list(t *testing.T, auth0 http.Handler, args string) listing {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, "auth0_list_logs", args)
	if r.Failure != nil {
		t.Fatalf("%s: %v", args, r.Failure)
	}
	var l listing
	if err := json.Unmarshal(r.JSON, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFailedLoginsOfTheLastDay(t *testing.T) {
	_, auth0 := tenant(t)
	l := list(t, auth0, `{"type":"failed_login","since":"24h","per_page":100}`)
	if l.Count == 0 {
		t.Fatal("none found")
	}
	for _, e := range l.Logs {
		at, err := time.Parse(time.RFC3339, e["date"].(string))
		if err != nil || time.Since(at) > 25*time.Hour {
			t.Errorf("event of %v (%v)", e["date"], err)
		}
		if !strings.HasPrefix(e["type_meaning"].(string), "Failed") {
			t.Errorf("type %v means %v", e["type"], e["type_meaning"])
		}
	}
}

func TestLoginsFromOneAddress(t *testing.T) {
	_, auth0 := tenant(t)
	l := list(t, auth0, `{"ip":"192.0.2.3"}`)
	if l.Count == 0 {
		t.Fatal("none found")
	}
	for _, e := range l.Logs {
		if e["ip"] != "192.0.2.3" {
			t.Errorf("event from %v", e["ip"])
		}
	}
}

func TestPagesDoNotOverlap(t *testing.T) {
	_, auth0 := tenant(t)
	seen := map[any]bool{}
	for _, args := range []string{`{"per_page":10}`, `{"per_page":10,"page":1}`, `{"per_page":10,"page":2}`} {
		l := list(t, auth0, args)
		if l.Count != 10 || !l.Pagination.HasNext || l.Total != nil {
			t.Errorf("%s: count %d, has_next %v, total %v", args, l.Count, l.Pagination.HasNext, l.Total)
		}
		for _, e := range l.Logs {
			if seen[e["log_id"]] {
				t.Errorf("%s: %v came twice", args, e["log_id"])
			}
			seen[e["log_id"]] = true
		}
	}
	if l := list(t, auth0, `{"ip":"203.0.113.255"}`); l.Count != 0 || l.Total == nil || *l.Total != 0 ||
		l.Pagination.HasNext {
		t.Errorf("nothing found: %+v", l)
	}
}

func TestCheckpoint(t *testing.T) {
	_, auth0 := tenant(t)
	oldest := list(t, auth0, `{"sort":"date:1","per_page":5}`)
	first := list(t, auth0, `{"from":"`+oldest.Logs[0]["log_id"].(string)+`","take":3}`)
	if first.Count != 3 || first.NextFrom != first.Logs[2]["log_id"] {
		t.Fatalf("got %+v", first)
	}
	second := list(t, auth0, `{"from":"`+first.NextFrom+`","take":1}`)
	if second.Count != 1 || second.Logs[0]["log_id"] != oldest.Logs[4]["log_id"] {
		t.Errorf("read on from %s: got %v, want %v", first.NextFrom, second.Logs, oldest.Logs[4]["log_id"])
	}
}

// Filters beside from leave events out, and the next call reads on after the last one that was read.
func TestCheckpointWithFilters(t *testing.T) {
	s, auth0 := tenant(t)
	from := s.AddLog(map[string]any{"type": "s"})
	s.AddLog(map[string]any{"type": "fp", "ip": "192.0.2.77", "user_name": "ada@example.com"})
	last := s.AddLog(map[string]any{"type": "s", "ip": "192.0.2.77"})
	for args, want := range map[string]int{
		`"type":"failed_login"`: 1, `"ip":"192.0.2.77"`: 2, `"ip":"192.0.2.77","type":"s"`: 1,
		`"user_name":"ada@example.com"`: 1, `"client_id":"none"`: 0, `"user_id":"none"`: 0,
	} {
		l := list(t, auth0, `{"from":"`+from+`",`+args+`}`)
		if l.Count != want || len(l.Logs) != want || l.NextFrom != last {
			t.Errorf("%s: %d events, next_from %s, want %d and %s", args, l.Count, l.NextFrom, want, last)
		}
	}
	r := sdktest.Call(t, Plugin(), auth0, "auth0_list_logs", `{"from":"`+from+`","take":2,"client_id":"none"}`)
	if r.Failure != nil || !strings.Contains(string(r.JSON), `"has_next":true`) {
		t.Errorf("a whole page without a match: %s (%v)", r.JSON, r.Failure)
	}
	f := sdktest.Call(t, Plugin(), auth0, "auth0_list_logs", `{"from":"1","type":"login gone bad"}`).Failure
	if !strings.Contains(f.GetMessage(), "failed_login") {
		t.Errorf("an unknown type: %v", f)
	}
}

func TestRefusals(t *testing.T) {
	s, auth0 := tenant(t)
	for args, want := range map[string]string{
		`{"take":5}`:                  "per_page",
		`{"from":"900","q":"type:s"}`: "q does not go with from",
		`{"from":"900","page":0}`:     "page does not go with from",
		`{"from":"1","summary":true}`: "summary does not go with from",
		`{"since":"yesterday"}`:       "since \"yesterday\"",
		`{"since":"1h","until":"2h"}`: "is before since",
		`{"type":"login gone bad"}`:   "failed_login",
		`{"page":10,"per_page":100}`:  "newest 1000",
		`{"page":34,"per_page":30}`:   "newest 1000",
		`{"q":"x) OR (y"}`:            "do not match",
		`{"q":"a \"b"}`:               "do not match",
		`{"since":"999999999d"}`:      "since",
		`{"since":"-1h"}`:             "since",
		`{"since":"2026-02-30"}`:      "a day, such as",
	} {
		f := sdktest.Call(t, Plugin(), auth0, "auth0_list_logs", args).Failure
		if f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT || !strings.Contains(f.GetMessage(), want) {
			t.Errorf("%s: %v, want a mention of %s", args, f, want)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent for arguments that make no sense", n)
	}
}

func TestFields(t *testing.T) {
	_, auth0 := tenant(t)
	e := list(t, auth0, `{"fields":["user_agent"],"per_page":1}`).Logs[0]
	if _, ok := e["user_agent"]; !ok || e["ip"] == nil || e["log_id"] == nil {
		t.Errorf("fields: %v", e)
	}
	e = list(t, auth0, `{"fields":["user_agent"],"include_fields":false,"per_page":1}`).Logs[0]
	if _, ok := e["user_agent"]; ok || e["log_id"] == nil {
		t.Errorf("include_fields false: %v", e)
	}
	for args, want := range map[string]string{
		`{"fields":["user_agnt"],"per_page":1}`:                              "ignored: user_agnt (similar: user_agent",
		`{"fields":["user_agnt"],"include_fields":false,"per_page":1}`:       "ignored: user_agnt",
		`{"fields":["user_agnt"],"per_page":30,"page":33}`:                   "ignored: user_agnt",
		`{"fields":["client_ip"],"per_page":1}`:                              "no item here has: client_ip",
		`{"fields":["user_agnt"],"from":"1","take":1}`:                       "ignored: user_agnt",
		`{"fields":["user_agnt"],"ip":"203.0.113.255","type":"fp","page":0}`: "ignored: user_agnt",
	} {
		if got := list(t, auth0, args); !strings.Contains(got.Note, want) {
			t.Errorf("%s: note %q, want %q", args, got.Note, want)
		}
	}
}

// What a search reaches ends at 1000: the last page is whole, and has no next one.
func TestWindowOfASearch(t *testing.T) {
	_, auth0 := tenant(t)
	seen := map[any]bool{}
	for page := range 34 {
		l := list(t, auth0, fmt.Sprintf(`{"per_page":30,"page":%d}`, page))
		for _, e := range l.Logs {
			seen[e["log_id"]] = true
		}
		if last := page == 33; l.Pagination.HasNext == last || (l.Note != "") != last {
			t.Errorf("page %d: has_next %v, note %q", page, l.Pagination.HasNext, l.Note)
		}
	}
	if len(seen) != 1000 {
		t.Errorf("%d events were seen, want 1000", len(seen))
	}
}

func TestUnknownTypes(t *testing.T) {
	_, auth0 := tenant(t)
	for args, want := range map[string]string{
		`{"type":"gd_send_pn"}`: "", `{"type":"admin_update_launch"}`: "type admin_update_launch is not known here",
		`{"type":"logins"}`:                  "failed_login",
		`{"type":"FP","ip":"203.0.113.255"}`: "", `{"type":"failed_login","ip":"203.0.113.255"}`: "",
	} {
		l := list(t, auth0, args)
		if l.Count != 0 && want != "" || !strings.Contains(l.Note, want) ||
			(want == "" && strings.Contains(l.Note, "known") && !strings.Contains(args, "gd_send_pn")) {
			t.Errorf("%s: %d events, note %q", args, l.Count, l.Note)
		}
	}
}

func TestGetLog(t *testing.T) {
	_, auth0 := tenant(t)
	id := list(t, auth0, `{"type":"sapi","per_page":1}`).Logs[0]["log_id"].(string)
	r := sdktest.Call(t, Plugin(), auth0, "auth0_get_log", `{"id":"`+id+`"}`)
	if r.Failure != nil || !strings.Contains(string(r.JSON), `"details"`) ||
		!strings.Contains(string(r.JSON), `"type_meaning":"Successful Management API operation"`) {
		t.Errorf("got %s, %v", r.JSON, r.Failure)
	}
	f := sdktest.Call(t, Plugin(), auth0, "auth0_get_log", `{"id":"no-such-event"}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_API || f.GetHttpStatus() < 400 {
		t.Errorf("failure = %v", f)
	}
}

func TestLucene(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		in   listInput
		want string
	}{
		"nothing":   {listInput{}, ""},
		"or inside": {listInput{Q: "type:s OR type:f", IP: "192.0.2.3"}, `(type:s OR type:f) AND ip:"192.0.2.3"`},
		"injection": {listInput{UserName: `a" OR type:"s`}, `user_name:"a\" OR type:\"s"`},
		"backslash": {listInput{UserID: `ad|corp\bob`}, `user_id:"ad|corp\\bob"`},
		"code":      {listInput{Type: "fp"}, `(type:"fp")`},
		"age":       {listInput{Since: "2d", Until: "24h"}, `date:[2026-03-08T12:00:00.000Z TO 2026-03-09T12:00:00.000Z]`},
		"since":     {listInput{Since: "2026-03-01T02:00:00+02:00"}, `date:[2026-03-01T00:00:00.000Z TO *]`},
		"until":     {listInput{Until: "1h"}, `date:[* TO 2026-03-10T11:00:00.000Z]`},
		"a day": {listInput{Since: "2026-02-28", Until: "2026-02-28"},
			`date:[2026-02-28T00:00:00.000Z TO 2026-02-28T23:59:59.999Z]`},
		"until a day": {listInput{Until: "2026-02-28"}, `date:[* TO 2026-02-28T23:59:59.999Z]`},
	}
	for name, tt := range tests {
		got, err := lucene(tt.in, now)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, tt.want)
		}
	}
}
