package comparison

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// ToolName is the tool that compares.
const ToolName = "auth0_compare_tenants"

// Tool is its declaration. It reads what it declares, in both tenants.
func Tool() pluginv1.ToolManifest {
	m := pluginv1.ToolManifest{
		Name: ToolName, Effect: pluginv1.EffectRead, Idempotent: true, Untrusted: []string{"differences"},
		Display: pluginv1.Display{Title: "Compare tenants",
			Description: "What differs between this tenant and the one that the operator allowed: objects by name, values, " +
				"and whether secrets are equal."},
		InputSchema: json.RawMessage(`{"type":"object","properties":{` +
			`"kinds":{"type":"array","items":{"type":"string"},"description":"Such as clients, actions; default: all."},` +
			`"names":{"type":"array","items":{"type":"string"},"description":"Only objects of these names."},` +
			`"page":{"type":"integer","minimum":0,"default":0},` +
			`"per_page":{"type":"integer","minimum":1,"maximum":100,"default":50}},"additionalProperties":false}`),
	}
	for _, k := range kinds() {
		for _, operation := range k.operations() {
			if !slices.Contains(m.Paths, operation) {
				m.Paths = append(m.Paths, operation)
			}
			if o, ok := managementapi.ByName(operation); ok && !slices.Contains(m.Scopes, o.Scopes[0]) {
				m.Scopes = append(m.Scopes, o.Scopes[0])
			}
		}
	}
	slices.SortFunc(m.Scopes, strings.Compare)
	return m
}
