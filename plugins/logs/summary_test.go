package logs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

type summarized struct {
	listing
	Summary summary `json:"summary"`
}

func withCounts(t *testing.T, auth0 http.Handler, args string) summarized {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, "auth0_list_logs", args)
	if r.Failure != nil {
		t.Fatalf("%s: %v", args, r.Failure)
	}
	var got summarized
	if err := json.Unmarshal(r.JSON, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// loginTenant has n failed logins, of which every other is of one address.
func loginTenant(n int) (*sandbox.Tenant, http.Handler) {
	s := sandbox.New(sandbox.Options{Empty: true})
	for i := range n {
		event := map[string]any{
			"type": "fp", "client_id": "shop", "client_name": "Shop", "connection": "Users", "ip": "192.0.2.3",
			"details": map[string]any{"error": map[string]any{"message": "Wrong email or password."}},
			"date":    fuzzNow.Add(time.Duration(i) * time.Minute).Format("2006-01-02T15:04:05.000Z"),
		}
		if i%2 == 1 {
			event["type"], event["ip"], event["description"], event["details"] = "f", fmt.Sprintf("198.51.100.%d", i%26),
				"access_denied", nil
			event["client_id"], event["client_name"], event["connection"] = "", "", nil
		}
		s.AddLog(event)
	}
	s.AddLog(map[string]any{"type": "s", "ip": "192.0.2.3"})
	return s, s.Authorized()
}

func TestFailedLoginsAndWhy(t *testing.T) {
	s, auth0 := loginTenant(250)
	got := withCounts(t, auth0, `{"type":"failed_login","summary":true,"per_page":5,"page":1}`)
	want := summary{
		Events: 250, Complete: true, Oldest: "2026-03-10T12:00:00.000Z", Newest: "2026-03-10T16:09:00.000Z",
		ByType: []count{{Type: "f", Meaning: "Failed login", Events: 125},
			{Type: "fp", Meaning: "Failed login: wrong password", Events: 125}},
		ByReason:      []count{{Reason: "Wrong email or password.", Events: 125}, {Reason: "access_denied", Events: 125}},
		ByApplication: []count{{None: true, Events: 125}, {ClientID: "shop", ClientName: "Shop", Events: 125}},
		ByConnection:  []count{{None: true, Events: 125}, {Connection: "Users", Events: 125}},
	}
	addresses := got.Summary.ByIP
	got.Summary.ByIP = nil
	if !reflect.DeepEqual(got.Summary, want) {
		t.Errorf("got  %+v\nwant %+v", got.Summary, want)
	}
	// 13 addresses of the others share the rest: ten are named, four are told together.
	total := 0
	for _, one := range addresses {
		total += one.Events
	}
	if last := addresses[len(addresses)-1]; len(addresses) != mostValues+1 || addresses[0].IP != "192.0.2.3" ||
		addresses[0].Events != 125 || last.Others != 4 || last.IP != "" || total != 250 {
		t.Errorf("by address: %+v", addresses)
	}
	if got.Count != 5 || got.Total == nil || *got.Total != 250 || !got.Pagination.HasNext {
		t.Errorf("the page beside it: %+v", got.listing)
	}
	plain := list(t, auth0, `{"type":"failed_login","per_page":5,"page":1}`)
	for i, event := range plain.Logs {
		if got.Logs[i]["log_id"] != event["log_id"] {
			t.Errorf("event %d is %v, without the summary %v", i, got.Logs[i]["log_id"], event["log_id"])
		}
	}
	if n := len(s.Requests()); n != 3+1 {
		t.Errorf("%d requests for 250 events, and one for a page", n)
	}
}

// What a search does not reach is not counted, and the summary says so.
func TestSummaryAtTheEndOfASearch(t *testing.T) {
	_, auth0 := loginTenant(1200)
	got := withCounts(t, auth0, `{"type":"failed_login","summary":true,"per_page":100,"page":9}`)
	if got.Summary.Events != 1000 || got.Summary.Complete || !strings.Contains(got.Summary.Note, "only the 1000 events") ||
		got.Summary.Oldest != "2026-03-10T15:20:00.000Z" {
		t.Errorf("summary: %+v", got.Summary)
	}
	if got.Count != 100 || got.Pagination.HasNext || !strings.Contains(got.Note, "end here") {
		t.Errorf("the last page: %d events, %v, %q", got.Count, got.Pagination.HasNext, got.Note)
	}
	oldest := withCounts(t, auth0, `{"type":"failed_login","summary":true,"sort":"date:1","per_page":1}`)
	if oldest.Summary.Oldest != "2026-03-10T12:00:00.000Z" || oldest.Summary.Complete ||
		oldest.Logs[0]["date"] != "2026-03-10T12:00:00.000Z" {
		t.Errorf("the oldest first: %+v", oldest.Summary)
	}
}

// Events that arrive while the pages are read are not counted twice.
func TestSummaryWhileEventsArrive(t *testing.T) {
	s, auth0 := loginTenant(250)
	arriving := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth0.ServeHTTP(w, r)
		for range 7 {
			s.AddLog(map[string]any{"type": "fp"})
		}
	})
	if got := withCounts(t, arriving, `{"type":"failed_login","summary":true}`); got.Summary.Events != 250 {
		t.Errorf("%d events were counted, want 250", got.Summary.Events)
	}
}

func TestEmptySummary(t *testing.T) {
	_, auth0 := loginTenant(1)
	got := withCounts(t, auth0, `{"ip":"203.0.113.255","summary":true}`)
	if !reflect.DeepEqual(got.Summary, summary{Complete: true}) || *got.Total != 0 || got.Count != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestReasons(t *testing.T) {
	long := strings.Repeat("é", longestValue+1)
	for event, want := range map[string]string{
		`{"description":"Wrong password","details":null}`:                                   "Wrong password",
		`{"description":"access_denied","details":{"error":{"message":"No such API"}}}`:     "No such API",
		`{"description":"","details":{"error":"invalid_grant"}}`:                            "invalid_grant",
		`{"details":{"failure_reason":"expired"}}`:                                          "expired",
		`{"details":{"error":{"oauthError":"access_denied","type":"oauth-authorization"}}}`: "access_denied",
		`{"details":{"error":{"message":{"a":1}}},"description":"odd"}`:                     "odd",
		`{"details":["odd"],"description":"odd"}`:                                           "odd",
		`{"description":"` + long + `"}`:                                                    overlong,
		`{"description":"","details":{}}`:                                                   "",
	} {
		auth0 := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[" + event + "]")) })
		got := withCounts(t, auth0, `{"summary":true}`).Summary.ByReason
		if want == "" && got != nil || want != "" && (len(got) != 1 || got[0].Reason != want) {
			t.Errorf("%.80s: got %+v, want %q", event, got, want)
		}
	}
}

// Whatever in a summary the cause of an event can write is declared.
func TestSummaryIsUntrusted(t *testing.T) {
	m, err := Plugin().Manifest()
	if err != nil {
		t.Fatal(err)
	}
	_, auth0 := loginTenant(3)
	r := sdktest.Call(t, Plugin(), auth0, "auth0_list_logs", `{"summary":true}`)
	var answer struct {
		Summary map[string]any `json:"summary"`
	}
	if err := json.Unmarshal(r.JSON, &answer); err != nil {
		t.Fatal(err)
	}
	for name := range answer.Summary {
		own := slices.Contains([]string{"events", "complete", "oldest", "newest", "note", "by_type"}, name)
		if declared := slices.Contains(m.Tools[0].Untrusted, "summary."+name); own == declared {
			t.Errorf("summary.%s: untrusted %v", name, declared)
		}
	}
	if !strings.HasPrefix(string(r.JSON), `{"summary":`) {
		t.Errorf("the summary is not first: %.80s", r.JSON)
	}
}
