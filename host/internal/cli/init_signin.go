package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cli/browser"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

func goos() string { return runtime.GOOS }

// signIn gets the session: from a person's confirmation in a browser, or with the
// credentials of an application.
func (f initFlags) signIn(ctx context.Context, env Environment, s *signIn, say *reporter) (auth.Session, error) {
	if s.session.Method != "" {
		session, err := s.accounts.oauth.ClientCredentials(ctx, s.session, auth.CredentialOptions{Scopes: s.account.profile.Scopes, Algorithm: s.account.profile.Algorithm})
		if err != nil && len(s.account.profile.Scopes) > 0 {
			err = fmt.Errorf("%w. Without --scopes the application gets all that it was granted", err)
		}
		return session, err
	}
	login, err := s.accounts.oauth.StartDevice(ctx, s.account.name, s.account.profile)
	if err != nil {
		return auth.Session{}, err
	}
	say.confirm(login)
	if !f.browser.on && !f.json.on {
		page := login.VerificationURIComplete
		if page == "" {
			page = login.VerificationURI
		}
		// That it does not open is no failure: the address is on the screen.
		if !openBrowser(page) {
			say.line("The browser did not open: open the address yourself.")
		}
	}
	stop := say.waiting(ctx, isTerminal(env.Err))
	session, err := login.Poll(ctx)
	stop()
	if errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrCodeExpired) {
		err = fmt.Errorf("%w; nothing was written", err) // it holds the command that tries again
	}
	return session, err
}

// openBrowser opens a page, and reports whether that began well. What it starts
// may stay: nobody waits for it longer than a moment.
func openBrowser(page string) bool {
	// The library gives these to what it starts, which must not write to our streams.
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	opened := make(chan error, 1)
	go func() { opened <- browser.OpenURL(page) }()
	select {
	case err := <-opened:
		return err == nil
	case <-time.After(2 * time.Second):
		return true
	}
}

// sameTenant refuses a session for another tenant than the profile's: what runs
// with the profile was meant for the one that it names. It reads the config file
// anew, because another init may have written it while a person was confirming.
func (s *signIn) sameTenant(session auth.Session) error {
	config, err := s.accounts.folders.ConfigFile().Load()
	if err != nil {
		return err
	}
	before := config.Profiles[s.account.name].Domain
	if before == "" || before == session.Domain || s.replace {
		return nil
	}
	return fmt.Errorf("profile %s is for the tenant %s, and the sign-in was to %s: nothing was written. Give another --profile for it, or --replace to let this one go there",
		s.account.name, before, session.Domain)
}

// store keeps the session and then the profile: a profile without a session says
// what to do, a session without a profile would never be found.
func (s *signIn) store(ctx context.Context, session auth.Session) error {
	unlock, err := s.accounts.lock(ctx, s.account)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.sameTenant(session); err != nil {
		return err
	}
	if err := s.account.store.Put(ctx, session); err != nil {
		return fmt.Errorf("the sign-in succeeded and could not be kept: %w", err)
	}
	profile := s.account.profile
	if before := s.accounts.config.Profiles[s.account.name].Domain; before != "" && before != session.Domain && !s.environmentGiven {
		// What was said of one tenant says nothing of another.
		profile.Environment = ""
	}
	profile.Domain = session.Domain
	profile.Store = string(s.account.store.Describe().Kind)
	s.account.profile = profile
	return s.accounts.folders.ConfigFile().Update(ctx, func(c *auth.Config) error {
		c.Profiles[s.account.name] = profile
		if c.DefaultProfile == "" {
			c.DefaultProfile = s.account.name
		}
		return nil
	})
}

func (s *signIn) setUpClients(ctx context.Context, say *reporter) error {
	var errs []error
	for _, p := range s.changes {
		change, err := applyChange(ctx, false, p.plan)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s was not set up (the sign-in is kept): %w. To try again: %s", p.client.Title, err, p.retry))
			continue
		}
		say.clientDone(change.Client.Title, change.Path, change.Scope.Next, change.NoOp())
	}
	if len(s.changes) > 0 {
		s.sayNeeded(say)
	}
	if s.snippet != "" {
		say.snippet(s.snippet)
	}
	return errors.Join(errs...)
}

// sayNeeded tells what this shell has and the client's server will need: a client
// gives it its own environment, which a person would look for last.
func (s *signIn) sayNeeded(say *reporter) {
	var needed []string
	if s.account.store.Describe().Kind == auth.StoreFile {
		needed = append(needed, "AUTH0_MCP_PASSPHRASE")
	}
	if os.Getenv("AUTH0_MCP_CA_FILE") != "" {
		needed = append(needed, "AUTH0_MCP_CA_FILE")
	}
	if len(needed) == 0 {
		return
	}
	if say.json {
		say.event("needs", map[string]any{"variables": needed})
		return
	}
	say.line(fmt.Sprintf("The server needs %s in the environment that the client gives it: set it where the client is started from, or in the env of its entry.", strings.Join(needed, " and ")))
}

// showPlan is --dry-run.
func (s *signIn) showPlan(say *reporter) error {
	if say.json {
		planned := []map[string]any{}
		for _, p := range s.changes {
			planned = append(planned, map[string]any{"client": p.client.Title, "path": p.change.Path, "changed": !p.change.NoOp(), "diff": p.change.Diff()})
		}
		say.event("plan", map[string]any{"profile": s.account.name, "store": s.account.store.Describe().Kind, "scopes": list(s.account.profile.Scopes), "clients": planned})
		if s.snippet != "" {
			say.snippet(s.snippet)
		}
		return nil
	}
	say.line(fmt.Sprintf("Profile %s, kept in %s (chosen by %s). Nothing is written by --dry-run.", s.account.name, s.account.store.Describe().Where, s.account.by))
	for _, p := range s.changes {
		change := p.change
		say.line(change.Path + ":")
		if change.NoOp() {
			say.line("  as it should be already")
			continue
		}
		say.line(change.Diff())
	}
	if s.snippet != "" {
		say.snippet(s.snippet)
	}
	return nil
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
		fmt.Fprintln(r.env.Err, text)
	}
}

func (r *reporter) confirm(login *auth.DeviceLogin) {
	if r.json {
		r.event("confirm", map[string]any{"verification_uri": login.VerificationURI, "verification_uri_complete": login.VerificationURIComplete,
			"user_code": login.UserCode, "expires_at": login.ExpiresAt.UTC().Format(time.RFC3339)})
		return
	}
	page := login.VerificationURIComplete
	if page == "" {
		page = login.VerificationURI
	}
	r.line(fmt.Sprintf("To sign in, open this address in any browser, on any device:\n\n  %s\n\nand check that it shows the code %s (good until %s).",
		page, login.UserCode, login.ExpiresAt.Local().Format("15:04")))
}

// waiting shows that something is going on, until stop is called.
func (r *reporter) waiting(ctx context.Context, terminal bool) (stop func()) {
	if r.json {
		return func() {}
	}
	if !terminal {
		r.line("Waiting for the confirmation …")
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for i := 0; ; i++ {
			fmt.Fprintf(r.env.Err, "\r%c Waiting for the confirmation (Ctrl-C gives up)", []rune(`|/-\`)[i%4])
			select {
			case <-ticker.C:
			case <-done:
				fmt.Fprint(r.env.Err, "\r\x1b[K")
				return
			case <-ctx.Done():
				fmt.Fprint(r.env.Err, "\r\x1b[K")
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// signedIn says what was got and what it changes.
func (r *reporter) signedIn(s *signIn, session auth.Session) {
	granted := session.Scopes()
	tools := enabled(s.tools, granted)
	known := s.accounts.config.Profiles[s.account.name].Scopes
	before := s.grantedBefore
	if before == nil {
		before = known
	}
	var on, off []string
	if len(before) > 0 {
		was := enabled(s.tools, before)
		on, off = without(tools, was), without(was, tools)
	}
	dropped, missing := without(known, s.account.profile.Scopes), without(s.account.profile.Scopes, granted)
	if r.json {
		r.event("signed_in", map[string]any{"profile": s.account.name, "domain": session.Domain, "scopes": granted, "tools": tools,
			"store": s.account.store.Describe().Kind, "renews": session.Renewable(), "switched_on": list(on), "switched_off": list(off),
			"no_longer_asked_for": list(dropped), "not_granted": list(missing)})
		return
	}
	r.line(fmt.Sprintf("Signed in to %s. Profile %s is kept in %s.", session.Domain, s.account.name, s.account.store.Describe().Where))
	r.line(fmt.Sprintf("Scopes: %s. They enable %d of %d tools.", orWord(strings.Join(granted, " "), "none"), len(tools), len(s.tools)))
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

func (r *reporter) clientDone(title, path, next string, unchanged bool) {
	switch {
	case r.json:
		r.event("client", map[string]any{"client": title, "path": path, "changed": !unchanged})
	case unchanged:
		r.line(fmt.Sprintf("%s is set up already (%s).", title, path))
	default:
		r.line(fmt.Sprintf("%s is set up (%s). %s", title, path, next))
	}
}

func (r *reporter) snippet(text string) {
	if r.json {
		r.event("snippet", map[string]any{"entry": json.RawMessage(text)})
		return
	}
	r.line("For another client, this is the entry:")
	fmt.Fprintln(r.env.Out, text)
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}
