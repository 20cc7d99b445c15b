package logs

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

// fuzzNow is the moment that ages are counted from.
var fuzzNow = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// hostileEvents are events whose values look like queries.
func hostileEvents() []map[string]any {
	var events []map[string]any
	for i, name := range []string{"ada@example.com", `a" OR type:"s`, `\`, `*`, `a*`, `x) OR (y`, "AND", "", `ad|corp\bob`,
		"a\x00b", "é\u200b", `[a TO b]`} {
		events = append(events, map[string]any{
			"type": []string{"s", "f", "fp", "fu", "sapi"}[i%5], "user_name": name, "user_id": name,
			"client_id": []string{"", name, "c1"}[i%3],
			"ip":        []string{"192.0.2.3", "2001:db8::1"}[i%2],
			"date":      fuzzNow.Add(-time.Duration(i) * 20 * time.Hour).Format("2006-01-02T15:04:05.000Z"),
		})
	}
	return events
}

// search asks the tenant; false if it refuses the query.
func search(t *testing.T, auth0 http.Handler, query string) (map[string]map[string]any, bool) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet,
		"https://tenant.example/api/v2/logs?"+url.Values{"q": {query}, "per_page": {"100"}}.Encode(), http.NoBody)
	answer := httptest.NewRecorder()
	auth0.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		return nil, false
	}
	var events []map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &events); err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]any{}
	for _, event := range events {
		found[event["log_id"].(string)] = event
	}
	return found, true
}

// fits is what the filters mean, without a query.
func fits(t *testing.T, in listInput, event map[string]any) bool {
	t.Helper()
	for field, want := range map[string]string{"user_id": in.UserID, "user_name": in.UserName, "client_id": in.ClientID,
		"ip": in.IP} {
		if want != "" && event[field] != want {
			return false
		}
	}
	if in.Type != "" {
		codes, err := logevent.Codes(in.Type)
		if err != nil || !slices.Contains(codes, event["type"].(string)) {
			return false
		}
	}
	at, err := time.Parse(time.RFC3339, event["date"].(string))
	if err != nil {
		t.Fatal(err)
	}
	for i, bound := range []string{in.Since, in.Until} {
		limit, err := logevent.Instant("", bound, fuzzNow, []time.Duration{0, logevent.LastOfDay}[i])
		if err != nil {
			t.Fatal(err)
		}
		// The API's dates have no more than milliseconds.
		limit = limit.Truncate(time.Millisecond)
		if bound != "" && (i == 0 && at.Before(limit) || i == 1 && at.After(limit)) {
			return false
		}
	}
	return true
}

// Whatever the filters hold, the query that is made of them finds what they mean
// and nothing else; and a query of the caller's own narrows them, never widens.
func FuzzFilters(f *testing.F) {
	tenant := sandbox.New(sandbox.Options{Empty: true})
	for _, event := range slices.Backward(hostileEvents()) {
		tenant.AddLog(event)
	}
	auth0 := tenant.Authorized()
	f.Fuzz(func(t *testing.T, q, typ, userID, userName, clientID, ip, since, until string) {
		for _, s := range []*string{&q, &typ, &userID, &userName, &clientID, &ip, &since, &until} {
			*s = strings.ToValidUTF8(*s, "\ufffd") // arguments are JSON
		}
		in := listInput{Type: typ, UserID: userID, UserName: userName, ClientID: clientID, IP: ip, Since: since, Until: until}
		query, err := lucene(in, fuzzNow)
		if err != nil || len(query)+len(q) > 2000 {
			return
		}
		all, _ := search(t, auth0, "")
		meant := maps.Clone(all)
		maps.DeleteFunc(meant, func(_ string, event map[string]any) bool { return !fits(t, in, event) })
		filtered, accepted := search(t, auth0, query)
		if !accepted {
			t.Fatalf("%+v became %s, which is no query", in, query)
		}
		for id, event := range all {
			if _, found := filtered[id]; found != fits(t, in, event) {
				t.Fatalf("%+v became %s, which finds %v: %v", in, query, event, found)
			}
		}
		in.Q = q
		narrowed, err := lucene(in, fuzzNow)
		if err != nil {
			return
		}
		found, accepted := search(t, auth0, narrowed)
		if !accepted {
			return // q is no query: Auth0 says so
		}
		alone, accepted := search(t, auth0, q)
		if !accepted {
			t.Fatalf("%s is no query, and part of one: %s", q, narrowed)
		}
		for id := range all {
			_, isMeant := meant[id]
			_, isAlone := alone[id]
			if _, isFound := found[id]; isFound != (isMeant && isAlone) {
				t.Fatalf("%s with %+v finds %v: %v; the filters: %v, the query: %v", narrowed, in, all[id], isFound, isMeant,
					isAlone)
			}
		}
	})
}
