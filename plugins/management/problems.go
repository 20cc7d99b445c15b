package management

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

const (
	// maxProblems is how many problems an error lists, maxNames how many names.
	maxProblems, maxNames = 20, 40
	// maxWanted is how long the notation of what would fit may be, in bytes.
	maxWanted = 300
	// markerStart begins the marker of a hidden value, which the host replaces with the value.
	markerStart = "[REDACTED"
)

// problems are what is wrong with the arguments of a call.
type problems struct {
	operation *managementapi.Operation
	texts     []string
}

func (p *problems) add(at, text string) { p.texts = append(p.texts, at+" "+text) }

// found adds the problems that a schema finds in a part of the request. value is the part, if it can hold markers of
// hidden values, names are the parameters that there are.
func (p *problems) found(part string, all []managementapi.Problem, value any, names []string) {
	for _, problem := range all {
		if text, ok := valueAt(value, problem.At).(string); ok && strings.Contains(text, markerStart) {
			continue // it fits once the value is put back
		}
		at := dotted(part, problem.At)
		switch problem.Fault {
		case managementapi.Missing:
			p.add(at, "is missing: want "+wanted(problem.Want))
		case managementapi.Unknown:
			p.unknown(part, problem.At, names)
		case managementapi.Twice:
			p.add(at, "is given twice")
		default:
			p.add(at, "must be "+wanted(problem.Want))
		}
	}
}

// unknown says that there is no such member or parameter, and which there are.
func (p *problems) unknown(part, pointer string, names []string) {
	parent := pointer[:strings.LastIndex(pointer, "/")]
	if part == "body" {
		s := p.operation.Body
		for step := range strings.SplitSeq(strings.TrimPrefix(parent, "/"), "/") {
			if _, err := strconv.Atoi(step); err == nil || step == "" {
				continue
			}
			if next, _ := stepInto(s, unescape(step)); next != nil {
				s = next
			}
		}
		_, names = stepInto(s, "")
	}
	p.add(dotted(part, pointer), "does not exist: there is "+some(names))
}

func (p *problems) err() error {
	slices.Sort(p.texts)
	texts := slices.Compact(p.texts)
	more := ""
	if len(texts) > maxProblems {
		more = fmt.Sprintf("; and %d more problems", len(texts)-maxProblems)
		texts = texts[:maxProblems]
	}
	switch len(texts) {
	case 0:
		return nil
	default:
		return sdk.InvalidArgument("%s was not sent: %s%s", p.operation.Name(), strings.Join(texts, "; "), more)
	}
}

// some lists names, not all if there are many.
func some(names []string) string {
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > maxNames:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNames], ", "), len(names)-maxNames)
	}
	return strings.Join(names, ", ")
}

// dotted is a JSON Pointer as a path: body.options[0].name.
func dotted(part, pointer string) string {
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch _, err := strconv.Atoi(step); {
		case step == "":
		case err == nil:
			part += "[" + step + "]"
		default:
			part += "." + unescape(step)
		}
	}
	return part
}

func unescape(step string) string { return strings.NewReplacer("~1", "/", "~0", "~").Replace(step) }

// valueAt is what stands at a JSON Pointer; nil if nothing does.
func valueAt(value any, pointer string) any {
	if pointer == "" {
		return value
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch at := value.(type) {
		case map[string]any:
			value = at[unescape(step)]
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index < 0 || index >= len(at) {
				return nil
			}
			value = at[index]
		default:
			return nil
		}
	}
	return value
}

// wanted says what would fit.
func wanted(notation string) string {
	s, err := managementapi.ParseSchema(notation)
	if notation == "object" { // what a value of another kind is told
		return "an object"
	}
	if err != nil {
		return notation
	}
	s = s.Resolve()
	null := ""
	if s.Nullable {
		null = " or null"
	}
	switch {
	case len(s.Enum) > 0:
		values := make([]string, len(s.Enum))
		for i, value := range s.Enum {
			values[i] = fmt.Sprintf("%#v", value)
		}
		return "one of " + some(values) + null
	case s.Kind == managementapi.KindObject, s.Kind == managementapi.KindArray, s.Kind == managementapi.KindInteger:
		return "an " + s.Kind.String() + bounds(s) + null
	case s.Kind == managementapi.KindString, s.Kind == managementapi.KindNumber:
		return "a " + s.Kind.String() + bounds(s) + null
	case s.Kind == managementapi.KindBoolean:
		return "true or false" + null
	case len(notation) > maxWanted:
		return notation[:maxWanted] + "…"
	}
	return notation
}

// bounds says how long, many or large a value may be, and what it matches.
func bounds(s *managementapi.Schema) (text string) {
	of := map[managementapi.Kind]string{managementapi.KindString: " characters", managementapi.KindArray: " items",
		managementapi.KindObject: " members"}[s.Kind]
	number := func(f *float64) string { return strconv.FormatFloat(*f, 'f', -1, 64) }
	switch {
	case s.Min != nil && s.Max != nil:
		text = " of " + number(s.Min) + " to " + number(s.Max) + of
	case s.Min != nil:
		text = " of at least " + number(s.Min) + of
	case s.Max != nil:
		text = " of at most " + number(s.Max) + of
	}
	if s.Pattern != "" {
		text += " that matches " + s.Pattern
	}
	return text
}
