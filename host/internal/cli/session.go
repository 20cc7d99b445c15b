package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// sessionsReport is the output of `auth0-mcp session --json`. Its members stay; new
// ones may be added.
type sessionsReport struct {
	Sessions []account.Report `json:"sessions"`
	Audit    auditReport      `json:"audit"`
	// ToolsProblem is why the tools are not known; then every session's are null.
	ToolsProblem string `json:"tools_problem,omitempty"`
}

func sessionCommand(env Environment) *cobra.Command {
	var f runFlags
	var all boolFlag
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "session",
		Short: "Show who is signed in where, until when, and which tools that enables",
		Long: `Show the session that ` + "`auth0-mcp run`" + ` would use with the same flags: tenant, sign-in, scopes, the
tools that these enable, when the token ends, whether it renews itself, and where it is kept.
Nothing is sent to Auth0, and no secret is shown.

The exit status is 0 if that session is usable: its token is good, or the next call renews it.`,
		Example: `  auth0-mcp session
  auth0-mcp session --all --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return showSessions(cmd, env, f, all.on, asJSON) },
	}
	f.account.add(cmd)
	f.addSelection(cmd)
	all.add(cmd, "all", "every profile, not only the selected one")
	asJSON.add(cmd, "for programs")
	return cmd
}

func showSessions(cmd *cobra.Command, env Environment, f runFlags, all bool, asJSON jsonFlags) error {
	a, err := openAccounts(env, f.account)
	if err != nil {
		return err
	}
	log, err := (&logFlags{level: "error", format: "text"}).logger(env.Err)
	if err != nil {
		return err
	}
	// There may be no plugins yet: that hides nothing else.
	var tools []*catalog.Tool
	selection, _, toolsErr := f.selection(cmd, env, log)
	if toolsErr == nil {
		tools = selection.Tools()
	}
	selected, selectErr := a.Selected()
	report := sessionsReport{Sessions: []account.Report{}, Audit: reportAudit()}
	var failure error
	if selectErr == nil {
		r := a.Report(cmd.Context(), selected, tools, time.Now())
		r.Selected = true
		report.Sessions = append(report.Sessions, r)
		failure = r.Failure()
	}
	if all {
		report.Sessions = append(report.Sessions, a.ReportOthers(cmd.Context(), selected, tools)...)
	}
	if toolsErr != nil {
		report.ToolsProblem = toolsErr.Error()
	}
	err = report.print(env.Out, asJSON)
	others := len(a.Config.Profiles)
	if selectErr == nil && selected.Name != "" {
		others--
	}
	if err == nil && selectErr == nil && !all && !asJSON.on && others > 0 {
		_, err = io.WriteString(env.Out, "\n"+console.Of(env.Out).Line("There are other profiles: `auth0-mcp session --all` "+
			"shows them."))
	}
	return errors.Join(err, selectErr, failure)
}

func (r sessionsReport) print(out io.Writer, asJSON jsonFlags) error {
	if asJSON.on {
		return asJSON.write(out, r)
	}
	screen := console.Of(out)
	var text strings.Builder
	for i, s := range r.Sessions {
		if i > 0 {
			text.WriteString("\n")
		}
		writeSession(&text, screen, s, r.ToolsProblem, time.Now())
	}
	if len(r.Sessions) > 0 {
		say(&text, "\n%s", whole(screen.Line(redact.Line(r.Audit.words()))))
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func writeSession(out *strings.Builder, screen console.Screen, r account.Report, toolsProblem string, now time.Time) {
	title := strings.ToUpper(r.Title()[:1]) + r.Title()[1:]
	if r.Default {
		title += " (default)"
	}
	sayLine(out, title)
	label := func(name string) string { return fmt.Sprintf("  %-8s ", name) }
	line := func(name, value string) { out.WriteString(screen.Item(label(name), len(label(name)), value)) }
	tenant := orWord(r.Domain, "not known yet")
	if r.Environment != "" {
		tenant += " (" + string(r.Environment) + ")"
	}
	line("tenant", tenant)
	line("sign-in", methodWords(r.Method))
	line("state", stateWords(r))
	if r.State != account.None && r.State != account.Unreadable {
		line("token", tokenWords(r, now))
		scopes := "the token does not tell"
		if r.Scopes != nil {
			width := 80
			if screen.Width > 0 {
				width = screen.Width - len(label("scopes"))
			}
			scopes = orWord(folded(r.Scopes, width), "none")
		}
		indent := "\n" + strings.Repeat(" ", len(label("scopes")))
		say(out, "%s%s\n", whole(label("scopes")), lines(strings.ReplaceAll(scopes, "\n", indent)))
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

// folded joins words into lines of at most so many characters, except for a longer word.
func folded(words []string, width int) string {
	var text strings.Builder
	room := 0
	for i, word := range words {
		word = redact.Line(word)
		switch {
		case i == 0:
			room = width
		case len(word) >= room:
			text.WriteString("\n")
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

func stateWords(r account.Report) string {
	switch r.State {
	case account.Valid:
		return "signed in"
	case account.Renewable:
		return "signed in; the next call gets a new token"
	case account.Unreadable:
		return "cannot be read: " + r.Problem
	}
	return r.Problem
}

func tokenWords(r account.Report, now time.Time) string {
	text := account.Ending(r.ExpiresAt, now)
	if r.Renews {
		return text + "; renews itself"
	}
	return text + "; does not renew itself"
}

// methodWords are for people; --json has the method itself.
func methodWords(m auth.Method) string {
	switch m {
	case auth.Device:
		return "a user, with a browser"
	case auth.ClientSecret:
		return "an application, with its secret"
	case auth.PrivateKeyJWT:
		return "an application, with its private key"
	case auth.Given:
		return "a token that was given"
	}
	return "not known yet"
}
