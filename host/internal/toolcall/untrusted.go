package toolcall

import (
	"bytes"
	"encoding/json"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// untrusted are those of the declared fields that the answer has. Without a
// declaration every text counts. reshaped says that the answer was made smaller,
// which turns a bare list into an object: its paths then lead nowhere.
func untrusted(declared []string, answer []byte, reshaped bool) []string {
	everything := []string{pluginv1.AnyField}
	if len(declared) == 0 || reshaped && bytes.HasPrefix(answer, []byte(`{"items":`)) {
		return everything
	}
	top := &field{}
	for i, text := range declared {
		path, err := pluginv1.ParseFieldPath(text)
		if err != nil || text == pluginv1.AnyField {
			return everything
		}
		top.enter(path.Steps(), i)
	}
	found := make([]bool, len(declared))
	(&fieldScan{doc: answer, found: found}).value(top)
	var present []string
	for i, text := range declared {
		if found[i] {
			present = append(present, text)
		}
	}
	return present
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
		s.composite(f)
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
			if f != nil {
				below = f.member(name)
			}
		case f != nil:
			below = f.below["[]"]
		}
		s.value(below)
	}
	s.at++
}

// text passes a string and returns it, quotes included.
func (s *fieldScan) text() []byte {
	start := s.at
	for s.at++; s.doc[s.at] != '"'; s.at++ {
		if s.doc[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.doc[start:s.at]
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
