package catalog

import (
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// makesOnly reports whether all that a tool may write is made anew, so that no stored secret can be put back.
func (t *Tool) makesOnly() bool {
	makes := false
	for _, rule := range t.Paths {
		switch method, _, _ := strings.Cut(rule, " "); method {
		case "GET", "HEAD":
		case "POST":
			makes = true
		default:
			return false
		}
	}
	return makes && t.Effect != pluginv1.EffectRead
}

// appendMarkers finds markers of hidden values that nothing can be put in place of, also inside longer strings and in
// names: a document may be sent back as a whole as it was read. The gate decides about the others.
func (t *Tool) appendMarkers(problems []ArgumentProblem, at jsondoc.Path, v any) []ArgumentProblem {
	switch v := v.(type) {
	case string:
		if what := t.markerProblem(v); what != "" {
			return append(problems, ArgumentProblem{Path: at.String(), Text: at.String() + " " + what})
		}
	case []any:
		for i, item := range v {
			problems = t.appendMarkers(problems, at.With(jsondoc.Item(i)), item)
		}
	case map[string]any:
		for _, key := range sortedNames(v) {
			here := at.With(jsondoc.Member(key))
			if strings.Contains(key, redact.MarkerStart) {
				problems = append(problems, ArgumentProblem{Path: here.String(), Text: fmt.Sprintf(
					"%s has a key that contains the marker of a hidden value: leave it out", here)})
			}
			problems = t.appendMarkers(problems, here, v[key])
		}
	}
	return problems
}

// markerProblem says what is wrong with a text that holds a marker; "" if nothing is.
func (t *Tool) markerProblem(text string) string {
	if !strings.Contains(text, redact.MarkerStart) {
		return ""
	}
	found := redact.FindMarkers(text)
	if len(found) < strings.Count(text, redact.MarkerStart) {
		return "contains a broken marker of a hidden value: send the marker as it was read, or give a new value"
	}
	for _, marker := range found {
		switch {
		case marker.Plain():
			return fmt.Sprintf("contains %s, which names no stored value, so that sending it back would overwrite the real "+
				"one: read it again and send the marker of that answer, which looks like [REDACTED:k7q2m9xa], or give a new value",
				redact.Marker)
		case t.makesOnly():
			return fmt.Sprintf("contains the hidden value %s, and %s makes something new, where it is not stored: give the "+
				"value itself, or leave it out", marker.Text, t.Name)
		}
	}
	return ""
}

// withoutMarkers is a validation error without what it says of strings that hold the marker of a hidden value: they
// satisfy every constraint of a string until the value is put back. Nil: nothing is left.
func withoutMarkers(e *jsonschema.ValidationError, arguments any) *jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		if _, value := locate(arguments, e.InstanceLocation); excused(e.ErrorKind, value) {
			return nil
		}
		return e
	}
	left := *e
	left.Causes = nil
	for _, cause := range e.Causes {
		switch kept := withoutMarkers(cause, arguments); {
		case kept != nil:
			left.Causes = append(left.Causes, kept)
		case isChoice(e.ErrorKind):
			return nil // one of the forms fits
		}
	}
	if len(left.Causes) == 0 {
		return nil
	}
	return &left
}

func isChoice(k jsonschema.ErrorKind) bool {
	switch k := k.(type) {
	case *kind.AnyOf:
		return true
	case *kind.OneOf:
		return len(k.Subschemas) == 0
	}
	return false
}

// excused reports whether a marker excuses that a value breaks a constraint.
func excused(k jsonschema.ErrorKind, value any) bool {
	text, ok := value.(string)
	if !ok || !strings.Contains(text, redact.MarkerStart) {
		return false
	}
	switch k := k.(type) {
	case *kind.Enum, *kind.Const, *kind.Pattern, *kind.Format, *kind.MinLength, *kind.MaxLength:
		return true
	case *kind.Type: // a number can be secret too
		for _, want := range k.Want {
			if want == "number" || want == "integer" {
				return true
			}
		}
	}
	return false
}
