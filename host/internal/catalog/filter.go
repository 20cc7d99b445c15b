package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/suggest"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// maxSuggestions is how many near names an error lists.
const maxSuggestions = 5

// ErrNothingLeft means that --read-only leaves no tool of those selected.
var ErrNothingLeft = errors.New("--read-only leaves no tool")

// Catalog is every plugin that was found: those that are loaded and those that
// are refused. It does not change.
type Catalog struct {
	plugins      []*Plugin
	tools        []*Tool
	refused      []Refusal
	refusedTools map[string]Refusal
}

// Plugins are the loaded plugins, by name.
func (c *Catalog) Plugins() []*Plugin {
	return slices.Clone(c.plugins)
}

// Refused are the plugins that are there but not loaded, in the order in which
// they were found.
func (c *Catalog) Refused() []Refusal {
	return slices.Clone(c.refused)
}

// Filter narrows what is offered.
type Filter struct {
	// Patterns are globs over tool names; nil selects everything.
	Patterns []string
	// ReadOnly leaves the tools with the effect "read", whatever the patterns say.
	ReadOnly bool
	// Within are globs over the tools that this host offers at all; nil is every tool. Patterns select among these.
	Within []string
}

// ParsePatterns reads the value of --tools: globs separated by commas. A value
// without a pattern is an error and never "everything": a variable that happens
// to be empty must not widen what is offered.
func ParsePatterns(s string) ([]string, error) {
	var patterns []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			patterns = append(patterns, part)
		}
	}
	if len(patterns) == 0 {
		return nil, errors.New("the list is empty: name tools or patterns, separated by commas, or leave it out to offer " +
			"every tool")
	}
	return patterns, nil
}

// NoMatchError means that a pattern selects nothing.
type NoMatchError struct {
	Pattern string
	// Near are names of tools that may be meant.
	Near []string
	// Outside is whether it matches tools that this host does not offer: Filter.Within.
	Outside bool
	// Refusal is set if the pattern selects tools of a plugin that is not loaded.
	Refusal *Refusal
}

func (e *NoMatchError) Error() string {
	text := fmt.Sprintf("--tools: %s matches no tool", jsondoc.Quote(e.Pattern))
	switch {
	case e.Outside:
		return fmt.Sprintf("--tools: %s matches only tools that this distribution leaves out", jsondoc.Quote(e.Pattern))
	case e.Refusal != nil:
		return text + " that is loaded: " + e.Refusal.String()
	case len(e.Near) > 0:
		return text + "; near it: " + strings.Join(e.Near, ", ")
	default:
		return text + " and none has a name near it; leave --tools out to see every tool"
	}
}

// Select applies a filter. It fails with a *NoMatchError for each pattern that
// matches nothing, and with ErrNothingLeft if read-only leaves no tool.
func (c *Catalog) Select(f Filter) (*Selection, error) {
	if f.Patterns != nil && len(f.Patterns) == 0 {
		return nil, errors.New("an empty list of tool patterns selects nothing")
	}
	var unmatched []error
	describes := slices.ContainsFunc(c.tools, (*Tool).Folds)
	for _, p := range f.Patterns {
		if (!describes || !MatchGlob(p, describeToolName)) &&
			!slices.ContainsFunc(c.tools, func(t *Tool) bool { return f.offers(t.Name) && MatchGlob(p, t.Name) }) {
			unmatched = append(unmatched, c.noMatch(p))
		}
	}
	if len(unmatched) > 0 {
		return nil, errors.Join(unmatched...)
	}
	s := &Selection{catalog: c, byName: make(map[string]*Tool, len(c.tools)), excluded: map[string]string{}}
	matched := 0
	for _, t := range c.tools {
		wanted := f.offers(t.Name) && f.wants(t.Name)
		if wanted {
			matched++
		}
		switch {
		case !f.offers(t.Name):
			s.excluded[t.Name] = fmt.Sprintf("tool %s is left out of this distribution", t.Name)
		case f.ReadOnly && t.Effect != pluginv1.EffectRead:
			s.excluded[t.Name] = fmt.Sprintf("tool %s changes the tenant (effect %s) and this host runs with --read-only",
				t.Name, t.Effect)
		case !wanted:
			s.excluded[t.Name] = fmt.Sprintf("tool %s is left out by --tools", t.Name)
		default:
			s.tools = append(s.tools, t)
			s.byName[t.Name] = t
		}
	}
	if matched > 0 && len(s.tools) == 0 {
		return nil, fmt.Errorf("%w: all %d selected tools change the tenant; select reading tools with --tools, or leave "+
			"--read-only out", ErrNothingLeft, matched)
	}
	if s.addDescribeTool(f); len(s.tools) == 0 && f.Patterns != nil {
		return nil, fmt.Errorf("--tools: %s describes other tools, name those too", describeToolName)
	}
	return s, nil
}

func (f Filter) wants(tool string) bool {
	return f.Patterns == nil || slices.ContainsFunc(f.Patterns, func(p string) bool { return MatchGlob(p, tool) })
}

// offers reports whether the host has the tool at all, whatever is selected.
func (f Filter) offers(tool string) bool {
	return f.Within == nil || slices.ContainsFunc(f.Within, func(p string) bool { return MatchGlob(p, tool) })
}

// addDescribeTool offers the tool that describes others, if there is something to describe.
func (s *Selection) addDescribeTool(f Filter) {
	switch {
	case !f.wants(describeToolName):
		s.excluded[describeToolName] = fmt.Sprintf("tool %s is left out by --tools", describeToolName)
	case !slices.ContainsFunc(s.tools, (*Tool).Folds):
		s.excluded[describeToolName] = fmt.Sprintf("tool %s is left out: tools/list shows all arguments of all tools here",
			describeToolName)
	default:
		t := newDescribeTool(s)
		s.tools = append(s.tools, t)
		s.byName[t.Name] = t
	}
}

func (c *Catalog) noMatch(pattern string) error {
	e := &NoMatchError{Pattern: pattern}
	if slices.ContainsFunc(c.tools, func(t *Tool) bool { return MatchGlob(pattern, t.Name) }) {
		e.Outside = true // it matches, and yet nothing that is offered
		return e
	}
	refused := make([]string, 0, len(c.refusedTools))
	for name := range c.refusedTools {
		if MatchGlob(pattern, name) {
			refused = append(refused, name)
		}
	}
	if len(refused) > 0 {
		r := c.refusedTools[slices.Min(refused)]
		e.Refusal = &r
		return e
	}
	plain := strings.NewReplacer("*", "", "?", "").Replace(pattern)
	e.Near = suggest.Near(plain, toolNames(c.tools), maxSuggestions)
	return e
}

// Selection is the set of tools that a filter leaves: the one answer to which
// tools are listed and which may be called. It does not change.
type Selection struct {
	catalog  *Catalog
	tools    []*Tool
	byName   map[string]*Tool
	excluded map[string]string
}

// Tools are the selected tools, ordered by plugin name and within a plugin as
// its manifest orders them.
func (s *Selection) Tools() []*Tool {
	return slices.Clone(s.tools)
}

// Lookup returns the selected tool with that name.
func (s *Selection) Lookup(name string) (*Tool, bool) {
	t, ok := s.byName[name]
	return t, ok
}

// ExcludedError says why a tool that exists is not selected: left out by --tools or
// --read-only, or part of a plugin that is not loaded.
type ExcludedError struct{ Tool, Reason string }

func (e *ExcludedError) Error() string { return e.Reason }

// UnknownToolError says that there is no tool of that name.
type UnknownToolError struct {
	Tool string
	// Near are selected tools that it may be a misspelling of.
	Near []string
}

func (e *UnknownToolError) Error() string {
	text := fmt.Sprintf("there is no tool %q", e.Tool)
	if len(e.Near) > 0 {
		text += "; did you mean " + strings.Join(e.Near, " or ") + "?"
	}
	return text
}

// Find returns the selected tool with that name. The error is an [*ExcludedError] or an
// [*UnknownToolError].
func (s *Selection) Find(name string) (*Tool, error) {
	if t, ok := s.byName[name]; ok {
		return t, nil
	}
	if reason, ok := s.excluded[name]; ok {
		return nil, &ExcludedError{name, reason}
	}
	if r, ok := s.catalog.refusedTools[name]; ok {
		return nil, &ExcludedError{name, r.String()}
	}
	return nil, &UnknownToolError{name, suggest.Near(name, toolNames(s.tools), maxSuggestions)}
}

func toolNames(tools []*Tool) []string {
	names := make([]string, len(tools))
	for i, t := range tools {
		names[i] = t.Name
	}
	return names
}
