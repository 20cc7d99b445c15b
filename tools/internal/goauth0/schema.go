package goauth0

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// Schema is what a value of a Go type is in JSON. A type with a name becomes a reference.
func (s *Source) Schema(e ast.Expr) (*managementapi.Schema, error) {
	switch e := e.(type) {
	case *ast.Ident:
		return s.ident(e.Name), nil
	case *ast.StarExpr:
		return s.Schema(e.X)
	case *ast.InterfaceType:
		return &managementapi.Schema{}, nil
	case *ast.SelectorExpr:
		switch e.Sel.Name {
		case "Time":
			return &managementapi.Schema{Kind: managementapi.KindString, Format: "date-time"}, nil
		case "Reader":
			return &managementapi.Schema{Kind: managementapi.KindString, Format: "binary"}, nil
		}
		return s.ident(e.Sel.Name), nil
	case *ast.ArrayType:
		items, err := s.Schema(e.Elt)
		return &managementapi.Schema{Kind: managementapi.KindArray, Items: items}, err
	case *ast.MapType:
		values, err := s.Schema(e.Value)
		return &managementapi.Schema{Kind: managementapi.KindObject, Rest: values}, err
	case *ast.StructType:
		return s.structure(e)
	}
	return nil, fmt.Errorf("%T is not known here", e)
}

func (s *Source) ident(name string) *managementapi.Schema {
	switch name {
	case "string":
		return &managementapi.Schema{Kind: managementapi.KindString}
	case "bool":
		return &managementapi.Schema{Kind: managementapi.KindBoolean}
	case "int", "int64":
		return &managementapi.Schema{Kind: managementapi.KindInteger}
	case "float64":
		return &managementapi.Schema{Kind: managementapi.KindNumber}
	case "any":
		return &managementapi.Schema{}
	}
	return &managementapi.Schema{Kind: managementapi.KindRef, Ref: name}
}

// Definition is the schema of a type that has a name.
func (s *Source) Definition(name string) (*managementapi.Schema, error) {
	expr, ok := s.Types[name]
	if !ok {
		return nil, fmt.Errorf("%s has no type %s", Module, name)
	}
	schema, err := s.Schema(expr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if values := s.Enums[name]; len(values) > 0 && schema.Kind == managementapi.KindString {
		for _, value := range values {
			if value == "" { // an "…OrNull" enum spells its null as the empty value
				schema.Nullable = true
			} else if !slices.Contains(schema.Enum, any(value)) {
				schema.Enum = append(schema.Enum, value)
			}
		}
	}
	return schema, nil
}

// structure reads a struct with JSON tags as an object, and one whose exported
// fields have none as a union of them, as Fern writes both.
func (s *Source) structure(e *ast.StructType) (*managementapi.Schema, error) {
	object := &managementapi.Schema{Kind: managementapi.KindObject}
	var union []*managementapi.Schema
	for _, field := range e.Fields.List {
		if len(field.Names) != 1 || !field.Names[0].IsExported() {
			continue
		}
		goName := field.Names[0].Name
		name, omitempty := Tag(field, "json")
		if goName == "ExtraProperties" {
			object.Rest = &managementapi.Schema{}
		}
		schema, err := s.Schema(field.Type)
		if err != nil {
			return nil, err
		}
		switch {
		case name == "-" && schema.Format == "binary": // the file of a multipart body
			object.Members = append(object.Members,
				managementapi.Member{Name: strings.ToLower(goName), Required: true, Schema: schema})
		case name == "-", name == "" && goName == "Type": // a union's discriminator stands in its members too
		case name != "":
			object.Members = append(object.Members, managementapi.Member{Name: name, Required: !omitempty, Schema: schema})
		default:
			union = append(union, schema)
		}
	}
	if len(object.Members) > 0 || len(union) == 0 {
		return object, nil
	}
	if len(union) == 1 {
		return union[0], nil
	}
	return managementapi.AnyOf(union...), nil
}

// Query reads the query parameters of a request's type.
func (s *Source) Query(e ast.Expr) ([]managementapi.Parameter, error) {
	name := typeName(e)
	structure, ok := s.Types[name].(*ast.StructType)
	if !ok {
		return nil, fmt.Errorf("%s: %s is no struct", Module, name)
	}
	var out []managementapi.Parameter
	for _, field := range structure.Fields.List {
		name, omitempty := Tag(field, "url")
		if name == "" || name == "-" {
			continue
		}
		schema, err := s.Schema(field.Type)
		if err != nil {
			return nil, err
		}
		out = append(out, managementapi.Parameter{Name: name, Required: !omitempty, Schema: schema})
	}
	return out, nil
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}
