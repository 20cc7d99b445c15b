package management

import (
	"math"
	"regexp"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// maxExampleDepth ends an example of a schema that contains itself.
const maxExampleDepth = 12

var idPrefix = regexp.MustCompile(`[a-z]{3}_`)

// idDigits is how many characters Auth0's ids have behind their prefix.
const idDigits = 16

// exampleOf returns a value that fits a schema: required members, and where there are none, the first that is plain.
func exampleOf(s *managementapi.Schema, name string) any {
	return example(s, name, maxExampleDepth)
}

// exampleBody is an object or an array: what the tools take as body.
func exampleBody(s *managementapi.Schema) any {
	for _, object := range objectsOf(s, 0) {
		if value := exampleOf(object, ""); len(s.Check(value)) == 0 {
			return value
		}
	}
	return exampleOf(s, "")
}

func example(s *managementapi.Schema, name string, depth int) any {
	s = s.Resolve()
	if depth == 0 {
		return nil
	}
	switch s.Kind {
	case managementapi.KindUnion:
		var last any
		for _, one := range s.AnyOf {
			if last = example(one, name, depth); len(s.Check(last)) == 0 {
				break
			}
		}
		return last
	case managementapi.KindString, managementapi.KindInteger, managementapi.KindNumber, managementapi.KindBoolean:
		if len(s.Enum) > 0 {
			return s.Enum[0]
		}
		return exampleScalar(s, name)
	case managementapi.KindArray:
		return exampleList(s, name, depth)
	case managementapi.KindObject:
		return exampleObject(s, depth)
	case managementapi.KindAny:
		return "any value"
	}
	return nil
}

func exampleScalar(s *managementapi.Schema, name string) any {
	switch s.Kind {
	case managementapi.KindBoolean:
		return true
	case managementapi.KindString:
		for _, text := range candidates(s, name) {
			if len(s.Check(text)) == 0 {
				return text
			}
		}
		return "text"
	}
	number := 1.0
	if s.Min != nil {
		number = max(number, math.Ceil(*s.Min))
	}
	if s.Max != nil {
		number = min(number, math.Floor(*s.Max))
	}
	return number
}

// candidates are texts of which one fits most schemas.
func candidates(s *managementapi.Schema, name string) []string {
	var texts []string
	switch {
	case s.Format == "date-time":
		texts = append(texts, "2026-01-31T00:00:00.000Z")
	case s.Format == "date":
		texts = append(texts, "2026-01-31")
	case strings.Contains(s.Format, "ur"): // uri, url
		texts = append(texts, "https://example.com/")
	case s.Format == "email" || strings.Contains(name, "email"):
		texts = append(texts, "user@example.com")
	case strings.HasSuffix(name, "url") || strings.HasSuffix(name, "uri"):
		texts = append(texts, "https://example.com/")
	}
	if s.Pattern != "" { // many name one text, or an id's prefix
		texts = append(texts, strings.ReplaceAll(strings.Trim(s.Pattern, "^$"), `\.`, "."),
			idPrefix.FindString(s.Pattern)+strings.Repeat("1", idDigits))
	}
	texts = append(texts, "my-"+strings.ReplaceAll(name, "_", "-"), "my_"+name, "example", "Example", "example.com",
		"https://example.com", "user@example.com", "+15555550100", "#0059d6", "203.0.113.7", "203.0.113.0/24", "US", "en",
		"a", "abc", "1", "123456", "1.0.0", "20260131", "2026-01-31", "2026-01-31T00:00:00.000Z",
		"12345678-1234-4123-8123-123456789012", "auth0|5f7c8ec7c33c6c004bbafe82", "ABCDEFGHIJKLMNOP", "{{example}}",
		"0x00", "example/json", "/", "/path", "")
	if s.Min != nil {
		texts = append(texts, strings.Repeat("a", int(*s.Min)), strings.Repeat("A", int(*s.Min)),
			strings.Repeat("0", int(*s.Min)))
	}
	return texts
}

func exampleList(s *managementapi.Schema, name string, depth int) any {
	items := []any{}
	size := 1
	if s.Min != nil {
		size = max(size, int(*s.Min))
	}
	if s.Items == nil || s.Max != nil && *s.Max == 0 {
		return items
	}
	for range size {
		item := example(s.Items, strings.TrimSuffix(name, "s"), depth-1)
		if item == nil && (s.Min == nil || *s.Min == 0) {
			break
		}
		items = append(items, item)
	}
	return items
}

func exampleObject(s *managementapi.Schema, depth int) any {
	object := map[string]any{}
	least := 0
	if s.Min != nil {
		least = int(*s.Min)
	}
	for _, m := range s.Members {
		if m.Required {
			object[m.Name] = example(m.Schema, m.Name, depth-1)
		}
	}
	if depth == maxExampleDepth {
		least = max(least, 1) // an empty body shows nothing
	}
	for _, m := range s.Members {
		if _, there := object[m.Name]; there || len(object) >= least {
			continue
		}
		if value := example(m.Schema, m.Name, depth-1); len(m.Schema.Check(value)) == 0 {
			object[m.Name] = value
		}
	}
	for i := 0; len(object) < least && s.Rest != nil; i++ {
		object[strings.Repeat("x", i)+"key"] = example(s.Rest, "value", depth-1)
	}
	return object
}
