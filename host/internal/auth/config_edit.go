package auth

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// configStatement is one "key = value" or one "[table]" of a config file.
type configStatement struct {
	path  string // the keys from the root, separated by NUL
	table bool
	// Offsets into the text: where the statement starts, its last key, its value, and
	// its end; a table has the first only.
	start, lastKey, value, end int
}

// scanConfig lists the statements of a text that has been parsed already.
func scanConfig(text []byte) ([]configStatement, error) {
	var parser unstable.Parser
	parser.Reset(text)
	var found []configStatement
	table := ""
	for parser.NextExpression() {
		node := parser.Expression()
		var keys []string
		var last unstable.Range
		start := -1
		for it := node.Key(); it.Next(); {
			last = it.Node().Raw
			keys = append(keys, string(it.Node().Data))
			if start < 0 {
				start = int(last.Offset)
			}
		}
		path := strings.Join(keys, "\x00")
		if node.Kind != unstable.KeyValue {
			table = path + "\x00"
			found = append(found, configStatement{path: path, table: true, start: start})
			continue
		}
		s := configStatement{path: table + path, start: start, lastKey: int(last.Offset),
			end: int(node.Raw.Offset + node.Raw.Length)}
		s.value = s.lastKey + int(last.Length)
		for s.value < s.end && bytes.IndexByte([]byte(" \t="), text[s.value]) >= 0 {
			s.value++
		}
		found = append(found, s)
	}
	return found, parser.Error()
}

// configValues are the values of a config as TOML writes them, by path.
func configValues(c Config) (values map[string]string, order []string, err error) {
	text, err := toml.Marshal(c)
	if err != nil {
		return nil, nil, err
	}
	statements, err := scanConfig(text)
	if err != nil {
		return nil, nil, err
	}
	values = map[string]string{}
	for _, s := range statements {
		if !s.table {
			values[s.path] = string(text[s.value:s.end])
			order = append(order, s.path)
		}
	}
	return values, order, nil
}

// editConfig changes the text, which means before, into one that means after. It
// touches only what differs, so that comments, order and spelling stay. The result
// is read again: if it does not mean after, because the text uses a form that is
// not known here, after is written from scratch and inPlace is false.
func editConfig(text []byte, before, after Config) (edited []byte, inPlace bool, err error) {
	want, err := toml.Marshal(after)
	if err != nil {
		return nil, false, err
	}
	edited, err = editStatements(text, before, after)
	if err != nil {
		return nil, false, err
	}
	if c, err := ParseConfig(edited); err == nil {
		if got, err := toml.Marshal(c); err == nil && bytes.Equal(got, want) {
			return edited, true, nil
		}
	}
	return want, false, nil
}

// configEdit replaces text[from:to].
type configEdit struct {
	from, to int
	with     string
}

func editStatements(text []byte, before, after Config) ([]byte, error) {
	body, mark := bytes.CutPrefix(text, []byte(byteOrderMark))
	statements, err := scanConfig(body)
	if err != nil {
		return nil, err
	}
	old, _, err := configValues(before)
	if err != nil {
		return nil, err
	}
	values, order, err := configValues(after)
	if err != nil {
		return nil, err
	}
	e := configEditor{text: body, statements: statements, after: after, newline: "\n"}
	if bytes.Contains(body, []byte("\r\n")) {
		e.newline = "\r\n"
	}
	e.change(old, values)
	e.add(values, order)
	edited := e.apply()
	if mark {
		edited = append([]byte(byteOrderMark), edited...)
	}
	return edited, nil
}

type configEditor struct {
	text       []byte
	statements []configStatement
	after      Config
	newline    string
	edits      []configEdit
}

// change replaces the values that differ and removes what is gone.
func (e *configEditor) change(old, values map[string]string) {
	removedFrom := -1 // inside the section of a profile that is gone
	for _, s := range e.statements {
		gone := e.isGone(s.path)
		if removedFrom >= 0 && (!gone || s.table) {
			removedFrom = -1
		}
		value, kept := values[s.path]
		was, known := old[s.path]
		switch {
		case s.table && gone:
			removedFrom = e.lineStart(s.start)
			e.edits = append(e.edits, configEdit{from: removedFrom, to: e.lineEnd(s.start)})
		case s.table:
		case removedFrom >= 0:
			// The comments inside a section go with it.
			e.edits[len(e.edits)-1].to = e.lineEnd(s.end)
		case gone, known && !kept:
			e.edits = append(e.edits, configEdit{from: e.lineStart(s.start), to: e.lineEnd(s.end)})
		case kept && was != value:
			e.edits = append(e.edits, configEdit{from: s.value, to: s.end, with: value})
		}
	}
}

// isGone reports whether path is in a profile that is no more.
func (e *configEditor) isGone(path string) bool {
	keys := strings.SplitN(path, "\x00", 3)
	if len(keys) < 2 || keys[0] != "profiles" {
		return false
	}
	_, there := e.after.Profiles[keys[1]]
	return !there
}

// add writes the values that the text does not have.
func (e *configEditor) add(values map[string]string, order []string) {
	has := map[string]bool{}
	for _, s := range e.statements {
		has[s.path] = !s.table
	}
	sections := map[string]string{}
	var names []string
	for _, path := range order {
		if has[path] {
			continue
		}
		keys := strings.Split(path, "\x00")
		key := keys[len(keys)-1]
		parent := strings.Join(keys[:len(keys)-1], "\x00")
		if at, prefix, ok := e.place(parent); ok {
			line := prefix + key + " = " + values[path] + e.newline
			if at > 0 && e.text[at-1] != '\n' {
				line = e.newline + line
			}
			e.edits = append(e.edits, configEdit{from: at, to: at, with: line})
			continue
		}
		if sections[parent] == "" {
			names = append(names, keys[1])
		}
		sections[parent] += key + " = " + values[path] + e.newline
	}
	for _, name := range names {
		e.appendSection(name, sections["profiles\x00"+name])
	}
}

// place is where a key of parent can be added, and what stands before it in the
// spelling that the text uses there.
func (e *configEditor) place(parent string) (at int, prefix string, ok bool) {
	for _, s := range e.statements {
		switch {
		case s.table && s.path == parent:
			at, prefix, ok = e.lineEnd(s.start), "", true
		case !s.table && s.path[:max(strings.LastIndexByte(s.path, 0), 0)] == parent:
			at, prefix, ok = e.lineEnd(s.end), string(e.text[s.start:s.lastKey]), true
		}
	}
	return at, prefix, ok || parent == "" // at the top, before every table
}

var bareKey = lazily(`^[A-Za-z0-9_-]+$`)

func (e *configEditor) appendSection(name, lines string) {
	if !bareKey().MatchString(name) {
		name = `"` + name + `"`
	}
	section := "[profiles." + name + "]" + e.newline + lines
	if n := len(e.text); n > 0 {
		section = e.newline + section
		if e.text[n-1] != '\n' {
			section = e.newline + section
		}
	}
	e.edits = append(e.edits, configEdit{from: len(e.text), to: len(e.text), with: section})
}

func (e *configEditor) lineStart(at int) int {
	return bytes.LastIndexByte(e.text[:at], '\n') + 1
}

func (e *configEditor) lineEnd(at int) int {
	if i := bytes.IndexByte(e.text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(e.text)
}

func (e *configEditor) apply() []byte {
	slices.SortStableFunc(e.edits, func(a, b configEdit) int { return a.from - b.from })
	var out bytes.Buffer
	done := 0
	for _, edit := range e.edits {
		if edit.from < done {
			edit.from, edit.to = done, max(done, edit.to)
		}
		out.Write(e.text[done:edit.from])
		out.WriteString(edit.with)
		done = edit.to
	}
	out.Write(e.text[done:])
	return out.Bytes()
}
