package catalog

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// anyValue is the description of a schema that says nothing about its value.
const anyValue = "a value that its schema allows"

// describe says in words which values a schema allows, such as "an integer from 1 to 100", to complete "must be …".
func (s *toolSchema) describe(v any) string {
	return s.describeWithin(v, maxSchemaDepth)
}

func (s *toolSchema) describeWithin(v any, depth int) string {
	schema, ok := v.(map[string]any)
	if !ok || depth == 0 {
		return anyValue
	}
	if constant, ok := schema["const"]; ok {
		return literal(constant)
	}
	if values, ok := schema["enum"].([]any); ok && len(values) > 0 {
		return describeEnum(values)
	}
	switch schema["type"] {
	case "boolean":
		return "true or false"
	case "null":
		return "null"
	case "integer":
		return "an integer" + describeRange(schema)
	case "number":
		return "a number" + describeRange(schema)
	case "string":
		return describeString(schema)
	case "array":
		return s.describeArray(schema, depth)
	case "object":
		return describeObject(schema)
	}
	for _, keyword := range []string{"anyOf", "oneOf", formsKeyword} {
		if branches, ok := schema[keyword].([]any); ok {
			return s.describeChoice(branches, depth)
		}
	}
	if ref, ok := schema["$ref"].(string); ok {
		definitions, _ := s.root["$defs"].(map[string]any)
		return s.describeWithin(definitions[strings.TrimPrefix(ref, refPrefix)], depth-1)
	}
	return anyValue
}

func (s *toolSchema) describeChoice(branches []any, depth int) string {
	var options []string
	for _, b := range branches {
		if text := s.describeWithin(b, depth-1); !slices.Contains(options, text) {
			options = append(options, text)
		}
	}
	return strings.Join(options, " or ")
}

func describeEnum(values []any) string {
	const limit = 50
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = literal(v)
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "one of " + joinSome(texts, limit)
}

func describeRange(schema map[string]any) string {
	low, hasLow := schema["minimum"].(json.Number)
	high, hasHigh := schema["maximum"].(json.Number)
	text := ""
	switch {
	case hasLow && hasHigh && low == high:
		text = " equal to " + low.String()
	case hasLow && hasHigh:
		text = " from " + low.String() + " to " + high.String()
	case hasLow:
		text = " of at least " + low.String()
	case hasHigh:
		text = " of at most " + high.String()
	}
	for _, bound := range [...]struct{ keyword, words string }{
		{"exclusiveMinimum", "greater than"}, {"exclusiveMaximum", "less than"}, {"multipleOf", "that is a multiple of"},
	} {
		if n, ok := schema[bound.keyword].(json.Number); ok {
			text += " " + bound.words + " " + n.String()
		}
	}
	return text
}

func describeString(schema map[string]any) string {
	text := "a string"
	if size := describeCount(schema, "minLength", "maxLength", "character", "characters"); size != "" {
		text += " of " + size
	}
	if pattern, ok := schema["pattern"].(string); ok {
		text += " that matches " + pattern
	}
	return text
}

func (s *toolSchema) describeArray(schema map[string]any, depth int) string {
	text := "an array"
	if items, ok := schema["items"].(map[string]any); ok {
		plural := map[string]string{
			"string": "strings", "integer": "integers", "number": "numbers", "boolean": "booleans",
			"object": "objects", "array": "arrays",
		}
		kind, _ := items["type"].(string)
		if values, ok := items["enum"].([]any); ok {
			text += " of values that are each " + describeEnum(values)
		} else if word, ok := plural[kind]; ok {
			text += " of " + word
		} else if _, ok := items["$ref"]; ok {
			text += " in which each item is " + s.describeWithin(items, depth-1)
		}
	}
	if size := describeCount(schema, "minItems", "maxItems", "item", "items"); size != "" {
		text += " with " + size
	}
	return text
}

func describeObject(schema map[string]any) string {
	if size := describeCount(schema, "minProperties", "maxProperties", "member", "members"); size != "" {
		return "an object with " + size
	}
	return "an object"
}

// describeCount describes the bounds of a length. A bound written as 1.0 counts as 1.
func describeCount(schema map[string]any, lowKey, highKey, one, many string) string {
	low, hasLow := count(schema[lowKey])
	high, hasHigh := count(schema[highKey])
	noun := func(n int) string {
		if n == 1 {
			return one
		}
		return many
	}
	switch {
	case hasLow && hasHigh && low == high:
		return fmt.Sprintf("exactly %d %s", low, noun(low))
	case hasLow && hasHigh:
		return fmt.Sprintf("%d to %d %s", low, high, noun(high))
	case hasLow:
		return fmt.Sprintf("at least %d %s", low, noun(low))
	case hasHigh:
		return fmt.Sprintf("at most %d %s", high, noun(high))
	default:
		return ""
	}
}

func count(v any) (int, bool) {
	number, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	exact, ok := new(big.Rat).SetString(number.String())
	if !ok || !exact.IsInt() || !exact.Num().IsInt64() {
		return 0, false
	}
	return int(exact.Num().Int64()), true
}

// literal writes a value that a schema allows as JSON, in full, since it is to be copied; an array or an object only by
// its kind.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case json.Number:
		return v.String()
	default:
		return kindOf(v)
	}
}

// sizeOf describes a value by its size, for errors about nothing else.
func sizeOf(v any) string {
	switch v := v.(type) {
	case string:
		return "one of " + strconv.Itoa(utf8.RuneCountInString(v))
	case []any:
		return "one with " + strconv.Itoa(len(v))
	case map[string]any:
		return "one with " + strconv.Itoa(len(v))
	default:
		return ""
	}
}
