package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/tools/internal/goauth0"
)

type assembler struct {
	source      *goauth0.Source
	tables      *tables
	definitions map[string]*managementapi.Schema // those that an operation reaches
	errs        []error
}

// assemble returns the two files that managementapi embeds.
func assemble(source *goauth0.Source, tables *tables) (operations, schemas []byte, err error) {
	a := &assembler{source: source, tables: tables, definitions: map[string]*managementapi.Schema{}}
	var lines []string
	for _, o := range a.operations() {
		line, err := o.Encode()
		if err != nil {
			return nil, nil, err
		}
		lines = append(lines, line+"\n")
	}
	a.mark()
	a.unused()
	var definitions []string
	for name, schema := range a.definitions {
		definitions = append(definitions, name+"="+schema.String()+"\n")
	}
	slices.Sort(definitions)
	return []byte(strings.Join(lines, "")), []byte(strings.Join(definitions, "")), errors.Join(a.errs...)
}

func (a *assembler) fail(format string, arguments ...any) {
	a.errs = append(a.errs, fmt.Errorf(format, arguments...))
}

var parameterName = regexp.MustCompile(`\{[^}]*\}`)

func (a *assembler) operations() []*managementapi.Operation {
	known := map[string]goauth0.Operation{}
	for _, o := range a.source.Operations {
		known[o.Method+" /api/v2"+strings.ReplaceAll(o.Path, "%v", "{}")] = o
	}
	var out []*managementapi.Operation
	for _, row := range a.tables.operations {
		name := row.method + " " + parameterName.ReplaceAllString(row.path, "{}")
		from := known[name]
		delete(known, name)
		o, err := a.operation(row, from)
		if err != nil {
			a.fail("%s %s: %w", row.method, row.path, err)
			continue
		}
		out = append(out, o)
	}
	for name := range known {
		a.fail("%s is in go-auth0 and not in operations.txt", name)
	}
	slices.SortFunc(out, func(x, y *managementapi.Operation) int {
		return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method))
	})
	return out
}

func (a *assembler) operation(row operationRow, from goauth0.Operation) (*managementapi.Operation, error) {
	o := &managementapi.Operation{
		Method: row.method, Path: row.path, Group: strings.Split(row.path, "/")[3], Scopes: row.scopes,
		Lifecycle: row.lifecycle, Effect: managementapi.Write, OnlyAdds: row.adds, Merges: row.merge, Once: row.once,
	}
	switch {
	case row.method == "GET":
		o.Effect = managementapi.Read
	case row.method == "DELETE" || row.destroy:
		o.Effect = managementapi.Destroy
	}
	for i, name := range parameterName.FindAllString(row.path, -1) {
		text := &managementapi.Schema{Kind: managementapi.KindString}
		p := managementapi.Parameter{Name: strings.Trim(name, "{}"), Required: true, Schema: text}
		if i < len(from.Parameters) {
			schema, err := a.source.Schema(from.Parameters[i].Type)
			if err != nil {
				return nil, err
			}
			p.Schema = schema
		}
		o.PathParameters = append(o.PathParameters, p)
	}
	err := errors.Join(a.query(o, row, from), a.body(o, row, from), a.answer(o, row, from))
	for _, part := range a.tables.parts[o.Name()] {
		a.part(o, part)
	}
	delete(a.tables.parts, o.Name())
	for _, p := range slices.Concat(o.PathParameters, o.Query) {
		a.reach(p.Schema)
	}
	a.reach(o.Body)
	a.reach(o.Answer)
	o.Paging = a.paging(o)
	a.summarize(o)
	return o, err
}

// part puts a schema of the tables in the place of go-auth0's.
func (a *assembler) part(o *managementapi.Operation, part partRow) {
	into, name := &o.Query, part.part
	switch name {
	case "body":
		o.Body, o.ContentType = part.schema, cmp.Or(o.ContentType, managementapi.JSON)
	case "answer":
		o.Answer, o.AnswerType = part.schema, cmp.Or(o.AnswerType, managementapi.JSON)
	default:
		if name[0] == '{' {
			into, name, part.required = &o.PathParameters, strings.Trim(name, "{}"), true
		}
		at := slices.IndexFunc(*into, func(p managementapi.Parameter) bool { return p.Name == name })
		p := managementapi.Parameter{Name: name, Required: part.required, Schema: part.schema}
		if at < 0 {
			*into = append(*into, p)
		} else {
			(*into)[at] = p
		}
	}
}

func (a *assembler) query(o *managementapi.Operation, row operationRow, from goauth0.Operation) (err error) {
	if row.query == "" {
		if from.Request != nil && !from.Body {
			o.Query, err = a.source.Query(from.Request)
		}
		return err
	}
	schema, err := managementapi.ParseSchema(row.query)
	if err != nil {
		return err
	}
	for _, m := range schema.Members {
		o.Query = append(o.Query, managementapi.Parameter{Name: m.Name, Required: m.Required, Schema: m.Schema})
	}
	return nil
}

func (a *assembler) body(o *managementapi.Operation, row operationRow, from goauth0.Operation) (err error) {
	switch {
	case row.body == "-":
		return nil
	case row.body != "":
		o.Body, err = managementapi.ParseSchema(row.body)
	case from.Body:
		o.Body, err = a.source.Schema(from.Request)
	}
	if o.Body != nil {
		o.BodyRequired, o.ContentType = !row.optional, managementapi.JSON
		if from.Multipart {
			o.ContentType = managementapi.Multipart
		}
	}
	return err
}

func (a *assembler) answer(o *managementapi.Operation, row operationRow, from goauth0.Operation) (err error) {
	switch {
	case row.answer == "-":
		return nil
	case row.answer != "":
		o.Answer, err = managementapi.ParseSchema(row.answer)
	case from.Answer != nil:
		o.Answer, err = a.source.Schema(from.Answer)
	}
	if o.Answer != nil {
		o.AnswerType = managementapi.JSON
		if from.Stream {
			o.AnswerType = managementapi.EventStream
		}
	}
	return err
}

// reach adds the definitions that a schema refers to.
func (a *assembler) reach(s *managementapi.Schema) {
	if s == nil {
		return
	}
	if s.Kind == managementapi.KindRef && a.definitions[s.Ref] == nil {
		definition, err := a.define(s.Ref)
		if err != nil {
			a.errs = append(a.errs, err)
			definition = &managementapi.Schema{}
		}
		a.definitions[s.Ref] = definition
		a.reach(definition)
	}
	a.reach(s.Items)
	a.reach(s.Rest)
	for _, one := range s.AnyOf {
		a.reach(one)
	}
	for _, m := range s.Members {
		a.reach(m.Schema)
	}
}

// define makes a definition of go-auth0's type and the tables.
func (a *assembler) define(name string) (*managementapi.Schema, error) {
	schema, ok := a.tables.types[name]
	if !ok {
		var err error
		if schema, err = a.source.Definition(name); err != nil {
			return nil, err
		}
	}
	if rest := a.tables.rests[name]; rest != nil {
		if schema.Kind != managementapi.KindObject {
			return nil, fmt.Errorf("%s{}: it is no object", name)
		}
		schema.Rest, schema.Min, schema.Max, schema.Nullable = rest.Rest, rest.Min, rest.Max, rest.Nullable
	}
	for _, row := range a.tables.members {
		if row.definition != name {
			continue
		}
		at := slices.IndexFunc(schema.Members, func(m managementapi.Member) bool { return m.Name == row.member })
		switch {
		case row.schema == nil && at >= 0:
			schema.Members = slices.Delete(schema.Members, at, at+1)
		case row.schema == nil:
			return nil, fmt.Errorf("%s has no member %s to leave out", name, row.member)
		case at >= 0:
			schema.Members[at].Schema, schema.Members[at].Required = row.schema, row.required
		default:
			schema.Members = append(schema.Members,
				managementapi.Member{Name: row.member, Required: row.required, Schema: row.schema})
		}
	}
	return schema, nil
}

// unused reports rows of the tables that no operation reaches.
func (a *assembler) unused() {
	for name := range a.tables.types {
		if a.definitions[name] == nil {
			a.fail("types: no operation reaches %s", name)
		}
	}
	for name := range a.tables.rests {
		if a.definitions[name] == nil {
			a.fail("types: no operation reaches %s{}", name)
		}
	}
	for name := range a.tables.parts {
		a.fail("types: there is no operation %s", name)
	}
	for name := range a.tables.summaries {
		a.fail("summaries: there is no operation %s", name)
	}
	for _, row := range a.tables.members {
		if a.definitions[row.definition] == nil {
			a.fail("types: no operation reaches %s.%s", row.definition, row.member)
		}
	}
}

// paging reads off the parameters and the answer how a list is paged.
func (a *assembler) paging(o *managementapi.Operation) (p managementapi.Paging) {
	has := func(name string) bool { _, ok := o.QueryParameter(name); return ok }
	p.Offset = has("page") && has("per_page")
	p.Totals = p.Offset && has("include_totals")
	p.Checkpoint = has("from") && has("take")
	if !p.Any() || o.Answer == nil {
		return p
	}
	for _, object := range a.objects(o.Answer) {
		for _, m := range object.Members {
			switch kind := a.kind(m.Schema); {
			case m.Name == "next" && kind == managementapi.KindString:
				p.Next = m.Name
			case kind == managementapi.KindArray && p.Items == "":
				p.Items = m.Name
			}
		}
	}
	return p
}

// objects returns the alternatives of a schema that are objects.
func (a *assembler) objects(s *managementapi.Schema) (out []*managementapi.Schema) {
	switch s.Kind {
	case managementapi.KindRef:
		return a.objects(a.definitions[s.Ref])
	case managementapi.KindUnion:
		for _, one := range s.AnyOf {
			out = append(out, a.objects(one)...)
		}
	case managementapi.KindObject:
		out = append(out, s)
	}
	return out
}

func (a *assembler) kind(s *managementapi.Schema) managementapi.Kind {
	for s.Kind == managementapi.KindRef {
		s = a.definitions[s.Ref]
	}
	return s.Kind
}
