package managementapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Fault says what kind of problem a value has.
type Fault string

// The faults that [Schema.Check] finds.
const (
	WrongKind Fault = "kind"    // another JSON type is wanted
	NotListed Fault = "value"   // not one of the values that are allowed
	OutOf     Fault = "range"   // too short, long, small, large, few or many
	NoMatch   Fault = "pattern" // does not match the pattern
	Unknown   Fault = "unknown" // there is no such member
	Missing   Fault = "missing" // a member is required
	Twice     Fault = "twice"   // an item is there twice
)

// A Problem is one thing at which a value does not fit a schema.
type Problem struct {
	At    string // where, as a JSON Pointer (RFC 6901); of a member that is missing too
	Fault Fault
	Want  string // what would fit, in the notation of [ParseSchema]; "" for Unknown and Twice
}

func (p Problem) String() string {
	if p.Want == "" {
		return p.At + ": " + string(p.Fault)
	}
	return p.At + ": " + string(p.Fault) + ", want " + p.Want
}

// Check returns the problems of a value that encoding/json decoded, with or without UseNumber.
// Formats are not checked, and a pattern that Go's regexp does not know matches everything (it
// has no lookahead). Of a union, the problems are those of the alternative that is nearest.
func (s *Schema) Check(value any) []Problem {
	c := &checker{}
	c.check(s, value, "")
	return c.result()
}

type checker struct {
	problems []problem
	distance int // how far the value is from the schema: a wrong kind or value weighs more
}

// problem is a Problem whose Want is written only if it is told: most are of alternatives
// that are dropped.
type problem struct {
	at    string
	fault Fault
	want  *Schema
}

func (c *checker) result() (out []Problem) {
	for _, p := range c.problems {
		told := Problem{At: p.at, Fault: p.fault}
		switch {
		case p.want == nil:
		case p.want.Kind == KindObject && p.fault == WrongKind:
			told.Want = "object"
		case p.fault == OutOf:
			bounds := *p.want
			bounds.Members, bounds.Pattern, bounds.Format = nil, "", ""
			told.Want = bounds.String()
		default:
			told.Want = p.want.String()
		}
		out = append(out, told)
	}
	return out
}

func (c *checker) add(at string, fault Fault, want *Schema) {
	c.problems = append(c.problems, problem{at, fault, want})
	switch fault {
	case WrongKind:
		c.distance += 50
	case NotListed:
		c.distance += 100 // often what tells the alternatives of a union apart
	default:
		c.distance++
	}
}

func (c *checker) check(s *Schema, value any, at string) {
	s = s.Resolve()
	if value == nil && (s.Nullable || s.Kind == KindNull || s.Kind == KindAny) {
		return
	}
	switch s.Kind {
	case KindAny:
	case KindUnion:
		c.union(s, value, at)
	case KindString:
		c.text(s, value, at)
	case KindInteger, KindNumber:
		c.number(s, value, at)
	case KindBoolean:
		if b, ok := value.(bool); !ok {
			c.add(at, WrongKind, s)
		} else if len(s.Enum) > 0 && !slices.Contains(s.Enum, any(b)) {
			c.add(at, NotListed, s)
		}
	case KindArray:
		c.array(s, value, at)
	case KindObject:
		c.object(s, value, at)
	default:
		c.add(at, WrongKind, s)
	}
}

func (c *checker) union(s *Schema, value any, at string) {
	var best *checker
	for _, one := range s.AnyOf {
		try := &checker{}
		try.check(one, value, at)
		if len(try.problems) == 0 {
			return
		}
		if first := try.problems[0]; first.at == at && first.fault == WrongKind {
			try.distance += 10_000 // anything of the right kind is nearer
		}
		if best == nil || try.distance < best.distance {
			best = try
		}
	}
	c.problems = append(c.problems, best.problems...)
	c.distance += best.distance
}

func (c *checker) text(s *Schema, value any, at string) {
	text, ok := value.(string)
	switch {
	case !ok:
		c.add(at, WrongKind, s)
		return
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(text)):
		c.add(at, NotListed, s)
		return
	}
	c.bounds(s, float64(utf8.RuneCountInString(text)), at)
	if s.Pattern != "" {
		if pattern := definitions().pattern(s.Pattern); pattern != nil && !pattern.MatchString(text) {
			c.add(at, NoMatch, s)
		}
	}
}

func (c *checker) bounds(s *Schema, size float64, at string) {
	if s.Min != nil && size < *s.Min || s.Max != nil && size > *s.Max {
		c.add(at, OutOf, s)
	}
}

func (c *checker) number(s *Schema, value any, at string) {
	var number float64
	switch value := value.(type) {
	case float64:
		number = value
	case json.Number:
		parsed, err := value.Float64()
		if err != nil {
			c.add(at, OutOf, s)
			return
		}
		number = parsed
	default:
		c.add(at, WrongKind, s)
		return
	}
	switch {
	case s.Kind == KindInteger && number != math.Trunc(number):
		c.add(at, WrongKind, s)
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(number)):
		c.add(at, NotListed, s)
	default:
		c.bounds(s, number, at)
	}
}

func (c *checker) array(s *Schema, value any, at string) {
	items, ok := value.([]any)
	if !ok {
		c.add(at, WrongKind, s)
		return
	}
	c.bounds(s, float64(len(items)), at)
	for i, item := range items {
		here := at + "/" + strconv.Itoa(i)
		if s.Items != nil {
			c.check(s.Items, item, here)
		}
		if s.Unique && slices.ContainsFunc(items[:i], func(other any) bool { return reflect.DeepEqual(other, item) }) {
			c.add(here, Twice, nil)
		}
	}
}

func (c *checker) object(s *Schema, value any, at string) {
	object, ok := value.(map[string]any)
	if !ok {
		c.add(at, WrongKind, s)
		return
	}
	c.bounds(s, float64(len(object)), at)
	known := map[string]bool{}
	for _, m := range s.Members {
		known[m.Name] = true
		here := at + "/" + escapePointer(m.Name)
		switch member, ok := object[m.Name]; {
		case ok:
			c.check(m.Schema, member, here)
		case m.Required:
			c.add(here, Missing, m.Schema)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if known[name] {
			continue
		}
		if s.Rest == nil {
			c.add(at+"/"+escapePointer(name), Unknown, nil)
		} else {
			c.check(s.Rest, object[name], at+"/"+escapePointer(name))
		}
	}
}

func escapePointer(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// CheckQuery returns the problems of a query: unknown and missing parameters, values that do not
// fit. Values are texts, as in a URL: a number, a boolean, and the items of an array as the same
// name several times.
func (o *Operation) CheckQuery(query map[string][]string) (problems []Problem) {
	for _, p := range o.Query {
		values, ok := query[p.Name]
		switch {
		case ok:
			problems = append(problems, checkTexts(p, values)...)
		case p.Required:
			problems = append(problems, Problem{"/" + escapePointer(p.Name), Missing, p.Schema.String()})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if _, ok := o.QueryParameter(name); !ok {
			problems = append(problems, Problem{"/" + escapePointer(name), Unknown, ""})
		}
	}
	return problems
}

func checkTexts(p Parameter, values []string) []Problem {
	at := "/" + escapePointer(p.Name)
	if array := p.Schema.arrayOf(); array != nil {
		items := array.Items
		if items == nil {
			return nil
		}
		var problems []Problem
		for _, value := range values {
			problems = append(problems, checkText(items, value, at)...)
		}
		return problems
	}
	if len(values) != 1 {
		return []Problem{{at, Twice, ""}}
	}
	return checkText(p.Schema, values[0], at)
}

// arrayOf is the alternative of the schema that is an array.
func (s *Schema) arrayOf() *Schema {
	for one := range s.alternatives(map[string]bool{}) {
		if one.Kind == KindArray {
			return one
		}
	}
	return nil
}

// checkText checks a text that may be meant as a number or a boolean.
func checkText(s *Schema, text, at string) []Problem {
	readings := []any{text}
	if text == "true" || text == "false" {
		readings = append(readings, text == "true")
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(number, 0) && !math.IsNaN(number) {
		readings = append(readings, number)
	}
	if text == "" && s.Resolve().Nullable {
		return nil
	}
	var nearest *checker
	for _, reading := range readings {
		c := &checker{}
		c.check(s, reading, at)
		if nearest == nil || c.distance < nearest.distance {
			nearest = c
		}
	}
	return nearest.result()
}

// CheckPath returns the problems of the values of the path's parameters.
func (o *Operation) CheckPath(values map[string]string) (problems []Problem) {
	for _, p := range o.PathParameters {
		at := "/" + escapePointer(p.Name)
		if value, ok := values[p.Name]; ok && value != "" {
			problems = append(problems, checkText(p.Schema, value, at)...)
		} else {
			problems = append(problems, Problem{at, Missing, p.Schema.String()})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.ContainsFunc(o.PathParameters, func(p Parameter) bool { return p.Name == name }) {
			problems = append(problems, Problem{"/" + escapePointer(name), Unknown, ""})
		}
	}
	return problems
}

// FillPath is the operation's path with the values of its parameters, escaped: what
// [Lookup] reads back. Each parameter must be there and not be empty, "." or "..".
func (o *Operation) FillPath(values map[string]string) (string, error) {
	out := o.Path
	for _, p := range o.PathParameters {
		value := values[p.Name]
		if value == "" || value == "." || value == ".." {
			return "", fmt.Errorf("%s: path parameter %s must not be %q", o.Name(), p.Name, value)
		}
		out = strings.Replace(out, "{"+p.Name+"}", escapeSegment(value), 1)
	}
	return out, nil
}
