package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"charm.land/huh/v2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// secretScopes let a token read secrets of the tenant: no pattern selects them,
// and the picker does not offer them. They are asked for by name or not at all.
func secretScopes() []string { return []string{"read:client_credentials", "read:client_keys"} }

// scopeTools are the scopes that tools declare, each with the tools that need it.
type scopeTools map[string][]*catalog.Tool

func scopesOf(tools []*catalog.Tool) scopeTools {
	scopes := scopeTools{}
	for _, t := range tools {
		for _, scope := range t.Scopes {
			scopes[scope] = append(scopes[scope], t)
		}
	}
	return scopes
}

func (s scopeTools) names() []string { return slices.Sorted(maps.Keys(s)) }

// choose reads the value of --scopes: names and globs, separated by commas.
func (s scopeTools) choose(value string) ([]string, error) {
	var chosen []string
	var problems []error
	for pattern := range strings.SplitSeq(value, ",") {
		pattern = strings.TrimSpace(pattern)
		switch {
		case pattern == "":
		case !strings.ContainsAny(pattern, "*?"):
			if len(s.acceptable([]string{pattern})) == 0 {
				problems = append(problems, fmt.Errorf("--scopes: no tool needs %q; %s", pattern, s.near(pattern)))
			}
			chosen = append(chosen, pattern)
		default:
			matched := s.matching(pattern)
			if len(matched) == 0 {
				problems = append(problems, fmt.Errorf("--scopes: %q matches no scope; the scopes are: %s", pattern, strings.Join(s.names(), ", ")))
			}
			chosen = append(chosen, matched...)
		}
	}
	if len(problems) == 0 && len(chosen) == 0 {
		problems = append(problems, errors.New("--scopes is empty: name scopes or patterns such as 'read:*', separated by commas"))
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), errors.Join(problems...)
}

// acceptable are those of some scopes that choose lets through.
func (s scopeTools) acceptable(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return len(s[scope]) == 0 && !slices.Contains(secretScopes(), scope)
	})
}

func (s scopeTools) matching(pattern string) []string {
	return slices.DeleteFunc(s.names(), func(name string) bool {
		return !catalog.MatchGlob(pattern, name) || slices.Contains(secretScopes(), name)
	})
}

// near names the scopes that may be meant, or all if none is near.
func (s scopeTools) near(wrong string) string {
	const limit = 5
	if near := catalog.NearNames(wrong, s.names(), limit); len(near) > 0 {
		return "near it: " + strings.Join(near, ", ")
	}
	return "the scopes are: " + strings.Join(s.names(), ", ")
}

// enabled are the tools all of whose scopes are granted, by name.
func enabled(tools []*catalog.Tool, granted []string) []string {
	var names []string
	for _, t := range tools {
		if !slices.ContainsFunc(t.Scopes, func(scope string) bool { return !slices.Contains(granted, scope) }) {
			names = append(names, t.Name)
		}
	}
	return names
}

// errCancelled means that the person ended the command before it did anything.
var errCancelled = errors.New("cancelled: nothing was written")

// pick lets the person choose scopes on the terminal; kept are chosen at first.
func (s scopeTools) pick(ctx context.Context, env Environment, kept []string) ([]string, error) {
	chosen := slices.Clone(kept)
	options := make([]huh.Option[string], 0, len(s))
	names := s.names()
	// Grouped by what they are about: "read:logs" belongs to logs.
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
		options = append(options, huh.NewOption(fmt.Sprintf("%-*s  %-*s  %s", nouns, title, width, name, strings.Join(tools, ", ")), name))
	}
	field := huh.NewMultiSelect[string]().
		Title("Which scopes shall the token have?").
		Description("Each enables the tools beside it. space chooses, ctrl+a all, / filters, enter goes on.").
		Options(options...).Filterable(true).Height(min(len(options)+4, 24)).Value(&chosen)
	err := huh.NewForm(huh.NewGroup(field)).WithInput(env.In).WithOutput(env.Err).RunWithContext(ctx)
	if errors.Is(err, huh.ErrUserAborted) || ctx.Err() != nil {
		return nil, errCancelled
	}
	if err == nil && len(chosen) == 0 {
		return nil, errors.New("no scope was chosen, without which no tool works: nothing was written")
	}
	slices.Sort(chosen)
	return chosen, err
}

func noun(scope string) string {
	_, noun, _ := strings.Cut(scope, ":")
	return noun
}
