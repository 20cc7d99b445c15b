package host_test

import (
	"slices"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// A shipped plugin that no preset names would be in each of them, and a preset without tools would serve nothing.
func TestPresetsCoverTheShippedPlugins(t *testing.T) {
	tools := bundledTools(t)
	counts := map[string]int{}
	for _, tool := range tools {
		in, listed := catalog.PresetsOf(tool)
		if !listed {
			t.Errorf("plugin %s is in no preset: add a line for it to memberships in catalog/preset.go", tool.Plugin.Name)
		}
		for _, preset := range in {
			counts[preset]++
		}
	}
	for _, preset := range catalog.Presets() {
		if counts[preset.Name] == 0 {
			t.Errorf("preset %s has no tools", preset.Name)
		}
	}
	for _, line := range catalog.UnusedMemberships(tools) {
		t.Errorf("the line %s of memberships in catalog/preset.go names no tool of a shipped plugin", line)
	}
	if all := len(tools); counts[catalog.AllPreset] != all {
		t.Errorf("the preset all has %d tools of %d", counts[catalog.AllPreset], all)
	}
}

// Presets that only read are documented as such.
func TestReviewingPresetsOnlyRead(t *testing.T) {
	for _, tool := range bundledTools(t) {
		in, _ := catalog.PresetsOf(tool)
		if tool.Effect != "read" && (slices.Contains(in, "support") || slices.Contains(in, "security")) {
			t.Errorf("%s changes the tenant and is in %v", tool.Name, in)
		}
	}
}
