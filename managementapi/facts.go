package managementapi

import (
	_ "embed"
	"iter"
	"regexp"
	"strings"
	"sync"
)

// Both are written by tools/managementapigen: a line for each operation, in order of path and method, and a line for
// each shared definition, in byte order. They are not compressed: what is read of them is pages of the program's file,
// which processes share, and no memory of their own.
var (
	//go:embed operations.txt
	operationsText string
	//go:embed schemas.txt
	schemasText string
)

// Operations are listed at first use, and their lines decoded one by one when they are asked for.
var (
	operations  = sync.OnceValue(func() *table { return newTable(operationsText) })
	definitions = sync.OnceValue(func() *library { return &library{text: schemasText} })
)

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
	text     string   // see schemasText
	parsed   sync.Map // name: *Schema
	patterns sync.Map // pattern: *regexp.Regexp, nil if Go does not know it
}

// notation returns the line of a definition, without its name. It halves the text until one line is left.
func (l *library) notation(name string) (string, bool) {
	key := name + "="
	for text := l.text; text != ""; {
		start := strings.LastIndexByte(text[:len(text)/2], '\n') + 1
		end := start + strings.IndexByte(text[start:], '\n')
		switch line := text[start:end]; {
		case strings.HasPrefix(line, key):
			return line[len(key):], true
		case line < key:
			text = text[end+1:]
		default:
			text = text[:start]
		}
	}
	return "", false
}

// Definition returns the shared definition of that name: what [Schema.Ref] names.
func Definition(name string) (*Schema, bool) { return definitions().definition(name) }

func (l *library) definition(name string) (*Schema, bool) {
	if s, ok := l.parsed.Load(name); ok {
		return s.(*Schema), true
	}
	line, ok := l.notation(name)
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
		for line := range strings.Lines(schemasText) {
			if name, _, _ := strings.Cut(line, "="); !yield(name) {
				return
			}
		}
	}
}
