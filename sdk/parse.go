package sdk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// check returns why data is not one JSON value. What Auth0 sends is not refused for a name given twice or for bytes
// that are not UTF-8: the host does that where it matters.
func check(data []byte) error {
	if jsontext.Value(data).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	_, err := dec.ReadValue()
	return cmp.Or(err, errors.New("more than one JSON value"))
}

// errSyntax ends the splitting of what is no JSON.
var errSyntax = errors.New("not valid JSON")

// splitter finds where the parts of a JSON text begin and end. It is for texts that were checked: of others it gives an
// error, or parts that are no JSON either. A tokenizer, which checks while it reads, takes four times as long.
type splitter struct {
	data []byte
	at   int
}

// peek passes white space, and looks at the next byte; 0 at the end.
func (s *splitter) peek() byte {
	for ; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// pass passes the next byte that is no white space, if it is c.
func (s *splitter) pass(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// text passes a string, which begins here. It reports false if that has no end.
func (s *splitter) text() bool {
	for at := s.at + 1; ; {
		end := bytes.IndexByte(s.data[at:], '"')
		if end < 0 {
			return false
		}
		end += at
		// The quote is part of the text behind an odd number of backslashes.
		before := end
		for s.data[before-1] == '\\' {
			before--
		}
		at = end + 1
		if (end-before)%2 == 0 {
			s.at = at
			return true
		}
	}
}

// value passes a value and returns its text.
func (s *splitter) value() (json.RawMessage, error) {
	first := s.peek()
	start := s.at
	var ok bool
	switch first {
	case '"':
		ok = s.text()
	case '{', '[':
		ok = s.composite()
	default:
		for s.at < len(s.data) && !endsLiteral(s.data[s.at]) {
			s.at++
		}
		ok = s.at > start
	}
	if !ok {
		return nil, errSyntax
	}
	return json.RawMessage(s.data[start:s.at:s.at]), nil
}

func endsLiteral(c byte) bool { return c == ',' || c == ']' || c == '}' || c <= ' ' }

// composite passes an object or an array. It reports false if that has no end.
func (s *splitter) composite() bool {
	for depth := 0; s.at < len(s.data); s.at++ {
		switch s.data[s.at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.at++
				return true
			}
		case '"':
			if !s.text() {
				return false
			}
			s.at-- // behind the quote, after the loop's step
		}
	}
	return false
}

// parser reads the objects of one list. They have mostly the same names, which are kept once, and share the memory of
// their members.
type parser struct {
	members  []Member // of the object being read
	previous Object
	free     []Member
	objects  int
}

// chunk is for how many objects memory is reserved at once, at most.
const chunk = 64

func (p *parser) object(s *splitter) (Object, error) {
	if s.peek() != '{' {
		return nil, fmt.Errorf("want a JSON object, not %.20q", s.data[s.at:])
	}
	s.at++
	p.members = p.members[:0]
	if s.pass('}') {
		return nil, nil
	}
	for {
		if s.peek() != '"' {
			return nil, errSyntax
		}
		start := s.at
		if !s.text() {
			return nil, errSyntax
		}
		name := p.name(s.data[start:s.at])
		if !s.pass(':') {
			return nil, errSyntax
		}
		value, err := s.value()
		if err != nil {
			return nil, err
		}
		p.members = append(p.members, Member{name, value})
		if s.pass('}') {
			break
		}
		if !s.pass(',') {
			return nil, errSyntax
		}
	}
	n := len(p.members)
	if n > len(p.free) {
		p.free = make([]Member, n*min(max(1, p.objects), chunk, p.left(s)))
	}
	o := Object(p.free[:n:n])
	copy(o, p.members)
	p.free, p.previous = p.free[n:], o
	p.objects++
	return o, nil
}

// left is how many more objects like those before the list has, with the one that was read.
func (p *parser) left(s *splitter) int {
	return 1 + int(min(chunk, float64(len(s.data)-s.at)/float64(s.at)*float64(p.objects+1)))
}

// name is the text of a name in quotes.
func (p *parser) name(quoted []byte) string {
	plain := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(plain, '\\') >= 0 {
		return unquoted(quoted)
	}
	if i := len(p.members); i < len(p.previous) && p.previous[i].Name == string(plain) {
		return p.previous[i].Name
	}
	for _, m := range p.previous {
		if m.Name == string(plain) {
			return m.Name
		}
	}
	return unquoted(quoted)
}

func unquoted(quoted []byte) string {
	// The error reports bytes that are not UTF-8, which become U+FFFD as in encoding/json.
	text, _ := jsontext.AppendUnquote(nil, quoted)
	return string(text)
}

// isPlain reports whether a JSON value is a string that stands for its own bytes.
func isPlain(value []byte) bool {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return false
	}
	for _, c := range value[1 : len(value)-1] {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// parseObjects reads an array of objects that was checked.
func parseObjects(data []byte) ([]Object, error) {
	s := &splitter{data: data}
	if s.peek() != '[' {
		return nil, fmt.Errorf("want a JSON array, not %.20q", data)
	}
	s.at++
	objects := []Object{}
	if s.pass(']') {
		return objects, nil
	}
	var p parser
	for {
		o, err := p.object(s)
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
		if s.pass(']') {
			return objects, nil
		}
		if !s.pass(',') {
			return nil, errSyntax
		}
	}
}
