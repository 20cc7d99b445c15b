package main

import (
	"encoding/json"
	"regexp"
	"strings"
)

// outcome is what became of a call, as its caller was told.
type outcome string

const (
	done       outcome = "done"
	failed     outcome = "failed"
	mayHave    outcome = "may have happened"
	unchanged  outcome = "nothing changed"
	invalid    outcome = "refused"
	busy       outcome = "busy"
	notStarted outcome = "not started"
	cancelled  outcome = "cancelled"
	lost       outcome = "lost with its host"
)

// nothingChanged: the caller was told that it may try again.
func (o outcome) nothingChanged() bool {
	return o == unchanged || o == invalid || o == busy || o == notStarted
}

// refusedWrite is Auth0's word that a write was not carried out.
var refusedWrite = regexp.MustCompile(`^Auth0 answered 4\d\d [^:]* to (POST|PATCH|DELETE) `)

// outcomeOf reads a reply to tools/call.
func outcomeOf(r reply) (outcome, string) {
	if r.Error != nil {
		text := r.Error.Message
		switch {
		case strings.HasPrefix(text, "busy"):
			return busy, text
		case strings.Contains(text, "was not started"):
			return notStarted, text
		case strings.Contains(text, "may or may not"):
			return mayHave, text
		}
		return invalid, text
	}
	var result struct {
		Content []struct{ Text string }
		IsError bool
	}
	if json.Unmarshal(r.Result, &result) != nil || len(result.Content) == 0 {
		return failed, string(r.Result)
	}
	text := result.Content[0].Text
	switch lower := strings.ToLower(text); {
	case !result.IsError:
		return done, text
	case strings.HasPrefix(text, "plugin ") && (strings.Contains(text, " did not start: ") || strings.Contains(text, " is not started again before ")):
		return notStarted, text // what it says of the last failure is another call's
	case strings.Contains(lower, "may or may not"):
		return mayHave, text
	case refusedWrite.MatchString(text), strings.Contains(lower, "nothing was changed"), strings.Contains(lower, "nothing was deployed"):
		return unchanged, text
	}
	return failed, text
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
		if m[1] != "[REDACTED]" {
			return "the secret of a client that was just made"
		}
	}
	return ""
}
