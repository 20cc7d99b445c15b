package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/suggest"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// A Preset is a task, with the tools of the shipped plugins that it takes.
type Preset struct {
	Name string
	// Task is what it is for, in a few words.
	Task string
}

const (
	// DefaultPreset is what a user gets who selects nothing.
	DefaultPreset = "default"
	// AllPreset has every tool, also those of plugins that are in no other preset.
	AllPreset = "all"
)

// Presets are all of them, in the order in which users see them.
func Presets() []Preset {
	return []Preset{
		{DefaultPreset, "applications, APIs, Actions, forms and logs: what most sessions need"},
		{"support", "find out why users cannot log in, without changing anything"},
		{"helpdesk", "help users: what support reads of them, unblocking, MFA, passwords, sessions, invitations"},
		{"security", "review how the tenant is set up and what happened in it, without changing anything"},
		{"developer", "build and change what applications use"},
		{AllPreset, "every tool"},
	}
}

// membership puts tools of a shipped plugin into presets.
type membership struct {
	plugin string
	tools  string // a glob over their names
	// upTo is the strongest effect that they may have.
	upTo    pluginv1.Effect
	presets string // separated by spaces
}

// memberships are which shipped plugins are in which presets besides "all". A new plugin needs one line.
// The default has nothing that destroys: who wants that says so. The list is not to be changed.
var memberships = sync.OnceValue(func() []membership {
	const read, write, all = pluginv1.EffectRead, pluginv1.EffectWrite, pluginv1.EffectDestroy
	return []membership{
		{"actions", "*", write, "default"},
		{"actions", "*", all, "developer"},
		{"actions", "*", read, "support security"},
		{"applications", "*", write, "default"},
		{"applications", "*", all, "developer"},
		{"applications", "*", read, "support security"},
		{"diagnosis", "auth0_audit_*", read, "security"},
		{"connections", "*", all, "developer"},
		{"connections", "*", read, "support helpdesk security"},
		{"diagnosis", "auth0_diagnose_*", read, "support helpdesk"},
		{"export", "*", all, "developer"},
		{"flows", "*", all, "developer"},
		{"flows", "*", read, "support"},
		{"forms", "*", write, "default"},
		{"forms", "*", all, "developer"},
		{"forms", "*", read, "support"},
		{"grants", "*", all, "developer"},
		{"grants", "*", read, "security"},
		{"keys", "*", all, "developer"},
		{"keys", "*", read, "security"},
		{"logs", "*", all, "default support helpdesk security developer"},
		{"logstreams", "*", read, "security"},
		{"management", "*", all, "developer"},
		{"onboarding", "*", all, "developer"},
		{"organizations", "*", all, "developer"},
		{"organizations", "*", read, "support helpdesk security"},
		{"organizations", "auth0_*_organization_invitation", all, "helpdesk"},
		{"protection", "*", all, "developer"},
		{"protection", "*", read, "security"},
		{"resourceservers", "*", write, "default"},
		{"resourceservers", "*", all, "developer"},
		{"resourceservers", "*", read, "security"},
		{"roles", "*", all, "developer"},
		{"roles", "*", read, "support helpdesk security"},
		{"tenant", "*", all, "developer"},
		{"tenant", "*", read, "security"},
		{"users", "*", all, "developer"},
		{"users", "*", read, "support helpdesk security"},
		{"users", "auth0_update_user", write, "helpdesk"},
		{"users", "auth0_*block_user", all, "helpdesk"},
		{"users", "auth0_send_*", write, "helpdesk"},
		{"users", "auth0_create_password_ticket", write, "helpdesk"},
		{"users", "auth0_reset_*", all, "helpdesk"},
		{"users", "auth0_revoke_*", all, "helpdesk"},
	}
})

func (m membership) matches(t *Tool) bool {
	return m.plugin == t.Plugin.Name && MatchGlob(m.tools, t.Name) && effectRank(t.Effect) <= effectRank(m.upTo)
}

// ParsePresets reads the values of --preset: names separated by commas.
func ParsePresets(values ...string) ([]string, error) {
	var known, chosen []string
	for _, p := range Presets() {
		known = append(known, p.Name)
	}
	for name := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if name = strings.TrimSpace(name); name == "" || slices.Contains(chosen, name) {
			continue
		}
		if !slices.Contains(known, name) {
			hint := "the presets are " + strings.Join(known, ", ")
			if near := suggest.Near(name, known, 1); len(near) > 0 {
				hint = "did you mean " + near[0] + "? " + strings.ToUpper(hint[:1]) + hint[1:]
			}
			return nil, fmt.Errorf("there is no preset %s: %s", jsondoc.Quote(name), hint)
		}
		chosen = append(chosen, name)
	}
	if len(chosen) == 0 {
		return nil, errors.New("the list is empty: name presets, separated by commas, or leave it out")
	}
	return chosen, nil
}

// InPresets reports whether a tool is in one of some presets. Presets select among the shipped plugins: a tool of any
// other plugin is in each of them.
func InPresets(t *Tool, presets []string) bool {
	if t.Plugin.Origin != OriginBundled {
		return true
	}
	of, listed := PresetsOf(t)
	return !listed || slices.ContainsFunc(presets, func(name string) bool { return slices.Contains(of, name) })
}

// PresetsOf are the presets that a tool of a shipped plugin is in. listed is false for the plugins that a distribution
// adds, which no preset knows.
func PresetsOf(t *Tool) (names []string, listed bool) {
	in := []string{AllPreset}
	for _, m := range memberships() {
		if m.plugin != t.Plugin.Name {
			continue
		}
		listed = true
		if m.matches(t) {
			in = slices.AppendSeq(in, strings.FieldsSeq(m.presets))
		}
	}
	for _, p := range Presets() {
		if slices.Contains(in, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names, listed
}

// presetWords name presets in a sentence.
func presetWords(names []string) string {
	if len(names) == 1 {
		return "the preset " + names[0]
	}
	return "the presets " + strings.Join(names, ", ")
}

// UnusedMemberships are the lines of memberships that match none of some tools.
func UnusedMemberships(tools []*Tool) (lines []string) {
	for _, m := range memberships() {
		if !slices.ContainsFunc(tools, m.matches) {
			lines = append(lines, fmt.Sprintf("%s %s up to %s: %s", m.plugin, m.tools, m.upTo, m.presets))
		}
	}
	return lines
}
