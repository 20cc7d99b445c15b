package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// sessionState is what a session is good for, in one word.
type sessionState string

const (
	// sessionValid has a token that a call can set out with: auth.Session.ValidAt.
	sessionValid sessionState = "valid"
	// sessionRenewable has none, and the next call gets one without a person.
	sessionRenewable sessionState = "renewable"
	// sessionExpired needs a person.
	sessionExpired sessionState = "expired"
	// sessionNone was never there, or was logged out.
	sessionNone sessionState = "none"
	// sessionUnreadable is there, and its store can't open it now.
	sessionUnreadable sessionState = "unreadable"
)

// sessionsReport is the output of «auth0-mcp session --json». Its members stay; new
// ones may be added.
type sessionsReport struct {
	Sessions []sessionReport `json:"sessions"`
	Audit    auditReport     `json:"audit"`
	// ToolsProblem is why the tools are not known; then every session's are null.
	ToolsProblem string `json:"tools_problem,omitempty"`
}

// sessionReport is one profile's session, or that of AUTH0_TOKEN. None of its
// members is a secret.
type sessionReport struct {
	// Profile is empty for the session of AUTH0_TOKEN.
	Profile string `json:"profile"`
	// Selected is the one that «auth0-mcp run» would use with the same flags.
	Selected bool `json:"selected"`
	// Default is whether the config names the profile as the default one.
	Default bool        `json:"default"`
	Domain  string      `json:"domain"`
	Method  auth.Method `json:"method"`
	// Environment is what the tenant is for; empty: nobody has said.
	Environment approval.Environment `json:"environment"`
	State       sessionState         `json:"state"`
	// Usable is whether a call would work: valid or renewable.
	Usable bool `json:"usable"`
	// ExpiresAt is when the token ends, in UTC; absent if that is not known.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	Renews    bool      `json:"renews"`
	// Scopes are the granted ones; null if the token does not tell.
	Scopes []string `json:"scopes"`
	// Tools are those all of whose scopes are granted; null if that is not known.
	Tools *enabledTools `json:"tools"`
	Store storeReport   `json:"store"`
	// Problem is what is wrong, Remedy what mends it; empty if the session is usable.
	Problem string `json:"problem,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
}

type enabledTools struct {
	Enabled int `json:"enabled"`
	// Of is how many tools «auth0-mcp run» offers with the same flags.
	Of    int      `json:"of"`
	Names []string `json:"names"`
}

type storeReport struct {
	auth.StoreDescription
	// ChosenBy is what chose the store: a flag, a variable, the profile, the config.
	ChosenBy string `json:"chosen_by"`
}

func sessionCommand(env Environment) *cobra.Command {
	var f runFlags
	var all, asJSON boolFlag
	cmd := &cobra.Command{
		Use:   "session",
		Short: "Show who is signed in where, until when, and which tools that enables",
		Long: `Show the session that «auth0-mcp run» would use with the same flags: tenant, sign-in, scopes, the
tools that these enable, when the token ends, whether it renews itself, and where it is kept.
Nothing is sent to Auth0, and no secret is shown.

The exit status is 0 if that session is usable: its token is good, or the next call renews it.`,
		Example: `  auth0-mcp session
  auth0-mcp session --all --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return showSessions(cmd, env, f, all.on, asJSON.on) },
	}
	f.account.add(cmd)
	f.addSelection(cmd)
	all.add(cmd, "all", "every profile, not only the selected one")
	asJSON.add(cmd, "json", "for programs")
	return cmd
}

func showSessions(cmd *cobra.Command, env Environment, f runFlags, all, asJSON bool) error {
	a, err := openAccounts(env, f.account)
	if err != nil {
		return err
	}
	log, err := (&logFlags{level: "error", format: "text"}).logger(env.Err)
	if err != nil {
		return err
	}
	// Whoever looks at a session may have no plugins yet: that hides nothing else.
	var tools []*catalog.Tool
	selection, _, toolsErr := f.selection(cmd, env, log)
	if toolsErr == nil {
		tools = selection.Tools()
	}
	selected, selectErr := a.selected()
	report := sessionsReport{Sessions: []sessionReport{}, Audit: reportAudit()}
	var failure error
	if selectErr == nil {
		r := a.report(cmd.Context(), selected, tools, time.Now())
		r.Selected = true
		report.Sessions = append(report.Sessions, r)
		failure = r.failure()
	}
	if all {
		report.Sessions = append(report.Sessions, a.reportOthers(cmd.Context(), selected, tools)...)
	}
	if toolsErr != nil {
		report.ToolsProblem = toolsErr.Error()
	}
	err = report.print(env.Out, asJSON)
	others := len(a.config.Profiles)
	if selectErr == nil && selected.name != "" {
		others--
	}
	if err == nil && selectErr == nil && !all && !asJSON && others > 0 {
		_, err = fmt.Fprintln(env.Out, "\nThere are other profiles: «auth0-mcp session --all» shows them.")
	}
	return errors.Join(err, selectErr, failure)
}

// reportOthers are the sessions of all profiles but the selected one.
func (a *accounts) reportOthers(ctx context.Context, selected *account, tools []*catalog.Tool) []sessionReport {
	var reports []sessionReport
	for _, name := range slices.Sorted(maps.Keys(a.config.Profiles)) {
		if selected != nil && selected.name == name {
			continue
		}
		profile := a.config.Profiles[name]
		acc, err := a.open(name, profile)
		if err != nil {
			reports = append(reports, sessionReport{
				Profile: name, Default: name == a.config.DefaultProfile, Domain: profile.Domain, Method: profile.Method,
				State: sessionUnreadable, Problem: err.Error(), Remedy: (&account{name: name, profile: profile}).signInAgain(),
			})
			continue
		}
		reports = append(reports, a.report(ctx, acc, tools, time.Now()))
	}
	return reports
}

// report reads an account's session. What can't be read is a part of the report.
func (a *accounts) report(ctx context.Context, acc *account, tools []*catalog.Tool, now time.Time) sessionReport {
	r := sessionReport{
		Profile: acc.name, Default: acc.name != "" && acc.name == a.config.DefaultProfile, Domain: acc.profile.Domain, Method: acc.profile.Method,
		Environment: acc.profile.Environment,
		Store:       storeReport{acc.store.Describe(), acc.by},
	}
	session, err := acc.store.Get(ctx, acc.name)
	var none *auth.NoSessionError
	switch {
	case errors.As(err, &none):
		r.State, r.Problem, r.Remedy = sessionNone, "not signed in", acc.signInAgain()
		return r
	case err != nil: // its text has the remedy
		r.State, r.Problem = sessionUnreadable, err.Error()
		return r
	}
	// The session decides where its token goes, not the profile.
	r.Domain, r.Method, r.ExpiresAt, r.Renews = session.Domain, session.Method, session.ExpiresAt.UTC(), session.Renewable()
	switch {
	case session.ValidAt(now):
		r.State = sessionValid
	case r.Renews:
		r.State = sessionRenewable
	case session.AccessToken == "":
		r.State, r.Problem, r.Remedy = sessionNone, "the session has no token", acc.signInAgain()
	default:
		r.State, r.Problem, r.Remedy = sessionExpired, "the token "+ending(session.ExpiresAt, now), acc.signInAgain()
	}
	r.Usable = r.State == sessionValid || r.State == sessionRenewable
	if session.Method == auth.Given && session.Scope == "" {
		return r // an opaque token tells nobody what it may do
	}
	r.Scopes = append([]string{}, session.Scopes()...)
	if tools != nil {
		names := append([]string{}, enabled(tools, r.Scopes)...)
		r.Tools = &enabledTools{Enabled: len(names), Of: len(tools), Names: names}
	}
	return r
}

// failure says why the session can't be used and what mends it; nil if it can.
func (r sessionReport) failure() error {
	if r.Usable {
		return nil
	}
	text := r.title() + ": " + r.Problem
	if r.Remedy != "" {
		text += ": " + r.Remedy
	}
	return errors.New(text)
}

func (r sessionReport) title() string {
	if r.Profile == "" {
		return "AUTH0_TOKEN"
	}
	return "profile " + r.Profile
}

func (r sessionsReport) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return writeJSON(out, r)
	}
	var text strings.Builder
	for i, s := range r.Sessions {
		if i > 0 {
			text.WriteString("\n")
		}
		s.write(&text, r.ToolsProblem, time.Now())
	}
	if len(r.Sessions) > 0 {
		fmt.Fprintf(&text, "\n%s\n", r.Audit.words())
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func (r sessionReport) write(out *strings.Builder, toolsProblem string, now time.Time) {
	title := strings.ToUpper(r.title()[:1]) + r.title()[1:]
	if r.Default {
		title += " (default)"
	}
	fmt.Fprintln(out, title)
	line := func(name, value string) { fmt.Fprintf(out, "  %-8s %s\n", name, value) }
	tenant := orWord(r.Domain, "not known yet")
	if r.Environment != "" {
		tenant += " (" + string(r.Environment) + ")"
	}
	line("tenant", tenant)
	line("sign-in", methodWords(r.Method))
	line("state", r.stateWords())
	if r.State != sessionNone && r.State != sessionUnreadable {
		line("token", r.tokenWords(now))
		scopes := "the token does not tell"
		if r.Scopes != nil {
			scopes = orWord(folded(r.Scopes, "\n"+strings.Repeat(" ", 11)), "none")
		}
		line("scopes", scopes)
		switch {
		case r.Tools != nil:
			line("tools", fmt.Sprintf("%d of %d enabled", r.Tools.Enabled, r.Tools.Of))
		case toolsProblem != "":
			line("tools", "not known: "+strings.ReplaceAll(toolsProblem, "\n", "; "))
		default:
			line("tools", "not known, because the scopes are not")
		}
	}
	if r.Store.Where != "" {
		line("kept in", fmt.Sprintf("%s (%s, chosen by %s)", r.Store.Where, r.Store.Kind, r.Store.ChosenBy))
	}
	if r.Remedy != "" {
		line("to do", r.Remedy)
	}
}

// folded joins words into lines of at most 80 characters, but for a longer word.
func folded(words []string, newline string) string {
	const width = 80
	var text strings.Builder
	room := 0
	for i, word := range words {
		switch {
		case i == 0:
			room = width
		case len(word) >= room:
			text.WriteString(newline)
			room = width
		default:
			text.WriteString(" ")
			room--
		}
		text.WriteString(word)
		room -= len(word)
	}
	return text.String()
}

func (r sessionReport) stateWords() string {
	switch r.State {
	case sessionValid:
		return "signed in"
	case sessionRenewable:
		return "signed in; the next call gets a new token"
	case sessionUnreadable:
		return "cannot be read: " + r.Problem
	}
	return r.Problem
}

func (r sessionReport) tokenWords(now time.Time) string {
	text := ending(r.ExpiresAt, now)
	if r.Renews {
		return text + "; renews itself"
	}
	return text + "; does not renew itself"
}

// methodWords are for people; --json has the method itself.
func methodWords(m auth.Method) string {
	switch m {
	case auth.Device:
		return "a person, with a browser"
	case auth.ClientSecret:
		return "an application, with its secret"
	case auth.PrivateKeyJWT:
		return "an application, with its private key"
	case auth.Given:
		return "a token that was given"
	}
	return "not known yet"
}

// ending says when a token ends, relative and absolute, or that it has.
func ending(end, now time.Time) string {
	if end.IsZero() {
		return "does not tell when it ends"
	}
	at := end.Local().Format("2006-01-02 15:04 MST")
	if !now.Before(end) {
		return fmt.Sprintf("ended %s ago (%s)", span(now.Sub(end)), at)
	}
	return fmt.Sprintf("ends in %s (%s)", span(end.Sub(now)), at)
}

// span is a duration in its largest unit that is not below two, rounded down.
func span(d time.Duration) string {
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}} {
		if d >= 2*unit.size {
			return fmt.Sprintf("%d %s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

// signInAgain is what signs an account in, in the way of its last sign-in. It is
// made from the profile: the session may be gone or closed. A secret is never an
// argument, because other users see those.
func (acc *account) signInAgain() string {
	p := acc.profile
	switch {
	case acc.name == "":
		return "set AUTH0_TOKEN to a valid Management API token"
	case len(p.Command) > 0 || p.Method == auth.Given:
		return "run the profile's command by hand to see why it gives no valid token"
	}
	return "sign in with «" + auth.SignInCommand(acc.name, p) + "»"
}
