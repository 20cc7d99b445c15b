package managementapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of a schema's notation.
const maxDepth = 64

// ParseSchema reads the notation that [Schema.String] writes:
//
//	schema   = one { "|" one }                          any of these
//	one      = kind [ limits ]                          any string integer number boolean null
//	         | literal                                  "text" 1 true: this value only
//	         | "[" [ schema ] "]" [ limits ]            an array of it
//	         | "{" { member } [ rest ] "}" [ limits ]   an object
//	         | Name                                     a shared definition; begins with a capital
//	         | "(" schema ")"
//	member   = name [ "?" ] [ "!" ] [ ">" ] ":" schema  "?" optional, "!" secret, ">" destination
//	rest     = "..." [ "!" ] [ schema ]                 other members too: any, or of this schema
//	limits   = "(" { range | format | pattern | "unique" } ")"
//	range    = [ number ] ".." [ number ]               characters, items, members, or the value
//	format   = "format=" name
//	pattern  = "pattern=" JSON-string
//
// A name is of letters, digits, "_", "-" and "$", or a JSON string. Space separates and
// means nothing else.
func ParseSchema(text string) (*Schema, error) {
	p := &notation{text: text}
	s, err := p.schema(0)
	if err == nil && p.peek() != 0 {
		err = p.errorf("the end")
	}
	if err != nil {
		return nil, err
	}
	s.places = &places{}
	return s, nil
}

type notation struct {
	text string
	at   int
}

func (p *notation) errorf(wanted string) error {
	return fmt.Errorf("schema notation at byte %d of %q: expected %s", p.at, clip(p.text), wanted)
}

func clip(text string) string {
	if len(text) > 200 {
		return text[:200] + "…"
	}
	return text
}

// peek returns the next byte that is not space, 0 at the end.
func (p *notation) peek() byte {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\t') {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *notation) take(b byte) bool {
	if p.peek() != b || b == 0 {
		return false
	}
	p.at++
	return true
}

func (p *notation) takeWord(word string) bool {
	p.peek()
	if !strings.HasPrefix(p.text[p.at:], word) {
		return false
	}
	p.at += len(word)
	return true
}

func isNameByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-' || b == '$'
}

// word returns the name that is next, "" if there is none.
func (p *notation) word() string {
	p.peek()
	start := p.at
	for p.at < len(p.text) && isNameByte(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

// quoted reads a JSON string.
func (p *notation) quoted() (string, error) {
	p.peek()
	start := p.at
	for p.at++; p.at < len(p.text) && p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			p.at++
		}
	}
	if p.at >= len(p.text) {
		p.at = start
		return "", p.errorf("the end of a string")
	}
	p.at++
	var out string
	if err := json.Unmarshal([]byte(p.text[start:p.at]), &out); err != nil {
		p.at = start
		return "", p.errorf("a JSON string")
	}
	return out, nil
}

func (p *notation) schema(depth int) (*Schema, error) {
	if depth > maxDepth {
		return nil, p.errorf("fewer levels")
	}
	var all []*Schema
	for {
		one, err := p.one(depth + 1)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		if !p.take('|') {
			return AnyOf(all...), nil
		}
	}
}

// AnyOf is the schema of a value that fits one of these at least.
func AnyOf(all ...*Schema) *Schema {
	var out []*Schema
	nullable := false
	for _, one := range all {
		alternatives := []*Schema{one}
		if one.Kind == KindUnion {
			alternatives = one.AnyOf
			nullable = nullable || one.Nullable
		}
		for _, s := range alternatives {
			switch {
			case s.Kind == KindNull:
				nullable = true
			case len(s.Enum) > 0 && joinEnum(out, s):
				nullable = nullable || s.Nullable
			default:
				out = append(out, s)
			}
		}
	}
	switch len(out) {
	case 0:
		return &Schema{Kind: KindNull}
	case 1:
		if nullable && !out[0].Nullable {
			s := *out[0]
			s.Nullable = true
			return &s
		}
		return out[0]
	}
	return &Schema{Kind: KindUnion, AnyOf: out, Nullable: nullable}
}

// joinEnum adds the values of s to the alternative of its kind that has values too.
func joinEnum(all []*Schema, s *Schema) bool {
	for i, other := range all {
		if other.Kind == s.Kind && len(other.Enum) > 0 && other.Pattern == "" && s.Pattern == "" {
			joined := *other
			joined.Enum = append(append([]any{}, other.Enum...), s.Enum...)
			all[i] = &joined
			return true
		}
	}
	return false
}

func (p *notation) one(depth int) (*Schema, error) {
	switch b := p.peek(); {
	case p.take('('):
		s, err := p.schema(depth)
		if err == nil && !p.take(')') {
			err = p.errorf(`")"`)
		}
		return s, err
	case p.take('['):
		return p.array(depth)
	case p.take('{'):
		return p.object(depth)
	case b == '"':
		text, err := p.quoted()
		return &Schema{Kind: KindString, Enum: []any{text}}, err
	case b == '-' || b >= '0' && b <= '9':
		value, err := p.number()
		kind := KindNumber
		if value == math.Trunc(value) {
			kind = KindInteger
		}
		return &Schema{Kind: kind, Enum: []any{value}}, err
	}
	start := p.at
	switch word := p.word(); {
	case word == "true" || word == "false":
		return &Schema{Kind: KindBoolean, Enum: []any{word == "true"}}, nil
	case word != "" && word[0] >= 'A' && word[0] <= 'Z':
		return &Schema{Kind: KindRef, Ref: word}, nil
	default:
		for kind := KindAny; kind <= KindNull; kind++ {
			if word == kindNames[kind] {
				return p.limits(&Schema{Kind: kind})
			}
		}
	}
	p.at = start
	return nil, p.errorf("a schema")
}

func (p *notation) array(depth int) (*Schema, error) {
	s := &Schema{Kind: KindArray}
	if p.peek() != ']' {
		items, err := p.schema(depth)
		if err != nil {
			return nil, err
		}
		s.Items = items
	}
	if !p.take(']') {
		return nil, p.errorf(`"]"`)
	}
	return p.limits(s)
}

func (p *notation) object(depth int) (*Schema, error) {
	s := &Schema{Kind: KindObject}
	for !p.take('}') {
		if p.takeWord("...") {
			s.RestSecret = p.take('!')
			s.Rest = &Schema{}
			if p.peek() != '}' {
				var err error
				if s.Rest, err = p.schema(depth); err != nil {
					return nil, err
				}
			}
			if !p.take('}') {
				return nil, p.errorf(`"}"`)
			}
			break
		}
		member, err := p.member(depth)
		if err != nil {
			return nil, err
		}
		s.Members = append(s.Members, member)
	}
	return p.limits(s)
}

func (p *notation) member(depth int) (m Member, err error) {
	if p.peek() == '"' {
		m.Name, err = p.quoted()
	} else if m.Name = p.word(); m.Name == "" {
		err = p.errorf("a member's name")
	}
	if err != nil {
		return m, err
	}
	m.Required = !p.take('?')
	m.Secret = p.take('!')
	m.Destination = p.take('>')
	if !p.take(':') {
		return m, p.errorf(`":"`)
	}
	m.Schema, err = p.schema(depth)
	return m, err
}

func (p *notation) number() (float64, error) {
	p.peek()
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("0123456789-+eE.", p.text[p.at]) >= 0 {
		if strings.HasPrefix(p.text[p.at:], "..") { // of a range
			break
		}
		p.at++
	}
	value, err := strconv.ParseFloat(p.text[start:p.at], 64)
	if err != nil || math.IsInf(value, 0) {
		p.at = start
		return 0, p.errorf("a number")
	}
	return value, nil
}

func (p *notation) limits(s *Schema) (*Schema, error) {
	if p.at == len(p.text) || p.text[p.at] != '(' { // directly behind, or it is a group
		return s, nil
	}
	p.at++
	for !p.take(')') {
		var err error
		switch {
		case p.takeWord("unique"):
			s.Unique = true
		case p.takeWord("format="):
			if s.Format = p.word(); s.Format == "" {
				err = p.errorf("a format")
			}
		case p.takeWord("pattern="):
			if p.peek() != '"' {
				return nil, p.errorf("a pattern")
			}
			s.Pattern, err = p.quoted()
		default:
			s.Min, s.Max, err = p.bounds()
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (p *notation) bounds() (low, high *float64, err error) {
	var value float64
	if p.peek() != '.' {
		if value, err = p.number(); err != nil {
			return nil, nil, err
		}
		low = &value
	}
	if !p.takeWord("..") {
		return nil, nil, p.errorf(`".."`)
	}
	if b := p.peek(); b == '-' || b >= '0' && b <= '9' {
		var top float64
		if top, err = p.number(); err != nil {
			return nil, nil, err
		}
		high = &top
	}
	return low, high, nil
}

// String writes the schema in the notation of [ParseSchema], which reads it back.
func (s *Schema) String() string {
	var b strings.Builder
	s.write(&b)
	return b.String()
}

func (s *Schema) write(b *strings.Builder) {
	switch {
	case s.Kind == KindUnion:
		for i, one := range s.AnyOf {
			if i > 0 {
				b.WriteByte('|')
			}
			if one.Nullable { // its null is its own
				b.WriteByte('(')
				one.write(b)
				b.WriteByte(')')
			} else {
				one.write(b)
			}
		}
	case len(s.Enum) > 0:
		for i, value := range s.Enum {
			if i > 0 {
				b.WriteByte('|')
			}
			writeJSON(b, value)
		}
	case s.Kind == KindRef:
		b.WriteString(s.Ref)
	case s.Kind == KindArray:
		b.WriteByte('[')
		if s.Items != nil {
			s.Items.write(b)
		}
		b.WriteByte(']')
	case s.Kind == KindObject:
		s.writeObject(b)
	default:
		b.WriteString(s.Kind.String())
	}
	if len(s.Enum) == 0 {
		s.writeLimits(b)
	}
	if s.Nullable {
		b.WriteString("|null")
	}
}

func writeJSON(b *strings.Builder, value any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // strings, numbers and booleans
	}
	b.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

func (s *Schema) writeObject(b *strings.Builder) {
	b.WriteByte('{')
	for i, m := range s.Members {
		if i > 0 {
			b.WriteByte(' ')
		}
		if plainName(m.Name) {
			b.WriteString(m.Name)
		} else {
			writeJSON(b, m.Name)
		}
		for _, mark := range []struct {
			set bool
			b   byte
		}{{!m.Required, '?'}, {m.Secret, '!'}, {m.Destination, '>'}} {
			if mark.set {
				b.WriteByte(mark.b)
			}
		}
		b.WriteByte(':')
		m.Schema.write(b)
	}
	if s.Rest != nil {
		if len(s.Members) > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("...")
		if s.RestSecret {
			b.WriteByte('!')
		}
		if s.Rest.Kind != KindAny {
			s.Rest.write(b)
		}
	}
	b.WriteByte('}')
}

func plainName(name string) bool {
	for i := range len(name) {
		if !isNameByte(name[i]) {
			return false
		}
	}
	return name != ""
}

func (s *Schema) writeLimits(b *strings.Builder) {
	var parts []string
	if s.Min != nil || s.Max != nil {
		parts = append(parts, formatBound(s.Min)+".."+formatBound(s.Max))
	}
	if s.Format != "" {
		parts = append(parts, "format="+s.Format)
	}
	if s.Pattern != "" {
		var quoted strings.Builder
		writeJSON(&quoted, s.Pattern)
		parts = append(parts, "pattern="+quoted.String())
	}
	if s.Unique {
		parts = append(parts, "unique")
	}
	if len(parts) > 0 {
		b.WriteString("(" + strings.Join(parts, " ") + ")")
	}
}

func formatBound(value *float64) string {
	if value == nil {
		return ""
	}
	return strconv.FormatFloat(*value, 'f', -1, 64)
}
