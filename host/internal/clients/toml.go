package clients

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlDocument is a TOML file. go-toml decides whether it is valid; its parser of
// expressions, which keeps the places of everything, says where to edit.
type tomlDocument struct {
	body  []byte
	key   string
	data  map[string]any
	items []tomlItem
	// comments are all but those deep inside arrays.
	comments []span
}

// tomlItem is a table's header, or a key and its value.
type tomlItem struct {
	header bool
	// path leads from the root to the table or value, through headers, dotted keys
	// and inline tables.
	path []string
	// keys are the places of the parts of path that stand here.
	keys []span
	span
	// value is the value's place; empty for a header.
	value span
	kind  unstable.Kind
	// depth is 0 for what stands on lines of its own, and counts inline tables.
	depth int
}

func parseTOML(body []byte, key string) (*tomlDocument, error) {
	// The parser tells places by capacities.
	body = slices.Clip(body)
	d := &tomlDocument{body: body, key: key, data: map[string]any{}}
	if err := toml.Unmarshal(body, &d.data); err != nil {
		if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, column := decode.Position()
			return nil, problemAt(offsetOf(body, line, column), "not valid TOML: %s", tomlReason(err))
		}
		return nil, problemAt(0, "not valid TOML: %s", tomlReason(err))
	}
	p := unstable.Parser{KeepComments: true}
	p.Reset(body)
	var table []string
	for p.NextExpression() {
		node := p.Expression()
		switch node.Kind {
		case unstable.Comment:
			d.addComments(node)
		case unstable.KeyValue:
			d.addKeyValue(node, table, 0)
			d.addComments(node.Next())
		case unstable.Table, unstable.ArrayTable:
			table = d.addHeader(node)
			d.addComments(node.Next())
		}
	}
	if err := p.Error(); err != nil {
		return nil, problemAt(0, "not valid TOML: %s", tomlReason(err))
	}
	return d, nil
}

// tomlReason is why a document is not valid. The parser quotes one character at most, and
// names of keys, never a value.
func tomlReason(err error) string {
	const longest = 200
	reason := []rune(strings.TrimPrefix(err.Error(), "toml: "))
	return printable(string(reason[:min(len(reason), longest)]))
}

func spanOf(r unstable.Range) span {
	return span{int(r.Offset), int(r.Offset + r.Length)}
}

// addComments notes a comment, and those of its run that hang off it.
func (d *tomlDocument) addComments(node *unstable.Node) {
	for ; node.Valid() && node.Kind == unstable.Comment; node = node.Next() {
		d.comments = append(d.comments, spanOf(node.Raw))
		d.addComments(node.Child())
	}
}

func (d *tomlDocument) addHeader(node *unstable.Node) []string {
	item := tomlItem{header: true, kind: node.Kind}
	for it := node.Key(); it.Next(); {
		item.path = append(item.path, string(it.Node().Data))
		item.keys = append(item.keys, spanOf(it.Node().Raw))
	}
	// The parser does not say where a header is: around its keys, between which
	// only blanks and dots can stand.
	item.start = bytes.LastIndexByte(d.body[:item.keys[0].start], '[')
	last := item.keys[len(item.keys)-1].end
	item.end = last + bytes.IndexByte(d.body[last:], ']') + 1
	if node.Kind == unstable.ArrayTable {
		item.start--
		item.end++
	}
	d.items = append(d.items, item)
	return item.path
}

func (d *tomlDocument) addKeyValue(node *unstable.Node, table []string, depth int) {
	value := node.Value()
	item := tomlItem{path: slices.Clone(table), span: spanOf(node.Raw), kind: value.Kind, depth: depth}
	for it := node.Key(); it.Next(); {
		item.path = append(item.path, string(it.Node().Data))
		item.keys = append(item.keys, spanOf(it.Node().Raw))
	}
	item.value = span{item.keys[len(item.keys)-1].end, item.end}
	item.value.start += bytes.IndexByte(d.body[item.value.start:], '=') + 1
	item.value.start = item.value.end - len(bytes.TrimLeft(d.body[item.value.start:item.value.end], jsonSpace))
	d.items = append(d.items, item)
	if value.Kind != unstable.InlineTable && value.Kind != unstable.Array {
		return
	}
	for it := value.Children(); it.Next(); {
		if child := it.Node(); child.Kind == unstable.KeyValue {
			d.addKeyValue(child, item.path, depth+1)
		} else if child.Kind == unstable.Comment {
			d.comments = append(d.comments, spanOf(child.Raw))
			d.addComments(child.Child())
		}
	}
}

func (d *tomlDocument) tree() map[string]any { return d.data }

func (d *tomlDocument) check(name string) error {
	value, ok := d.data[d.key]
	if !ok {
		return nil
	}
	list, ok := value.(map[string]any)
	if !ok {
		return d.wrongType(d.key)
	}
	if value, ok = list[name]; !ok {
		return nil
	}
	if _, ok := value.(map[string]any); !ok {
		return d.wrongType(d.key, name)
	}
	return nil
}

func (d *tomlDocument) wrongType(path ...string) error {
	return problemAt(d.offsetOf(path), "%s is not a table", strings.Join(path, "."))
}

// offsetOf returns where the first mention of path is.
func (d *tomlDocument) offsetOf(path []string) int {
	if i := slices.IndexFunc(d.items, func(item tomlItem) bool { return hasPrefix(item.path, path) }); i >= 0 {
		return d.items[i].start
	}
	return 0
}

func hasPrefix(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

// inLine returns an error if the path is reached through an inline table that
// holds all servers: what stands in it has no lines of its own.
func (d *tomlDocument) inLine() error {
	for _, item := range d.items {
		if !item.header && slices.Equal(item.path, []string{d.key}) {
			return problemAt(item.start, "%s is written as one inline table: write it as tables, such as [%s.NAME]", d.key,
				d.key)
		}
	}
	return nil
}

func (d *tomlDocument) set(name string, fields []field) ([]edit, error) {
	if err := d.check(name); err != nil {
		return nil, err
	}
	if err := d.inLine(); err != nil {
		return nil, err
	}
	entry, exists := servers(d.data, d.key)[name].(map[string]any)
	if !exists {
		text := d.table(name, fields)
		end := len(d.body)
		newline := newlineOf(d.body)
		switch {
		case end == 0:
		case bytes.HasSuffix(d.body, []byte("\n")):
			text = newline + text
		default:
			text = newline + newline + strings.TrimSuffix(text, newline)
		}
		return []edit{insert(end, text)}, nil
	}
	return d.update([]string{d.key, name}, entry, fields)
}

// update sets fields in the table at path, which exists and is decoded as was.
func (d *tomlDocument) update(path []string, was map[string]any, fields []field) ([]edit, error) {
	var edits []edit
	var missing []field
	for _, f := range fields {
		at := append(slices.Clone(path), f.key)
		i := slices.IndexFunc(d.items, func(item tomlItem) bool { return !item.header && slices.Equal(item.path, at) })
		inner, isTable := was[f.key].(map[string]any)
		switch {
		case f.object != nil && isTable:
			more, err := d.update(at, inner, f.object)
			if err != nil {
				return nil, err
			}
			edits = append(edits, more...)
		case f.object != nil && was[f.key] != nil:
			return nil, d.wrongType(at...)
		case i >= 0 && !equal(was[f.key], f.value()):
			edits = append(edits, edit{d.items[i].value, f.quoted(", ")})
		case i < 0 && was[f.key] != nil:
			return nil, problemAt(d.offsetOf(at), "%s is a table, want a value", strings.Join(at, "."))
		case i < 0:
			missing = append(missing, f)
		}
	}
	if len(missing) == 0 {
		return edits, nil
	}
	more, err := d.insertFields(path, missing)
	return append(edits, more...), err
}

// table writes the entry as a table of its own.
func (d *tomlDocument) table(name string, fields []field) string {
	newline := newlineOf(d.body)
	var b strings.Builder
	b.WriteString("[" + d.key + "." + name + "]" + newline)
	for _, f := range fields {
		b.WriteString(keyValue(f) + newline)
	}
	return b.String()
}

// keyValue writes a field, an object as an inline table.
func keyValue(f field) string {
	if f.object == nil {
		return f.key + " = " + f.quoted(", ")
	}
	items := make([]string, len(f.object))
	for i, one := range f.object {
		items[i] = keyValue(one)
	}
	return f.key + " = { " + strings.Join(items, ", ") + " }"
}

// insertFields adds fields to the table at path, which exists, in the way it is written.
func (d *tomlDocument) insertFields(path []string, fields []field) ([]edit, error) {
	newline := newlineOf(d.body)
	// The line to write after, and what to write before each key.
	after, prefix := -1, ""
	for i, item := range d.items {
		switch {
		case !item.header && item.kind == unstable.InlineTable && slices.Equal(item.path, path):
			return d.insertInline(item, fields), nil
		case !hasPrefix(item.path, path) || item.depth > 0:
		case item.header && len(item.path) == len(path):
			return []edit{d.insertLines(d.afterSection(i), d.lines(indentAt(d.body, item.start), fields))}, nil
		case item.header && after < 0 && len(path) == 2:
			return []edit{insert(bytes.LastIndexByte(d.body[:item.start], '\n')+1, d.table(path[1], fields)+newline)}, nil
		case item.header:
		case len(item.keys) > len(item.path)-len(path):
			// A dotted key: the part that names the table is the last but the field's.
			part := len(item.keys) - (len(item.path) - len(path)) - 1
			after = item.end
			prefix = indentAt(d.body, item.start) + string(d.body[item.keys[0].start:item.keys[part].end]) + "."
		}
	}
	if after < 0 {
		return nil, d.wrongType(path...)
	}
	return []edit{d.insertLines(after, d.lines(prefix, fields))}, nil
}

// afterSection is the place behind the last line of the table whose header is at i.
func (d *tomlDocument) afterSection(i int) int {
	end := d.items[i].end
	for _, item := range d.items[i+1:] {
		if item.header {
			break
		}
		end = max(end, item.end)
	}
	return end
}

func (d *tomlDocument) lines(prefix string, fields []field) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(newlineOf(d.body) + prefix + keyValue(f))
	}
	return b.String()
}

// insertLines writes lines below the line of offset.
func (d *tomlDocument) insertLines(offset int, lines string) edit {
	end := lineEnd(d.body, offset)
	return insert(span{offset, end}.trimmedEnd(d.body), lines)
}

// insertInline adds fields to an inline table.
func (d *tomlDocument) insertInline(entry tomlItem, fields []field) []edit {
	last := -1
	for _, item := range d.items {
		if item.depth == entry.depth+1 && item.start > entry.start && item.end < entry.end {
			last = item.end
		}
	}
	items := make([]string, len(fields))
	for i, f := range fields {
		items[i] = keyValue(f)
	}
	text := strings.Join(items, ", ")
	if last < 0 {
		return []edit{insert(entry.value.start+1, " "+text+" ")}
	}
	return []edit{insert(last, ", "+text)}
}

func (d *tomlDocument) remove(name string) ([]edit, error) {
	if err := d.check(name); err != nil {
		return nil, err
	}
	if _, ok := servers(d.data, d.key)[name]; !ok {
		return nil, nil
	}
	if err := d.inLine(); err != nil {
		return nil, err
	}
	path := []string{d.key, name}
	var edits []edit
	for i, item := range d.items {
		if item.depth > 0 || !hasPrefix(item.path, path) {
			continue
		}
		gone := span{d.lineStart(item.start), lineEnd(d.body, item.end)}
		if item.header {
			gone = d.section(i)
		}
		edits = append(edits, edit{span: gone})
	}
	return edits, nil
}

func (d *tomlDocument) lineStart(offset int) int {
	return bytes.LastIndexByte(d.body[:offset], '\n') + 1
}

// section is the whole table whose header is at i. An empty line before it goes
// too, if the end of the file or another empty line follows; so does the line end
// before it, if the file ends without one.
func (d *tomlDocument) section(i int) span {
	s := span{d.lineStart(d.items[i].start), lineEnd(d.body, d.afterSection(i))}
	rest := bytes.TrimLeft(d.body[s.end:], " \t\r")
	if len(rest) > 0 && rest[0] != '\n' {
		return s
	}
	if before := cutNewline(d.body[:s.start]); len(before) == 0 || bytes.HasSuffix(before, []byte("\n")) {
		s.start = len(before)
	}
	if s.end == len(d.body) && !bytes.HasSuffix(d.body, []byte("\n")) {
		s.start = len(cutNewline(d.body[:s.start]))
	}
	return s
}

func cutNewline(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}

func (d *tomlDocument) private(name string, showArgs bool) []span {
	spans := slices.Clone(d.comments)
	for _, item := range d.items {
		ours := len(item.path) == 3 && hasPrefix(item.path, []string{d.key, name}) && isSet(item.path[2])
		switch {
		case item.header, item.kind == unstable.InlineTable, item.kind == unstable.Bool:
		case ours && item.kind == unstable.String && item.path[2] != "args":
		case ours && showArgs && item.path[2] == "args":
		default:
			spans = append(spans, item.value)
		}
	}
	return spans
}
