package catalog

import (
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// auth0Knows reports whether a name is one of Auth0's: of the tool's own schema, wherever it stands there, or of the
// body of an operation that the tool may call.
func (t *Tool) auth0Knows(schema *toolSchema, name string) bool {
	if hasProperty(schema.root, name) {
		return true
	}
	for _, rule := range t.Paths {
		method, path, _ := strings.Cut(rule, " ")
		// A parameter is called as the plugin's author likes, and any value stands for it.
		plain := strings.NewReplacer("{", "", "}", "").Replace(path)
		o, _, ok := managementapi.Lookup(method, plain)
		if !ok || o.Body == nil {
			continue
		}
		if _, known := o.Body.Member(name); known {
			return true
		}
	}
	return false
}

// hasProperty reports whether an object of this name can stand anywhere in what a schema describes.
func hasProperty(schema any, name string) bool {
	switch schema := schema.(type) {
	case []any:
		for _, one := range schema {
			if hasProperty(one, name) {
				return true
			}
		}
	case map[string]any:
		if properties, ok := schema["properties"].(map[string]any); ok && properties[name] != nil {
			return true
		}
		for _, one := range schema {
			if hasProperty(one, name) {
				return true
			}
		}
	}
	return false
}
