package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

const (
	maxOutputSchemaBytes = 8 << 10
	maxOutputSchemaDepth = 8
)

// checkOutputSchema checks that a tool's output schema has no keywords but those by which an answer still fits after
// parts of it were redacted or left out. The error begins with where it is.
func checkOutputSchema(schema json.RawMessage) error {
	if schema == nil {
		return nil
	}
	if len(schema) > maxOutputSchemaBytes {
		return fmt.Errorf(" has %d bytes: at most %d are allowed", len(schema), maxOutputSchemaBytes)
	}
	doc, err := jsondoc.Decode(schema)
	if err != nil {
		return fmt.Errorf(": %w", err)
	}
	if top, ok := doc.(map[string]any); !ok || top["type"] != "object" {
		return errors.New(`: want an object with "type": "object", as MCP does`)
	}
	return checkOutputPart(doc, 0)
}

func checkOutputPart(doc any, depth int) error {
	schema, ok := doc.(map[string]any)
	if !ok {
		return errors.New(": want an object")
	}
	if depth > maxOutputSchemaDepth {
		return fmt.Errorf(": more than %d levels", maxOutputSchemaDepth)
	}
	kind, typed := schema["type"].(string)
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		value := schema[keyword]
		switch {
		case keyword == "type" && typed && slices.Contains(outputTypes(), kind):
		case keyword == "type":
			return fmt.Errorf(".type: want one of %v, or no type for what can be null", outputTypes())
		case keyword == "description":
			text, isText := value.(string)
			if !isText {
				return errors.New(".description: want a string")
			}
			if err := checkShown(text, maxDescriptionBytes, false); err != nil {
				return fmt.Errorf(".description: %w", err)
			}
		case keyword == "items" && kind == "array":
			if err := checkOutputPart(value, depth+1); err != nil {
				return fmt.Errorf(".items%w", err)
			}
		case keyword == "properties" && kind == "object":
			if err := checkOutputProperties(value, depth+1); err != nil {
				return err
			}
		default:
			return fmt.Errorf(": the keyword %s is not taken here: want type, description, items of an array and "+
				"properties of an object", jsondoc.Quote(keyword))
		}
	}
	return nil
}

func checkOutputProperties(value any, depth int) error {
	properties, ok := value.(map[string]any)
	if !ok {
		return errors.New(".properties: want an object")
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if err := checkShown(name, maxTitleBytes, false); err != nil {
			return fmt.Errorf(".properties: a name %w", err)
		}
		if err := checkOutputPart(properties[name], depth); err != nil {
			return fmt.Errorf(".properties.%s%w", name, err)
		}
	}
	return nil
}

func outputTypes() []string {
	return []string{"object", "array", "string", "number", "integer", "boolean"}
}

// CheckOutput checks that an answer fits a tool's output schema; nil: the tool has none.
func CheckOutput(outputSchema json.RawMessage, answer []byte) error {
	if outputSchema == nil {
		return nil
	}
	schema, err := jsondoc.Decode(outputSchema)
	if err != nil {
		return err
	}
	value, err := jsondoc.Decode(answer)
	if err != nil {
		return err
	}
	return fitsOutput("the answer", schema, value)
}

func fitsOutput(at string, part, value any) error {
	schema, _ := part.(map[string]any)
	kind, _ := schema["type"].(string)
	if kind != "" && !isOfType(kind, value) {
		return fmt.Errorf("%s is no %s", at, kind)
	}
	switch value := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			member, given := value[name]
			if !given {
				continue
			}
			if err := fitsOutput(at+"."+name, properties[name], member); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range value {
			if err := fitsOutput(fmt.Sprintf("%s[%d]", at, i), schema["items"], item); err != nil {
				return err
			}
		}
	}
	return nil
}

func isOfType(kind string, value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return kind == "object"
	case []any:
		return kind == "array"
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case json.Number:
		number, err := value.Float64()
		return kind == "number" || kind == "integer" && err == nil && number == math.Trunc(number)
	}
	return false
}
