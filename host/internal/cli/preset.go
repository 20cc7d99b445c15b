package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/mcpserver"
)

// presetFlag selects tools by task.
type presetFlag struct{ values []string }

func (f *presetFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.values, "preset", nil, "tools to offer, by task: presets such as support, separated by "+
		"commas; repeatable (AUTH0_MCP_PRESET)")
}

// typed are the presets of the flag, nil for none.
func (f presetFlag) typed() ([]string, error) {
	given := notBlank(f.values)
	if given == nil {
		return nil, nil
	}
	presets, err := catalog.ParsePresets(given...)
	if err != nil {
		return nil, fmt.Errorf("--preset: %w", err)
	}
	return presets, nil
}

// chosen are the presets of the flag, or else of the variable; nil for none.
func (f presetFlag) chosen() ([]string, error) {
	if presets, err := f.typed(); presets != nil || err != nil {
		return presets, err
	}
	const name = "AUTH0_MCP_PRESET"
	value := account.Variable(name)
	if value == "" {
		return nil, nil
	}
	presets, err := catalog.ParsePresets(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return presets, nil
}

// listedPreset is one preset in the output of `auth0-mcp tools --presets --json`.
type listedPreset struct {
	Name string `json:"name"`
	Task string `json:"task"`
	// Tools is how many there are with the other flags, and Bytes what they take in tools/list.
	Tools int `json:"tools"`
	Bytes int `json:"bytes"`
	// Selected is whether `auth0-mcp run` offers it with the same flags.
	Selected bool `json:"selected"`
}

// listPresets measures the presets of plugins under a filter, without its patterns.
func listPresets(plugins *catalog.Catalog, filter catalog.Filter) []listedPreset {
	selected := filter.Presets
	if selected == nil {
		selected = filter.WithinPresets
	}
	filter.Patterns = nil
	var list []listedPreset
	for _, p := range catalog.Presets() {
		one := listedPreset{Name: p.Name, Task: p.Task, Selected: slices.Contains(selected, p.Name)}
		filter.Presets = []string{p.Name}
		// An error says that the preset has no tools.
		if selection, err := plugins.Select(filter); err == nil {
			one.Tools, one.Bytes = mcpserver.ListBytes(selection.Tools())
		}
		list = append(list, one)
	}
	return list
}
