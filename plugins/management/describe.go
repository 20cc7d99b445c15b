package management

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// maxOutline is how long a part of a description is before its inner objects are left out, in bytes.
const maxOutline = 6000

type describeInput struct {
	Operation string `json:"operation"`
	Member    string `json:"member,omitempty" jsonschema:"A part that is cut, such as body.options."`
}

type description struct {
	found
	Path    string      `json:"path,omitempty"`
	Query   string      `json:"query,omitempty"`
	Body    string      `json:"body,omitempty"`
	Content string      `json:"content_type,omitempty"`
	Answer  string      `json:"answer,omitempty"`
	Once    []string    `json:"answered_once,omitempty"`
	Paging  string      `json:"paging,omitempty"`
	Merges  []string    `json:"merged_members,omitempty"`
	Member  string      `json:"member,omitempty"`
	Schema  string      `json:"schema,omitempty"`
	Example *sampleCall `json:"example,omitempty"`
	Legend  string      `json:"notation"`
}

// sampleCall is the arguments of a call.
type sampleCall struct {
	Operation string         `json:"operation"`
	Path      map[string]any `json:"path,omitempty"`
	Query     map[string]any `json:"query,omitempty"`
	Body      any            `json:"body,omitempty"`
}

func describe(_ context.Context, _ *sdk.Call, in describeInput) (description, error) {
	o, err := operationOf(in.Operation)
	if err != nil {
		return description{}, err
	}
	d := description{found: summaryOf(o), Legend: legend}
	if in.Member != "" {
		s, err := memberOf(o, in.Member)
		if err != nil {
			return description{}, err
		}
		d.Member, d.Schema = in.Member, fitting(s)
		return d, nil
	}
	d.Path, d.Query = parameters(o.PathParameters), parameters(callerQuery(o))
	if o.Body != nil {
		d.Body = fitting(o.Body)
		if !o.BodyRequired {
			d.Body = "optional: " + d.Body
		}
		if o.ContentType != managementapi.JSON {
			d.Content = o.ContentType
		}
	}
	if o.Answer != nil {
		d.Answer = fitting(o.Answer)
	}
	d.Once, d.Merges = o.Once, o.Merges
	if o.Paging.Any() {
		d.Paging = "limit is the number of items, cursor the next_cursor of the page before"
	}
	if o.AnswerType == managementapi.EventStream {
		d.Paging = streamText
	}
	example := exampleCall(o)
	d.Example = &example
	return d, nil
}

// fitting is the outline of a schema as deep as there is room for.
func fitting(s *managementapi.Schema) (text string) {
	for depth := 8; depth > 0; depth-- {
		if text = outline(s, depth); len(text) <= maxOutline {
			break
		}
	}
	return text
}

func parameters(all []managementapi.Parameter) string {
	if len(all) == 0 {
		return ""
	}
	s := &managementapi.Schema{Kind: managementapi.KindObject}
	for _, p := range all {
		s.Members = append(s.Members, managementapi.Member{Name: p.Name, Required: p.Required, Schema: p.Schema})
	}
	return outline(s, 2)
}

// callerQuery are the query parameters without those of paging, for which there are limit and cursor.
func callerQuery(o *managementapi.Operation) []managementapi.Parameter {
	return slices.DeleteFunc(slices.Clone(o.Query), func(p managementapi.Parameter) bool {
		return o.Paging.Any() && slices.Contains(pagingParameters(), p.Name)
	})
}

func exampleCall(o *managementapi.Operation) sampleCall {
	e := sampleCall{Operation: o.Name()}
	for _, p := range o.PathParameters {
		if e.Path == nil {
			e.Path = map[string]any{}
		}
		e.Path[p.Name] = exampleOf(p.Schema, cmp.Or(p.Name, "id"))
	}
	for _, p := range o.Query {
		if p.Required {
			if e.Query == nil {
				e.Query = map[string]any{}
			}
			e.Query[p.Name] = exampleOf(p.Schema, p.Name)
		}
	}
	if o.Body != nil && o.BodyRequired {
		e.Body = exampleBody(o.Body)
	}
	return e
}

// memberOf finds a part of an operation by its path: body.options.attributes, answer.clients[].name.
func memberOf(o *managementapi.Operation, member string) (*managementapi.Schema, error) {
	steps := strings.Split(strings.ReplaceAll(member, "[]", ""), ".")
	s := map[string]*managementapi.Schema{"body": o.Body, "answer": o.Answer}[steps[0]]
	if s == nil {
		return nil, sdk.InvalidArgument("member: %q begins with neither body nor answer, or %s has none", member, o.Name())
	}
	for i, step := range steps[1:] {
		next, names := stepInto(s, step)
		if next == nil {
			return nil, sdk.InvalidArgument("member: %s of %s has no member %q; it has %s", strings.Join(steps[:i+1], "."),
				o.Name(), step, some(names))
		}
		s = next
	}
	return s, nil
}

// stepInto returns the schema of a member, of an array's items too, and the names that there are.
func stepInto(s *managementapi.Schema, name string) (*managementapi.Schema, []string) {
	var fits []*managementapi.Schema
	var names []string
	for _, object := range objectsOf(s, 0) {
		for _, m := range object.Members {
			if !slices.Contains(names, m.Name) {
				names = append(names, m.Name)
			}
			if m.Name == name {
				fits = append(fits, m.Schema)
			}
		}
	}
	switch len(fits) {
	case 0:
		return nil, names
	case 1:
		return fits[0], names
	}
	return &managementapi.Schema{Kind: managementapi.KindUnion, AnyOf: fits}, names
}

// objectsOf are the objects that a schema can mean.
func objectsOf(s *managementapi.Schema, depth int) (all []*managementapi.Schema) {
	s = s.Resolve()
	switch {
	case depth > maxExampleDepth:
	case s.Kind == managementapi.KindUnion:
		for _, one := range s.AnyOf {
			all = append(all, objectsOf(one, depth+1)...)
		}
	case s.Kind == managementapi.KindArray && s.Items != nil:
		return objectsOf(s.Items, depth+1)
	case s.Kind == managementapi.KindObject:
		all = append(all, s)
	}
	return all
}
