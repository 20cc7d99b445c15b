package sandbox

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// schema says what a JSON value may be, in the terms and with the error words of
// the validator behind the real API.
type schema struct {
	types   []string
	meaning string // what the error message says in parentheses
	enum    []string
	// bounded gives a number's bounds, a string's length or an array's.
	bounded   bool
	low, high int
	check     func(string) string // what is wrong with a string, empty if nothing
	items     *schema
	// props closes an object: other members are refused. Nil leaves it open.
	props    map[string]*schema
	required []string
}

func text(meaning string) *schema { return &schema{types: []string{"string"}, meaning: meaning} }

func flag(meaning string) *schema { return &schema{types: []string{"boolean"}, meaning: meaning} }

func whole(low, high int, meaning string) *schema {
	return &schema{types: []string{"integer"}, meaning: meaning, bounded: true, low: low, high: high}
}

func list(items *schema, meaning string) *schema {
	return &schema{types: []string{"array"}, meaning: meaning, items: items}
}

func texts(meaning string) *schema { return list(text(meaning), meaning) }

// record is an object that has the given members and no other.
func record(meaning string, props map[string]*schema, required ...string) *schema {
	return &schema{types: []string{"object"}, meaning: meaning, props: props, required: required}
}

// freeForm is an object with any members.
func freeForm(meaning string) *schema { return &schema{types: []string{"object"}, meaning: meaning} }

func (s *schema) oneOf(values ...string) *schema { s.enum = values; return s }

func (s *schema) length(low, high int) *schema {
	s.bounded, s.low, s.high = true, low, high
	return s
}

func (s *schema) checked(check func(string) string) *schema { s.check = check; return s }

func (s *schema) nullable() *schema { s.types = append(s.types, "null"); return s }

func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "number"
		}
		return "integer"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// validateBody checks a request's body; the error is a 400 in the API's words.
func validateBody(body object, s *schema) error {
	if problem := s.problem(body, ""); problem != "" {
		return badBody("%s", problem)
	}
	return nil
}

// at says where a problem is; the body itself has no name.
func (s *schema) at(problem, path string) string {
	problem = "'" + problem + "'"
	if path == "" {
		return problem
	}
	problem += " on property " + path
	if s.meaning != "" {
		problem += " (" + s.meaning + ")"
	}
	return problem
}

// problem describes the first thing that is wrong with a value, or is empty.
func (s *schema) problem(value any, path string) string {
	have := typeName(value)
	if len(s.types) > 0 && !slices.Contains(s.types, have) {
		return s.at(fmt.Sprintf("Expected type %s but found type %s", s.types[0], have), path)
	}
	switch value := value.(type) {
	case string:
		return s.textProblem(value, path)
	case json.Number:
		return s.numberProblem(value, path)
	case []any:
		return s.arrayProblem(value, path)
	case object:
		return s.objectProblem(value, path)
	default:
		return ""
	}
}

func (s *schema) textProblem(value, path string) string {
	if len(s.enum) > 0 && !slices.Contains(s.enum, value) {
		return s.at("No enum match for: "+value, path)
	}
	if s.bounded {
		if size := utf8.RuneCountInString(value); size < s.low {
			return s.at(fmt.Sprintf("String is too short (%d chars), minimum %d", size, s.low), path)
		} else if size > s.high {
			return s.at(fmt.Sprintf("String is too long (%d chars), maximum %d", size, s.high), path)
		}
	}
	if s.check != nil {
		if wrong := s.check(value); wrong != "" {
			return s.at(wrong, path)
		}
	}
	return ""
}

func (s *schema) numberProblem(value json.Number, path string) string {
	if !s.bounded {
		return ""
	}
	n, err := strconv.Atoi(value.String())
	switch negative := strings.HasPrefix(value.String(), "-"); {
	case n < s.low || (err != nil && negative):
		return s.at(fmt.Sprintf("Value %s is less than minimum %d", value, s.low), path)
	case n > s.high || err != nil:
		return s.at(fmt.Sprintf("Value %s is greater than maximum %d", value, s.high), path)
	}
	return ""
}

func (s *schema) arrayProblem(value []any, path string) string {
	if s.bounded {
		if len(value) < s.low {
			return s.at(fmt.Sprintf("Array is too short (%d), minimum %d", len(value), s.low), path)
		} else if len(value) > s.high {
			return s.at(fmt.Sprintf("Array is too long (%d), maximum %d", len(value), s.high), path)
		}
	}
	if s.items == nil {
		return ""
	}
	for i, item := range value {
		if problem := s.items.problem(item, fmt.Sprintf("%s[%d]", path, i)); problem != "" {
			return problem
		}
	}
	return ""
}

func (s *schema) objectProblem(value object, path string) string {
	for _, name := range s.required {
		if _, found := value[name]; !found {
			return s.at("Missing required property: "+name, path)
		}
	}
	if s.props == nil {
		if s.bounded && len(value) > s.high {
			return s.at(fmt.Sprintf("Too many properties defined (%d), maximum %d", len(value), s.high), path)
		}
		if s.items != nil {
			return s.membersProblem(value, path)
		}
		return ""
	}
	var unknown []string
	for name := range value {
		if s.props[name] == nil {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return s.at("Additional properties not allowed: "+strings.Join(unknown, ","), path)
	}
	return s.membersProblem(value, path)
}

// membersProblem checks an object's members in the order of their names, so that
// the same body always gives the same error.
func (s *schema) membersProblem(value object, path string) string {
	names := make([]string, 0, len(value))
	for name := range value {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		member := s.items
		if s.props != nil {
			member = s.props[name]
		}
		inner := name
		if path != "" {
			inner = path + "." + name
		}
		if problem := member.problem(value[name], inner); problem != "" {
			return problem
		}
	}
	return ""
}

// Formats of strings.

func noAngles(value string) string {
	if strings.ContainsAny(value, "<>") {
		return "String does not match pattern ^[^<>]+$: " + value
	}
	return ""
}

// callbackURL wants a scheme, which may be an application's own.
func callbackURL(value string) string {
	if u, err := url.Parse(value); err != nil || u.Scheme == "" || strings.ContainsAny(value, " ,") {
		return "Object didn't pass validation for format callback-url: " + value
	}
	return ""
}

func originURL(value string) string {
	if u, err := url.Parse(value); err != nil || u.Scheme == "" || strings.ContainsAny(value, " ,") {
		return "Object didn't pass validation for format url: " + value
	}
	return ""
}

func httpsOrEmpty(value string) string {
	if u, err := url.Parse(value); value != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		return "Object didn't pass validation for format absolute-https-uri-or-empty: " + value
	}
	return ""
}

func absoluteOrEmpty(value string) string {
	if u, err := url.Parse(value); value != "" && (err != nil || u.Scheme == "" || u.Host == "") {
		return "Object didn't pass validation for format absolute-uri-or-empty: " + value
	}
	return ""
}
