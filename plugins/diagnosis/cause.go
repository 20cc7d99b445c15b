package diagnosis

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

// certainty is how sure a cause is.
type certainty string

const (
	// confirmed: the tenant's present state shows it.
	confirmed certainty = "confirmed"
	// likely: events show it, and the state does not tell or was not read.
	likely certainty = "likely"
	// possible: events fit it, and other causes too.
	possible certainty = "possible"
)

func (c certainty) rank() int { return slices.Index([]certainty{confirmed, likely, possible}, c) }

// cause is why logins fail, or may.
type cause struct {
	Code      string    `json:"code"`
	Certainty certainty `json:"certainty"`
	Sentence  string    `json:"sentence"`
	// Events are the failures that it explains; none if the state alone shows it.
	Events *occurrences `json:"events,omitempty"`
	// LaterSuccess is a login or exchange that worked after the last failure.
	LaterSuccess *success `json:"later_success,omitempty"`
	Evidence     []fact   `json:"evidence,omitempty"`
	Fix          fix      `json:"fix"`

	// of is what the cause is about, so that it is told once.
	of string
	// disproof finds the successes that show that the cause is gone; empty: a success shows nothing.
	disproof string
	// rule is the place of the rule that found it: what an event says in so many words goes before what happens to
	// everyone now and then. The state goes first.
	rule int
}

type success struct {
	LogID string `json:"log_id"`
	Date  string `json:"date"`
	Type  string `json:"type"`
}

// fact is a member of an object of the tenant that shows a cause.
type fact struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Member string `json:"member,omitempty"`
	Value  any    `json:"value"`
}

// fix is what to do about a cause, and the call that does it; without a tool it is done outside of the tenant.
type fix struct {
	Text      string         `json:"text"`
	Tool      string         `json:"tool,omitempty"`
	Arguments map[string]any `json:"arguments,omitempty"`
}

// Tools that fix what has no tool of its own: they take any operation of the Management API.
const (
	writeTool   = "auth0_api_write"
	destroyTool = "auth0_api_destroy"
)

// use is a fix by a tool. Arguments that are not known are "", and left out.
func use(text, tool string, arguments map[string]any) fix {
	maps.DeleteFunc(arguments, func(_ string, value any) bool { return value == "" })
	return fix{Text: text, Tool: tool, Arguments: arguments}
}

// operation is a fix by an operation of the Management API. body is nil if there is none, or if it cannot be known.
func operation(text, tool, name string, path map[string]any, body any) fix {
	f := fix{Text: text, Tool: tool, Arguments: map[string]any{"operation": name}}
	if path != nil {
		f.Arguments["path"] = path
	}
	if body != nil {
		f.Arguments["body"] = body
	}
	return f
}

// add notes a cause. What is known of it already stays, and becomes no less certain.
func (i *investigation) add(c cause) {
	key := c.Code + "\x00" + c.of
	known, ok := i.causes[key]
	if !ok {
		i.causes[key] = &c
		return
	}
	if c.Certainty.rank() < known.Certainty.rank() {
		known.Certainty, known.Sentence, known.Fix = c.Certainty, c.Sentence, c.Fix
	}
	if c.Events != nil && known.Events != nil {
		events := known.Events.with(*c.Events)
		known.Events = &events
	} else {
		known.Events = cmp.Or(known.Events, c.Events)
	}
	for _, f := range c.Evidence {
		if !slices.ContainsFunc(known.Evidence, func(k fact) bool { return k.ID == f.ID && k.Member == f.Member }) {
			known.Evidence = append(known.Evidence, f)
		}
	}
}

// ranked are the causes, the one to fix first at the head: what still fails before what may be over, then the surer,
// then the more specific, then what explains more failures.
func (i *investigation) ranked() []cause {
	all := make([]cause, 0, len(i.causes))
	for _, c := range i.causes {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b cause) int {
		return cmp.Or(over(a)-over(b), a.Certainty.rank()-b.Certainty.rank(), a.rule-b.rule,
			count(b)-count(a), strings.Compare(last(b), last(a)), strings.Compare(a.of, b.of))
	})
	return all
}

// over is 1 if a cause may be gone. What the present state shows is not.
func over(c cause) int {
	if c.LaterSuccess != nil && c.Certainty != confirmed {
		return 1
	}
	return 0
}

func count(c cause) int {
	if c.Events == nil {
		return 0
	}
	return c.Events.Count
}

func last(c cause) string {
	if c.Events == nil {
		return ""
	}
	return c.Events.Last
}

// maxSuccesses is for how many causes a later success is looked for.
const maxSuccesses = 8

// findSuccesses looks for logins that worked after the failures of a cause: then it may be over.
func (i *investigation) findSuccesses(ctx context.Context) error {
	types, err := anyOf([]string{"successful_login", "token_exchange"})
	if err != nil {
		return err
	}
	looked := 0
	for _, c := range i.ranked() {
		if c.disproof == "" || c.Events == nil || looked == maxSuccesses {
			continue
		}
		looked++
		query := join(types, c.disproof, "date:["+c.Events.Last+" TO *]")
		events, err := logevent.Search{Query: query, Sort: "date:1"}.Page(ctx, i.call, 0, 1)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			i.causes[c.Code+"\x00"+c.of].LaterSuccess = &success{LogID: events[0].Text("log_id"),
				Date: events[0].Text("date"), Type: events[0].Text("type")}
		}
	}
	return nil
}

// verdict is the answer in one sentence.
type verdict struct {
	// Code is that of the first cause, or nothing_found.
	Code      string    `json:"code"`
	Certainty certainty `json:"certainty,omitempty"`
	Sentence  string    `json:"sentence"`
}

type answer struct {
	Verdict     verdict `json:"verdict"`
	Causes      []cause `json:"causes"`
	Subject     subject `json:"subject"`
	LookedAt    []look  `json:"looked_at"`
	NotLookedAt []gap   `json:"not_looked_at"`
	Note        string  `json:"note,omitempty"`
}

// maxCauses and maxLooks bound an answer.
const maxCauses, maxLooks = 10, 40

func (i *investigation) answer() answer {
	causes := i.ranked()
	a := answer{Verdict: i.verdict(causes), Causes: causes, Subject: i.subject, LookedAt: i.tenant.looked,
		NotLookedAt: append([]gap{}, i.tenant.gaps...)}
	if len(causes) > maxCauses {
		a.Causes = causes[:maxCauses]
		i.notes = append(i.notes, fmt.Sprintf("%d less likely causes are left out: narrow the question",
			len(causes)-maxCauses))
	}
	if len(a.LookedAt) > maxLooks {
		i.notes = append(i.notes, fmt.Sprintf("%d more things were looked at", len(a.LookedAt)-maxLooks))
		a.LookedAt = a.LookedAt[:maxLooks]
	}
	a.Note = strings.Join(i.notes, "; ")
	return a
}

func (i *investigation) verdict(causes []cause) verdict {
	incomplete := ""
	if len(i.tenant.gaps) > 0 {
		incomplete = " Not all could be looked at: see not_looked_at."
	}
	if len(causes) == 0 {
		return verdict{Code: "nothing_found", Sentence: "No login failed in that time, and nothing that was looked at " +
			"would stop one." + incomplete}
	}
	first := causes[0]
	v := verdict{Code: first.Code, Certainty: first.Certainty, Sentence: first.Sentence}
	if over(first) > 0 {
		v.Sentence += " It may be over: a later one worked (" + first.LaterSuccess.LogID + ")."
	}
	switch others := len(causes) - 1; others {
	case 0:
	case 1:
		v.Sentence += " One other cause was found."
	default:
		v.Sentence += fmt.Sprintf(" %d other causes were found.", others)
	}
	v.Sentence += incomplete
	return v
}
