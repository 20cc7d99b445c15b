package host_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/mcpserver"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// depth is how deep objects and arrays are nested.
func depth(v any) int {
	most := 0
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			most = max(most, depth(inner))
		}
	case []any:
		for _, inner := range v {
			most = max(most, depth(inner))
		}
	default:
		return 0
	}
	return 1 + most
}

// Some providers refuse schemas that are nested deeper, and with one tool the whole server.
func TestListedSchemasAreShallow(t *testing.T) {
	const most = 7
	for _, tool := range bundledTools(t) {
		var schema any
		if err := json.Unmarshal(tool.Listed(), &schema); err != nil {
			t.Fatal(err)
		}
		if n := depth(schema); n > most {
			t.Errorf("tools/list shows %s with %d levels, want %d at most", tool.Name, n, most)
		}
	}
}

// Every session pays for the list, whatever it does.
func TestListKeepsItsBudget(t *testing.T) {
	contract, err := os.ReadFile("../plugins/bundle/testdata/contract.json")
	if err != nil {
		t.Fatal(err)
	}
	var promised map[string]any
	if err := json.Unmarshal(contract, &promised); err != nil {
		t.Fatal(err)
	}
	const frame = len(`{"tools":[]}`)
	all, seed, reading, whole := frame, frame, frame, 0
	// Tools that are off by default cost only who selects them.
	for _, tool := range bundledTools(t) {
		size := mcpserver.ListedBytes(tool)
		t.Log(tool.Name, size)
		if tool.Plugin.Name == "management" {
			whole += size
		}
		if presets, _ := catalog.PresetsOf(tool); !slices.Contains(presets, catalog.DefaultPreset) {
			continue
		}
		all += size
		if promised[tool.Name] == nil {
			continue
		}
		seed += size
		if tool.Effect == pluginv1.EffectRead {
			reading += size
		}
	}
	all += mcpserver.ListedBytes(catalog.DescribeTool())
	for _, budget := range []struct {
		of        string
		is, bytes int
	}{
		{"the tools that are on by default", all, 21_000},
		{"the tools for the whole API", whole, 3_500},
		{"the tools of the contract", seed, 18_000},
		{"those of them that read", reading, 5_000},
	} {
		if t.Log(budget.of, budget.is); budget.is > budget.bytes {
			t.Errorf("tools/list has %d bytes for %s, want %d at most", budget.is, budget.of, budget.bytes)
		}
	}
}

// What a parameter holds is said where its name does not say it: each number has a unit or a bound that shows what is
// counted, and each folded argument says what goes into it.
func TestListedArgumentsAreDescribed(t *testing.T) {
	evident := []string{"page", "per_page", "take"}
	for _, tool := range bundledTools(t) {
		var schema struct {
			Properties map[string]struct {
				Type, Description    string
				AdditionalProperties any
			}
		}
		if err := json.Unmarshal(tool.Listed(), &schema); err != nil {
			t.Fatal(err)
		}
		for name, p := range schema.Properties {
			isNumber := p.Type == "integer" || p.Type == "number"
			isOpen := p.Type == "object" && p.AdditionalProperties == true
			if (isNumber && !slices.Contains(evident, name) || isOpen) && p.Description == "" {
				t.Errorf("%s: %s has no description", tool.Name, name)
			}
		}
	}
}
