package wrap

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

const (
	// maxDepth is how deep a schema is taken over; what is below may be any value.
	maxDepth = 16
	// maxSchemaBytes bounds what is read of the server's schema.
	maxSchemaBytes = 256 << 10

	anyValue  = "Any value that the server takes."
	anyObject = "Any members that the server takes."
)

// fitted is a server's schema as the host wants it: every object closed, or a map with a description; only keywords
// that the host knows, and none of its own. Where the two differ, the result takes more: the server checks its
// arguments itself. It returns nil where a schema cannot be taken over.
func fitted(raw json.RawMessage) json.RawMessage {
	if len(raw) > maxSchemaBytes {
		return nil
	}
	decoded, err := jsondoc.Decode(raw)
	root, ok := decoded.(map[string]any)
	if err != nil || !ok || root["$ref"] != nil {
		return nil
	}
	if kind := root["type"]; kind != nil && kind != "object" {
		return nil
	}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf", "not", "patternProperties"} {
		if root[keyword] != nil {
			return nil
		}
	}
	if additional, ok := root["additionalProperties"]; ok && additional != false {
		return nil // it takes arguments that it does not name
	}
	made := object(root, 0)
	made["additionalProperties"] = false
	definitions := map[string]any{}
	for _, keyword := range []string{"definitions", "$defs"} {
		named, _ := root[keyword].(map[string]any)
		for name, schema := range named {
			definitions[name] = value(schema, 1)
		}
	}
	if len(definitions) > 0 {
		made["$defs"] = definitions
	}
	out, err := jsondoc.Encode(made)
	if err != nil {
		return nil
	}
	return out
}

// value takes over the schema of a value.
func value(schema any, depth int) map[string]any {
	s, ok := schema.(map[string]any)
	if !ok || depth > maxDepth {
		return described(nil, anyValue)
	}
	if ref, ok := s["$ref"].(string); ok {
		name := strings.TrimPrefix(strings.TrimPrefix(ref, "#/definitions/"), "#/$defs/")
		made := texts(s)
		made["$ref"] = "#/$defs/" + name
		return made
	}
	if types, ok := s["type"].([]any); ok {
		return oneOfTypes(s, types, depth)
	}
	_, properties := s["properties"].(map[string]any)
	_, items := s["items"]
	switch kind := s["type"]; {
	case s["allOf"] != nil:
		return described(s, anyValue) // closed parts of one object would exclude each other
	case kind == "object", kind == nil && properties:
		return object(s, depth)
	case kind == "array", kind == nil && items:
		made := plain(s, arrayKeywords)
		made["type"], made["items"] = "array", value(s["items"], depth+1)
		return made
	case kind == "string", kind == "number", kind == "integer", kind == "boolean", kind == "null":
		made := plain(s, scalarKeywords)
		made["type"] = kind
		return made
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if branches, ok := s[keyword].([]any); ok && len(branches) > 0 {
			return alternatives(s, branches, depth)
		}
	}
	if s["enum"] != nil || s["const"] != nil {
		return plain(s, []string{"enum", "const", "default"})
	}
	return described(s, anyValue)
}

// oneOfTypes writes a list of types as alternatives.
func oneOfTypes(s map[string]any, types []any, depth int) map[string]any {
	branches := make([]any, len(types))
	for i, kind := range types {
		branch := maps.Clone(s)
		branch["type"] = kind
		for _, keyword := range []string{"title", "description", "default", "examples"} {
			delete(branch, keyword)
		}
		if kind == "null" {
			branch = map[string]any{"type": "null"}
		}
		branches[i] = branch
	}
	return alternatives(s, branches, depth)
}

// alternatives are schemas of which one has to fit. That no other does is the server's business.
func alternatives(s map[string]any, branches []any, depth int) map[string]any {
	made := described(s, "One of several kinds of values.")
	list := make([]any, len(branches))
	for i, branch := range branches {
		list[i] = value(branch, depth+1)
	}
	made["anyOf"] = list
	if fallback, ok := s["default"]; ok {
		made["default"] = fallback
	}
	return made
}

// object takes over an object: closed if the server names all its members, else a map.
func object(s map[string]any, depth int) map[string]any {
	for _, keyword := range []string{"anyOf", "oneOf", "allOf", "patternProperties"} {
		if s[keyword] != nil {
			return freeMap(s)
		}
	}
	named, _ := s["properties"].(map[string]any)
	additional, said := s["additionalProperties"]
	if len(named) == 0 && depth > 0 && (!said || additional == true) {
		return freeMap(s)
	}
	made := plain(s, []string{"minProperties", "maxProperties", "dependentRequired", "default"})
	made["type"] = "object"
	properties := map[string]any{}
	for name, schema := range named {
		properties[name] = value(schema, depth+1)
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if text, ok := name.(string); ok && properties[text] == nil {
			properties[text] = described(nil, anyValue)
		}
	}
	made["properties"] = properties
	if len(required) > 0 {
		made["required"] = required
	}
	switch members := additional.(type) {
	case map[string]any:
		made["additionalProperties"] = value(members, depth+1)
	case bool:
		if made["additionalProperties"] = members; members {
			return merge(made, described(s, anyObject))
		}
	default:
		made["additionalProperties"] = false
	}
	return made
}

func merge(into, from map[string]any) map[string]any {
	maps.Copy(into, from)
	return into
}

func freeMap(s map[string]any) map[string]any {
	return merge(described(s, anyObject), map[string]any{"type": "object", "additionalProperties": true})
}

var (
	scalarKeywords = []string{"enum", "const", "default", "format", "pattern", "minLength", "maxLength", "minimum",
		"maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
	arrayKeywords = []string{"default", "minItems", "maxItems", "uniqueItems"}
)

// plain takes over texts and the keywords that are named. Everything else is left out, "readOnly" and "fold" too, which
// would let the host drop arguments or not show them.
func plain(s map[string]any, keywords []string) map[string]any {
	made := texts(s)
	for _, keyword := range keywords {
		value, ok := s[keyword]
		if !ok {
			continue
		}
		if pattern, ok := value.(string); ok && keyword == "pattern" {
			if _, err := regexp.Compile(pattern); err != nil {
				continue // JavaScript's expressions can more
			}
		}
		made[keyword] = value
	}
	return made
}

// texts takes over what is shown, cleaned.
func texts(s map[string]any) map[string]any {
	made := map[string]any{}
	for keyword, limit := range map[string]int{"title": maxTitleBytes, "description": maxDescriptionBytes} {
		text, _ := s[keyword].(string)
		if text = clean(text, limit, keyword == "description"); text != "" {
			made[keyword] = text
		}
	}
	return made
}

func described(s map[string]any, otherwise string) map[string]any {
	made := texts(s)
	if made["description"] == nil {
		made["description"] = otherwise
	}
	return made
}

// freeSchema takes any arguments in one object, whose description names those that the server names.
func freeSchema(raw json.RawMessage) json.RawMessage {
	text := "The tool's own arguments, which the server checks."
	decoded, err := jsondoc.Decode(raw)
	root, _ := decoded.(map[string]any)
	if properties, _ := root["properties"].(map[string]any); err == nil && len(properties) > 0 {
		required, _ := root["required"].([]any)
		text += " Members:"
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			s, _ := properties[name].(map[string]any)
			text += "\n- " + clean(name, maxTitleBytes, false)
			if kind, ok := s["type"].(string); ok {
				text += " (" + clean(kind, 16, false) + ")"
			}
			if slices.Contains(required, any(name)) {
				text += ", required"
			}
			if about, ok := s["description"].(string); ok {
				text += ": " + clean(about, 200, false)
			}
			if len(text) > maxDescriptionBytes {
				break
			}
		}
	}
	return fmt.Appendf(nil, `{"type":"object","properties":{%q:{"type":"object","additionalProperties":true,`+
		`"description":%s}},"additionalProperties":false}`, argumentsName,
		jsondoc.Text(clean(text, maxDescriptionBytes, true)))
}
