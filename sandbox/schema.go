package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// alternatives are what a schema may be, without references and unions.
func alternatives(s *managementapi.Schema) (out []*managementapi.Schema) {
	if s = s.Resolve(); s.Kind != managementapi.KindUnion {
		return []*managementapi.Schema{s}
	}
	for _, one := range s.AnyOf {
		out = append(out, alternatives(one)...)
	}
	return out
}

// arrayOf is the alternative that is an array.
func arrayOf(s *managementapi.Schema) *managementapi.Schema {
	for _, one := range alternatives(s) {
		if one.Kind == managementapi.KindArray {
			return one
		}
	}
	return nil
}

// itemsMember is the member that holds the items of a list whose answer is an object.
func itemsMember(o *managementapi.Operation) string {
	if o.Paging.Items != "" || o.Answer == nil {
		return o.Paging.Items
	}
	for _, one := range alternatives(o.Answer) {
		for _, m := range one.Members {
			if arrayOf(m.Schema) != nil {
				return m.Name
			}
		}
	}
	return ""
}

// itemSchema is the schema of the items of a list, nil if it is not known.
func itemSchema(o *managementapi.Operation) *managementapi.Schema {
	if o.Answer == nil {
		return nil
	}
	array, name := arrayOf(o.Answer), itemsMember(o)
	for _, one := range alternatives(o.Answer) {
		if array != nil {
			break
		}
		at := slices.IndexFunc(one.Members, func(m managementapi.Member) bool { return m.Name == name })
		if at >= 0 {
			array = arrayOf(one.Members[at].Schema)
		}
	}
	if array == nil {
		return nil
	}
	return array.Items
}

// hasMember tells whether an alternative of the schema names a member.
func hasMember(s *managementapi.Schema, name string) bool {
	for _, one := range alternatives(s) {
		if slices.ContainsFunc(one.Members, func(m managementapi.Member) bool { return m.Name == name }) {
			return true
		}
	}
	return false
}

// project leaves of an object what its schema names. What has no names, such as metadata, stays as it is.
func project(s *managementapi.Schema, o object) object {
	if s == nil {
		return o
	}
	closed := false
	for _, one := range alternatives(s) {
		closed = closed || len(one.Members) > 0 || one.Max != nil && *one.Max == 0
	}
	if !closed {
		return o
	}
	out := maps.Clone(o)
	maps.DeleteFunc(out, func(name string, _ any) bool { return !hasMember(s, name) })
	return out
}

// complete adds the members that an answer must have and the object lacks.
func (t *Tenant) complete(s *managementapi.Schema, o object) {
	for _, one := range alternatives(s) {
		if !constantsFit(one, o) {
			continue
		}
		for _, m := range one.Members {
			if _, there := o[m.Name]; m.Required && !there {
				o[m.Name] = t.invent(m.Name, m.Schema, 0)
			}
		}
		return
	}
}

// constantsFit tells whether an object has no other value where a schema allows a single one.
func constantsFit(s *managementapi.Schema, o object) bool {
	for _, m := range s.Members {
		if value, there := o[m.Name]; there {
			if allowed := m.Schema.Resolve().Enum; len(allowed) == 1 && allowed[0] != value {
				return false
			}
		}
	}
	return s.Kind == managementapi.KindObject
}

// inventionDepth bounds the objects of a schema that refers to itself.
const inventionDepth = 6

// invent makes a small value that fits a schema.
func (t *Tenant) invent(name string, s *managementapi.Schema, depth int) any {
	s = s.Resolve()
	switch s.Kind {
	case managementapi.KindUnion:
		return t.invent(name, s.AnyOf[0], depth)
	case managementapi.KindString:
		return t.inventText(name, s)
	case managementapi.KindInteger, managementapi.KindNumber:
		switch {
		case len(s.Enum) > 0:
			return json.Number(strconv.FormatFloat(s.Enum[0].(float64), 'f', -1, 64)) //nolint:forcetypeassert // of a number
		case s.Min != nil && *s.Min > 0:
			return json.Number(strconv.FormatFloat(*s.Min, 'f', -1, 64))
		}
		return number(0)
	case managementapi.KindBoolean:
		return false
	case managementapi.KindArray:
		out := []any{}
		for s.Items != nil && s.Min != nil && float64(len(out)) < *s.Min && depth < inventionDepth {
			out = append(out, t.invent(strings.TrimSuffix(name, "s"), s.Items, depth+1))
		}
		return out
	case managementapi.KindNull:
		return nil
	case managementapi.KindObject:
		return t.inventObject(s, depth)
	default:
		return object{}
	}
}

func (t *Tenant) inventObject(s *managementapi.Schema, depth int) object {
	out := object{}
	if depth >= inventionDepth {
		return out
	}
	for _, m := range s.Members {
		if m.Required || s.Min != nil && float64(len(out)) < *s.Min {
			out[m.Name] = t.invent(m.Name, m.Schema, depth+1)
		}
	}
	if s.Rest != nil && s.Min != nil && len(out) == 0 && *s.Min > 0 {
		out["example"] = t.invent("example", s.Rest, depth+1)
	}
	return out
}

// inventText makes a text by what its member is called and what its schema says.
func (t *Tenant) inventText(name string, s *managementapi.Schema) any {
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	text := "example-" + strings.ReplaceAll(name, "_", "-")
	switch {
	case s.Format == "date-time", strings.HasSuffix(name, "_at"), strings.HasPrefix(name, "date_"):
		text = millis(t.now())[:19] + "Z"
	case strings.Contains(s.Format, "email") || name == "email" || name == "user_name":
		text = "reader@example.com"
	case strings.Contains(s.Format, "ur") || strings.HasPrefix(s.Pattern, "^https:"),
		strings.HasSuffix(name, "_url"), strings.HasSuffix(name, "_uri"):
		text = "https://harbourlight.example/" + name
	case strings.Contains(s.Format, "hostname"), name == "domain":
		text = "harbourlight.example"
	case strings.Contains(name, "color"), strings.Contains(s.Pattern, "a-fA-F]{3}"):
		text = "#3b5998"
	case s.Pattern != "" && !strings.ContainsAny(s.Pattern, `[](){}|*+?\`):
		text = strings.Trim(s.Pattern, "^$")
	case strings.Contains(name, "phone") || name == "to":
		text = "+353915550100"
	case strings.HasSuffix(name, "id"):
		text = t.randomText(alphanumeric, 16)
	}
	for s.Min != nil && float64(len(text)) < *s.Min {
		text += "0"
	}
	if s.Max != nil && float64(len(text)) > *s.Max {
		text = text[:int(*s.Max)]
	}
	return text
}
