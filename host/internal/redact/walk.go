package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// walker copies a valid document token by token. What needs no change is
// copied as bytes: decoding and encoding every string would cost ten times as much.
type walker struct {
	known    known
	stripped *Stripped // nil: what is invisible stays
	hidden   Hidden    // nil: what is hidden is not counted by field

	doc     []byte
	at      int
	out     bytes.Buffer
	depth   int
	names   map[string]class
	path    []step
	changed bool // something was hidden or stripped
	total   int  // how many characters were hidden

	marks *marks       // what is secret by the schema; nil: nothing is
	found func(Secret) // nil: secrets are not collected
	inner bool         // the document stands in a text of another
}

// step leads to a member, by its name with quotes, or to an item of a list, which has none.
type step struct {
	name []byte
	item int
}

func (w *walker) redact(doc []byte) ([]byte, error) {
	if err := w.document(doc); err != nil {
		return nil, fmt.Errorf("redacting an answer: %w", err)
	}
	// A text without escapes is copied as it is, so values are looked for here.
	out, hidden := w.known.values.hide(w.out.Bytes())
	if hidden > 0 && w.hidden != nil {
		w.hidden[""] = w.hidden[""].and(Count{InTexts: hidden})
	}
	return out, nil
}

func (w *walker) document(doc []byte) error {
	// Valid JSON needs no error handling below. Duplicate members, which a
	// decoder would drop, are walked like any other.
	if !json.Valid(doc) {
		return errors.New("not a JSON document")
	}
	w.doc, w.names = doc, map[string]class{}
	w.out.Grow(len(doc))
	return w.value(scope{marks: w.marks})
}

// scope is what the names above a value say about it.
type scope struct {
	secret  bool // strings here are secrets
	labels  bool // strings here are labels, if they are prose
	message bool // only those here, not those of objects below
	keys    bool // members named like key material are secrets
	request bool // members named like parameters are
	secrets bool // the value of "secrets" or "secret" itself: of an object every string is, of a list see item
	item    bool // in a list of secrets, or in what is named like one: a member "value" is
	hash    bool // a member "value" is, here and below
	scripts bool // members are scripts, whatever their names
	all     bool // everything here is secret: the schema says so
	marks   *marks
	isName  bool // it is a member's name itself
}

func (w *walker) value(s scope) error {
	switch c := w.peek(); c {
	case '{', '[':
		w.depth++
		defer func() { w.depth-- }()
		if w.depth > maxRedactDepth {
			return errTooDeep
		}
		return w.composite(s, c == '{')
	case '"':
		return w.text(w.string(), s)
	default:
		start := w.at
		for w.at < len(w.doc) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(w.doc[w.at])) {
			w.at++
		}
		return w.literal(w.doc[start:w.at], s)
	}
}

// literal copies a number, true, false or null. Numbers are hidden where the schema says so, and where they are a value
// that was noted.
func (w *walker) literal(text []byte, s scope) error {
	if number := text[0] == '-' || digit(text[0]); number && (s.all || w.known.noted.number(string(text))) {
		return w.hideMember(text, string(text))
	}
	w.out.Write(text)
	return nil
}

// composite copies an object or an array.
func (w *walker) composite(s scope, object bool) error {
	start := w.at
	for item := 0; ; item++ {
		// The opening bracket, a comma or the closing one.
		c := w.peek()
		w.at++
		w.out.WriteByte(c)
		if c == '}' || c == ']' {
			return nil
		}
		if next := w.peek(); next == '}' || next == ']' {
			continue
		}
		var err error
		if object {
			err = w.member(s, start)
		} else {
			err = w.item(s, item)
		}
		if err != nil {
			return err
		}
		w.path = w.path[:len(w.path)-1]
	}
}

func (w *walker) item(s scope, index int) error {
	w.path = append(w.path, step{item: index})
	below := s
	if s.secrets {
		below = scope{secret: s.secret, item: true}
	}
	below.marks, below.all = s.marks.item(index), s.all || s.marks.item(index).isSecret()
	return w.value(below)
}

// member copies a member of the object that begins at start.
func (w *walker) member(s scope, start int) error {
	name := w.string()
	w.path = append(w.path, step{name: name})
	if err := w.text(name, scope{isName: true}); err != nil {
		return err
	}
	w.peek()
	w.at++
	w.out.WriteByte(':')
	below, is := w.below(s, name)
	if is&valueName != 0 && !s.scripts {
		below.secret = below.secret || w.namedBeside(start)
	}
	if s.marks != nil {
		below.marks = s.marks.member(name)
	}
	below.all = s.all || below.marks.isSecret()
	return w.value(below)
}

// namedBeside reports whether the object that begins at start has a name, as a value, that is a secret's: a header, a
// variable. It reads no further than the object's first maxBeside bytes.
func (w *walker) namedBeside(start int) bool {
	look := &walker{doc: w.doc, at: start + 1}
	for depth, end := 0, min(len(w.doc), start+maxBeside); look.at < end && depth >= 0; {
		switch look.peek() {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			name := look.string()
			if depth > 0 || look.peek() != ':' {
				continue
			}
			look.at++
			if look.peek() == '"' && classOf(unquoted(name))&labelName != 0 {
				named := unquoted(look.string())
				if !strings.ContainsAny(named, " :") && classOf(named)&secretName != 0 {
					return true
				}
			}
			continue
		}
		look.at++
	}
	return false
}

// maxBeside is how much of an object is read again to find what its value is.
const maxBeside = 1 << 12

// peek skips white space and looks at the next byte.
func (w *walker) peek() byte {
	for {
		switch c := w.doc[w.at]; c {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return c
		}
	}
}

// string takes the next string, quotes included.
func (w *walker) string() []byte {
	w.peek()
	start := w.at
	for w.at++; w.doc[w.at] != '"'; w.at++ {
		if w.doc[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	return w.doc[start:w.at]
}

// below is the scope of a member, and what its name says.
func (w *walker) below(s scope, quotedName []byte) (scope, class) {
	is, ok := w.names[string(quotedName)]
	if !ok {
		is = classOf(unquoted(quotedName))
		w.names[string(quotedName)] = is
	}
	if s.scripts {
		return scope{}, is
	}
	return scope{
		scripts: is&holdsScripts != 0,
		secret: is&secretName != 0 || s.keys && is&material != 0 || s.secrets || is&valueName != 0 && (s.item || s.hash) ||
			s.request && is&parameter != 0,
		labels:  s.labels && !s.message || is&(holdsLabels|message) != 0,
		message: is&message != 0,
		keys:    s.keys || is&holdsKeys != 0,
		request: is&ofRequest != 0,
		secrets: is&secretsName != 0,
		item:    is&secretName != 0,
		hash:    s.hash || is&holdsHash != 0,
	}, is
}

// text writes a string, stripped and redacted.
func (w *walker) text(quoted []byte, at scope) error {
	noted := w.known.noted != nil && w.known.noted.in(quoted)
	if noted && at.isName && isMemberName(unquoted(quoted)) {
		w.out.Write(quoted)
		return nil
	}
	if len(quoted) > 2 && (at.secret || at.all || noted || w.known.noted != nil && len(quoted) < minValue+2) {
		if value := unquoted(quoted); at.hides(value) ||
			(!at.isName || len(value) >= minValue) && w.known.noted.hidesWhole(value, lastName(w.path)) {
			return w.hideMember(quoted, value)
		}
	}
	if !noted && !suspicious(quoted) &&
		(w.hidden == nil || !w.known.values.in(quoted)) {
		w.out.Write(quoted)
		return nil
	}
	var s string
	// An escape that is half a character, or bytes that are none, become U+FFFD.
	if err := json.Unmarshal(quoted, &s); err != nil {
		return err
	}
	visible, stripped, _ := strip(s)
	text, inner, err := w.inside(visible, quoted)
	if err != nil {
		return err
	}
	clean, more, hidden := cleanText(text, w.hider(quoted))
	hidden += inner
	if w.stripped != nil {
		w.stripped.add(stripped+more, w.path)
	} else if clean, hidden, err = w.unstripped(s, clean, stripped+more, hidden); err != nil {
		return err
	}
	w.count(Count{InTexts: hidden})
	if clean != s {
		w.changed = true
	} else if !bytes.Contains(quoted, []byte(`\u`)) && utf8.Valid(quoted) {
		w.out.Write(quoted)
		return nil
	}
	return writeString(&w.out, clean)
}

// hides reports whether a string is hidden as a whole.
func (s scope) hides(value string) bool {
	switch {
	case !s.all && !s.secret, isTemplate(value):
		return false
	case s.all:
		return true
	}
	return !s.labels || !isProse(value)
}

// hideMember writes a marker in place of a whole value. A marker is not hidden again.
func (w *walker) hideMember(raw []byte, value string) error {
	if isMarker(value) {
		w.out.Write(raw)
		return nil
	}
	w.changed = true
	w.count(Count{Members: utf8.RuneCountInString(value)})
	if w.found != nil {
		w.report(raw, value, true)
	}
	return writeString(&w.out, w.known.noted.marker(value, namesOf(w.path), w.known.used))
}

// hider hides what is secret in the text at the walker's place, which stands there as raw.
func (w *walker) hider(raw []byte) textHider {
	h := textHider{known: w.known, path: w.path}
	if w.found != nil {
		h.found = func(value string) { w.report(raw, value, false) }
	}
	return h
}

// count notes what was hidden at the walker's place.
func (w *walker) count(c Count) {
	if c.Sum() == 0 {
		return
	}
	w.total += c.Sum()
	if w.hidden != nil {
		field := fieldOf(w.path)
		w.hidden[field] = w.hidden[field].and(c)
	}
}

// inside is a text that is itself a document, cleaned; any other text as it is.
func (w *walker) inside(text string, raw []byte) (clean string, hidden int, err error) {
	inner := strings.TrimSpace(text)
	if len(inner) < 2 || strings.IndexByte(`{["`, inner[0]) < 0 || !json.Valid([]byte(inner)) {
		return text, 0, nil
	}
	below := &walker{known: w.known, stripped: w.stripped, depth: w.depth + 1, path: slices.Clip(w.path), inner: true}
	if w.found != nil {
		below.found = func(s Secret) { w.report(raw, s.Value, false) }
	}
	if below.depth > maxRedactDepth {
		return "", 0, errTooDeep
	}
	if err := below.document([]byte(inner)); err != nil {
		return "", 0, err
	}
	// Only if something changed: the text of a document in a string is the
	// sender's, white space included.
	if !below.changed {
		return text, 0, nil
	}
	return below.out.String(), below.total, nil
}

// unstripped is the text for an approver, who must see what is there: as it came where
// no secret needs hiding, and with its invisible characters if hiding works all the
// same. Otherwise it says that there were some, and they count as hidden.
func (w *walker) unstripped(s, clean string, invisible, hidden int) (string, int, error) {
	if invisible == 0 {
		return clean, hidden, nil
	}
	plain, inner, err := w.inside(s, nil)
	if err != nil {
		return "", 0, err
	}
	// Equal but for what is invisible: no part of a secret is left over.
	plain, more := textHider{known: w.known, path: w.path}.hide(plain)
	if bare(plain) == bare(clean) {
		return plain, more + inner, nil
	}
	return fmt.Sprintf("%s [and %d invisible characters]", clean, invisible), hidden + invisible, nil
}

// suspicious is the cheap test before a string is decoded: everything that a
// shape, an escape or a document inside a string begins with, and what is
// invisible.
func suspicious(quoted []byte) bool {
	for i := 0; i < len(quoted); i++ {
		c := quoted[i]
		if !noteworthy[c] {
			continue
		}
		switch c {
		case 'J':
			if i > 1 && quoted[i-1] == 'y' && quoted[i-2] == 'e' {
				return true
			}
		case '/':
			if i > 1 && quoted[i-1] == '/' && quoted[i-2] == ':' {
				return true
			}
		case '-':
			if i > 3 && string(quoted[i-4:i]) == "----" || i > 12 && hexadecimal(quoted[i-12:i]) >= 0 {
				return true
			}
		case ' ': // behind "bearer", "basic", "key:" or "token:"
			switch before := quoted[i-1] | 0x20; {
			case before == 'r' || before == 'c', before == ':' && (quoted[i-2]|0x20 == 'y' || quoted[i-2]|0x20 == 'n'):
				return true
			}
		case '\\', '=', '\'', '{', '[':
			return true
		}
		if c >= 0x7f {
			character, size := utf8.DecodeRune(quoted[i:])
			if character == utf8.RuneError || Invisible(character) {
				return true
			}
			i += size - 1
		}
		if hinted(quoted, i) {
			return true
		}
	}
	return false
}

// noteworthy are the bytes at which suspicious looks around.
var noteworthy = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= 0x7f || strings.IndexByte(`J/- \='{[`, byte(c)) >= 0 || hints[c] != nil
	}
	return table
}()

func writeString(out *bytes.Buffer, s string) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // Encode ends the line
	return nil
}
