package redact

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// walker checks that a document is valid JSON and goes through its tokens, both in one pass. What needs no change is
// copied as bytes, in pieces as long as possible: decoding and encoding every string would cost ten times as much.
// Duplicate members, which a decoder would drop, are walked like any other.
type walker struct {
	known    known
	stripped *Stripped // nil: what is invisible stays
	hidden   Hidden    // nil: what is hidden is not counted by field

	doc     []byte
	at      int
	out     []byte // what replaces the document up to done; nil: itself
	done    int
	depth   int
	names   nameCache
	last    int // the member passed last, in names
	needle  int // the first place where a noted value may begin, of those that were not passed
	path    []step
	changed bool // something was hidden or stripped
	total   int  // how many characters were hidden

	marks   *managementapi.Place // what is secret by the schema; nil: nothing is
	collect bool                 // secrets are collected
	secrets []Secret
	silent  bool // nothing is written
	inner   bool // the document stands in a text of another
}

// usualDepth is how deep answers usually are.
const usualDepth = 12

// step leads to a member, by its name with quotes, or to an item of a list, which has none.
type step struct {
	name []byte
	item int
}

// redact returns the document without its secrets. It is part of doc if nothing was changed.
func (w *walker) redact(doc []byte) ([]byte, error) {
	if err := w.document(doc); err != nil {
		return nil, fmt.Errorf("redacting an answer: %w", err)
	}
	// A text without escapes is copied as it is, so values are looked for here.
	out, hidden := w.known.values.hide(w.written())
	if hidden > 0 && w.hidden != nil {
		w.hidden[""] = w.hidden[""].and(Count{InTexts: hidden})
	}
	return out, nil
}

// errNotJSON is that of what jsondoc.Valid refuses.
var errNotJSON = errors.New("not a JSON document")

// document goes through a document. After an error, what was found and written so far means nothing.
func (w *walker) document(doc []byte) error {
	w.doc = doc
	if err := w.value(scope{marks: w.marks}); err != nil {
		return err
	}
	if w.peek(); w.at < len(doc) {
		return errNotJSON
	}
	return nil
}

// written is what was made of the document.
func (w *walker) written() []byte {
	if w.done == 0 {
		return w.doc
	}
	w.out = append(w.out, w.doc[w.done:]...)
	w.done = len(w.doc)
	return w.out
}

// replace writes a text in place of the document's bytes from start to end.
func (w *walker) replace(start, end int, by []byte) {
	if w.silent {
		return
	}
	if w.done == 0 {
		w.out = make([]byte, 0, len(w.doc)+len(by)+64)
	}
	w.out = append(append(w.out, w.doc[w.done:start]...), by...)
	w.done = end
}

// replaceToken writes a string in place of the token that ends here.
func (w *walker) replaceToken(raw []byte, by string) {
	if !w.silent {
		w.replace(w.at-len(raw), w.at, jsondoc.Text(by))
	}
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
	marks   *managementapi.Place
	isName  bool // it is a member's name itself
}

func (w *walker) value(s scope) error {
	switch c := w.peek(); c {
	case '{', '[':
		if w.depth++; w.depth > maxRedactDepth {
			return errTooDeep
		}
		err := w.composite(s, c)
		w.depth--
		return err
	case '"':
		s.all = s.all || s.marks.Scalar()
		t, err := w.token()
		if err != nil {
			return err
		}
		return w.text(t, s)
	default:
		s.all = s.all || s.marks.Scalar()
		return w.literal(s)
	}
}

// literal passes a number, true, false or null. Numbers are hidden where the schema says so, and where they are a value
// that was noted.
func (w *walker) literal(s scope) error {
	start := w.at
	for w.at < len(w.doc) && !endsLiteral(w.doc[w.at]) {
		w.at++
	}
	text := w.doc[start:w.at]
	switch string(text) {
	case "true", "false", "null":
		return nil
	}
	if !isNumber(text) {
		return errNotJSON
	}
	if s.all || w.known.noted != nil && w.known.noted.number(string(text)) {
		return w.hideMember(text, string(text))
	}
	return nil
}

// composite passes an object or an array, which begins with open.
func (w *walker) composite(s scope, open byte) error {
	start, marks, object := w.at, s.marks, open == '{'
	closing := open + 2 // of '{' and '['
	if s.all || object && marks.Object() || !object && marks.Array() {
		s.all, s.marks, marks = true, nil, nil
	} else if !object {
		marks = marks.Item()
	}
	w.at++
	if w.peek() == closing {
		w.at++
		return nil
	}
	for item := 0; ; item++ {
		var err error
		if object {
			err = w.member(s, start)
		} else {
			err = w.item(s, marks, item)
		}
		if err != nil {
			return err
		}
		w.path = w.path[:len(w.path)-1]
		switch w.peek() {
		case closing:
			w.at++
			return nil
		case ',':
			w.at++
		default:
			return errNotJSON
		}
	}
}

func (w *walker) item(s scope, marks *managementapi.Place, index int) error {
	w.path = append(w.path, step{item: index})
	below := s
	if s.secrets {
		below = scope{secret: s.secret, item: true, all: s.all}
	}
	below.marks = marks
	return w.value(below)
}

// member passes a member of the object that begins at start.
func (w *walker) member(s scope, start int) error {
	at, err := w.name()
	if err != nil {
		return err
	}
	name := &w.names[at]
	below, is := below(s, name.is), name.is
	if s.marks != nil {
		if name.of != s.marks {
			name.of, name.marks = s.marks, s.marks.Member(unquotedBytes(name.quoted))
		}
		below.marks = name.marks
	}
	if is&valueName != 0 && !s.scripts {
		below.secret = below.secret || w.namedBeside(start)
	}
	below.all = s.all
	return w.value(below)
}

// name passes the name of a member and the colon, and returns its place in names. The items of a list have mostly the
// same names in the same order.
func (w *walker) name() (at int, err error) {
	if w.peek() != '"' {
		return 0, errNotJSON
	}
	at = w.names[w.last].next
	if name := &w.names[at]; name.stays && bytes.HasPrefix(w.doc[w.at:], name.quoted) {
		w.at += len(name.quoted)
		w.path = append(w.path, step{name: name.quoted})
	} else if at, err = w.newName(); err != nil {
		return 0, err
	}
	w.last = at
	if w.peek() != ':' {
		return 0, errNotJSON
	}
	w.at++
	return at, nil
}

// newName passes a name that is not the expected one.
func (w *walker) newName() (at int, err error) {
	t, err := w.token()
	if err != nil {
		return 0, err
	}
	w.path = append(w.path, step{name: t.quoted})
	at = w.names.find(t.quoted)
	name := &w.names[at]
	if !name.known {
		*name = knownName{known: true, quoted: t.quoted, is: classOf(unquotedBytes(t.quoted)),
			stays: w.isClean(t, w.noted(t))}
	}
	w.names[w.last].next = at
	if name.stays {
		return at, nil
	}
	return at, w.text(t, scope{isName: true})
}

// namedBeside reports whether the object that begins at start has a name, as a value, that is a secret's: a header, a
// variable. It reads no further than the object's first maxBeside bytes.
func (w *walker) namedBeside(start int) bool {
	look := walker{doc: w.doc, at: start + 1, silent: true}
	for depth, end := 0, min(len(w.doc), start+maxBeside); look.at < end && depth >= 0; {
		switch look.peek() {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			name, err := look.token()
			if err != nil {
				return false // the walk will end there
			}
			if depth > 0 || look.peek() != ':' {
				continue
			}
			look.at++
			if look.peek() == '"' && classOf(unquotedBytes(name.quoted))&labelName != 0 {
				value, err := look.token()
				if err != nil {
					return false
				}
				named := unquoted(value.quoted)
				if !strings.ContainsAny(named, " :") && classOf([]byte(named))&secretName != 0 {
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

// peek passes white space, which is not written, and looks at the next byte; 0, which begins no token, at the end.
func (w *walker) peek() byte {
	if w.at < len(w.doc) && w.doc[w.at] > ' ' {
		return w.doc[w.at]
	}
	start := w.at
	for w.at < len(w.doc) && isSpace(w.doc[w.at]) {
		w.at++
	}
	if w.at > start {
		w.replace(start, w.at, nil)
	}
	if w.at == len(w.doc) {
		return 0
	}
	return w.doc[w.at]
}

// token takes the string that begins here.
func (w *walker) token() (token, error) {
	start := w.at
	t, ok := scanString(w.doc[start:])
	if !ok {
		return t, errNotJSON
	}
	w.at += len(t.quoted)
	return t, nil
}

// below is the scope of a member whose name says what it is.
func below(s scope, is class) scope {
	if s.scripts {
		return scope{}
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
	}
}
