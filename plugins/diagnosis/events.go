package diagnosis

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

// investigation is one diagnosis in progress.
type investigation struct {
	in       input
	call     *sdk.Call
	tenant   *reader
	steps    int
	subject  subject
	failures []sdk.Object
	// notes are what the numbers do not say.
	notes  []string
	causes map[string]*cause
}

// failing are the groups of events that tell of a login or an exchange that failed. Silent authentication is not among
// them: it fails whenever there is no session, by design.
func failing() []string {
	return []string{"failed_login", "failed_signup", "failed_token_exchange", "failed_device_login", "mfa_failed",
		"action_failed", "failed_custom_domain", "failed_invitation", "failed_notification", "failed_form", "blocked"}
}

// anyOf is a clause for events of the groups' types.
func anyOf(groups []string, more ...string) (string, error) {
	types := map[string]bool{}
	for _, group := range groups {
		codes, err := logevent.Codes(group)
		if err != nil {
			return "", err
		}
		for _, code := range codes {
			types[code] = true
		}
	}
	for _, code := range more {
		types[code] = true
	}
	clauses := make([]string, 0, len(types))
	for _, code := range slices.Sorted(maps.Keys(types)) {
		clauses = append(clauses, "type:"+logevent.Quote(code))
	}
	return "(" + strings.Join(clauses, " OR ") + ")", nil
}

func (i *investigation) findFailures(ctx context.Context) error {
	types, err := anyOf(failing(), "mfar")
	if err != nil {
		return err
	}
	dates, err := logevent.DateRange(i.in.Since, i.in.Until, time.Now())
	if err != nil {
		return err
	}
	query := join(i.query(), types, dates)
	events, complete, err := logevent.Search{Query: query}.All(ctx, i.call)
	if err != nil {
		return err
	}
	i.failures = events
	count := len(events)
	i.tenant.looked = append(i.tenant.looked, look{What: "log events of failures", Count: &count})
	if !complete {
		i.notes = append(i.notes, fmt.Sprintf("only the newest %d failures were looked at: narrow since and until",
			logevent.Window))
	}
	return nil
}

func join(clauses ...string) string {
	return strings.Join(slices.DeleteFunc(clauses, func(s string) bool { return s == "" }), " AND ")
}

// group are the failures that a rule takes for one.
type group struct {
	events []sdk.Object // newest first
}

func (g group) newest() sdk.Object { return g.events[0] }

// distinct are the values of a member, without the empty one.
func (g group) distinct(name string) []string {
	values := map[string]bool{}
	for _, event := range g.events {
		if value := event.Text(name); value != "" {
			values[value] = true
		}
	}
	return slices.Sorted(maps.Keys(values))
}

// occurrences is when and how often something happened.
type occurrences struct {
	Count int    `json:"count"`
	First string `json:"first"`
	Last  string `json:"last"`
	// LogIDs are of the newest events.
	LogIDs []string `json:"log_ids"`
}

// maxLogIDs is how many events a cause names.
const maxLogIDs = 3

func (g group) occurrences() occurrences {
	o := occurrences{Count: len(g.events), Last: g.newest().Text("date"), First: g.events[len(g.events)-1].Text("date")}
	for _, event := range g.events[:min(len(g.events), maxLogIDs)] {
		o.LogIDs = append(o.LogIDs, event.Text("log_id"))
	}
	return o
}

// with adds what happened besides.
func (o occurrences) with(other occurrences) occurrences {
	if o.Count == 0 {
		return other
	}
	if other.Count > 0 {
		o.First, o.Last = min(o.First, other.First), max(o.Last, other.Last)
	}
	o.Count += other.Count
	o.LogIDs = append(o.LogIDs, other.LogIDs...)
	o.LogIDs = o.LogIDs[:min(len(o.LogIDs), maxLogIDs)]
	return o
}
