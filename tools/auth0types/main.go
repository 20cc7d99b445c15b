// Command auth0types writes down which members the Management API's requests
// have, as a tree of names and kinds, from the source of go-auth0 v3: the fullest
// list of fields and enums there is. Plugins compare their schemas with it in
// tests.
//
//	auth0types OUT.json TYPE…
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"os"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/tools/internal/goauth0"
)

// shape is what a JSON value may be. A Go union is the shapes of its members, merged.
type shape struct {
	Kinds  []string          `json:"kinds,omitempty"` // string, integer, number, boolean, array, object; none: anything
	Enum   []string          `json:"enum,omitempty"`
	Fields map[string]*shape `json:"fields,omitempty"`
	Items  *shape            `json:"items,omitempty"`  // of an array
	Values *shape            `json:"values,omitempty"` // of a map
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: auth0types OUT.json TYPE…")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "auth0types:", err)
		os.Exit(1)
	}
}

func write(out string, roots []string) error {
	read, err := goauth0.Read()
	if err != nil {
		return err
	}
	source := &source{read}
	shapes := map[string]*shape{}
	for _, root := range roots {
		if source.Types[root] == nil {
			return fmt.Errorf("%s has no type %s", goauth0.Module, root)
		}
		if shapes[root], err = source.named(root, nil); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(map[string]any{"source": goauth0.Module, "types": shapes}, "", "")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(data, '\n'), 0o644) //nolint:gosec // source code
}

type source struct{ *goauth0.Source }

func (s *source) named(name string, above []string) (*shape, error) {
	switch name {
	case "string":
		return &shape{Kinds: []string{"string"}}, nil
	case "bool":
		return &shape{Kinds: []string{"boolean"}}, nil
	case "int", "int64":
		return &shape{Kinds: []string{"integer"}}, nil
	case "float64":
		return &shape{Kinds: []string{"number"}}, nil
	case "any":
		return &shape{}, nil
	}
	if slices.Contains(above, name) {
		return nil, fmt.Errorf("%s contains itself: %v", name, above)
	}
	definition := s.Types[name]
	if definition == nil {
		return nil, fmt.Errorf("unknown type %s", name)
	}
	out, err := s.expr(definition, append(slices.Clone(above), name))
	if err == nil && slices.Equal(out.Kinds, []string{"string"}) {
		out.Enum = append(out.Enum, s.Enums[name]...)
		// An "…OrNull" enum spells its null as the empty value.
		out.Enum = slices.DeleteFunc(out.Enum, func(v string) bool { return v == "" })
	}
	return out, err
}

func (s *source) expr(e ast.Expr, above []string) (*shape, error) {
	switch e := e.(type) {
	case *ast.Ident:
		return s.named(e.Name, above)
	case *ast.StarExpr:
		return s.expr(e.X, above)
	case *ast.InterfaceType:
		return &shape{}, nil
	case *ast.SelectorExpr:
		return &shape{Kinds: []string{"string"}}, nil // time.Time
	case *ast.ArrayType:
		items, err := s.expr(e.Elt, above)
		return &shape{Kinds: []string{"array"}, Items: items}, err
	case *ast.MapType:
		values, err := s.expr(e.Value, above)
		return &shape{Kinds: []string{"object"}, Values: values}, err
	case *ast.StructType:
		return s.structure(e, above)
	}
	return nil, fmt.Errorf("%v: %T is not known here", above, e)
}

// structure reads a struct with JSON tags as an object, and one whose exported
// fields have none (a union, as the generator writes it) as its members merged.
func (s *source) structure(e *ast.StructType, above []string) (*shape, error) {
	object := &shape{Kinds: []string{"object"}, Fields: map[string]*shape{}}
	union := &shape{}
	for _, field := range e.Fields.List {
		if len(field.Names) != 1 || !field.Names[0].IsExported() {
			continue
		}
		tag, _ := goauth0.Tag(field, "json")
		if tag == "-" {
			continue
		}
		member, err := s.expr(field.Type, above)
		if err != nil {
			return nil, err
		}
		if tag == "" {
			union.merge(member)
		} else {
			object.Fields[tag] = member
		}
	}
	if len(object.Fields) == 0 && len(union.Kinds) > 0 {
		return union, nil
	}
	return object, nil
}

func (s *shape) freeText() bool { return slices.Contains(s.Kinds, "string") && len(s.Enum) == 0 }

// merge makes s what either may be. A text that one of them leaves free stays free.
func (s *shape) merge(other *shape) {
	free := s.freeText() || other.freeText()
	for _, kind := range other.Kinds {
		if !slices.Contains(s.Kinds, kind) {
			s.Kinds = append(s.Kinds, kind)
		}
	}
	slices.Sort(s.Kinds)
	for _, value := range other.Enum {
		if !slices.Contains(s.Enum, value) {
			s.Enum = append(s.Enum, value)
		}
	}
	if free {
		s.Enum = nil
	}
	for name, field := range other.Fields {
		if s.Fields == nil {
			s.Fields = map[string]*shape{}
		}
		if s.Fields[name] == nil {
			s.Fields[name] = &shape{}
		}
		s.Fields[name].merge(field)
	}
	for _, part := range []struct{ mine, theirs **shape }{{&s.Items, &other.Items}, {&s.Values, &other.Values}} {
		if *part.theirs == nil {
			continue
		}
		if *part.mine == nil {
			*part.mine = &shape{}
		}
		(*part.mine).merge(*part.theirs)
	}
}
