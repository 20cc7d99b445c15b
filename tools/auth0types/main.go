// Command auth0types writes down which members the Management API's requests
// have, as a tree of names and kinds, from the source of go-auth0 v3: the fullest
// list of fields and enums there is. Plugins compare their schemas with it in
// tests. Compiling v3 takes minutes and gigabytes, so its source is only read.
//
//	auth0types OUT.json TYPE…
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/auth0/go-auth0/v3@v3.0.0"

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
	dir, err := download()
	if err != nil {
		return err
	}
	source, err := parse(filepath.Join(dir, "management"))
	if err != nil {
		return err
	}
	shapes := map[string]*shape{}
	for _, root := range roots {
		if source.types[root] == nil {
			return fmt.Errorf("%s has no type %s", module, root)
		}
		if shapes[root], err = source.named(root, nil); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(map[string]any{"source": module, "types": shapes}, "", "")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(data, '\n'), 0o644) //nolint:gosec // source code
}

// download puts the module into Go's module cache.
func download() (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", module) //nolint:noctx // a tool of the build
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	cmd.Dir = os.TempDir() // outside any module
	answer, err := cmd.Output()
	var got struct{ Dir, Error string }
	if json.Unmarshal(answer, &got) != nil || got.Dir == "" {
		return "", fmt.Errorf("downloading %s: %w %s", module, err, got.Error)
	}
	return got.Dir, nil
}

type source struct {
	types map[string]ast.Expr
	enums map[string][]string // of a string type, the values of its constants
}

func parse(dir string) (*source, error) {
	s := &source{types: map[string]ast.Expr{}, enums: map[string][]string{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			if general, ok := decl.(*ast.GenDecl); ok {
				for _, spec := range general.Specs {
					s.add(spec)
				}
			}
		}
	}
	if len(s.types) == 0 {
		return nil, errors.New("no Go source in " + dir)
	}
	return s, nil
}

func (s *source) add(spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		s.types[spec.Name.Name] = spec.Type
	case *ast.ValueSpec:
		name, ok := spec.Type.(*ast.Ident)
		if !ok || len(spec.Values) != 1 {
			return
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if value, err := strconv.Unquote(literal.Value); err == nil {
				s.enums[name.Name] = append(s.enums[name.Name], value)
			}
		}
	}
}

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
	definition := s.types[name]
	if definition == nil {
		return nil, fmt.Errorf("unknown type %s", name)
	}
	out, err := s.expr(definition, append(slices.Clone(above), name))
	if err == nil && slices.Equal(out.Kinds, []string{"string"}) {
		out.Enum = append(out.Enum, s.enums[name]...)
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
		tag := ""
		if field.Tag != nil {
			unquoted, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				return nil, err
			}
			tag, _, _ = strings.Cut(reflect.StructTag(unquoted).Get("json"), ",")
		}
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
