package catalog

import (
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// OnlyAdds reports whether a writing tool changes and removes nothing that exists: each
// request that it may send is a read or creates an item of a collection, and it writes
// no files. In doubt it does not: MCP clients ask before they call a tool that may
// destroy something, and not before others.
func OnlyAdds(t pluginv1.ToolManifest) bool {
	if t.Effect != pluginv1.EffectWrite || len(t.Files) > 0 || len(t.Paths) == 0 {
		return false
	}
	return !slices.ContainsFunc(t.Paths, func(rule string) bool {
		method, path, _ := strings.Cut(rule, " ")
		adds := method == "POST" && isCollection(path)
		return !adds && !slices.Contains(pluginv1.EffectRead.Methods(), method)
	})
}

// isCollection reports whether a path is that of a collection, by the Management API's
// habit of naming collections in the plural: "/api/v2/clients", but neither an action
// ("/api/v2/keys/signing/rotate") nor something below an existing thing, which a POST
// changes ("/api/v2/roles/{id}/permissions").
func isCollection(path string) bool {
	segments := strings.Split(strings.TrimPrefix(path, pluginv1.BasePath), "/")
	last := segments[len(segments)-1]
	switch {
	case strings.Contains(path, "{"), !strings.HasSuffix(last, "s"), strings.HasSuffix(last, "ss"):
		return false
	case slices.Contains([]string{"settings", "status", "users-imports"}, last):
		return false // they overwrite what is there
	case slices.Contains([]string{"blacklists", "tickets", "tokens"}, segments[0]):
		return false // they end sessions, or give access
	}
	return true
}
