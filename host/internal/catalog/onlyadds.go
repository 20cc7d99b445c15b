package catalog

import (
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// OnlyAdds reports whether a writing tool changes and removes nothing that exists: each
// request that it may send is a read, or an operation that only adds, and it writes
// no files. An unknown operation may change anything: MCP clients ask before they call a tool that may
// destroy something, and not before others.
func OnlyAdds(t pluginv1.ToolManifest) bool {
	if t.External || t.Effect != pluginv1.EffectWrite || len(t.Files) > 0 || len(t.Paths) == 0 {
		return false
	}
	return !slices.ContainsFunc(t.Paths, func(rule string) bool {
		method, _, _ := strings.Cut(rule, " ")
		return !slices.Contains(pluginv1.EffectRead.Methods(), method) && !managementapi.OnlyAdds(rule)
	})
}
