package account

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/suggest"
)

// secretScopes let a token read secrets of the tenant: no pattern selects them,
// and the picker does not offer them. They are asked for by name or not at all.
func secretScopes() []string { return []string{"read:client_credentials", "read:client_keys"} }

// ScopeTools are the scopes that tools declare, each with the tools that need it.
type ScopeTools map[string][]*catalog.Tool

// ScopesOf are the scopes of some tools.
func ScopesOf(tools []*catalog.Tool) ScopeTools {
	scopes := ScopeTools{}
	for _, t := range tools {
		for _, scope := range t.Scopes {
			scopes[scope] = append(scopes[scope], t)
		}
	}
	return scopes
}

// Names are the scopes, sorted.
func (s ScopeTools) Names() []string { return slices.Sorted(maps.Keys(s)) }

// Choose reads the value of --scopes: names and globs, separated by commas. every are the scopes of all tools, also of
// those that are not selected: they can be named.
func (s ScopeTools) Choose(value string, every ScopeTools) ([]string, error) {
	var chosen []string
	var problems []error
	for pattern := range strings.SplitSeq(value, ",") {
		pattern = strings.TrimSpace(pattern)
		switch {
		case pattern == "":
		case !strings.ContainsAny(pattern, "*?"):
			if len(s.Acceptable([]string{pattern})) == 0 && len(every[pattern]) == 0 {
				problems = append(problems, fmt.Errorf("--scopes: no tool needs %q; %s", pattern, s.near(pattern)))
			}
			chosen = append(chosen, pattern)
		default:
			matched := s.matching(pattern)
			if len(matched) == 0 {
				problems = append(problems, fmt.Errorf("--scopes: %q matches no scope; the scopes are: %s", pattern,
					strings.Join(s.Names(), ", ")))
			}
			chosen = append(chosen, matched...)
		}
	}
	if len(problems) == 0 && len(chosen) == 0 {
		problems = append(problems, errors.New("--scopes is empty: name scopes or patterns such as 'read:*', "+
			"separated by commas"))
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), errors.Join(problems...)
}

// Acceptable are those of some scopes that Choose lets through.
func (s ScopeTools) Acceptable(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return len(s[scope]) == 0 && !slices.Contains(secretScopes(), scope)
	})
}

func (s ScopeTools) matching(pattern string) []string {
	return slices.DeleteFunc(s.Names(), func(name string) bool {
		return !catalog.MatchGlob(pattern, name) || slices.Contains(secretScopes(), name)
	})
}

// near names the scopes that may be meant, or all if none is near.
func (s ScopeTools) near(wrong string) string {
	const limit = 5
	if near := suggest.Near(wrong, s.Names(), limit); len(near) > 0 {
		return "near it: " + strings.Join(near, ", ")
	}
	return "the scopes are: " + strings.Join(s.Names(), ", ")
}

// Enabled are the tools all of whose scopes are granted, by name.
func Enabled(tools []*catalog.Tool, granted []string) []string {
	var names []string
	for _, t := range tools {
		if !slices.ContainsFunc(t.Scopes, func(scope string) bool { return !slices.Contains(granted, scope) }) {
			names = append(names, t.Name)
		}
	}
	return names
}
