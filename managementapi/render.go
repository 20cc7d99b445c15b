package managementapi

import (
	"bytes"
	"encoding/json"
	"slices"
)

// JSONSchema writes the schema as JSON Schema, draft 2020-12. The definitions that it
// refers to are in its $defs. Members keep their order; secret members have "writeOnly".
func (s *Schema) JSONSchema() json.RawMessage {
	r := &renderer{}
	out := r.schema(s)
	if len(r.defs) > 0 {
		var defs object
		for len(defs.members) < len(r.defs) { // rendering a definition can add others
			name := r.defs[len(defs.members)]
			definition, ok := Definition(name)
			if !ok {
				definition = &Schema{} // as Resolve has it
			}
			defs.add(name, r.schema(definition).bytes())
		}
		slices.SortFunc(defs.members, func(a, b field) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
		out.add("$defs", defs.bytes())
	}
	return out.bytes()
}

type renderer struct{ defs []string }

// object is a JSON object in order.
type object struct{ members []field }

type field struct {
	name  string
	value json.RawMessage
}

func (o *object) add(name string, value json.RawMessage) {
	o.members = append(o.members, field{name, value})
}

func (o *object) put(name string, value any) { o.add(name, marshal(value)) }

func marshal(value any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // texts, numbers, booleans, lists of them
	}
	return bytes.TrimSpace(out.Bytes())
}

func (o *object) bytes() json.RawMessage {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(marshal(m.name))
		out.WriteByte(':')
		out.Write(m.value)
	}
	out.WriteByte('}')
	return out.Bytes()
}

func (r *renderer) schema(s *Schema) *object {
	out := &object{}
	switch {
	case s.Kind == KindRef && s.Nullable, s.Kind == KindUnion:
		r.anyOf(s, out)
		return out
	case s.Kind == KindRef:
		if !slices.Contains(r.defs, s.Ref) {
			r.defs = append(r.defs, s.Ref)
		}
		out.put("$ref", "#/$defs/"+s.Ref)
		return out
	case s.Kind == KindAny:
		return out
	case len(s.Enum) > 0:
		values := slices.Clone(s.Enum)
		if s.Nullable {
			values = append(values, nil)
		}
		out.put("enum", values)
	case s.Nullable:
		out.put("type", []string{s.Kind.String(), "null"})
	default:
		out.put("type", s.Kind.String())
	}
	r.limits(s, out)
	switch s.Kind {
	case KindArray:
		if s.Items != nil {
			out.add("items", r.schema(s.Items).bytes())
		}
	case KindObject:
		r.object(s, out)
	}
	return out
}

func (r *renderer) anyOf(s *Schema, out *object) {
	all := s.AnyOf
	if s.Kind == KindRef {
		all = []*Schema{{Kind: KindRef, Ref: s.Ref}}
	}
	var alternatives []json.RawMessage
	for _, one := range all {
		alternatives = append(alternatives, r.schema(one).bytes())
	}
	if s.Nullable {
		alternatives = append(alternatives, json.RawMessage(`{"type":"null"}`))
	}
	out.put("anyOf", alternatives)
}

// bounds returns the names that a kind's bounds have.
func bounds(k Kind) (low, high string) {
	switch k {
	case KindString:
		return "minLength", "maxLength"
	case KindArray:
		return "minItems", "maxItems"
	case KindObject:
		return "minProperties", "maxProperties"
	default:
		return "minimum", "maximum"
	}
}

func (r *renderer) limits(s *Schema, out *object) {
	low, high := bounds(s.Kind)
	if s.Min != nil {
		out.put(low, *s.Min)
	}
	if s.Max != nil {
		out.put(high, *s.Max)
	}
	if s.Format != "" {
		out.put("format", s.Format)
	}
	if s.Pattern != "" {
		out.put("pattern", s.Pattern)
	}
	if s.Unique {
		out.put("uniqueItems", true)
	}
}

func (r *renderer) object(s *Schema, out *object) {
	var properties object
	var required []string
	for _, m := range s.Members {
		schema := r.schema(m.Schema)
		if m.Secret {
			schema.put("writeOnly", true)
		}
		properties.add(m.Name, schema.bytes())
		if m.Required {
			required = append(required, m.Name)
		}
	}
	if len(properties.members) > 0 {
		out.add("properties", properties.bytes())
	}
	if len(required) > 0 {
		out.put("required", required)
	}
	switch {
	case s.Rest == nil:
		out.put("additionalProperties", false)
	case s.Rest.Kind != KindAny:
		out.add("additionalProperties", r.schema(s.Rest).bytes())
	}
}
