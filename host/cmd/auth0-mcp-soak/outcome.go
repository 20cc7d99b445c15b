package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// outcome is what became of a call, as its caller was told.
type outcome string

const (
	// done: success; changed: an error, and yet a change was made.
	done    outcome = "done"
	changed outcome = "failed after a change"
	unknown outcome = "unknown"
	failed  outcome = "failed"
	// What was never begun.
	invalid    outcome = "refused"
	busy       outcome = "busy"
	notStarted outcome = "not started"
	// No answer: it was cancelled, or its host killed.
	cancelled outcome = "cancelled"
	lost      outcome = "lost with its host"
)

// answer is what the reply to a call says.
type answer struct {
	outcome outcome
	text    string
	// requests are the changes that the reply names, "METHOD path".
	requests []string
	// carriedOut is whether the call got as far as the server's tool calls, so that the
	// audit log must have a record of it.
	carriedOut bool
}

// result is the part of a tools/call result that says what became of the call.
type result struct {
	Content []struct{ Text string }
	IsError bool
	Meta    struct {
		Effect string `json:"auth0-mcp/effect"`
	} `json:"_meta"`
}

// answerOf reads a reply to tools/call. The error says how the reply contradicts itself.
func answerOf(r reply) (answer, error) {
	if r.Error != nil {
		return answer{outcome: outcomeOfError(r.Error.Message), text: r.Error.Message}, nil
	}
	var got result
	if err := json.Unmarshal(r.Result, &got); err != nil || len(got.Content) == 0 {
		return answer{outcome: failed, text: string(r.Result)}, fmt.Errorf("a result without a text: %.300q", r.Result)
	}
	a := answer{text: got.Content[0].Text, carriedOut: true}
	switch {
	case got.Meta.Effect == "unknown" && got.IsError:
		a.outcome = unknown
	case got.Meta.Effect == "changed" && got.IsError:
		a.outcome, a.requests = changed, changesToldIn(a.text)
	case got.Meta.Effect == "" && got.IsError:
		a.outcome = failed
	case got.IsError || got.Meta.Effect == "unknown":
		a.outcome = unknown
		return a, fmt.Errorf("the effect %q of a result with isError %v", got.Meta.Effect, got.IsError)
	default:
		a.outcome = done
		var err error
		if a.requests, err = reported(got); err != nil {
			return a, err
		}
	}
	return a, a.contradiction()
}

// outcomeOfError is what a JSON-RPC error says of its call.
func outcomeOfError(text string) outcome {
	switch {
	case strings.HasPrefix(text, "busy"):
		return busy
	case strings.Contains(text, "was not started"):
		return notStarted
	case strings.Contains(text, "did not finish in time"):
		return unknown
	}
	return invalid
}

// reported are the requests of the report of changes, the last text of a writing tool's
// answer. A reading tool's answer has none.
func reported(got result) ([]string, error) {
	var report struct {
		Changed []struct{ Request string }
	}
	last := got.Content[len(got.Content)-1].Text
	if len(got.Content) > 1 && strings.HasPrefix(last, `{"changed":`) {
		if err := json.Unmarshal([]byte(last), &report); err != nil {
			return nil, fmt.Errorf("a report of changes: %w: %.300q", err, last)
		}
	}
	requests := make([]string, len(report.Changed))
	for i, change := range report.Changed {
		requests[i] = change.Request
	}
	if (len(requests) > 0) != (got.Meta.Effect == "changed") {
		return nil, fmt.Errorf("the effect %q and the report %v", got.Meta.Effect, requests)
	}
	return requests, nil
}

var toldChanges = regexp.MustCompile(`This call changed the tenant: (.*?)\. (?:It is not known|Check the tenant)`)

// changesToldIn are the requests that an error's text says to have changed the tenant.
func changesToldIn(text string) []string {
	m := toldChanges.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	return strings.Split(m[1], ", ")
}

// contradiction checks that an error's text says what its _meta does. A quotation of the
// plugin cannot match: the bundled plugins do not use these words.
func (a answer) contradiction() error {
	if a.outcome == done {
		return nil
	}
	says := map[outcome]bool{
		changed: strings.Contains(a.text, "This call changed the tenant: "),
		unknown: strings.Contains(a.text, "It is not known whether "),
	}
	for o, said := range says {
		// What is unknown may come besides a change, not the other way round.
		if said != (o == a.outcome) && (o != changed || a.outcome != unknown) {
			return fmt.Errorf("answered as %s with the text %.300q", a.outcome, a.text)
		}
	}
	if a.outcome != failed && strings.Contains(a.text, "Nothing was changed.") {
		return fmt.Errorf("answered as %s with the text %.300q", a.outcome, a.text)
	}
	return nil
}

// check compares the answer with the writes that the tenant carried out, "METHOD path".
func (a answer) check(didAtTenant []string) error {
	wrong := false
	switch a.outcome {
	case done, changed:
		wrong = !slices.Equal(a.requests, didAtTenant)
	case failed, invalid, busy, notStarted:
		wrong = len(didAtTenant) > 0
	case unknown, cancelled, lost:
		wrong = len(didAtTenant) > 1
	}
	if wrong {
		return fmt.Errorf("answered as %s with the changes %v; the tenant made %v: %s", a.outcome, a.requests, didAtTenant,
			a.text)
	}
	return nil
}

var clientSecrets = regexp.MustCompile(`client_secret\\*"\s*:\s*\\*"([^\\"]*)`)

// leak names the secret that a text has, or is empty.
func leak(text string, secrets []string) string {
	for i, secret := range secrets {
		if strings.Contains(text, secret) {
			return []string{"the token", "a client's secret"}[min(i, 1)]
		}
	}
	if !strings.Contains(text, "client_secret") {
		return ""
	}
	for _, m := range clientSecrets.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], "[REDACTED") {
			return "the secret of a client that was just made"
		}
	}
	return ""
}
