package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

var errNoScope = errors.New("select at least one scope: no tool works without one")

// pickScopes lets the user choose scopes on the terminal; kept are selected at first.
func pickScopes(ctx context.Context, env Environment, s account.ScopeTools, kept []string) ([]string, error) {
	screen := console.Of(env.Err)
	if !screen.Moving || !screen.Symbols {
		return askScopes(ctx, env, s, kept)
	}
	chosen := slices.Clone(kept)
	confirmed := false
	// The form validates what is selected from the beginning on: it counts when it is confirmed.
	// A program that quits, unlike one that is interrupted, waits for its reader before it closes what that reads.
	note := func(_ tea.Model, message tea.Msg) tea.Msg {
		switch m := message.(type) {
		case tea.KeyPressMsg:
			confirmed = m.Code == tea.KeyEnter
		case tea.InterruptMsg:
			return tea.QuitMsg{}
		}
		return message
	}
	quit := func(p *tea.Program) { context.AfterFunc(ctx, p.Quit) }
	options := scopeOptions(s, screen.Width)
	field := huh.NewMultiSelect[string]().
		Title("Select the scopes to request").
		Description("Space to select, Ctrl+A for all, / to filter, Enter to confirm.").
		Options(options...).Filterable(true).Height(min(len(options)+4, 24)).Value(&chosen).
		Validate(func(selected []string) error {
			if confirmed && len(selected) == 0 {
				return errNoScope
			}
			return nil
		})
	form := huh.NewForm(huh.NewGroup(field)).
		WithProgramOptions(tea.WithFilter(note), tea.WithoutSignalHandler(), quit).WithInput(env.In).WithOutput(env.Err)
	err := form.Run()
	if errors.Is(err, huh.ErrUserAborted) || ctx.Err() != nil {
		return nil, account.ErrCancelled
	}
	slices.Sort(chosen)
	return chosen, err
}

// scopeOptions are the scopes to choose from in lines of a width: group, scope and tools, each if there is room.
func scopeOptions(s account.ScopeTools, screen int) []huh.Option[string] {
	names := byResource(s)
	width, nouns := 0, 0
	for _, name := range names {
		width, nouns = max(width, len(name)), max(nouns, len(noun(name)))
	}
	room := min(screen, 80) - utf8.RuneCountInString("┃ > • ") - width
	grouped := room > nouns+len("  ")
	if grouped {
		room -= nouns + len("  ")
	}
	const narrowest = len("10 tools")
	options := make([]huh.Option[string], 0, len(s))
	group := ""
	for _, name := range names {
		line := name
		if room >= narrowest+len("  ") {
			line = fmt.Sprintf("%-*s  %s", width, name, upTo(enabledBy(s, name), room-len("  ")))
		}
		if grouped {
			// The first of a group has its name before it.
			title := ""
			if noun(name) != group {
				group = noun(name)
				title = group
			}
			line = fmt.Sprintf("%-*s  %s", nouns, title, line)
		}
		options = append(options, huh.NewOption(line, name))
	}
	return options
}

// byResource are the scopes in the order of their resources: "read:logs" belongs to logs.
func byResource(s account.ScopeTools) []string {
	names := s.Names()
	slices.SortStableFunc(names, func(a, b string) int { return strings.Compare(noun(a), noun(b)) })
	return names
}

// enabledBy are the tools that a scope enables, by their short names.
func enabledBy(s account.ScopeTools, scope string) []string {
	tools := make([]string, 0, len(s[scope]))
	for _, t := range s[scope] {
		tools = append(tools, strings.TrimPrefix(t.Name, "auth0_"))
	}
	return tools
}

// upTo joins names up to a width in characters, and counts those that it leaves out: a line that wraps
// pushes others out of the list.
func upTo(names []string, width int) string {
	text := ""
	for i, name := range names {
		longer := name
		if i > 0 {
			longer = text + ", " + name
		}
		rest := ""
		if left := len(names) - i - 1; left > 0 {
			rest = fmt.Sprintf(", +%d", left)
		}
		if len(longer)+len(rest) > width {
			if i == 0 {
				return counted(len(names), "tool")
			}
			return fmt.Sprintf("%s, +%d", text, len(names)-i)
		}
		text = longer
	}
	return text
}

func noun(scope string) string {
	_, noun, _ := strings.Cut(scope, ":")
	return noun
}
