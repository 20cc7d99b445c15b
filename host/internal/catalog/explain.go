package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// Argument is one argument of a tool, in words.
type Argument struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
	// Values says what it may be, such as "an integer from 1 to 100".
	Values      string `json:"values"`
	Description string `json:"description"`
	// Options are all texts that it may be, if they are few; nil if it is free.
	Options []string `json:"options,omitempty"`
}

// Arguments are those of the tool in the order of its schema, the required ones first. Those that a call may only hand
// back as an answer had them, which Auth0 sets, are left out.
func (t *Tool) Arguments() ([]Argument, error) {
	schema, err := t.compile()
	if err != nil {
		return nil, fmt.Errorf("tool %s: %w", t.Name, err)
	}
	properties, _ := schema.root["properties"].(map[string]any)
	required, _ := schema.root["required"].([]any)
	ordered, _ := jsondoc.Fields(jsondoc.ValueOf(t.InputSchema, "properties")) // checked when the manifest was read
	var all []Argument
	for _, field := range ordered {
		property, _ := properties[field.Name].(map[string]any)
		if property["readOnly"] == true {
			continue
		}
		description, _ := property["description"].(string)
		all = append(all, Argument{Name: field.Name, Required: slices.Contains(required, any(field.Name)),
			Values: schema.describe(property), Description: description, Options: options(property)})
	}
	slices.SortStableFunc(all, func(a, b Argument) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return all, nil
}

// Members are those of the objects among the arguments, by their paths such as "nodes[].config.next_node", in the order
// of the schema. Required is not said of them.
func (t *Tool) Members() ([]Argument, error) {
	schema, err := t.compile()
	if err != nil {
		return nil, fmt.Errorf("tool %s: %w", t.Name, err)
	}
	d, err := newDescriber(t)
	if err != nil {
		return nil, fmt.Errorf("tool %s: %w", t.Name, err)
	}
	all, err := d.below(schema, []part{{schema: t.InputSchema}}, maxSchemaDepth)
	if err != nil {
		return nil, fmt.Errorf("tool %s: %w", t.Name, err)
	}
	// The arguments themselves have no object around them.
	return slices.DeleteFunc(all, func(a Argument) bool { return !strings.ContainsAny(a.Name, ".[") }), nil
}

// below are the members that values of the parts may have, each with its own members after it.
func (d *describer) below(schema *toolSchema, parts []part, depth int) (all []Argument, err error) {
	if depth == 0 {
		return nil, nil
	}
	_, names := d.step(parts, "")
	for _, name := range names {
		members, _ := d.step(parts, name)
		one := Argument{Name: members[0].path}
		var values []string
		for _, m := range members {
			doc, err := jsondoc.Decode(m.schema)
			if err != nil {
				return nil, err
			}
			if text := schema.describe(doc); !slices.Contains(values, text) {
				values = append(values, text)
			}
			property, _ := doc.(map[string]any)
			if description, _ := property["description"].(string); one.Description == "" {
				one.Description = description
			}
		}
		one.Values = strings.Join(values, " or ")
		inner, err := d.below(schema, members, depth-1)
		if err != nil {
			return nil, err
		}
		all = append(append(all, one), inner...)
	}
	return all, nil
}

// options are the texts of a schema, or of its items.
func options(schema map[string]any) (texts []string) {
	if items, ok := schema["items"].(map[string]any); ok {
		schema = items
	}
	if schema["type"] == "boolean" {
		return []string{"true", "false"}
	}
	values, _ := schema["enum"].([]any)
	for _, value := range values {
		if text, ok := value.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// Words are arguments as words for Assign: an example of the manifest, or all that are required, with their names in
// capital letters in place of values.
func (t *Tool) Words(arguments []Argument) (words []string) {
	if len(t.Examples) > 0 {
		fields, _ := jsondoc.Fields(t.Examples[0].Arguments)
		for _, field := range fields {
			words = append(words, field.Name+"="+word(field.Value))
		}
		return words
	}
	for _, a := range arguments {
		switch {
		case !a.Required:
		case len(a.Options) > 0:
			words = append(words, a.Name+"="+a.Options[0])
		default:
			words = append(words, a.Name+"="+strings.ToUpper(a.Name))
		}
	}
	return words
}

// word is a JSON value as Assign reads it.
func word(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}
