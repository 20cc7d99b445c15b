// Package distribution is what a team builds into a host of its own: a name, defaults, and which of these
// defaults a user of the host cannot widen. docs/teams.md shows how one is made.
package distribution

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// A Setting is a default that a distribution can lock.
type Setting string

// The settings, as they are called in a distribution's file.
const (
	ReadOnly Setting = "read_only"
	Tools    Setting = "tools"
	Preset   Setting = "preset"
	Approve  Setting = "approve"
	// Plugins is that no others are loaded than those in the distribution.
	Plugins Setting = "plugins"
)

// Distribution is the file that a distribution is built from. The zero value is the plain auth0-mcp, which
// locks nothing.
type Distribution struct {
	// Name is shown to users, such as "Acme Identity".
	Name string `json:"name"`
	// ReadOnly offers reading tools only.
	ReadOnly bool `json:"read_only,omitempty"`
	// Tools are the patterns of the tools to offer, as for --tools; nil offers all.
	Tools []string `json:"tools,omitempty"`
	// Preset are the presets of the tools to offer, as for --preset; nil leaves it to Tools.
	Preset []string `json:"preset,omitempty"`
	// Approve is who approves changes; empty leaves it to the profile's environment.
	Approve approval.Mode `json:"approve,omitempty"`
	// Locked are the settings that flags, variables and profiles can narrow but not widen.
	Locked []Setting `json:"locked,omitempty"`
}

const maxName = 64

// Parse reads a distribution's file, JSON with the members of Distribution and no others. Nothing is the
// plain auth0-mcp.
func Parse(data []byte) (Distribution, error) {
	var d Distribution
	if len(data) == 0 {
		return d, nil
	}
	if err := jsondoc.Check(data); err != nil {
		return d, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return d, fmt.Errorf("%w. The members are name, read_only, tools, preset, approve and locked", err)
	}
	return d, d.check()
}

func (d *Distribution) check() error {
	switch {
	case strings.TrimSpace(d.Name) != d.Name || d.Name == "":
		return fmt.Errorf("name %s: want the distribution's name, without spaces around it", jsondoc.Quote(d.Name))
	case len(d.Name) > maxName || strings.ContainsFunc(d.Name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("name %s: want up to %d bytes that can be printed", jsondoc.Quote(d.Name), maxName)
	}
	if d.Tools != nil {
		patterns, err := catalog.ParsePatterns(strings.Join(d.Tools, ","))
		if err != nil {
			return fmt.Errorf("tools: %w", err)
		}
		d.Tools = patterns
	}
	if d.Preset != nil {
		presets, err := catalog.ParsePresets(d.Preset...)
		if err != nil {
			return fmt.Errorf("preset: %w", err)
		}
		d.Preset = presets
	}
	if d.Approve != "" {
		mode, err := approval.ParseMode(string(d.Approve))
		if err != nil {
			return fmt.Errorf("approve: %w", err)
		}
		d.Approve = mode
	}
	for _, setting := range d.Locked {
		locks, known := map[Setting]bool{
			ReadOnly: d.ReadOnly, Tools: d.Tools != nil, Preset: d.Preset != nil,
			Approve: d.Approve.Strictness() > 0, Plugins: true,
		}[setting]
		switch {
		case !known:
			return fmt.Errorf("locked: %s: want %s, %s, %s, %s or %s", jsondoc.Quote(string(setting)), ReadOnly, Tools,
				Preset, Approve, Plugins)
		case !locks:
			return fmt.Errorf("locked: %s is not set to anything that could be widened: set it, or do not lock it", setting)
		}
	}
	return nil
}

// Locks reports whether a user cannot widen a setting.
func (d Distribution) Locks(setting Setting) bool { return slices.Contains(d.Locked, setting) }

// A LockedError says that a user asked for more than the distribution allows.
type LockedError struct {
	Distribution string
	// Given is the flag or the variable, with its value.
	Given string
	// Want is what the distribution insists on.
	Want string
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: this is the distribution %s, which is built with %s and cannot be widened: leave it out, or "+
		"use another build of auth0-mcp", e.Given, e.Distribution, e.Want)
}

// ChooseReadOnly is whether the host is read-only. given is what the user said, and source by which flag or
// variable; nil is nothing.
func (d Distribution) ChooseReadOnly(source string, given *bool) (bool, error) {
	switch {
	case given == nil:
		return d.ReadOnly, nil
	case !*given && d.Locks(ReadOnly):
		return true, &LockedError{d.Name, source + "=false", "--read-only"}
	}
	return *given, nil
}

// Filter is what the user's patterns and presets, nil for none, leave of the distribution's tools. Who selects nothing
// gets the default preset.
func (d Distribution) Filter(patterns, presets []string) catalog.Filter {
	f := catalog.Filter{Patterns: patterns, Presets: presets}
	if d.Locks(Tools) {
		f.Within = d.Tools
	} else if patterns == nil {
		f.Patterns = d.Tools
	}
	if d.Locks(Preset) {
		f.WithinPresets = d.Preset
	} else if presets == nil {
		f.Presets = d.Preset
	}
	if f.Patterns == nil && f.Presets == nil && f.Within == nil && f.WithinPresets == nil {
		f.Presets = []string{catalog.DefaultPreset}
	}
	return f
}

// ChooseApprove is who approves changes. given is what the user said, by source, or empty.
func (d Distribution) ChooseApprove(source string, given approval.Mode) (approval.Mode, error) {
	switch {
	case given == "":
		return d.Approve, nil
	case d.Locks(Approve) && given.Strictness() < d.Approve.Strictness():
		return d.Approve, &LockedError{d.Name, source + " " + string(given), "--approve " + string(d.Approve)}
	}
	return given, nil
}

// CheckApproveExcept refuses tools that would need no approval, if it is locked who approves.
func (d Distribution) CheckApproveExcept(given string) error {
	if d.Locks(Approve) {
		return &LockedError{d.Name, given, "--approve " + string(d.Approve)}
	}
	return nil
}

// CheckPlugins refuses plugins that are not in the distribution, if it is locked to its own.
func (d Distribution) CheckPlugins(given string) error {
	if d.Locks(Plugins) {
		return &LockedError{d.Name, given, "the plugins that it has"}
	}
	return nil
}

// String describes the distribution in one line, and is empty for the plain auth0-mcp.
func (d Distribution) String() string {
	if d.Name == "" {
		return ""
	}
	var set []string
	describe := func(setting Setting, text string) {
		if d.Locks(setting) {
			text += " (locked)"
		}
		set = append(set, text)
	}
	if d.ReadOnly {
		describe(ReadOnly, "--read-only")
	}
	if d.Tools != nil {
		describe(Tools, "--tools "+strings.Join(d.Tools, ","))
	}
	if d.Preset != nil {
		describe(Preset, "--preset "+strings.Join(d.Preset, ","))
	}
	if d.Approve != "" {
		describe(Approve, "--approve "+string(d.Approve))
	}
	if d.Locks(Plugins) {
		describe(Plugins, "its own plugins only")
	}
	if len(set) == 0 {
		return d.Name
	}
	return d.Name + ": " + strings.Join(set, ", ")
}
