package logs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

const (
	// mostValues is how many values of a member are counted one by one.
	mostValues = 10
	// longestValue is in characters. A longer value is not cut, because half a secret
	// would not be recognized as one.
	longestValue = 500
	overlong     = "(over 500 characters: see the events)"
)

// summary counts the events that a search found.
type summary struct {
	Events int `json:"events"`
	// Complete is false if there may be more matches than the search reached.
	Complete bool `json:"complete"`
	// Oldest and Newest are the dates of the first and the last event counted.
	Oldest string `json:"oldest,omitempty"`
	Newest string `json:"newest,omitempty"`
	Note   string `json:"note,omitempty"`
	// The most frequent values come first. None if no event has a value.
	ByType        []count `json:"by_type,omitempty"`
	ByReason      []count `json:"by_reason,omitempty"`
	ByApplication []count `json:"by_application,omitempty"`
	ByConnection  []count `json:"by_connection,omitempty"`
	ByIP          []count `json:"by_ip,omitempty"`
}

// count is how many events have a value, or have none, or have one beyond mostValues.
type count struct {
	Type       string `json:"type,omitempty"`
	Meaning    string `json:"meaning,omitempty"`
	Reason     string `json:"reason,omitempty"`
	ClientID   string `json:"client_id,omitempty"`
	ClientName string `json:"client_name,omitempty"`
	Connection string `json:"connection,omitempty"`
	IP         string `json:"ip,omitempty"`
	None       bool   `json:"none,omitempty"`
	// Others is how many values are not named.
	Others int `json:"others,omitempty"`
	Events int `json:"events"`
}

// counted are the fields of a summary below prefix that hold what the cause of an
// event wrote.
func counted(prefix string) []string {
	return []string{prefix + "by_reason", prefix + "by_application", prefix + "by_connection", prefix + "by_ip"}
}

// summarize counts the events that a search reached; complete: there are no others.
func summarize(events []sdk.Object, complete bool) *summary {
	s := &summary{Events: len(events), Complete: complete}
	for _, event := range events {
		date := event.Text("date")
		if s.Oldest == "" || date < s.Oldest {
			s.Oldest = date
		}
		s.Newest = max(s.Newest, date)
	}
	if !complete {
		s.Note = fmt.Sprintf("only the %d events that a search reaches are counted: count others by moving since and until",
			logevent.Window)
	}
	s.ByType = countBy(events, text("type"), func(t tally) count {
		return count{Type: t.value, Meaning: logevent.Meaning(t.value)}
	})
	s.ByReason = countBy(events, reason, func(t tally) count { return count{Reason: t.value} })
	s.ByApplication = countBy(events, text("client_id"), func(t tally) count {
		return count{ClientID: t.value, ClientName: t.event.Text("client_name")}
	})
	s.ByConnection = countBy(events, text("connection"), func(t tally) count { return count{Connection: t.value} })
	s.ByIP = countBy(events, text("ip"), func(t tally) count { return count{IP: t.value} })
	return s
}

// before is a page that begins with the summary: clients cut long answers at the end.
func (s *summary) before(page sdk.Page) (sdk.Object, error) {
	var answer sdk.Object
	raw, err := page.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(raw, &answer)
	}
	if err != nil {
		return nil, err
	}
	first, err := sdk.Object{}.With("summary", s)
	return append(first, answer...), err
}

func text(member string) func(sdk.Object) string {
	return func(event sdk.Object) string { return event.Text(member) }
}

// reason is why an event happened, in Auth0's words; empty if the event has none.
func reason(event sdk.Object) string {
	var details, fault sdk.Object
	if raw, _ := event.Get("details"); json.Unmarshal(raw, &details) == nil {
		raw, _ = details.Get("error")
		_ = json.Unmarshal(raw, &fault) // it may be a text, or missing
	}
	return cmp.Or(fault.Text("message"), fault.Text("reason"), details.Text("error"), details.Text("failure_reason"),
		details.Text("failure_details"), details.Text("errorMsg"), event.Text("description"), fault.Text("oauthError"),
		fault.Text("type"))
}

// tally is a value, the first event that has it, and how many have it.
type tally struct {
	value  string
	event  sdk.Object
	events int
}

// countBy counts the events with each value. named is a value as a count.
func countBy(events []sdk.Object, value func(sdk.Object) string, named func(tally) count) []count {
	at := map[string]int{}
	var all []tally
	for _, event := range events {
		v := value(event)
		if utf8.RuneCountInString(v) > longestValue {
			v = overlong
		}
		i, known := at[v]
		if !known {
			i = len(all)
			at[v], all = i, append(all, tally{value: v, event: event})
		}
		all[i].events++
	}
	if len(all) == 1 && all[0].value == "" {
		return nil
	}
	slices.SortFunc(all, func(a, b tally) int {
		return cmp.Or(cmp.Compare(b.events, a.events), cmp.Compare(a.value, b.value))
	})
	var counts []count
	for i, t := range all {
		if i == mostValues {
			counts = append(counts, count{})
		}
		if i >= mostValues {
			others := &counts[mostValues]
			others.Others, others.Events = others.Others+1, others.Events+t.events
			continue
		}
		one := named(t)
		one.None, one.Events = t.value == "", t.events
		counts = append(counts, one)
	}
	return counts
}
