package clients

import (
	"strings"

	"github.com/tailscale/hujson"
)

// style is how an object is written, so that a new member looks like its neighbours.
type style struct {
	multiline bool
	newline   string
	// outer is the indentation of the object's closing brace, inner of its members,
	// unit the step from one to the other.
	outer, inner, unit string
	// tight leaves out the blanks after colon and comma.
	tight bool
}

// styleOf reads the style of an object in the document, and of the document where
// the object is empty.
func (d *jsonDocument) styleOf(object hujson.Value) style {
	s := style{newline: newlineOf(d.body), unit: d.unit(), outer: indentAt(d.body, object.StartOffset)}
	s.multiline = hasNewline(d.body[d.root.StartOffset:d.root.EndOffset])
	root := d.root.Value.(*hujson.Object).Members
	if len(root) == 0 {
		s.multiline = true
	} else {
		after := root[0].Value.StartOffset - 1
		s.tight = d.plain.bytes[after] == ':'
	}
	s.inner = s.outer + s.unit
	members := object.Value.(*hujson.Object).Members
	if len(members) == 0 {
		return s
	}
	first := members[0].Name.StartOffset
	if s.multiline = hasNewline(d.body[object.StartOffset:first]); s.multiline {
		s.inner = indentAt(d.body, members[len(members)-1].Name.StartOffset)
		s.tight = false
	}
	return s
}

// unit is the indentation of the document's first member.
func (d *jsonDocument) unit() string {
	members := d.root.Value.(*hujson.Object).Members
	if len(members) == 0 {
		return defaultIndent
	}
	start := members[0].Name.StartOffset
	outer := indentAt(d.body, d.root.StartOffset)
	inner := indentAt(d.body, start)
	if unit := strings.TrimPrefix(inner, outer); hasNewline(d.body[d.root.StartOffset:start]) && unit != "" {
		return unit
	}
	return defaultIndent
}

// deeper is the style of an object that is written levels below this one's members.
func (s style) deeper(levels int) style {
	s.outer = s.inner + strings.Repeat(s.unit, levels-1)
	s.inner = s.outer + s.unit
	return s
}

func (s style) comma() string {
	if s.tight {
		return ","
	}
	return ", "
}

// quote writes a key with its colon.
func (s style) quote(key string) string {
	colon := ": "
	if s.tight {
		colon = ":"
	}
	return string(hujson.String(key)) + colon
}

// between is what stands between a comma, or the opening brace, and a member.
func (s style) between() string {
	switch {
	case s.multiline:
		return s.newline + s.inner
	case s.tight:
		return ""
	}
	return " "
}

// object writes an object's members, levels below this one's.
func (s style) object(members []string, levels int) string {
	if levels > 0 {
		s = s.deeper(levels)
	}
	if !s.multiline {
		return "{" + strings.Join(members, s.comma()) + "}"
	}
	return "{" + s.between() + strings.Join(members, ","+s.between()) + s.newline + s.outer + "}"
}

// entry writes an object that holds fields.
func (s style) entry(fields []field) string {
	return s.object(s.members(fields), 0)
}

// members writes fields as the members of an object.
func (s style) members(fields []field) []string {
	members := make([]string, len(fields))
	for i, f := range fields {
		value := f.quoted(s.comma())
		if f.object != nil {
			value = s.deeper(1).entry(f.object)
		}
		members[i] = s.quote(f.key) + value
	}
	return members
}
