package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func (d *Doctor) checkConfig(context.Context) []Finding {
	switch {
	case d.foldersErr != nil && d.account != nil:
		return []Finding{warns("config", "set HOME to keep a config, an audit log and installed plugins", "%v",
			d.foldersErr)}
	case d.foldersErr != nil:
		return []Finding{fails("config", "set HOME to your home folder", "%v", d.foldersErr)}
	}
	path := d.folders.ConfigFile().Path
	if d.configErr != nil {
		return []Finding{fails("config", "correct "+path+", or move it away and sign in with `auth0-mcp init`", "%v",
			d.configErr)}
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return []Finding{passes("config", "%s does not exist yet: the first sign-in writes it", path)}
	}
	detail := path + ", " + english.Plural(len(d.config.Profiles), "profile", "")
	if d.config.DefaultProfile != "" {
		detail += ", default " + d.config.DefaultProfile
	}
	return []Finding{passes("config", "%s", detail)}
}

// initCommandLine is the command that signs the account in again.
func (d *Doctor) initCommandLine() string {
	name, profile := d.cfg.Profile, auth.Profile{}
	if d.account != nil {
		name, profile = d.account.Name, d.account.Profile
	}
	if command := auth.SignInCommand(name, profile); command != "" {
		return command
	}
	return "auth0-mcp init"
}

// domainRemedy is how to fix a domain that leads nowhere.
func (d *Doctor) domainRemedy() string {
	if d.account != nil && d.account.Name == "" {
		return "correct AUTH0_DOMAIN"
	}
	return "sign in to the right domain: " + d.initCommandLine()
}

// checkStore asks the store for the session: the only way to know that it answers.
func (d *Doctor) checkStore(ctx context.Context) []Finding {
	switch {
	case d.foldersErr != nil && d.account == nil || d.configErr != nil:
		return []Finding{warns("store", "fix the config file first", "not checked: the config file can't be read")}
	case d.accountErr != nil:
		return []Finding{fails("session", d.accountRemedy(), "%v", d.accountErr)}
	}
	is := d.account.Store.Describe()
	store := fmt.Sprintf("%s, chosen by %s: %s", is.Kind, d.account.By, is.Where)
	started := d.at.now()
	session, err := d.account.Store.Get(ctx, d.account.Name)
	took := d.at.now().Sub(started).Round(time.Millisecond)
	if _, missing := errors.AsType[*auth.NoSessionError](err); missing {
		return []Finding{passes("store", "%s (answered in %v)", store, took),
			fails("session", d.initCommandLine(), "%v", err)}
	}
	if err != nil {
		detail, remedy := d.explainStore(err)
		return []Finding{fails("store", remedy, "%s: %s", store, detail),
			warns("session", "fix the store first", "not checked: the store gave none")}
	}
	d.hide(session.AccessToken, session.RefreshToken, session.ClientSecret, session.PrivateKey)
	d.mu.Lock()
	d.session = &session
	d.mu.Unlock()
	return []Finding{passes("store", "%s (answered in %v)", store, took), d.judge(session)}
}

func (d *Doctor) accountRemedy() string {
	if _, unknown := errors.AsType[*auth.UnknownProfileError](d.accountErr); unknown && len(d.config.Profiles) > 0 {
		return "auth0-mcp profiles list"
	}
	if e, ok := errors.AsType[*tenant.PlaceholderError](d.accountErr); ok {
		return e.Fix
	}
	if d.accounts.Token != "" && d.accounts.Wanted() == "" {
		return "set AUTH0_DOMAIN to the tenant of AUTH0_TOKEN, such as mytenant.us.auth0.com"
	}
	return d.initCommandLine()
}

// explainStore separates what a store's error says from how to fix it.
func (d *Doctor) explainStore(err error) (detail, remedy string) {
	if e, ok := errors.AsType[*auth.KeychainError](err); ok {
		detail = fmt.Sprintf("%s: the system keychain is %s", e.Op, e.Reason)
		switch e.Reason {
		case auth.KeychainTimedOut:
			detail = e.Op + ": the system keychain did not answer in time"
		case auth.KeychainFailed:
			detail = e.Op + ": the system keychain failed"
		case auth.KeychainAbsent, auth.KeychainLocked:
		}
		if e.Err != nil {
			detail += " (" + e.Err.Error() + ")"
		}
		return detail, e.Remedy
	}
	if _, ok := errors.AsType[*auth.NoPassphraseError](err); ok {
		return "it is encrypted, and no passphrase is given", "set AUTH0_MCP_PASSPHRASE, here and in the client's " +
			"entry: a server can't ask for it"
	}
	if e, ok := errors.AsType[*auth.PassphraseError](err); ok {
		return "the passphrase does not open " + e.Path, "set AUTH0_MCP_PASSPHRASE to the one it was written with; " +
			"if it is lost: auth0-mcp logout --profile " + e.Profile + " && " + d.initCommandLine()
	}
	if e, ok := errors.AsType[*auth.StoreMismatchError](err); ok {
		return fmt.Sprintf("the session was written by the store %q",
			e.Written), fmt.Sprintf("auth0-mcp doctor --store %s", e.Written)
	}
	if e, ok := errors.AsType[*auth.CommandError](err); ok {
		return err.Error(), "run " + e.Program + " yourself to see what is wrong with it"
	}
	return err.Error(), d.initCommandLine()
}

// judge checks a session as the server would.
func (d *Doctor) judge(s auth.Session) Finding {
	now := d.at.now()
	who := "AUTH0_TOKEN"
	if d.account.Name != "" {
		who = "profile " + d.account.Name
	}
	detail := fmt.Sprintf("%s at %s", who, s.Domain)
	if s.Method != auth.Given {
		detail += ", by " + string(s.Method)
	}
	if expected := d.account.Profile.Domain; expected != "" && s.Domain != expected {
		return fails("session", d.initCommandLine(), "%s: but the config file says %s", detail, expected)
	}
	end := "its end is not known"
	if !s.ExpiresAt.IsZero() {
		end = fmt.Sprintf("valid until %s (%s)", s.ExpiresAt.Local().Format(time.DateTime),
			inWords(s.ExpiresAt.Sub(now)))
	}
	switch {
	case s.ValidAt(now) && s.Renewable():
		return passes("session", "%s, %s, renews itself", detail, end)
	case s.ValidAt(now):
		return passes("session", "%s, %s, does not renew itself", detail, end)
	case s.Renewable():
		return passes("session", "%s, ended (%s) and renewed at the next call", detail, inWords(s.ExpiresAt.Sub(now)))
	case d.account.Name == "":
		return fails("session", "set AUTH0_TOKEN to a fresh Management API token, or sign in with `auth0-mcp init`",
			"%s: the token has ended, or ends within minutes (%s)", detail, inWords(s.ExpiresAt.Sub(now)))
	}
	return fails("session", d.initCommandLine(), "%s: it has ended, or ends within minutes (%s)", detail,
		inWords(s.ExpiresAt.Sub(now)))
}

func inWords(d time.Duration) string {
	text := strings.TrimSuffix(d.Abs().Round(time.Minute).String(), "0s")
	if text == "" {
		text = "under a minute"
	}
	if d < 0 {
		return text + " ago"
	}
	return "in " + text
}

// checkScopes compares what was granted with what the tools need.
func (d *Doctor) checkScopes(context.Context) []Finding {
	session, plugins := d.known()
	if session == nil || plugins == nil {
		return nil // the session's or the plugins' own line says why
	}
	selection, err := plugins.Select(d.cfg.Filter)
	if err != nil {
		return []Finding{fails("scopes", "auth0-mcp tools", "no tool is left: %v", err)}
	}
	granted, tools := session.Scopes(), selection.Tools()
	if len(granted) == 0 {
		return []Finding{warns("scopes", "auth0-mcp tools, which lists the scopes that each tool needs",
			"the token does not tell its scopes: a call that lacks one is answered with 403")}
	}
	missing := missingScopes(tools, granted)
	on := len(account.Enabled(tools, granted))
	if len(missing) == 0 {
		return []Finding{passes("scopes", "%d granted, which enable %s: all there are", len(granted),
			english.Plural(len(tools), "tool", ""))}
	}
	reading := readingTools(tools)
	if len(reading) > 0 && onlyReads(granted) && len(missingScopes(reading, granted)) == 0 {
		return []Finding{passes("scopes", "%d granted, for reading only. They enable %s: all there are", len(granted),
			english.Plural(len(reading), "reading tool", ""))}
	}
	var off []string
	for _, t := range tools {
		if slices.ContainsFunc(t.Scopes, func(scope string) bool { return slices.Contains(missing, scope) }) {
			off = append(off, t.Name)
		}
	}
	known, err := plugins.Select(catalog.Filter{})
	if err != nil {
		return []Finding{fails("scopes", "auth0-mcp tools", "no tool is left: %v", err)}
	}
	// init refuses scopes that no tool needs, and asks for offline_access by itself.
	all := slices.Concat(missing, account.ScopesOf(known.Tools()).Acceptable(granted))
	slices.Sort(all)
	remedy := fmt.Sprintf("%s --scopes %s", d.initCommandLine(), strings.Join(all, ","))
	if session.Method == auth.Given {
		remedy = "get a token that also has " + strings.Join(missing, " ")
	}
	detail := fmt.Sprintf("%d of %s without a scope (%s): %s", len(tools)-on, english.Plural(len(tools), "tool", ""),
		strings.Join(missing, " "), strings.Join(off, ", "))
	offered := selection.Granted(granted, "")
	if leftOut, _ := offered.LeftOut(); len(leftOut) > 0 {
		detail += fmt.Sprintf("; %d are not offered", len(leftOut))
	}
	if on == 0 {
		return []Finding{fails("scopes", remedy, "%s", detail)}
	}
	return []Finding{warns("scopes", remedy, "%s", detail)}
}

func readingTools(tools []*catalog.Tool) (reading []*catalog.Tool) {
	for _, t := range tools {
		if t.Effect == pluginv1.EffectRead {
			reading = append(reading, t)
		}
	}
	return reading
}

// onlyReads is whether a user chose scopes that change nothing: they are not missed.
func onlyReads(granted []string) bool {
	return !slices.ContainsFunc(granted, func(scope string) bool {
		return strings.Contains(scope, ":") && !strings.HasPrefix(scope, "read:")
	})
}

// missingScopes are those that the tools need and the token lacks, sorted.
func missingScopes(tools []*catalog.Tool, granted []string) []string {
	var missing []string
	for _, t := range tools {
		for _, scope := range t.Scopes {
			if !slices.Contains(granted, scope) {
				missing = append(missing, scope)
			}
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}
