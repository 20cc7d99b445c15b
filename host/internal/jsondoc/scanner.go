package jsondoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// errSyntax is replaced by syntaxError, which finds the place.
var errSyntax = errors.New("not valid JSON")

// scanner reads a document in one pass. It is written by hand because json.Decoder's tokens cost several times as much:
// manifests are read before initialize is answered, and every line of a client passes through here.
type scanner struct {
	data   []byte // valid UTF-8
	pos    int
	values int
	path   Path
	rules  Rules
	keep   bool     // whether to build the values; if not, they are all nil
	names  []string // of the members passed of the objects that the scanner is in, those of the innermost last
}

// peek returns the next byte that is not white space, without passing it; 0, which begins no token, at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// pass passes the next byte that is not white space if it is c.
func (s *scanner) pass(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) value(depth int) (any, error) {
	c := s.peek()
	if s.values++; s.values > s.rules.Values {
		return nil, &Error{Problem: fmt.Sprintf("more than %d values", s.rules.Values)}
	}
	if depth > s.rules.Depth {
		return nil, s.fault(fmt.Sprintf("nested deeper than %d levels", s.rules.Depth))
	}
	switch c {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case '"':
		return s.text()
	case 't':
		return true, s.literal("true")
	case 'f':
		return false, s.literal("false")
	case 'n':
		return nil, s.literal("null")
	default:
		return s.number()
	}
}

func (s *scanner) literal(word string) error {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		return errSyntax
	}
	s.pos += len(word)
	return nil
}

func (s *scanner) object(depth int) (any, error) {
	s.pos++
	var object map[string]any
	if s.keep {
		object = map[string]any{}
	}
	if s.pass('}') {
		return object, nil
	}
	seen := nameSet{few: &s.names, begin: len(s.names), anyCase: s.rules.AnyCase != nil && s.rules.AnyCase(s.path)}
	defer seen.end()
	for {
		if s.peek() != '"' {
			return nil, errSyntax
		}
		name, err := s.name()
		if err != nil {
			return nil, err
		}
		s.path = append(s.path, Member(name))
		if problem := seen.add(name); problem != "" {
			return nil, s.fault(problem)
		}
		if !s.pass(':') {
			return nil, errSyntax
		}
		value, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if s.keep {
			object[name] = value
		}
		s.path = s.path[:len(s.path)-1]
		if s.pass('}') {
			return object, nil
		}
		if !s.pass(',') {
			return nil, errSyntax
		}
	}
}

func (s *scanner) array(depth int) (any, error) {
	s.pos++
	array := []any{}
	if s.pass(']') {
		return array, nil
	}
	for i := 0; ; i++ {
		s.path = append(s.path, Item(i))
		item, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		s.path = s.path[:len(s.path)-1]
		if s.keep {
			array = append(array, item)
		}
		if s.pass(']') {
			return array, nil
		}
		if !s.pass(',') {
			return nil, errSyntax
		}
	}
}

// text reads a string value.
func (s *scanner) text() (any, error) {
	quoted, escaped, err := s.quoted()
	if err != nil || !s.keep {
		return nil, err
	}
	return unquote(quoted, escaped)
}

// name reads the name of a member.
func (s *scanner) name() (string, error) {
	quoted, escaped, err := s.quoted()
	if err != nil {
		return "", err
	}
	return unquote(quoted, escaped)
}

// quoted passes a string and returns it with its quotes.
func (s *scanner) quoted() (quoted []byte, escaped bool, err error) {
	start := s.pos
	for s.pos++; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return s.data[start:s.pos], escaped, nil
		case c < ' ':
			return nil, false, errSyntax
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		}
	}
	return nil, false, errSyntax
}

// escape passes an escape sequence but for its last byte. Half of a surrogate pair is no character: some readers keep
// it, some replace it, so that two different strings may become one.
func (s *scanner) escape() error {
	s.pos++
	if s.pos == len(s.data) {
		return errSyntax
	}
	switch s.data[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return errSyntax
	}
	unit, ok := s.hex(s.pos + 1)
	if !ok {
		return errSyntax
	}
	s.pos += 4
	const highFirst, lowFirst, lowLast = 0xD800, 0xDC00, 0xDFFF
	if unit < highFirst || unit > lowLast {
		return nil
	}
	if unit < lowFirst && s.pos+2 < len(s.data) && s.data[s.pos+1] == '\\' && s.data[s.pos+2] == 'u' {
		if low, ok := s.hex(s.pos + 3); ok && low >= lowFirst && low <= lowLast {
			s.pos += 6
			return nil
		}
	}
	return s.fault("a \\u escape that is half of a surrogate pair, which is no character")
}

// hex reads the four hexadecimal digits at i.
func (s *scanner) hex(i int) (unit rune, ok bool) {
	if i+4 > len(s.data) {
		return 0, false
	}
	for _, c := range s.data[i : i+4] {
		switch {
		case isDigit(c):
			unit = unit<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			unit = unit<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return unit, true
}

// unquote decodes a string that quoted has passed.
func unquote(quoted []byte, escaped bool) (string, error) {
	if !escaped {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		return "", errSyntax
	}
	return text, nil
}

// number reads a number (RFC 8259, section 6).
func (s *scanner) number() (any, error) {
	start := s.pos
	if s.at('-') {
		s.pos++
	}
	if s.at('0') {
		s.pos++
	} else if !s.digits() {
		return nil, errSyntax
	}
	if s.at('.') {
		s.pos++
		if !s.digits() {
			return nil, errSyntax
		}
	}
	exponent := 0
	if s.at('e') || s.at('E') {
		s.pos++
		sign := s.pos
		if s.at('+') || s.at('-') {
			s.pos++
		}
		if !s.digits() {
			return nil, errSyntax
		}
		var err error
		if exponent, err = strconv.Atoi(string(s.data[sign:s.pos])); err != nil {
			exponent = maxExponent + 1
		}
	}
	switch {
	case s.pos-start > maxNumberBytes:
		return nil, s.fault(fmt.Sprintf("a number of more than %d characters", maxNumberBytes))
	case exponent > maxExponent || exponent < -maxExponent:
		return nil, s.fault(fmt.Sprintf("a number with an exponent beyond %d", maxExponent))
	case !s.keep:
		return nil, nil
	}
	return json.Number(s.data[start:s.pos]), nil
}

func (s *scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

// digits passes digits; false if there is none.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// fault is an error at the value that is being read.
func (s *scanner) fault(problem string) error {
	return &Error{Path: append(Path(nil), s.path...), Problem: problem}
}

// nameSet holds the names of an object's members.
type nameSet struct {
	anyCase bool // names that differ only in case are the same
	// few ends with the names, from begin on, as long as comparing with each is faster than a map. The objects around
	// have theirs before, so that an object needs no memory of its own.
	few   *[]string
	begin int
	many  map[string]string // else all of them, by the form that is compared
}

const maxFew = 16

// end is the end of the object.
func (n *nameSet) end() { *n.few = (*n.few)[:n.begin] }

// add adds a name and says why it must not be added, if so.
func (n *nameSet) add(name string) (problem string) {
	const twice, inOtherCase = "the key is given twice", "the key is given twice, in different case"
	if n.many == nil {
		for _, other := range (*n.few)[n.begin:] {
			if other == name {
				return twice
			}
			if n.anyCase && strings.EqualFold(other, name) {
				return inOtherCase
			}
		}
		*n.few = append(*n.few, name)
		if few := (*n.few)[n.begin:]; len(few) > maxFew {
			n.many = make(map[string]string, 2*maxFew)
			for _, other := range few {
				n.many[n.form(other)] = other
			}
		}
		return ""
	}
	form := n.form(name)
	switch other, ok := n.many[form]; {
	case !ok:
		n.many[form] = name
		return ""
	case other == name:
		return twice
	}
	return inOtherCase
}

func (n *nameSet) form(name string) string {
	if n.anyCase {
		return foldCase(name)
	}
	return name
}

// foldCase gives two names the same form if encoding/json takes them for the same field, and strings.EqualFold for
// equal: if they differ at most in case under Unicode's simple folding, in which ſ is an s and the Kelvin sign a k.
func foldCase(name string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r {
				return next
			}
			r = next
		}
	}, name)
}
