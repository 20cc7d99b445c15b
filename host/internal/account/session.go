package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// State is what a session is good for, in one word.
type State string

const (
	// Valid has a token that a call can set out with: auth.Session.ValidAt.
	Valid State = "valid"
	// Renewable has none, and the next call gets one without the user.
	Renewable State = "renewable"
	// Expired needs the user to sign in again.
	Expired State = "expired"
	// None was never there, or was logged out.
	None State = "none"
	// Unreadable is there, and its store can't open it now.
	Unreadable State = "unreadable"
)

// Report is one profile's session, or that of AUTH0_TOKEN. None of its
// members is a secret.
type Report struct {
	// Profile is empty for the session of AUTH0_TOKEN.
	Profile string `json:"profile"`
	// Selected is the one that `auth0-mcp run` would use with the same flags.
	Selected bool `json:"selected"`
	// Default is whether the config names the profile as the default one.
	Default bool        `json:"default"`
	Domain  string      `json:"domain"`
	Method  auth.Method `json:"method"`
	// Environment is what the tenant is for; empty: not set.
	Environment tenant.Environment `json:"environment"`
	State       State              `json:"state"`
	// Usable is whether a call would work: valid or renewable.
	Usable bool `json:"usable"`
	// ExpiresAt is when the token ends, in UTC; absent if that is not known.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	Renews    bool      `json:"renews"`
	// Scopes are the granted ones; null if the token does not tell.
	Scopes []string `json:"scopes"`
	// Tools are those all of whose scopes are granted; null if that is not known.
	Tools *EnabledTools `json:"tools"`
	Store StoreReport   `json:"store"`
	// Problem is what is wrong, Remedy how to fix it; empty if the session is usable.
	Problem string `json:"problem,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
}

// EnabledTools are the tools that the granted scopes enable.
type EnabledTools struct {
	Enabled int `json:"enabled"`
	// Of is how many tools `auth0-mcp run` offers with the same flags.
	Of    int      `json:"of"`
	Names []string `json:"names"`
}

// StoreReport says where a session is kept.
type StoreReport struct {
	auth.StoreDescription
	// ChosenBy is what chose the store: a flag, a variable, the profile, the config.
	ChosenBy string `json:"chosen_by"`
}

// ReportOthers are the sessions of all profiles but the selected one.
func (a *Accounts) ReportOthers(ctx context.Context, selected *Account, tools []*catalog.Tool) []Report {
	var reports []Report
	for _, name := range slices.Sorted(maps.Keys(a.Config.Profiles)) {
		if selected != nil && selected.Name == name {
			continue
		}
		profile := a.Config.Profiles[name]
		acc, err := a.Open(name, profile)
		if err != nil {
			reports = append(reports, Report{
				Profile: name, Default: name == a.Config.DefaultProfile, Domain: profile.Domain, Method: profile.Method,
				State: Unreadable, Problem: err.Error(), Remedy: (&Account{Name: name, Profile: profile}).SignIn(),
			})
			continue
		}
		reports = append(reports, a.Report(ctx, acc, tools, time.Now()))
	}
	return reports
}

// Report reads an account's session. What can't be read is a part of the report.
func (a *Accounts) Report(ctx context.Context, acc *Account, tools []*catalog.Tool, now time.Time) Report {
	r := Report{
		Profile: acc.Name, Default: acc.Name != "" && acc.Name == a.Config.DefaultProfile, Domain: acc.Profile.Domain,
		Method:      acc.Profile.Method,
		Environment: acc.Profile.Environment,
		Store:       StoreReport{acc.Store.Describe(), acc.By},
	}
	session, err := acc.Store.Get(ctx, acc.Name)
	var none *auth.NoSessionError
	switch {
	case errors.As(err, &none):
		r.State, r.Problem, r.Remedy = None, "not signed in", acc.SignIn()
		return r
	case err != nil: // its text has the remedy
		r.State, r.Problem = Unreadable, err.Error()
		return r
	}
	// The session decides where its token goes, not the profile.
	r.Domain, r.Method = session.Domain, session.Method
	r.ExpiresAt, r.Renews = session.ExpiresAt.UTC(), session.Renewable()
	switch {
	case session.ValidAt(now):
		r.State = Valid
	case r.Renews:
		r.State = Renewable
	case session.AccessToken == "":
		r.State, r.Problem, r.Remedy = None, "the session has no token", acc.SignIn()
	default:
		r.State, r.Problem, r.Remedy = Expired, "the token "+Ending(session.ExpiresAt, now), acc.SignIn()
	}
	r.Usable = r.State == Valid || r.State == Renewable
	if session.Method == auth.Given && session.Scope == "" {
		return r // an opaque token does not tell what it may do
	}
	r.Scopes = append([]string{}, session.Scopes()...)
	if tools != nil {
		names := append([]string{}, Enabled(tools, r.Scopes)...)
		r.Tools = &EnabledTools{Enabled: len(names), Of: len(tools), Names: names}
	}
	return r
}

// Failure says why the session can't be used and how to fix it; nil if it can.
func (r Report) Failure() error {
	if r.Usable {
		return nil
	}
	text := r.Title() + ": " + r.Problem
	if r.Remedy != "" {
		text += ": " + r.Remedy
	}
	return errors.New(text)
}

// Title names the account: "profile NAME" or "AUTH0_TOKEN".
func (r Report) Title() string {
	if r.Profile == "" {
		return "AUTH0_TOKEN"
	}
	return "profile " + r.Profile
}

// Ending says when a token ends, relative and absolute, or that it has.
func Ending(end, now time.Time) string {
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
