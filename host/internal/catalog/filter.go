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
	// Presets select tools of the shipped plugins by task; nil selects all of them. Patterns select among these.
	Presets []string
	// Within are globs over the tools that this host offers at all; nil is every tool. Patterns select among these.
	Within []string
	// WithinPresets are the same as presets.
	WithinPresets []string
	// Host are tools of the host itself. No preset has to name them: they are there because the user asked for them.
	Host []*Tool
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
	// Presets are those that were selected, if it matches tools of others.
	Presets []string
	// Refusal is set if the pattern selects tools of a plugin that is not loaded.
	Refusal *Refusal
}

func (e *NoMatchError) Error() string {
	text := fmt.Sprintf("--tools: %s matches no tool", jsondoc.Quote(e.Pattern))
	switch {
	case e.Outside:
		return fmt.Sprintf("--tools: %s matches only tools that this distribution leaves out", jsondoc.Quote(e.Pattern))
	case len(e.Presets) > 0:
		return fmt.Sprintf("--tools: %s matches no tool in %s: add a preset that has it, such as all, with --preset",
			jsondoc.Quote(e.Pattern), presetWords(e.Presets))
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
	if err := c.checkPatterns(f); err != nil {
		return nil, err
	}
	s := &Selection{catalog: c, byName: make(map[string]*Tool, len(c.tools)), excluded: map[string]string{}}
	matched := 0
	for _, t := range c.tools {
		if f.offers(t) && f.selects(t) {
			matched++
		}
		if reason := f.excludes(t); reason != "" {
			s.excluded[t.Name] = reason
			continue
		}
		s.tools = append(s.tools, t)
		s.byName[t.Name] = t
	}
	for _, t := range f.Host {
		switch {
		case !f.within(t.Name):
			s.excluded[t.Name] = fmt.Sprintf("tool %s is left out of this distribution", t.Name)
		case !f.wants(t.Name):
			s.excluded[t.Name] = fmt.Sprintf("tool %s is left out by --tools", t.Name)
		default:
			matched++
			s.tools = append(s.tools, t)
			s.byName[t.Name] = t
		}
	}
	switch {
	case matched > 0 && len(s.tools) == 0:
		return nil, fmt.Errorf("%w: all %d selected tools change the tenant; select reading tools with --tools, or leave "+
			"--read-only out", ErrNothingLeft, matched)
	case matched == 0 && f.Presets != nil && f.Patterns == nil && len(c.tools) > 0:
		return nil, fmt.Errorf("no tool of the plugins here is in %s: choose another with --preset, or select tools with "+
			"--tools", presetWords(f.Presets))
	}
	if s.addDescribeTool(f); len(s.tools) == 0 && f.Patterns != nil {
		return nil, fmt.Errorf("--tools: %s describes other tools, name those too", describeToolName)
	}
	return s, nil
}

// checkPatterns finds the patterns that match nothing.
func (c *Catalog) checkPatterns(f Filter) error {
	if f.Patterns != nil && len(f.Patterns) == 0 {
		return errors.New("an empty list of tool patterns selects nothing")
	}
	var unmatched []error
	describes := slices.ContainsFunc(c.tools, (*Tool).Folds)
	for _, p := range f.Patterns {
		if (!describes || !MatchGlob(p, describeToolName)) && !slices.ContainsFunc(c.tools, func(t *Tool) bool {
			return f.offers(t) && f.presets(t) && MatchGlob(p, t.Name)
		}) && !slices.ContainsFunc(f.Host, func(t *Tool) bool { return MatchGlob(p, t.Name) }) {
			unmatched = append(unmatched, c.noMatch(f, p))
		}
	}
	return errors.Join(unmatched...)
}

// excludes says why a tool is not selected; empty if it is.
func (f Filter) excludes(t *Tool) string {
	switch {
	case !f.offers(t):
		return fmt.Sprintf("tool %s is left out of this distribution", t.Name)
	case f.ReadOnly && t.Effect != pluginv1.EffectRead:
		return fmt.Sprintf("tool %s changes the tenant (effect %s) and this host runs with --read-only", t.Name, t.Effect)
	case !f.presets(t):
		in, _ := PresetsOf(t)
		return fmt.Sprintf("tool %s is not in %s, with which this host runs: it is in %s, which a user can select with "+
			"--preset", t.Name, presetWords(f.Presets), presetWords(in))
	case !f.wants(t.Name):
		return fmt.Sprintf("tool %s is left out by --tools", t.Name)
	}
	return ""
}

// selects reports whether the user selects a tool.
func (f Filter) selects(t *Tool) bool { return f.presets(t) && f.wants(t.Name) }

func (f Filter) presets(t *Tool) bool { return f.Presets == nil || InPresets(t, f.Presets) }

func (f Filter) wants(tool string) bool {
	return f.Patterns == nil || slices.ContainsFunc(f.Patterns, func(p string) bool { return MatchGlob(p, tool) })
}

// offers reports whether the host has the tool at all, whatever is selected.
func (f Filter) offers(t *Tool) bool {
	return (f.WithinPresets == nil || InPresets(t, f.WithinPresets)) && f.within(t.Name)
}

func (f Filter) within(tool string) bool {
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

func (c *Catalog) noMatch(f Filter, pattern string) error {
	e := &NoMatchError{Pattern: pattern}
	for _, t := range c.tools {
		switch {
		case !MatchGlob(pattern, t.Name):
		case f.offers(t):
			e.Presets = f.Presets
			return e
		default:
			e.Outside = true // unless another that it matches is offered
		}
	}
	if e.Outside {
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
	unusable map[string]*Tool    // see Granted
	lacking  map[string][]string // the scopes of those
	remedy   string              // for those
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

// ExcludedError says why a tool that exists is not selected: left out by --tools, --preset or
// --read-only or for lack of scopes, or part of a plugin that is not loaded.
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
	if name == compareToolName {
		return nil, &ExcludedError{name, name + " needs a second tenant: start auth0-mcp with --compare-with PROFILE"}
	}
	return nil, &UnknownToolError{name, suggest.Near(name, toolNames(s.tools), maxSuggestions)}
}

// FindConsenting is Find for a caller whose user can consent to more scopes during a call: it finds the tools that
// only [Selection.Granted] left out, too.
func (s *Selection) FindConsenting(name string) (*Tool, error) {
	if t, ok := s.unusable[name]; ok {
		return t, nil
	}
	return s.Find(name)
}

func toolNames(tools []*Tool) []string {
	names := make([]string, len(tools))
	for i, t := range tools {
		names[i] = t.Name
	}
	return names
}
