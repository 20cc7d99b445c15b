package sandbox

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// checkBody validates a request's body. The error is a 400 in the API's words, with every problem.
func checkBody(o *managementapi.Operation, body any) error {
	if problems := wordProblems(body, o.Body.Check(body)); len(problems) > 0 {
		return badBody(problems)
	}
	if problems := formatProblems(o.Body, body, ""); len(problems) > 0 {
		return badBody(problems)
	}
	return nil
}

// checkPath validates the values of a path's parameters.
func checkPath(o *managementapi.Operation, params map[string]string) error {
	values := object{}
	for name, value := range params {
		values[name] = value
	}
	if problems := wordProblems(values, o.CheckPath(params)); len(problems) > 0 {
		return badPath(problems)
	}
	return nil
}

// checkQuery validates a query, in which a list may come as name, as name[] and with commas.
func checkQuery(o *managementapi.Operation, values url.Values) error {
	query := map[string][]string{}
	for name, given := range values {
		bare := strings.TrimSuffix(name, "[]")
		if parameter, known := o.QueryParameter(bare); known && takesList(parameter.Schema) {
			query[bare] = append(query[bare], splitList(given)...)
		} else {
			query[name] = given
		}
	}
	problems := wordProblems(queryValue(o, query), o.CheckQuery(query))
	if problems = append(problems, pageProblems(o, values)...); len(problems) > 0 {
		return badQuery(problems)
	}
	return nil
}

// pageProblems checks the bounds of pages where the operation's schema has none.
func pageProblems(o *managementapi.Operation, values url.Values) (problems []string) {
	for name, bounds := range map[string]*managementapi.Schema{
		"page": {Min: new(0.0)}, "per_page": {Min: new(0.0), Max: new(float64(maxPerPage))},
		"take": {Min: new(1.0), Max: new(float64(maxPerPage))},
	} {
		parameter, known := o.QueryParameter(name)
		given, err := strconv.Atoi(values.Get(name))
		if !known || parameter.Schema.Min != nil || err != nil {
			continue
		}
		if float64(given) < *bounds.Min || bounds.Max != nil && float64(given) > *bounds.Max {
			problems = append(problems, onProperty(outOf(bounds, given), name))
		}
	}
	slices.Sort(problems)
	return problems
}

func takesList(s *managementapi.Schema) bool { return s.Resolve().Kind == managementapi.KindArray }

// splitList returns the items of a list parameter.
func splitList(given []string) (items []string) {
	for _, value := range given {
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
	}
	return items
}

// queryValue is the query as the validator sees it: texts, lists, and numbers where a number is wanted.
func queryValue(o *managementapi.Operation, query map[string][]string) object {
	out := object{}
	for name, values := range query {
		parameter, known := o.QueryParameter(name)
		switch {
		case known && takesList(parameter.Schema):
			out[name] = stringList(values...)
		case len(values) > 1:
			out[name] = stringList(values...)
		case known && parameter.Schema.Resolve().Kind == managementapi.KindInteger && isInteger(values[0]):
			out[name] = json.Number(values[0])
		default:
			out[name] = values[0]
		}
	}
	return out
}

func isInteger(text string) bool { _, err := strconv.Atoi(text); return err == nil }

// wordProblems words the problems of a value as the API does. Members of one object that are
// unknown are one problem.
func wordProblems(value any, problems []managementapi.Problem) (worded []string) {
	unknown := map[string][]string{}
	for _, p := range problems {
		if p.Fault == managementapi.Unknown {
			parent, name := splitPointer(p.At)
			unknown[parent] = append(unknown[parent], name)
		}
	}
	for _, p := range problems {
		found, property := follow(value, p.At)
		parent, name := splitPointer(p.At)
		holder, above := follow(value, parent)
		switch p.Fault {
		case managementapi.Unknown:
			if names := unknown[parent]; len(names) > 0 {
				worded = append(worded, onProperty("Additional properties not allowed: "+strings.Join(names, ","), above))
				delete(unknown, parent)
			}
		case managementapi.Missing:
			worded = append(worded, onProperty("Missing required property: "+name, above))
		case managementapi.Twice:
			worded = append(worded, onProperty(notUnique(holder, name), above))
		default:
			worded = append(worded, onProperty(misfit(p, found), property))
		}
	}
	return worded
}

// onProperty says where a problem is; the body itself has no name.
func onProperty(problem, property string) string {
	if property == "" {
		return "'" + problem + "'."
	}
	return "'" + problem + "' on property " + property + "."
}

// notUnique words an item that a list has already. A parameter that came more than once has no list.
func notUnique(list any, position string) string {
	items, _ := list.([]any)
	at, err := strconv.Atoi(position)
	if err != nil || at >= len(items) {
		return "Expected type string but found type array"
	}
	first := slices.IndexFunc(items, func(item any) bool { return reflect.DeepEqual(item, items[at]) })
	return fmt.Sprintf("Array items are not unique (indexes %d and %d)", first, at)
}

// misfit words a value that is not what is wanted.
func misfit(p managementapi.Problem, value any) string {
	want, err := managementapi.ParseSchema(p.Want)
	if err != nil { // of an object, Want is the kind alone
		want = &managementapi.Schema{Kind: managementapi.KindObject}
	}
	want = want.Resolve()
	switch p.Fault {
	case managementapi.NotListed:
		return fmt.Sprintf("No enum match for: %v", value)
	case managementapi.NoMatch:
		return fmt.Sprintf("String does not match pattern %s: %v", want.Pattern, value)
	case managementapi.OutOf:
		return outOf(want, value)
	default:
		return "Expected type " + wantedType(want) + " but found type " + typeName(value)
	}
}

func wantedType(want *managementapi.Schema) string {
	if want.Kind == managementapi.KindUnion {
		return wantedType(want.AnyOf[0].Resolve())
	}
	return want.Kind.String()
}

// outOf words a value whose size is not within the bounds.
func outOf(want *managementapi.Schema, value any) string {
	bound := func(b *float64) string { return strconv.FormatFloat(*b, 'f', -1, 64) }
	var size int
	var small, large string
	switch value := value.(type) {
	case string:
		size = utf8.RuneCountInString(value)
		small, large = "String is too short (%d chars), minimum %s", "String is too long (%d chars), maximum %s"
	case []any:
		size, small, large = len(value), "Array is too short (%d), minimum %s", "Array is too long (%d), maximum %s"
	case object:
		size = len(value)
		small, large = "Too few properties defined (%d), minimum %s", "Too many properties defined (%d), maximum %s"
	default:
		number, _ := strconv.ParseFloat(fmt.Sprint(value), 64)
		if want.Min != nil && number < *want.Min {
			return fmt.Sprintf("Value %v is less than minimum %s", value, bound(want.Min))
		}
		if want.Max != nil {
			return fmt.Sprintf("Value %v is greater than maximum %s", value, bound(want.Max))
		}
		return fmt.Sprintf("Value %v is out of range", value)
	}
	if want.Min != nil && float64(size) < *want.Min {
		return fmt.Sprintf(small, size, bound(want.Min))
	}
	if want.Max != nil {
		return fmt.Sprintf(large, size, bound(want.Max))
	}
	return fmt.Sprintf("Size %d is out of range", size)
}

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

// splitPointer splits a JSON Pointer before its last token.
func splitPointer(pointer string) (parent, last string) {
	cut := strings.LastIndexByte(pointer, '/')
	if cut < 0 {
		return "", ""
	}
	return pointer[:cut], unescapeToken(pointer[cut+1:])
}

func unescapeToken(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// follow returns the value at a JSON Pointer, and its place as error messages write it:
// nodes[0].config.
func follow(value any, pointer string) (found any, property string) {
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		token = unescapeToken(token)
		switch holder := value.(type) {
		case []any:
			property += "[" + token + "]"
			value = nil
			if at, err := strconv.Atoi(token); err == nil && at >= 0 && at < len(holder) {
				value = holder[at]
			}
			continue
		case object:
			value = holder[token]
		default:
			value = nil
		}
		if property != "" {
			property += "."
		}
		property += token
	}
	return value, property
}

// formatProblems words the texts of a valid value that do not have the format of their schema.
func formatProblems(s *managementapi.Schema, value any, at string) (problems []string) {
	s = s.Resolve()
	switch s.Kind {
	case managementapi.KindUnion:
		if one := alternative(s, value); one != nil {
			return formatProblems(one, value, at)
		}
	case managementapi.KindArray:
		items, _ := value.([]any)
		for i, item := range items {
			if s.Items != nil {
				problems = append(problems, formatProblems(s.Items, item, fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case managementapi.KindObject:
		members, _ := value.(object)
		for _, m := range s.Members {
			if member, given := members[m.Name]; given {
				inside := strings.TrimPrefix(at+"."+m.Name, ".")
				problems = append(problems, formatProblems(m.Schema, member, inside)...)
			}
		}
	case managementapi.KindString:
		if text, isText := value.(string); isText && !hasFormat(s.Format, text) {
			problems = append(problems, onProperty("Object didn't pass validation for format "+s.Format+": "+text, at))
		}
	}
	return problems
}

// alternative is the one of a union that a valid value has. Most tell themselves apart by members
// that have a single value, such as "type", so that a large form is not checked over and over.
func alternative(union *managementapi.Schema, value any) *managementapi.Schema {
	var candidates []*managementapi.Schema
	var collect func(*managementapi.Schema)
	collect = func(s *managementapi.Schema) {
		if s = s.Resolve(); s.Kind == managementapi.KindUnion {
			for _, one := range s.AnyOf {
				collect(one)
			}
		} else if hasConstants(s, value) {
			candidates = append(candidates, s)
		}
	}
	collect(union)
	for _, one := range candidates {
		if len(candidates) == 1 || len(one.Check(value)) == 0 {
			return one
		}
	}
	return nil
}

// hasConstants tells whether a value has the members of an object schema that allow a single value.
func hasConstants(s *managementapi.Schema, value any) bool {
	members, isObject := value.(object)
	if s.Kind != managementapi.KindObject || !isObject {
		return (s.Kind == managementapi.KindObject) == isObject
	}
	for _, m := range s.Members {
		constant := m.Schema.Resolve()
		given, there := members[m.Name]
		if len(constant.Enum) == 1 && m.Required && (!there || given != constant.Enum[0]) {
			return false
		}
	}
	return true
}

// hasFormat tells whether a text has a format. Formats whose rules are not known take any text.
func hasFormat(format, text string) bool {
	switch format {
	case "callback-url":
		// The scheme may be an application's own, and the host may hold placeholders and wildcards.
		scheme, rest, found := strings.Cut(text, ":")
		return found && isScheme(scheme) && rest != "" && !strings.ContainsAny(text, " ,")
	case "url", "url-or-null", "url-with-placeholders":
		scheme, rest, found := strings.Cut(text, "://")
		return found && isScheme(scheme) && rest != "" && !strings.ContainsAny(text, " ,")
	case "forms-custom-identifier":
		return text != ""
	case "absolute-uri-or-empty":
		return text == "" || hasFormat("url", text)
	case "absolute-https-uri-or-empty", "absolute-https-uri-with-placeholders-or-empty":
		return text == "" || strings.HasPrefix(text, "https://") && hasFormat("url", text)
	default:
		return true
	}
}

// isScheme tells whether a text is the scheme of a URI (RFC 3986, 3.1).
func isScheme(text string) bool {
	for i, c := range []byte(text) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return text != ""
}
