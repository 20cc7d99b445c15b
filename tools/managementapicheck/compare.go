package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// anonymous is a path without the names of its parameters.
func anonymous(path string) string { return parameter.ReplaceAllString(path, "{}") }

// comparison compares our schemas with those of a description.
type comparison struct {
	api *openAPI
	// Each difference as a line of a table: where, what we have, what the description has. The
	// second is the line that would remove it.
	lines []difference
	seen  map[string]bool // pairs of definitions
}

type difference struct {
	at     string // "Name.member", "Name{}", "METHOD PATH answer"
	ours   string
	theirs string
	same   bool // it says more of the same thing: bounds, a pattern, null
}

func (c *comparison) add(at string, ours, theirs string, same bool) {
	if ours != theirs {
		c.lines = append(c.lines, difference{at, ours, theirs, same})
	}
}

// definition compares a definition of ours with a schema.
func (c *comparison) definition(name string, theirs *managementapi.Schema) {
	key := name + "=" + theirs.String()
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	ours, _ := managementapi.Definition(name)
	if ours.Kind == managementapi.KindObject && theirs.Kind == managementapi.KindObject {
		c.object(name, ours, theirs)
		return
	}
	merged, same := c.enrich(ours, theirs)
	c.add(name, ours.String(), merged.String(), same)
}

func (c *comparison) object(name string, ours, theirs *managementapi.Schema) {
	own, other := head(ours), head(theirs)
	if (ours.Rest == nil) != (theirs.Rest == nil) || ours.Nullable != theirs.Nullable ||
		!equalBound(ours.Min, theirs.Min) || !equalBound(ours.Max, theirs.Max) {
		c.add(name+"{}", own, other, true)
	}
	for _, m := range theirs.Members {
		at := slices.IndexFunc(ours.Members, func(o managementapi.Member) bool { return o.Name == m.Name })
		if at < 0 {
			c.add(name+"."+m.Name+optional(m), "-", m.Schema.String(), false)
			continue
		}
		o := ours.Members[at]
		merged, same := c.enrich(o.Schema, m.Schema)
		if o.Required != m.Required || merged.String() != o.Schema.String() {
			c.add(name+"."+m.Name+optional(m), optional(o)+o.Schema.String(), merged.String(), same)
		}
	}
	for _, o := range ours.Members {
		if !slices.ContainsFunc(theirs.Members, func(m managementapi.Member) bool { return o.Name == m.Name }) {
			c.add(name+"."+o.Name, optional(o)+o.Schema.String(), "-", false)
		}
	}
}

func head(s *managementapi.Schema) string {
	h := *s
	h.Members = nil
	return h.String()
}

func optional(m managementapi.Member) string {
	if m.Required {
		return ""
	}
	return "?"
}

func equalBound(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }

// enrich returns ours with what theirs says more of the same thing. If they are not the same
// thing, it returns theirs and false.
func (c *comparison) enrich(ours, theirs *managementapi.Schema) (*managementapi.Schema, bool) {
	if ours.Kind == managementapi.KindRef {
		return c.enrichRef(ours, theirs)
	}
	other := theirs.Resolve()
	if ours.Kind != other.Kind {
		return theirs, false
	}
	out := *other
	out.Nullable = other.Nullable
	switch ours.Kind {
	case managementapi.KindString, managementapi.KindBoolean, managementapi.KindInteger, managementapi.KindNumber:
		if len(ours.Enum) > 0 && !covers(ours.Enum, other.Enum) {
			return theirs, false
		}
		if len(ours.Enum) > 0 {
			out.Enum = ours.Enum // v3 is newer: it may have more
		}
		return &out, true
	case managementapi.KindArray:
		if ours.Items == nil || other.Items == nil {
			return theirs, ours.Items == other.Items
		}
		items, same := c.enrich(ours.Items, other.Items)
		out.Items = items
		return &out, same
	case managementapi.KindObject:
		if len(ours.Members) > 0 || len(other.Members) > 0 {
			return theirs, false
		}
		if ours.Rest == nil || other.Rest == nil {
			return &out, true
		}
		rest, same := c.enrich(ours.Rest, other.Rest)
		out.Rest = rest
		return &out, same
	case managementapi.KindUnion:
		return c.enrichUnion(ours, other, theirs)
	}
	return &out, true
}

func (c *comparison) enrichRef(ours, theirs *managementapi.Schema) (*managementapi.Schema, bool) {
	nullable := *ours
	target := ours.Resolve()
	other := theirs.Resolve()
	nullable.Nullable = other.Nullable && !target.Nullable || ours.Nullable
	if theirs.Kind == managementapi.KindRef {
		if theirs.Ref == ours.Ref {
			return &nullable, true
		}
		if target.String() == other.String() {
			return &nullable, true
		}
	}
	switch {
	case target.Kind != other.Kind:
		return theirs, false
	case target.Kind == managementapi.KindString && len(target.Enum) > 0:
		if covers(target.Enum, other.Enum) {
			return &nullable, true
		}
		return theirs, false
	case target.Kind == managementapi.KindObject || target.Kind == managementapi.KindUnion:
		plain := *other
		plain.Nullable = target.Nullable
		c.definition(ours.Ref, &plain)
		return &nullable, true
	default:
		return c.enrich(target, other)
	}
}

func (c *comparison) enrichUnion(ours, other, theirs *managementapi.Schema) (*managementapi.Schema, bool) {
	if len(ours.AnyOf) != len(other.AnyOf) {
		return theirs, false
	}
	var all []*managementapi.Schema
	for i := range ours.AnyOf {
		one, same := c.enrich(ours.AnyOf[i], other.AnyOf[i])
		if !same {
			return theirs, false
		}
		all = append(all, one)
	}
	out := managementapi.AnyOf(all...)
	if other.Nullable {
		out = managementapi.AnyOf(out, &managementapi.Schema{Kind: managementapi.KindNull})
	}
	return out, true
}

func covers(ours, theirs []any) bool {
	return len(theirs) > 0 && !slices.ContainsFunc(theirs, func(value any) bool { return !slices.Contains(ours, value) })
}

// operation compares an operation's parameters, body and answer.
func (c *comparison) operation(o *managementapi.Operation) {
	described := c.api.operation(o)
	if described == nil {
		return
	}
	for _, in := range []string{"query", "path"} {
		ours := o.Query
		if in == "path" {
			ours = o.PathParameters
		}
		position := 0
		for _, p := range described.Parameters {
			if p.In != in {
				continue
			}
			at := slices.IndexFunc(ours, func(q managementapi.Parameter) bool { return q.Name == p.Name })
			if in == "path" && at < 0 {
				at = position
			}
			position++
			c.parameter(o, in, p, ours, at)
		}
	}
	for _, q := range o.Query {
		same := func(p openParameter) bool { return p.In == "query" && p.Name == q.Name }
		if !slices.ContainsFunc(described.Parameters, same) {
			c.add(o.Name()+" "+q.Name, q.Schema.String(), "-", false)
		}
	}
	c.body(o.Name()+" body", o.Body, described.RequestBody.schema())
	c.body(o.Name()+" answer", o.Answer, described.answer())
}

func (c *comparison) parameter(
	o *managementapi.Operation, in string, p openParameter, ours []managementapi.Parameter, at int,
) {
	mark := "?"
	if p.Required {
		mark = ""
	}
	theirs := c.api.schema(p.Schema)
	if at < 0 || at >= len(ours) {
		c.add(o.Name()+" "+p.Name+mark, "-", theirs.String(), false)
		return
	}
	merged, same := c.enrich(ours[at].Schema, theirs)
	name := ours[at].Name + mark
	if in == "path" {
		name = "{" + ours[at].Name + "}"
	}
	if ours[at].Required != p.Required {
		c.add(o.Name()+" "+name, fmt.Sprint("required: ", ours[at].Required), merged.String(), false)
	}
	c.add(o.Name()+" "+name, ours[at].Schema.String(), merged.String(), same)
}

func (c *comparison) body(at string, ours *managementapi.Schema, described *openSchema) {
	switch {
	case ours == nil && described == nil:
	case ours == nil:
		c.add(at, "-", c.api.schema(described).String(), false)
	case described == nil:
		c.add(at, ours.String(), "-", false)
	default:
		merged, same := c.enrich(ours, c.api.schema(described))
		c.add(at, ours.String(), merged.String(), same)
	}
}

// compare lists the differences of all operations and of the definitions that both have.
func compare(api *openAPI) []difference {
	c := &comparison{api: api, seen: map[string]bool{}}
	for o := range managementapi.All() {
		c.operation(o)
	}
	for name, schema := range api.Components.Schemas {
		if own, ok := api.names[strings.ToLower(name)]; ok {
			c.definition(own, api.schema(schema))
		}
	}
	slices.SortFunc(c.lines, func(a, b difference) int { return strings.Compare(a.at+a.theirs, b.at+b.theirs) })
	return slices.Compact(c.lines)
}
