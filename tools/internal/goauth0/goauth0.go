// Package goauth0 reads the source of go-auth0 v3, whose clients and types are the fullest
// description of the Management API that is public and versioned. Compiling v3 takes minutes
// and gigabytes, so its source is only parsed.
package goauth0

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// Module is what is read.
const Module = "github.com/auth0/go-auth0/v3@v3.0.0"

// Source is what go-auth0 says of the Management API.
type Source struct {
	Types      map[string]ast.Expr
	Enums      map[string][]string // of a string type, the values of its constants
	Operations []Operation
}

// An Operation is a method of a client.
type Operation struct {
	Method     string      // GET …
	Path       string      // below /api/v2, with %v for each parameter
	Parameters []Parameter // of the path, in its order
	Request    ast.Expr    // the type of the request parameter; nil: none
	Body       bool        // the request is sent as a body, else as a query
	Multipart  bool
	Answer     ast.Expr // nil: no body
	Stream     bool     // Answer is one event of a stream
}

// A Parameter of a path.
type Parameter struct {
	Name string // Go's
	Type ast.Expr
}

// Read downloads the module into Go's module cache, if it is not there, and parses it.
func Read() (*Source, error) {
	dir, err := download()
	if err != nil {
		return nil, err
	}
	s := newSource()
	root := filepath.Join(dir, "management")
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch name := entry.Name(); {
			case name == "core", name == "internal", name == "option", strings.HasSuffix(name, "_test"):
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		return s.file(path)
	})
	if err == nil && (len(s.Types) == 0 || len(s.Operations) == 0) {
		err = errors.New("no Go source in " + root)
	}
	return s, err
}

func newSource() *Source {
	return &Source{Types: map[string]ast.Expr{}, Enums: map[string][]string{}}
}

func download() (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", Module) //nolint:noctx // a tool of the build
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	cmd.Dir = os.TempDir() // outside any module
	answer, err := cmd.Output()
	var got struct{ Dir, Error string }
	if json.Unmarshal(answer, &got) != nil || got.Dir == "" {
		return "", fmt.Errorf("downloading %s: %w %s", Module, err, got.Error)
	}
	return got.Dir, nil
}

func (s *Source) file(path string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	client := strings.HasSuffix(path, "client.go") // declares no type of a request or an answer
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if !client {
					s.spec(spec)
				}
			}
		case *ast.FuncDecl:
			if operation, ok := operationOf(decl); ok {
				s.Operations = append(s.Operations, operation)
			}
		}
	}
	return nil
}

func (s *Source) spec(spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			s.Types[spec.Name.Name] = spec.Type
		}
	case *ast.ValueSpec:
		name, ok := spec.Type.(*ast.Ident)
		if !ok || len(spec.Values) != 1 {
			return
		}
		if value, ok := text(spec.Values[0]); ok {
			s.Enums[name.Name] = append(s.Enums[name.Name], value)
		}
	}
}

func text(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(literal.Value)
	return value, err == nil
}

// operationOf reads a client's method that sends one request: Fern writes each in the
// same form.
func operationOf(decl *ast.FuncDecl) (o Operation, ok bool) {
	if decl.Recv == nil || decl.Body == nil {
		return o, false
	}
	types := map[string]ast.Expr{}
	for _, field := range decl.Type.Params.List {
		for _, name := range field.Names {
			types[name.Name] = field.Type
		}
	}
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr: // baseURL + "/path"
			if left, isName := n.X.(*ast.Ident); isName && left.Name == "baseURL" && o.Path == "" {
				o.Path, _ = text(n.Y)
			}
		case *ast.CallExpr:
			o.call(n, types)
		case *ast.KeyValueExpr:
			o.field(n)
		}
		return true
	})
	if o.Method == "" || o.Path == "" {
		return o, false
	}
	o.Request = types["request"]
	o.Answer, o.Stream = answerOf(decl.Type.Results)
	return o, true
}

func (o *Operation) call(n *ast.CallExpr, types map[string]ast.Expr) {
	selector, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	switch selector.Sel.Name {
	case "EncodeURL":
		for _, argument := range n.Args[1:] {
			name := ""
			ast.Inspect(argument, func(n ast.Node) bool {
				if ident, ok := n.(*ast.Ident); ok && types[ident.Name] != nil {
					name = ident.Name
				}
				return true
			})
			o.Parameters = append(o.Parameters, Parameter{Name: name, Type: types[name]})
		}
	case "NewMultipartWriter":
		o.Multipart = true
	}
}

func (o *Operation) field(n *ast.KeyValueExpr) {
	key, ok := n.Key.(*ast.Ident)
	if !ok {
		return
	}
	switch value := n.Value.(type) {
	case *ast.SelectorExpr:
		if key.Name == "Method" {
			o.Method = strings.ToUpper(strings.TrimPrefix(value.Sel.Name, "Method"))
		}
	default:
		o.Body = o.Body || key.Name == "Request"
	}
}

// answerOf reads the first result: *core.Response[T], *core.Page[Cursor, Item, T],
// *core.Stream[T].
func answerOf(results *ast.FieldList) (answer ast.Expr, stream bool) {
	pointer, ok := results.List[0].Type.(*ast.StarExpr)
	if !ok {
		return nil, false
	}
	switch generic := pointer.X.(type) {
	case *ast.IndexExpr:
		if name, ok := generic.Index.(*ast.Ident); ok && name.Name == "any" {
			return nil, false
		}
		selector, ok := generic.X.(*ast.SelectorExpr)
		return generic.Index, ok && selector.Sel.Name == "Stream"
	case *ast.IndexListExpr:
		return generic.Indices[len(generic.Indices)-1], false
	}
	return nil, false
}

// Tag returns the name that a struct's field has under a key ("json", "url") of its tag, and
// whether it is left out when empty. It has none if name is "" or "-".
func Tag(field *ast.Field, key string) (name string, omitempty bool) {
	if field.Tag == nil {
		return "", false
	}
	tag, _ := text(field.Tag)
	name, options, _ := strings.Cut(reflect.StructTag(tag).Get(key), ",")
	return name, strings.Contains(options, "omitempty")
}
