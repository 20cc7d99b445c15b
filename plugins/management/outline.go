package management

import (
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// legend explains the notation of outline.
const legend = `{name:type}: "?" optional, "!" secret (hidden in answers), ">" decides where a stored secret goes; ` +
	`a|b: one of these; [a]: array; (1..9): length, items or value; ...: other members; name{…}: ask with member`

// outline writes a schema in the notation of managementapi, with its references written out down to a depth.
func outline(s *managementapi.Schema, depth int) string {
	var out strings.Builder
	(&outliner{}).write(&out, s, depth)
	return out.String()
}

type outliner struct{ open []string }

func (l *outliner) write(out *strings.Builder, s *managementapi.Schema, depth int) {
	if s.Kind == managementapi.KindRef {
		if slices.Contains(l.open, s.Ref) {
			out.WriteString("{…}")
			return
		}
		l.open = append(l.open, s.Ref)
		defer func() { l.open = l.open[:len(l.open)-1] }()
		s = s.Resolve()
	}
	switch s.Kind {
	case managementapi.KindRef:
		l.write(out, s, depth)
	case managementapi.KindUnion:
		for i, one := range s.AnyOf {
			if i > 0 {
				out.WriteByte('|')
			}
			l.write(out, one, depth)
		}
		null(out, s)
	case managementapi.KindArray:
		out.WriteByte('[')
		if s.Items != nil {
			l.write(out, s.Items, depth)
		}
		out.WriteByte(']')
		limits(out, s)
	case managementapi.KindObject:
		l.object(out, s, depth)
	default:
		out.WriteString(s.String())
	}
}

func (l *outliner) object(out *strings.Builder, s *managementapi.Schema, depth int) {
	if depth == 0 && len(s.Members) > 0 {
		out.WriteString("{…}")
		null(out, s)
		return
	}
	out.WriteByte('{')
	for i, m := range s.Members {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(m.Name)
		for _, mark := range []struct {
			set  bool
			text string
		}{{!m.Required, "?"}, {m.Secret, "!"}, {m.Destination, ">"}} {
			if mark.set {
				out.WriteString(mark.text)
			}
		}
		out.WriteByte(':')
		l.write(out, m.Schema, depth-1)
	}
	if s.Rest != nil {
		if len(s.Members) > 0 {
			out.WriteByte(' ')
		}
		out.WriteString("...")
		if s.RestSecret {
			out.WriteByte('!')
		}
		if s.Rest.Kind != managementapi.KindAny {
			l.write(out, s.Rest, max(depth-1, 0))
		}
	}
	out.WriteByte('}')
	limits(out, s)
}

// limits writes what bounds an array or object.
func limits(out *strings.Builder, s *managementapi.Schema) {
	bounds := managementapi.Schema{Kind: s.Kind, Min: s.Min, Max: s.Max, Unique: s.Unique, Nullable: s.Nullable}
	text := bounds.String()
	out.WriteString(strings.TrimLeft(text, "[]{}"))
}

func null(out *strings.Builder, s *managementapi.Schema) {
	if s.Nullable {
		out.WriteString("|null")
	}
}
