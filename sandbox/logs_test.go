package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// seedEvents logs n events, of the types a and b in turn, a second apart.
func seedEvents(t *testing.T, n int) caller {
	t.Helper()
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	for i := range n {
		clock.advance(time.Second)
		c.tenant.AddLog(map[string]any{"type": string(rune('a' + i%2)), "description": fmt.Sprintf("event %04d", i),
			"user_name": fmt.Sprintf("user %d", i%5)})
	}
	return c
}

func descriptions(a answer) []string {
	a.t.Helper()
	var out []string
	for i := range a.array() {
		out = append(out, strings.TrimPrefix(a.textAt(i, "description"), "event "))
	}
	return out
}

func TestLogSearch(t *testing.T) {
	c := seedEvents(t, 20)
	for _, test := range []struct {
		query string
		want  []string
	}{
		{"per_page=3", []string{"0019", "0018", "0017"}},
		{"per_page=3&page=6", []string{"0001", "0000"}},
		{"per_page=3&page=7", nil},
		{"per_page=2&sort=date:1", []string{"0000", "0001"}},
		{"per_page=2&sort=date:-1", []string{"0019", "0018"}},
		{"per_page=3&sort=user_name:1", []string{"0000", "0005", "0010"}},
		{"per_page=3&sort=user_name:-1", []string{"0019", "0014", "0009"}},
		{"per_page=2&q=type:a", []string{"0018", "0016"}},
		{"per_page=2&page=1&q=type:a", []string{"0014", "0012"}},
		{"q=" + url.QueryEscape(`type:b AND description:"event 0003"`), []string{"0003"}},
		{"q=" + url.QueryEscape(`date:[2031-03-14T09:27:11Z TO *]`), []string{"0019", "0018", "0017"}},
		// take does nothing without from.
		{"take=1&per_page=2", []string{"0019", "0018"}},
		{"q=type:nothing", nil},
	} {
		if got := descriptions(c.get("/api/v2/logs?" + test.query).want(200)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.query, got, test.want)
		}
	}
	if got := len(c.get("/api/v2/logs?take=1").want(200).array()); got != 20 {
		t.Errorf("take without from gave %d events, want all 20", got)
	}
}

func TestLogFields(t *testing.T) {
	c := seedEvents(t, 1)
	c.get("/api/v2/logs?fields=type,description&include_fields=true").want(200).is(`[{"type":"a","description":"event 0000"}]`)
	c.get("/api/v2/logs?fields=type").want(200).is(`[{"type":"a"}]`)
	rest := c.get("/api/v2/logs?fields=type,details&include_fields=false").want(200)
	if event, _ := rest.at(0).(object); event["type"] != nil || event["log_id"] == nil || len(event) != 21 {
		t.Errorf("left out two fields and got %s", memberNames(event))
	}
}

func TestLogSearchRefusals(t *testing.T) {
	c := seedEvents(t, 1)
	for query, message := range map[string]string{
		"q=type%3A(":            "'unexpected end of query at offset 6' on property q",
		"q=date:[a%20TO%20b]":   `"a" is not a date`,
		"sort=date":             "on property sort",
		"sort=date:2":           "on property sort",
		"from=":                 "on property from",
		"from=abc":              "on property from",
		"from=900&take=101":     "'Value 101 is greater than maximum 100' on property take",
		"from=900&take=nothing": "'Expected type integer but found type string' on property take",
		"include_fields=1":      "on property include_fields",
	} {
		c.get("/api/v2/logs?"+query).refused(400, "invalid_query_string", message)
	}
	c.get("/api/v2/logs?q="+strings.Repeat("a", maxQueryLength+1)).refused(414, "", "Request-URI Too Large")
}

func TestLogSearchWindow(t *testing.T) {
	c := seedEvents(t, 1100)
	if got := descriptions(c.get("/api/v2/logs?per_page=100&page=9").want(200)); len(got) != 100 || got[99] != "0100" {
		t.Errorf("last page of the window has %d events and ends with %v", len(got), got[len(got)-1:])
	}
	for _, query := range []string{"per_page=100&page=10", "per_page=99&page=10", "page=20",
		"per_page=100&page=2147483647"} {
		c.get("/api/v2/logs?"+query).refused(400, "invalid_paging", "first 1000 records")
	}
	// Checkpoints reach all of it.
	oldest := c.get("/api/v2/logs?sort=date:1&per_page=1").want(200).textAt(0, "log_id")
	seen, from := 1, oldest
	for {
		events := c.get("/api/v2/logs?take=100&from=" + from).want(200)
		n := len(events.array())
		if n == 0 {
			break
		}
		seen += n
		from = events.textAt(n-1, "log_id")
	}
	if seen != 1100 {
		t.Errorf("checkpoint paging saw %d events, want 1100", seen)
	}
}

func TestLogCheckpoint(t *testing.T) {
	c := seedEvents(t, 10)
	third := c.get("/api/v2/logs?sort=date:1&per_page=1&page=2").want(200).textAt(0, "log_id")
	if got := descriptions(c.get("/api/v2/logs?take=2&from=" + third).want(200)); !slices.Equal(got,
		[]string{"0003", "0004"}) {
		t.Errorf("after the third event come %v, oldest first", got)
	}
	// Everything but take is ignored, even a query that would be refused.
	if got := descriptions(c.get("/api/v2/logs?take=2&q=type:(&sort=date:1&include_totals=true&per_page=9&from=" +
		third).want(200)); !slices.Equal(got, []string{"0003", "0004"}) {
		t.Errorf("with other parameters come %v", got)
	}
	newest := c.get("/api/v2/logs?per_page=1").want(200).textAt(0, "log_id")
	c.get("/api/v2/logs?from=" + newest).want(200).is("[]")
	if got := len(c.get("/api/v2/logs?from=900").want(200).array()); got != 10 {
		t.Errorf("from an id before all others come %d events, want 10", got)
	}
	if got := len(c.get("/api/v2/logs?from=" + strings.Repeat("9", 56)).want(200).array()); got != 0 {
		t.Errorf("from an id after all others come %d events, want none", got)
	}
}

func TestGetLog(t *testing.T) {
	c := seedEvents(t, 3)
	id := c.get("/api/v2/logs?per_page=1").want(200).textAt(0, "log_id")
	event := c.get("/api/v2/logs/" + id).want(200)
	event.is(`"event 0002"`, "description")
	if event.textAt("_id") != id || len(id) < 50 || !strings.HasPrefix(id, "900") {
		t.Errorf("event has _id %s and log_id %s", event.textAt("_id"), id)
	}
	c.get("/api/v2/logs/900").refused(404, "", "Log not found.")
	c.get("/api/v2/logs/"+strings.Repeat("9", 56)).refused(404, "", "Log not found.")
}

func TestLogIDsAscendWhateverTheClock(t *testing.T) {
	clock := newClock()
	tenant := New(Options{Empty: true, Now: clock.now})
	var ids []string
	for _, step := range []time.Duration{0, 0, time.Second, -time.Hour, 0, 2 * time.Hour} {
		clock.advance(step)
		ids = append(ids, tenant.AddLog(map[string]any{"type": "s"}))
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("ids don't ascend: %v", ids)
	}
}

func TestAddLogKeepsWhatItIsGiven(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	event := map[string]any{"type": "w", "scope": []any{"openid"}, "own": map[string]any{"deep": []any{nil, true}},
		"date": "2020-02-02T02:02:02.000Z"}
	id := c.tenant.AddLog(event)
	event["type"] = "changed afterwards"
	a := c.get("/api/v2/logs/" + id).want(200)
	a.is(`"w"`, "type")
	a.is(`["openid"]`, "scope")
	a.is(`{"deep":[null,true]}`, "own")
	a.is(`"2020-02-02T02:02:02.000Z"`, "date")
	a.is(`null`, "organization_id")
}
