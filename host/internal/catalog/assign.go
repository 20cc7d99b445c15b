package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Assign makes a call's arguments from words of a command line: key=value. The tool's schema decides how a value is
// read: where it allows a string, as it is, else as JSON. An array collects the values of all words with its key, and
// takes several names or numbers in one word: a,b,c. An item that holds a comma itself is given as JSON.
// Assign checks the words only; CheckArguments checks the result.
func (t *Tool) Assign(words []string) (json.RawMessage, error) {
	var schema assignSchema
	if err := json.Unmarshal(t.InputSchema, &schema); err != nil {
		return nil, fmt.Errorf("tool %s: its schema: %w", t.Name, err)
	}
	arguments := map[string]any{}
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q: want key=value, or one JSON object", word)
		}
		property := schema.Properties[key]
		if property == nil {
			arguments[key] = value // CheckArguments says which keys there are
			continue
		}
		list, isList := arguments[key].([]any)
		switch _, given := arguments[key]; {
		case property.allows("array") && !strings.HasPrefix(value, "[") && value != "null":
			if given && !isList {
				return nil, fmt.Errorf("%s is given as a whole and item by item: give it once", key)
			}
			for _, one := range items(value) {
				item, err := property.items().read(key, one)
				if err != nil {
					return nil, err
				}
				list = append(list, item)
			}
			arguments[key] = list
		case given:
			return nil, fmt.Errorf("%s is given twice", key)
		default:
			read, err := property.read(key, value)
			if err != nil {
				return nil, err
			}
			arguments[key] = read
		}
	}
	return json.Marshal(arguments)
}

// items splits a word of names or numbers that commas separate. Anything else, such as a URL or an object, is one item.
func items(value string) []string {
	parts := strings.Split(value, ",")
	for _, part := range parts {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.-:", r)
		}) {
			return []string{value}
		}
	}
	return parts
}

type assignSchema struct {
	Type       string
	Properties map[string]*assignSchema
	Items      *assignSchema
	AnyOf      []*assignSchema
}

func (s *assignSchema) allows(kind string) bool {
	return s.Type == kind || slices.ContainsFunc(s.AnyOf, func(one *assignSchema) bool { return one.allows(kind) })
}

func (s *assignSchema) items() *assignSchema {
	if s.Items != nil {
		return s.Items
	}
	for _, one := range s.AnyOf {
		if one.Items != nil {
			return one.Items
		}
	}
	return &assignSchema{Type: "string"}
}

// read reads a value as a string where the schema allows one, except for null where it allows that too.
func (s *assignSchema) read(key, value string) (any, error) {
	if s.allows("string") && (value != "null" || !s.allows("null")) {
		return value, nil
	}
	if !json.Valid([]byte(value)) {
		return nil, fmt.Errorf("%s=%s: want %s, as JSON", key, value, s.kind())
	}
	return json.RawMessage(value), nil
}

func (s *assignSchema) kind() string {
	kinds := []string{}
	if s.Type != "" {
		kinds = append(kinds, s.Type)
	}
	for _, one := range s.AnyOf {
		kinds = append(kinds, one.kind())
	}
	return strings.Join(kinds, " or ")
}
