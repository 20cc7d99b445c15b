package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

// showPlan is --dry-run.
func (s *signIn) showPlan(say *reporter) error {
	if say.json {
		say.event("plan", map[string]any{"profile": s.Account.Name, "store": s.Account.Store.Describe().Kind,
			"scopes": list(s.Account.Profile.Scopes), "clients": s.setup.planned()})
	}
	say.line(fmt.Sprintf("Profile %s, kept in %s (chosen by %s). Nothing is written by --dry-run.", s.Account.Name,
		s.Account.Store.Describe().Where, s.Account.By))
	s.setup.show(say)
	return nil
}

// planned is what --dry-run --json says of the clients.
func (s clientSetup) planned() []map[string]any {
	planned := []map[string]any{}
	for _, p := range s.changes {
		planned = append(planned, map[string]any{"client": p.client.Title, "path": p.change.Path,
			"changed": !p.change.NoOp(), "diff": p.change.Diff()})
	}
	return planned
}

// show is what --dry-run prints of the clients.
func (s clientSetup) show(say *reporter) {
	for _, p := range s.changes {
		change := p.change
		say.line(change.Path + ":")
		if change.NoOp() {
			say.line("  as it should be already")
			continue
		}
		say.whole(change.Diff())
	}
	if s.snippet != "" {
		say.snippet(s.snippet)
	}
}

// reporter tells how init comes along: in sentences on stderr, with what the
// command is for on stdout, or as one JSON object a line.
type reporter struct {
	env  Environment
	json bool
}

func newReporter(env Environment, asJSON bool) *reporter { return &reporter{env, asJSON} }

func (r *reporter) event(name string, members map[string]any) {
	members["event"] = name
	// Strings, numbers and times always encode.
	_ = json.NewEncoder(r.env.Out).Encode(members)
}

func (r *reporter) line(text string) {
	if !r.json {
		say(r.env.Err, "%s\n", lines(text))
	}
}

// whole is line for what must not be broken.
func (r *reporter) whole(text string) {
	if !r.json {
		say(r.env.Err, "%s\n", whole(text))
	}
}

func (r *reporter) confirm(login *auth.DeviceLogin) {
	if r.json {
		r.event("confirm", map[string]any{"verification_uri": login.VerificationURI,
			"verification_uri_complete": login.VerificationURIComplete,
			"user_code":                 login.UserCode, "expires_at": login.ExpiresAt.UTC().Format(time.RFC3339)})
		return
	}
	page := login.VerificationURIComplete
	if page == "" {
		page = login.VerificationURI
	}
	r.line(fmt.Sprintf("To sign in, open this address in any browser, on any device:\n\n  %s\n\nand check that it "+
		"shows the code %s (good until %s).",
		page, login.UserCode, login.ExpiresAt.Local().Format("15:04")))
}

// waiting shows that something is going on, until stop is called.
func (r *reporter) waiting(terminal bool) (stop func()) {
	if r.json {
		return func() {}
	}
	if !terminal {
		r.line("Waiting for the confirmation …")
		return func() {}
	}
	return console.Begin(r.env.Err, "Waiting for the confirmation (Ctrl-C gives up)").Stop
}

// signedIn says what was got and what it changes.
func (r *reporter) signedIn(s *signIn, session auth.Session) {
	granted := session.Scopes()
	tools := account.Enabled(s.tools, granted)
	known := s.Accounts.Config.Profiles[s.Account.Name].Scopes
	before := s.GrantedBefore
	if before == nil {
		before = known
	}
	var on, off []string
	if len(before) > 0 {
		was := account.Enabled(s.tools, before)
		on, off = without(tools, was), without(was, tools)
	}
	dropped, missing := without(known, s.Account.Profile.Scopes), without(s.Account.Profile.Scopes, granted)
	if r.json {
		r.event("signed_in", map[string]any{"profile": s.Account.Name, "domain": session.Domain, "scopes": granted,
			"tools": tools,
			"store": s.Account.Store.Describe().Kind, "renews": session.Renewable(), "switched_on": list(on),
			"switched_off":        list(off),
			"no_longer_asked_for": list(dropped), "not_granted": list(missing)})
		return
	}
	r.line(fmt.Sprintf("Signed in to %s. Profile %s is kept in %s.", session.Domain, s.Account.Name,
		s.Account.Store.Describe().Where))
	r.line(fmt.Sprintf("Scopes: %s. They enable %d of %d tools.", orWord(strings.Join(granted, " "), "none"),
		len(tools), len(s.tools)))
	r.named("Switched on", on)
	r.named("Switched off", off)
	r.named("No longer asked for", dropped)
	r.named("Asked for and not granted", missing)
	if !session.Renewable() {
		r.line("The token cannot be renewed by itself: when it ends, sign in again.")
	}
}

func (r *reporter) named(what string, names []string) {
	if len(names) > 0 {
		r.line(what + ": " + strings.Join(names, ", ") + ".")
	}
}

// list encodes as [] when it is empty.
func list(names []string) []string { return append([]string{}, names...) }

// without are the names that are not among others.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

func (r *reporter) clientDone(change *clients.Change) {
	switch {
	case r.json:
		r.event("client", map[string]any{"client": change.Client.Title, "path": change.Path, "changed": !change.NoOp(),
			"backup": change.Backup, "kept": append([]string{}, change.Kept...)})
		return
	case change.NoOp():
		r.line(fmt.Sprintf("%s is set up already (%s).", change.Client.Title, change.Path))
	default:
		r.line(fmt.Sprintf("%s is set up (%s). %s", change.Client.Title, change.Path, change.Scope.Next))
	}
	for _, note := range notes(change) {
		r.line(note)
	}
}

func (r *reporter) snippet(text string) {
	if r.json {
		r.event("snippet", map[string]any{"entry": json.RawMessage(text)})
		return
	}
	r.line("For another client, this is the entry:")
	say(r.env.Out, "%s\n", whole(text))
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}
