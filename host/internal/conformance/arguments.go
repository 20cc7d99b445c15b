package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// arguments are those of one call, and what they are, for reports.
type arguments struct {
	about string
	json  json.RawMessage
}

const (
	// plainText, oddText and hugeText fill arguments that take any text.
	plainText = "example"
	oddText   = "ä \U0001f469\u200d\U0001f4bb \u202e\u0000 \ufeff' OR 1=1 -- ../%2e%2e/ {{x}} \"\\"
	hugeBytes = 256 << 10
)

// examples are the arguments that a tool is called with: those of its manifest, the least that fits its schema, and
// texts that are odd or long where it takes any. All of them fit the schema.
func examples(tool *catalog.Tool) (found []arguments) {
	add := func(about string, raw json.RawMessage) {
		meant, err := tool.CheckArguments(raw)
		known := func(a arguments) bool { return string(a.json) == string(meant) }
		if err == nil && !slices.ContainsFunc(found, known) {
			found = append(found, arguments{about, meant})
		}
	}
	for i, example := range tool.Examples {
		if len(example.Arguments) > 0 {
			add(fmt.Sprintf("the arguments of examples[%d]", i), example.Arguments)
		}
	}
	for _, fill := range []struct {
		about, text string
		all         bool
	}{
		{"the least arguments", plainText, false},
		{"odd texts", oddText, true},
		{"huge texts", strings.Repeat("long ", hugeBytes/5), true},
	} {
		var root map[string]any
		if json.Unmarshal(tool.InputSchema, &root) != nil {
			continue // ValidateManifest has read it
		}
		g := generator{root: root, text: fill.text, all: fill.all}
		if raw, err := json.Marshal(g.value(root, 0)); err == nil {
			add(fill.about, raw)
		}
	}
	return found
}

// generator makes values for a schema. They need not fit where it has patterns.
type generator struct {
	root map[string]any
	text string
	all  bool // optional texts at the top, too
}

const maxGenerated = 16 // levels

func (g generator) value(schema map[string]any, depth int) any {
	if depth > maxGenerated {
		return nil
	}
	if ref, ok := schema["$ref"].(string); ok {
		defs, _ := g.root["$defs"].(map[string]any)
		definition, _ := defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		return g.value(definition, depth+1)
	}
	for _, keyword := range []string{"const", "default"} {
		if value, ok := schema[keyword]; ok {
			return value
		}
	}
	for _, keyword := range []string{"enum", "examples"} {
		if values, ok := schema[keyword].([]any); ok && len(values) > 0 {
			return values[0]
		}
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		branches, _ := schema[keyword].([]any)
		for _, branch := range branches {
			if inner, ok := branch.(map[string]any); ok && inner["type"] != "null" {
				merged := maps.Clone(schema)
				delete(merged, keyword)
				maps.Copy(merged, inner)
				return g.value(merged, depth+1)
			}
		}
	}
	switch schema["type"] {
	case "string":
		return g.string(schema)
	case "integer", "number":
		if low, ok := schema["minimum"].(float64); ok {
			return low
		}
		return 1
	case "boolean":
		return false
	case "array":
		return g.array(schema, depth)
	case "object":
		return g.object(schema, depth)
	}
	return nil
}

func (g generator) string(schema map[string]any) string {
	text := g.text
	switch schema["format"] {
	case "date-time":
		return "2025-01-02T03:04:05Z"
	case "date":
		return "2025-01-02"
	case "uri":
		return "https://example.com/"
	case "email":
		return "user@example.com"
	}
	if _, ok := schema["pattern"]; ok {
		text = plainText
	}
	if most, ok := schema["maxLength"].(float64); ok && utf8.RuneCountInString(text) > int(most) {
		text = string([]rune(text)[:int(most)])
	}
	if least, ok := schema["minLength"].(float64); ok {
		for utf8.RuneCountInString(text) < int(least) {
			text += "x"
		}
	}
	return text
}

func (g generator) array(schema map[string]any, depth int) []any {
	list := []any{}
	least, _ := schema["minItems"].(float64)
	items, _ := schema["items"].(map[string]any)
	for range int(min(least, 100)) {
		list = append(list, g.value(items, depth+1))
	}
	return list
}

func (g generator) object(schema map[string]any, depth int) map[string]any {
	object := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for name, value := range properties {
		property, _ := value.(map[string]any)
		free := depth == 0 && g.all && property["type"] == "string" && property["pattern"] == nil
		if free || slices.Contains(required, any(name)) {
			object[name] = g.value(property, depth+1)
		}
	}
	return object
}

// raw calls a tool with a document that need not fit its schema.
func raw(tool pluginv1.ToolManifest, about, document string) call {
	return call{tool: tool, arguments: arguments{about, json.RawMessage(document)}}
}
