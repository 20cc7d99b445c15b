package toolcall

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// declaration is which fields of a tool's answers others can have written.
type declaration struct {
	texts []string
	top   *field // nil: every text counts
}

// declared reads a declaration. Without one every text counts.
func declared(texts []string) *declaration {
	everything := &declaration{}
	if len(texts) == 0 {
		return everything
	}
	top := &field{}
	for i, text := range texts {
		path, err := pluginv1.ParseFieldPath(text)
		if err != nil || text == pluginv1.AnyField {
			return everything
		}
		top.enter(path.Steps(), i)
	}
	return &declaration{texts, top}
}

// untrusted are those of the declared fields that the answer has. reshaped says that the answer was made smaller,
// which turns a bare list into an object: its paths then lead nowhere.
func (d *declaration) untrusted(answer []byte, reshaped bool) (present []string) {
	if d.top == nil || reshaped && bytes.HasPrefix(answer, []byte(`{"items":`)) {
		return []string{pluginv1.AnyField}
	}
	found := make([]bool, len(d.texts))
	(&fieldScan{doc: answer, found: found}).value(d.top)
	for i, text := range d.texts {
		if found[i] {
			present = append(present, text)
		}
	}
	return present
}

// declarations are those of the tools that were called, by their names.
type declarations struct {
	mu    sync.Mutex
	known map[string]knownDeclaration
}

type knownDeclaration struct {
	tool *catalog.Tool // a plugin that was replaced has others
	*declaration
}

// of is the declaration of a tool.
func (d *declarations) of(tool *catalog.Tool) *declaration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.known[tool.Name]; known.tool == tool {
		return known.declaration
	}
	if d.known == nil {
		d.known = map[string]knownDeclaration{}
	}
	d.known[tool.Name] = knownDeclaration{tool, declared(tool.Untrusted)}
	return d.known[tool.Name].declaration
}

// field is a node of the tree of declared paths.
type field struct {
	below map[string]*field // by name; "[]": each item of a list
	ends  []int             // the paths that end here
}

func (f *field) enter(steps []string, path int) {
	for _, step := range steps {
		if f.below[step] == nil {
			if f.below == nil {
				f.below = map[string]*field{}
			}
			f.below[step] = &field{}
		}
		f = f.below[step]
	}
	f.ends = append(f.ends, path)
}

// fieldScan reads a document as egress writes it: valid, and without white space
// between tokens. It decodes nothing: it runs on every answer.
type fieldScan struct {
	doc   []byte
	at    int
	found []bool
}

// value passes a value, and notes the fields that it or what is in it stands for.
func (s *fieldScan) value(f *field) {
	start := s.at
	switch s.doc[s.at] {
	case '"':
		s.text()
	case '{', '[':
		if f == nil {
			s.skip()
		} else {
			s.composite(f)
		}
	default:
		for s.at < len(s.doc) && s.doc[s.at] != ',' && s.doc[s.at] != ']' && s.doc[s.at] != '}' {
			s.at++
		}
		return // a number, true, false or null says nothing
	}
	if f == nil || len(f.ends) == 0 {
		return
	}
	// Nothing is said by an empty text or a list of numbers; the name of a member is
	// a text too.
	if s.doc[start] == '"' && s.at-start > 2 || s.doc[start] != '"' && bytes.IndexByte(s.doc[start:s.at], '"') >= 0 {
		for _, path := range f.ends {
			s.found[path] = true
		}
	}
}

func (s *fieldScan) composite(f *field) {
	object := s.doc[s.at] == '{'
	for s.at++; s.doc[s.at] != '}' && s.doc[s.at] != ']'; {
		var below *field
		switch {
		case s.doc[s.at] == ',':
			s.at++
			continue
		case object:
			name := s.text()
			s.at++ // the colon
			below = f.member(name)
		default:
			below = f.below["[]"]
		}
		s.value(below)
	}
	s.at++
}

// skip passes an object or an array of which nothing is declared.
func (s *fieldScan) skip() {
	for depth := 0; ; {
		switch s.doc[s.at] {
		case '"':
			s.text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.at++; depth == 0 {
			return
		}
	}
}

// text passes a string and returns it, quotes included.
func (s *fieldScan) text() []byte {
	start := s.at
	for s.at++; ; s.at++ {
		s.at += bytes.IndexByte(s.doc[s.at:], '"')
		// The quote is part of the text behind an odd number of backslashes.
		before := s.at
		for s.doc[before-1] == '\\' {
			before--
		}
		if (s.at-before)%2 == 0 {
			s.at++
			return s.doc[start:s.at]
		}
	}
}

func (f *field) member(quoted []byte) *field {
	if len(f.below) == 0 {
		return nil
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return f.below[string(quoted[1:len(quoted)-1])]
	}
	var name string
	if json.Unmarshal(quoted, &name) != nil {
		return nil
	}
	return f.below[name]
}
