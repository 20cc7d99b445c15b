package main

import (
	"fmt"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// minShared is how many bytes a schema has that is written once and referred to.
const minShared = 120

// renderer writes nodes as JSON Schema, draft 2020-12, without lists of types, which some clients refuse.
type renderer struct {
	counts map[string]int    // by text, of what could be shared
	names  map[string]string // by text, of what is shared
	taken  map[string]bool
	defs   []field
}

func render(root *node) *object {
	count := &renderer{counts: map[string]int{}}
	count.object(root)
	r := &renderer{counts: count.counts, names: map[string]string{}, taken: map[string]bool{}}
	schema := r.object(root)
	if len(r.defs) > 0 {
		slices.SortFunc(r.defs, func(a, b field) int { return compare(a.name, b.name) })
		schema.put("$defs", &object{r.defs})
	}
	return schema
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// schema writes a node with what is said of its place.
func (r *renderer) schema(n *node) *object {
	out := &object{}
	if n.text != "" {
		out.put("description", n.text)
	}
	if n.fold != nil {
		out.put("fold", n.fold)
	}
	if n.readOnly {
		out.put("readOnly", true)
		return out
	}
	plain := r.plain(n)
	if name := r.share(n, plain); name != "" {
		if first := plain.members[0]; first.name == "type" {
			out.put("type", first.value) // for readers that do not follow references
		}
		out.put("$ref", "#/$defs/"+name)
		return out
	}
	out.members = append(out.members, plain.members...)
	return out
}

// share returns the name of the definition that a schema is, "" if it is written where it stands.
func (r *renderer) share(n *node, schema *object) string {
	text := string(encode(schema))
	if len(text) < minShared || n.isOpen() {
		return ""
	}
	if r.names == nil {
		r.counts[text]++
		return ""
	}
	// What is inside of a shared schema has been replaced by references since it was counted.
	if name, ok := r.names[text]; ok {
		return name
	}
	if r.counts[r.written(n)] < 2 {
		return ""
	}
	base := n.name
	if base == "" {
		base = "Shared"
	}
	name := base
	for i := 2; r.taken[name]; i++ {
		name = fmt.Sprintf("%s%d", base, i)
	}
	r.taken[name], r.names[text] = true, name
	r.defs = append(r.defs, field{name, schema})
	return name
}

// written is a node's schema without any reference.
func (r *renderer) written(n *node) string {
	return string(encode((&renderer{counts: map[string]int{}}).plain(n)))
}

func (r *renderer) plain(n *node) *object {
	if !n.Nullable {
		return r.kind(n)
	}
	null := &object{}
	null.put("type", "null")
	inner := r.kind(n)
	alternatives := []*object{inner}
	if n.Kind == managementapi.KindUnion {
		alternatives, _ = inner.members[0].value.([]*object)
	}
	if n.Kind == managementapi.KindAny || n.Kind == managementapi.KindNull {
		return inner
	}
	out := &object{}
	out.put("anyOf", append(slices.Clone(alternatives), null))
	return out
}

func (r *renderer) kind(n *node) *object {
	out := &object{}
	switch n.Kind {
	case managementapi.KindAny:
		return out
	case managementapi.KindUnion:
		var alternatives []*object
		for _, one := range n.anyOf {
			alternatives = append(alternatives, r.schema(one))
		}
		out.put("anyOf", alternatives)
		return out
	case managementapi.KindObject:
		return r.object(n)
	}
	out.put("type", n.Kind.String())
	if len(n.Enum) > 0 {
		out.put("enum", n.Enum)
	}
	limits(n, out)
	if n.Kind == managementapi.KindArray {
		if n.items == nil {
			out.put("items", &object{})
		} else {
			out.put("items", r.schema(n.items))
		}
	}
	return out
}

func limits(n *node, out *object) {
	low, high := "minimum", "maximum"
	switch n.Kind {
	case managementapi.KindString:
		low, high = "minLength", "maxLength"
	case managementapi.KindArray:
		low, high = "minItems", "maxItems"
	case managementapi.KindObject:
		low, high = "minProperties", "maxProperties"
	}
	if n.Min != nil && (*n.Min != 0 || low == "minimum") {
		out.put(low, *n.Min)
	}
	if n.Max != nil {
		out.put(high, *n.Max)
	}
	if n.Pattern != "" {
		out.put("pattern", n.Pattern)
	}
	if n.Unique {
		out.put("uniqueItems", true)
	}
}

func (r *renderer) object(n *node) *object {
	out := &object{}
	out.put("type", "object")
	properties := &object{}
	var required []string
	for _, m := range n.members {
		properties.put(m.name, r.schema(m.schema))
		if m.required {
			required = append(required, m.name)
		}
	}
	if len(properties.members) > 0 {
		out.put("properties", properties)
	}
	if len(required) > 0 {
		out.put("required", required)
	}
	limits(n, out)
	switch {
	case n.rest == nil:
		out.put("additionalProperties", false)
	case n.rest.Kind == managementapi.KindAny && !n.rest.readOnly:
		out.put("additionalProperties", true)
	default:
		out.put("additionalProperties", r.schema(n.rest))
	}
	return out
}
