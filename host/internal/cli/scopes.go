package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"charm.land/huh/v2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

// pickScopes lets the user choose scopes on the terminal; kept are selected at first.
func pickScopes(ctx context.Context, env Environment, s account.ScopeTools, kept []string) ([]string, error) {
	chosen := slices.Clone(kept)
	options := make([]huh.Option[string], 0, len(s))
	names := s.Names()
	// Grouped by resource: "read:logs" belongs to logs.
	slices.SortStableFunc(names, func(a, b string) int { return strings.Compare(noun(a), noun(b)) })
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	nouns := 0
	for _, name := range names {
		nouns = max(nouns, len(noun(name)))
	}
	group := ""
	for _, name := range names {
		// The first of a group has its name before it.
		title := ""
		if noun(name) != group {
			group = noun(name)
			title = group
		}
		var tools []string
		for _, t := range s[name] {
			tools = append(tools, strings.TrimPrefix(t.Name, "auth0_"))
		}
		options = append(options, huh.NewOption(fmt.Sprintf("%-*s  %-*s  %s", nouns, title, width, name,
			upTo(tools, 80-utf8.RuneCountInString("┃ > • ")-nouns-width-4)), name))
	}
	field := huh.NewMultiSelect[string]().
		Title("Select the scopes to request").
		Description("Each enables the tools beside it. Space to select, Ctrl+A for all, / to filter, Enter to " +
			"confirm.").
		Options(options...).Filterable(true).Height(min(len(options)+4, 24)).Value(&chosen).
		Validate(func(selected []string) error {
			if len(selected) == 0 {
				return errors.New("select at least one scope: no tool works without one")
			}
			return nil
		})
	form := huh.NewForm(huh.NewGroup(field)).WithInput(env.In).WithOutput(env.Err).
		WithAccessible(!console.Of(env.Err).Moving)
	err := form.RunWithContext(ctx)
	if errors.Is(err, huh.ErrUserAborted) || ctx.Err() != nil {
		return nil, account.ErrCancelled
	}
	slices.Sort(chosen)
	return chosen, err
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
		if i > 0 && len(longer)+len(rest) > width {
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
