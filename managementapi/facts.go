package managementapi

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"io"
	"iter"
	"regexp"
	"strings"
	"sync"
)

// Both are written by tools/managementapigen: a line for each operation, and a line for
// each shared definition, in order of their names.
var (
	//go:embed operations.gz
	operationsFile []byte
	//go:embed schemas.gz
	schemasFile []byte
)

// Both files are unpacked at first use, independently of each other, and their lines are
// decoded one by one when they are asked for.
var (
	operations  = sync.OnceValue(func() *table { return newTable(unpack(operationsFile)) })
	definitions = sync.OnceValue(func() *library { return newLibrary(unpack(schemasFile)) })
)

func unpack(file []byte) string {
	reader, err := gzip.NewReader(bytes.NewReader(file))
	if err == nil {
		var out strings.Builder
		out.Grow(int(binary.LittleEndian.Uint32(file[len(file)-4:]))) // RFC 1952, 2.3.1: the size, unpacked
		if _, err = io.Copy(&out, reader); err == nil {               //nolint:gosec // it is our own file
			return out.String()
		}
	}
	panic("managementapi: " + err.Error()) // a test unpacks both
}

// All yields every operation, in order of path and method.
func All() iter.Seq[*Operation] {
	return func(yield func(*Operation) bool) {
		for _, e := range operations().entries {
			if !yield(e.get()) {
				return
			}
		}
	}
}

// ByName returns the operation of that name, such as "GET /api/v2/clients/{id}".
// The names of parameters are as Auth0 documents them.
func ByName(name string) (*Operation, bool) {
	e, ok := operations().byName[name]
	if !ok {
		return nil, false
	}
	return e.get(), true
}

// Names yields the names of all operations without decoding them.
func Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range operations().entries {
			if !yield(e.name) {
				return
			}
		}
	}
}

// library holds the shared definitions.
type library struct {
	lines    map[string]string
	parsed   sync.Map // name: *Schema
	patterns sync.Map // pattern: *regexp.Regexp, nil if Go does not know it
}

func newLibrary(text string) *library {
	l := &library{lines: make(map[string]string, strings.Count(text, "\n"))}
	for line := range strings.Lines(text) {
		name, notation, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		l.lines[name] = notation
	}
	return l
}

// Definition returns the shared definition of that name: what [Schema.Ref] names.
func Definition(name string) (*Schema, bool) { return definitions().definition(name) }

func (l *library) definition(name string) (*Schema, bool) {
	if s, ok := l.parsed.Load(name); ok {
		return s.(*Schema), true
	}
	line, ok := l.lines[name]
	if !ok {
		return nil, false
	}
	s, err := ParseSchema(line)
	if err != nil {
		panic("managementapi: " + name + ": " + err.Error()) // a test parses every definition
	}
	kept, _ := l.parsed.LoadOrStore(name, s)
	return kept.(*Schema), true
}

// pattern returns a pattern of a schema, compiled; nil if Go's regexp does not know it.
func (l *library) pattern(text string) *regexp.Regexp {
	if compiled, ok := l.patterns.Load(text); ok {
		return compiled.(*regexp.Regexp)
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		compiled = nil
	}
	l.patterns.Store(text, compiled)
	return compiled
}

// Definitions yields the names of all shared definitions.
func Definitions() iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range definitions().lines {
			if !yield(name) {
				return
			}
		}
	}
}
