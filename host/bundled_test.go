package host_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// bundledTools are the tools of the plugins that are shipped.
func bundledTools(t *testing.T) (tools []*catalog.Tool) {
	t.Helper()
	manifests, err := filepath.Glob("../plugins/*/manifest.json")
	if err != nil || len(manifests) < 5 {
		t.Fatal(manifests, err)
	}
	for _, path := range manifests {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := pluginv1.ParseManifest(data)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := catalog.ValidateManifest(m); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		tools = append(tools, catalog.ToolsOf(m)...)
	}
	return tools
}

// A start does not check the schemas of manifests whose digests are compiled in: this does.
func TestBundledManifestsAreValid(t *testing.T) {
	if n := len(bundledTools(t)); n < 20 {
		t.Errorf("%d tools", n)
	}
}
