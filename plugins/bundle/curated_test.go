package bundle

import (
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// What a tool declares is what Auth0 documents: each request is an operation, none has a stronger effect than the tool,
// and the operations that are no lookups are covered by the tool's scopes.
func TestDeclaredOperations(t *testing.T) {
	for _, p := range Plugins() {
		m, err := p.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for _, tool := range m.Tools {
			for i, rule := range tool.Paths {
				method, path, _ := strings.Cut(rule, " ")
				o, _, ok := managementapi.LookupSegments(method, strings.Split(strings.TrimPrefix(path, "/"), "/"))
				switch {
				case !ok:
					t.Errorf("%s: there is no %s", tool.Name, rule)
				case o.Effect == managementapi.Destroy && tool.Effect != "destroy":
					t.Errorf("%s has the effect %s, but %s destroys", tool.Name, tool.Effect, rule)
				case i == 0 && len(o.Scopes) > 0 && !slices.ContainsFunc(o.Scopes, func(scope string) bool {
					return slices.Contains(tool.Scopes, scope)
				}):
					t.Errorf("%s: scopes %v, and %s needs one of %v", tool.Name, tool.Scopes, rule, o.Scopes)
				}
			}
		}
	}
}
