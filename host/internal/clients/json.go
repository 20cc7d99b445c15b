package clients

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// jsonDocument is a JSON file, comments and trailing commas allowed.
type jsonDocument struct {
	body  []byte
	plain plainJSON
	key   string
	root  hujson.Value
	data  map[string]any
}

func parseJSON(body []byte, key string) (*jsonDocument, error) {
	plain, err := newPlainJSON(body)
	if err != nil {
		return nil, err
	}
	d := &jsonDocument{body: body, plain: plain, key: key, data: map[string]any{}}
	if plain.isEmpty() {
		return d, nil
	}
	if d.root, err = plain.parse(); err != nil {
		return nil, err
	}
	if err := wantObject(d.root, "the document"); err != nil {
		return nil, err
	}
	tree, err := decodeObject(plain.bytes)
	if err != nil {
		return nil, err
	}
	d.data, _ = tree.(map[string]any)
	return d, nil
}

func (d *jsonDocument) tree() map[string]any { return d.data }

func (d *jsonDocument) check(name string) error {
	_, _, err := d.find(name)
	return err
}

// find returns the object that holds the servers and the entry in it; nil for
// what is not there.
func (d *jsonDocument) find(name string) (list, entry *hujson.Value, err error) {
	if d.root.Value == nil {
		return nil, nil, nil
	}
	list, err = member(d.root, d.key)
	if err != nil || list == nil {
		return nil, nil, err
	}
	if err := wantObject(*list, d.key); err != nil {
		return nil, nil, err
	}
	entry, err = member(*list, name)
	if err != nil || entry == nil {
		return list, nil, err
	}
	return list, entry, wantObject(*entry, name)
}

// member returns the value of a key. A key that is given twice is refused: most
// programs take the last one, and the other would look as if it counted.
func member(object hujson.Value, key string) (*hujson.Value, error) {
	var value *hujson.Value
	members := object.Value.(*hujson.Object).Members
	for i := range members {
		if name, ok := members[i].Name.Value.(hujson.Literal); !ok || name.String() != key {
			continue
		}
		if value != nil {
			return nil, problemAt(members[i].Name.StartOffset, "%q is given twice", key)
		}
		value = &members[i].Value
	}
	return value, nil
}

func wantObject(v hujson.Value, what string) error {
	if v.Value.Kind() == '{' {
		return nil
	}
	kinds := map[hujson.Kind]string{'n': "null", 't': "a boolean", 'f': "a boolean", '"': "a string", '0': "a number",
		'[': "an array"}
	return problemAt(v.StartOffset, "%s is %s, want an object", what, kinds[v.Value.Kind()])
}

func (d *jsonDocument) set(name string, fields []field) ([]edit, error) {
	list, entry, err := d.find(name)
	if err != nil {
		return nil, err
	}
	switch {
	case d.root.Value == nil:
		s := style{multiline: true, newline: newlineOf(d.body), inner: defaultIndent, unit: defaultIndent}
		text := s.object([]string{s.quote(d.key) + s.object([]string{s.quote(name) + s.deeper(2).entry(fields)}, 1)}, 0)
		// A comment without a line end would swallow what follows it.
		if len(d.body) > 0 && !bytes.HasSuffix(d.body, []byte("\n")) {
			text = s.newline + text
		}
		return []edit{insert(len(d.body), text+s.newline)}, nil
	case list == nil:
		s := d.styleOf(d.root)
		text := s.quote(d.key) + s.object([]string{s.quote(name) + s.deeper(2).entry(fields)}, 1)
		return d.insertMembers(d.root, s, []string{text}), nil
	case entry == nil:
		s := d.styleOf(*list)
		return d.insertMembers(*list, s, []string{s.quote(name) + s.deeper(1).entry(fields)}), nil
	}
	return d.update(*entry, servers(d.data, d.key)[name].(map[string]any), fields)
}

// update sets fields in an entry that exists.
func (d *jsonDocument) update(entry hujson.Value, was map[string]any, fields []field) ([]edit, error) {
	var edits []edit
	var missing []string
	s := d.styleOf(entry)
	for _, f := range fields {
		value, err := member(entry, f.key)
		switch {
		case err != nil:
			return nil, err
		case value == nil:
			missing = append(missing, s.members([]field{f})...)
		case f.object != nil:
			if err := wantObject(*value, f.key); err != nil {
				return nil, err
			}
			inner, _ := was[f.key].(map[string]any)
			more, err := d.update(*value, inner, f.object)
			if err != nil {
				return nil, err
			}
			edits = append(edits, more...)
		case !equal(was[f.key], f.value()):
			edits = append(edits, edit{span{value.StartOffset, value.EndOffset}, f.quoted(s.comma())})
		}
	}
	return append(edits, d.insertMembers(entry, s, missing)...), nil
}

// insertMembers adds members at the end of an object. If the last member has no
// comma, it gets one; if it has one that closes the list, so has the new one.
func (d *jsonDocument) insertMembers(object hujson.Value, s style, members []string) []edit {
	if len(members) == 0 {
		return nil
	}
	inner := span{object.StartOffset + 1, object.EndOffset - 1}
	text := strings.Join(members, ","+s.between())
	old := object.Value.(*hujson.Object).Members
	if len(old) == 0 {
		at := inner.trimmedEnd(d.body)
		if !s.multiline {
			return []edit{insert(at, text)}
		}
		text = s.between() + text
		if hasNewline(d.body[at:inner.end]) {
			return []edit{insert(at, text)}
		}
		return []edit{{span{at, inner.end}, text + s.newline + s.outer}}
	}
	inner.start = old[len(old)-1].Value.EndOffset
	comma := insert(inner.start, ",")
	if i, closed := d.plain.trailing[inner.end]; closed {
		inner.start, comma, text = i+1, edit{}, text+","
	}
	at := inner.start
	if s.multiline {
		// Behind the comments that belong to the last member.
		at = inner.trimmedEnd(d.body)
	}
	return []edit{comma, insert(at, s.between()+text)}
}

func (d *jsonDocument) remove(name string) ([]edit, error) {
	list, entry, err := d.find(name)
	if err != nil || entry == nil {
		return nil, err
	}
	members := list.Value.(*hujson.Object).Members
	for i := range members {
		if &members[i].Value == entry {
			return d.removeMember(*list, members, i), nil
		}
	}
	return nil, nil
}

// removeMember removes a member with the white space before it and one comma.
// Comments around it are kept: they may not be about it.
func (d *jsonDocument) removeMember(object hujson.Value, members []hujson.ObjectMember, i int) []edit {
	own := span{members[i].Name.StartOffset, members[i].Value.EndOffset}
	end := object.EndOffset - 1
	before, next := object.StartOffset+1, end
	if i > 0 {
		before = members[i-1].Value.EndOffset
	}
	last := i == len(members)-1
	if !last {
		next = members[i+1].Name.StartOffset
	}
	comma, hasComma := d.plain.trailing[end]
	if !last {
		comma, hasComma = own.end+bytes.IndexByte(d.plain.bytes[own.end:next], ','), true
	}
	after := own.end
	var edits []edit
	switch {
	case hasComma:
		edits = append(edits, edit{span: span{comma, comma + 1}})
		after = comma + 1
	case i > 0:
		previous := before + bytes.IndexByte(d.plain.bytes[before:own.start], ',')
		edits = append(edits, edit{span: span{previous, previous + 1}})
		before = previous + 1
	}
	lead := span{before, own.start}.trimmedEnd(d.body)
	if len(members) == 1 && lead == before && hasNewline(d.body[lead:own.start]) &&
		len(bytes.Trim(d.body[after:end], jsonSpace)) == 0 && after-own.end <= 1 {
		return []edit{{span: span{before, end}}}
	}
	if d.leadGoes(lead, own.start, after) {
		own.start = lead
	} else if lead < own.start {
		blanks := len(d.body[after:end]) - len(bytes.TrimLeft(d.body[after:end], " \t"))
		edits = append(edits, edit{span: span{after, after + blanks}})
	}
	return append(edits, edit{span: own})
}

// leadGoes decides whether the white space before a member goes with it: not if
// what follows would then stand in a comment that ends with its line, or a comment
// that follows in the line of another member.
func (d *jsonDocument) leadGoes(lead, start, after int) bool {
	rest := bytes.TrimLeft(d.body[after:], " \t")
	if rest[0] == '\n' || rest[0] == '\r' {
		return true
	}
	return rest[0] != '/' && (!hasNewline(d.body[lead:start]) || !d.plain.inLineComment(d.body, lead-1))
}

func (d *jsonDocument) private(name string, showArgs bool) []span {
	var ours *hujson.Object
	if _, entry, err := d.find(name); err == nil && entry != nil {
		ours, _ = entry.Value.(*hujson.Object)
	}
	spans := slices.Clone(d.plain.comments)
	var walk func(v hujson.Value)
	walk = func(v hujson.Value) {
		switch value := v.Value.(type) {
		case hujson.Literal:
			if value.Kind() == '"' || value.Kind() == '0' {
				spans = append(spans, span{v.StartOffset, v.EndOffset})
			}
		case *hujson.Array:
			for _, element := range value.Elements {
				walk(element)
			}
		case *hujson.Object:
			for _, m := range value.Members {
				key, _ := m.Name.Value.(hujson.Literal)
				if value != ours || !isShown(key.String(), m.Value.Value.Kind(), showArgs) {
					walk(m.Value)
				}
			}
		}
	}
	if d.root.Value != nil {
		walk(d.root)
	}
	return spans
}

func isShown(key string, kind hujson.Kind, showArgs bool) bool {
	if key == "args" {
		return showArgs
	}
	return isSet(key) && kind == '"'
}
