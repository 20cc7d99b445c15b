package cli

import (
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestPluginsCannotHaveTheHostsTools(t *testing.T) {
	for _, tool := range append(runFlags{compareWith: "dev"}.hostTools(), catalog.DescribeTool()) {
		m := pluginv1.Manifest{ManifestVersion: 1, Name: "other", Version: "1.0.0", Protocols: []int{1},
			Tools: []pluginv1.ToolManifest{tool.ToolManifest}}
		if err := catalog.ValidateManifest(m); err == nil || !strings.Contains(err.Error(), "auth0-mcp itself has a tool") {
			t.Errorf("%s: %v", tool.Name, err)
		}
	}
}
