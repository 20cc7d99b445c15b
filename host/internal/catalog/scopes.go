package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// anyOperation begins the names of the tools that reach every operation of the Management API: what their calls need
// is known by the call alone.
const anyOperation = "auth0_api_"

// Lacks are the scopes that a tool declares and a token lacks, if the tool surely cannot work with that token; nil if
// it may. Auth0 accepts any one of an operation's scopes, so that another than the declared one can be enough.
func (t *Tool) Lacks(granted []string) []string {
	missing := without(t.Scopes, granted)
	if len(missing) == 0 || t.External || t.builtin != nil || strings.HasPrefix(t.Name, anyOperation) {
		return nil
	}
	declared := len(missing) < len(t.Scopes) // at least one is granted
	requests := t.ownRequests()
	if len(requests) == 0 && declared {
		return nil
	}
	for _, rule := range requests {
		if mayRequest(rule, granted, declared) {
			return nil
		}
	}
	return missing
}

// ownRequests are the declared requests without which a tool has no effect: a writing tool's reads only prepare.
func (t *Tool) ownRequests() []string {
	if t.Effect == pluginv1.EffectRead {
		return t.Paths
	}
	return slices.DeleteFunc(slices.Clone(t.Paths), func(rule string) bool {
		method, _, _ := strings.Cut(rule, " ")
		return slices.Contains(pluginv1.EffectRead.Methods(), method)
	})
}

// mayRequest reports whether a declared request may be allowed. For an operation that is not known the declared scopes
// count: whether one of them is granted.
func mayRequest(rule string, granted []string, declared bool) bool {
	method, path, _ := strings.Cut(rule, " ")
	// A parameter is called as the plugin's author likes, and any value stands for it.
	o, _, ok := managementapi.Lookup(method, strings.NewReplacer("{", "", "}", "").Replace(path))
	if !ok {
		return declared
	}
	return len(o.Scopes) == 0 || slices.ContainsFunc(o.Scopes, func(s string) bool { return slices.Contains(granted, s) })
}

// Every is all tools of the plugins that are loaded, whatever is selected.
func (s *Selection) Every() []*Tool { return slices.Clone(s.catalog.tools) }

// LeftOut are the selected tools that Granted left out, each with the scopes that it lacks, and how to get them.
func (s *Selection) LeftOut() (lacking map[string][]string, remedy string) {
	return maps.Clone(s.lacking), s.remedy
}

// Granted is the selection without the tools that surely cannot work with the granted scopes; nil scopes are unknown,
// and leave nothing out. remedy says in a sentence how to get more scopes.
func (s *Selection) Granted(scopes []string, remedy string) *Selection {
	if scopes == nil {
		return s
	}
	next := &Selection{catalog: s.catalog, byName: map[string]*Tool{}, excluded: maps.Clone(s.excluded),
		unusable: map[string]*Tool{}, lacking: map[string][]string{}, remedy: remedy}
	for _, t := range s.tools {
		if t.builtin != nil {
			continue
		}
		if lacks := t.Lacks(scopes); lacks != nil {
			next.unusable[t.Name], next.lacking[t.Name] = t, lacks
			next.excluded[t.Name] = fmt.Sprintf("tool %s is left out, because the token lacks the scope %s: %s", t.Name,
				strings.Join(lacks, " and the scope "), remedy)
			continue
		}
		next.tools = append(next.tools, t)
		next.byName[t.Name] = t
	}
	if _, describes := s.byName[describeToolName]; describes {
		next.addDescribeTool(Filter{})
	}
	return next
}
