// Package redact hides secrets and strips invisible characters. It is the only
// sanitizer of untrusted text.
package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxRedactDepth bounds the nesting of a document, JSON inside strings included.
const maxRedactDepth = 200

var errTooDeep = fmt.Errorf("nested over %d levels", maxRedactDepth)

// secretKeys are members whose string value is a secret, compared in lower case
// without "_" and "-". A settings object under such a name (an application's
// refresh_token) is walked, not hidden: strings only.
var secretKeys = map[string]bool{
	"pwd": true, "cookie": true, "setcookie": true, "bearer": true, "clientassertion": true, "codeverifier": true, "devicecode": true,
	"oobcode": true, "otp": true, "recoverycode": true, "credential": true, "signingcert": true, "signingkey": true, "encryptionkey": true,
}

// secretSuffixes are the ends of such names: client_secret, userPassword,
// x-api-key, smtp_pass. A plural is read like its singular.
var secretSuffixes = []string{"secret", "password", "passwd", "passphrase", "pass", "pwd", "privatekey", "privatekeypem", "apikey", "secretkey",
	"accesskey", "writekey", "token", "authorization"}

// innocentSuffixes end like secrets and are none.
var innocentSuffixes = []string{"pagetoken", "nexttoken", "bypass", "compass"}

// containers hold key material: inside them the material is hidden, and names,
// ids and algorithms stay.
var containers = []string{"signingkeys", "signingkey", "encryptionkey", "credentials", "privatekeyjwt", "keys", "jwks"}

var materialKeys = []string{"key", "pem", "cert", "pkcs7", "pub", "privatekey", "value", "x5c", "n", "d", "p", "q", "dp", "dq", "qi", "k"}

// shapes are secrets that are recognised wherever they stand, in the order in which they are
// hidden: what has a known end or a name goes whole, before a part of it is taken
// for something else. The name=value and "name":"value" forms take exact names
// only: "token = event.secrets.X" in the source of an action is not a secret, and
// must stay editable.
var shapes = []struct {
	hint    string // cheap test before the expression
	pattern *regexp.Regexp
	with    string
}{
	// What PEM consists of and no more: else a comment with its first line would hide all
	// the code below it from whoever decides about it.
	{"-----BEGIN", regexp.MustCompile(`-----BEGIN [^-\n]+-----(?:` + pemBody + `*?-----END [^-\n]+-----|` + pemBody + `*)`), Marker},
	{"=", regexp.MustCompile(`(?i)\b((?:` + namedSecrets + `)=)[^\s&"'<>\[]+`), "${1}" + Marker},
	{"\"", regexp.MustCompile(`(?i)(\\*"(?:` + namedSecrets + `)\\*"\s*:\s*\\*")(?:[^"\\\[\n]|\\+[^"\\\n])+`), "${1}" + Marker},
	{"'", regexp.MustCompile(`(?i)('(?:` + namedSecrets + `)'\s*:\s*')[^'\[\n]+`), "${1}" + Marker},
	{"eyJ", regexp.MustCompile(`eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){2,4}`), Marker},
	{"earer", regexp.MustCompile(`(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}`), "${1}" + Marker},
	{"EARER", regexp.MustCompile(`(BEARER\s+)[A-Za-z0-9._~+/=-]{8,}`), "${1}" + Marker},
	{"asic", regexp.MustCompile(`(?i)(basic\s+)[A-Za-z0-9+/=]{12,}`), "${1}" + Marker},
	{"ASIC", regexp.MustCompile(`(BASIC\s+)[A-Za-z0-9+/=]{12,}`), "${1}" + Marker},
	{"://", regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^/\s:@"]*:)[^/\s@"\[]+@`), "${1}" + Marker + "@"},
}

const pemBody = `[A-Za-z0-9+/=\s\\:,.-]`

const namedSecrets = `client[_-]?secret|signing[_-]?secret|access[_-]?token|refresh[_-]?token|id[_-]?token|client[_-]?assertion|code[_-]?verifier|private[_-]?key|api[_-]?key|password` //nolint:gosec // names of secrets, not secrets

// Redactor hides secrets by their names and shapes, and the values that it was told
// of wherever they stand. The zero value knows no values.
type Redactor struct {
	mu     sync.Mutex
	values []string // newest first
}

const (
	// keptValues is how many values are remembered: tokens before the current one may
	// still stand in an answer.
	keptValues = 4
	// minValue is the shortest value that is hidden wherever it stands, in bytes: a
	// shorter one would be found in innocent text.
	minValue = 8
)

// Remember makes a value, such as a token in use, be hidden wherever it stands. The
// last four are remembered.
func (r *Redactor) Remember(value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(value) >= minValue && !slices.Contains(r.values, value) {
		r.values = append([]string{value}, r.values[:min(len(r.values), keptValues-1)]...)
	}
}

func (r *Redactor) remembered() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.values)
}

// JSON hides the secrets of a JSON document. The order of members and the text of
// numbers are kept; the output is compact. Invisible characters do not keep a secret
// from being found, and stay: an approver must be able to see that they are there.
func (r *Redactor) JSON(doc []byte) ([]byte, error) {
	return (&walker{values: r.remembered()}).redact(doc)
}

// Clean makes a document fit for a model: it does what JSON does, and strips
// invisible characters, which a model reads although they are not displayed.
func (r *Redactor) Clean(doc []byte) ([]byte, Stripped, error) {
	var stripped Stripped
	doc, err := (&walker{values: r.remembered(), stripped: &stripped}).redact(doc)
	return doc, stripped, err
}

// Text hides the secrets of a text by their shapes, and strips invisible characters.
func (r *Redactor) Text(s string) string {
	s, _ = cleanText(s, r.remembered())
	return s
}

// Values replaces the remembered values and nothing else.
func (r *Redactor) Values(doc []byte) []byte {
	for _, value := range r.remembered() {
		doc = bytes.ReplaceAll(doc, []byte(value), []byte(Marker))
	}
	return doc
}

// cleanText strips a text and then hides its secrets, so that none is split by
// what nobody sees. It counts what it stripped.
func cleanText(s string, values []string) (string, int) {
	text, stripped, kept := strip(s)
	hidden := hide(text, values)
	if kept {
		// What stays for the sake of a script must not stand inside a secret.
		whole := bare(text)
		if h := hide(whole, values); strings.Count(h, Marker) > strings.Count(hidden, Marker) {
			return h, stripped + utf8.RuneCountInString(text) - utf8.RuneCountInString(whole)
		}
	}
	return hidden, stripped
}

func hide(s string, values []string) string {
	for _, value := range values {
		s = strings.ReplaceAll(s, value, Marker)
	}
	for _, shape := range shapes {
		if strings.Contains(s, shape.hint) {
			s = shape.pattern.ReplaceAllString(s, shape.with)
		}
	}
	return s
}

// walker copies a valid document token by token. What needs no change is
// copied as bytes: decoding and encoding every string would cost ten times as much.
type walker struct {
	values   []string
	stripped *Stripped // nil: what is invisible stays

	doc     []byte
	at      int
	out     bytes.Buffer
	depth   int
	names   map[string]nameClass
	path    [][]byte // the names above, quoted; nil for a list
	changed bool     // something was hidden or stripped
}

func (w *walker) redact(doc []byte) ([]byte, error) {
	if err := w.document(doc); err != nil {
		return nil, fmt.Errorf("redacting an answer: %w", err)
	}
	out := w.out.Bytes()
	// A text without escapes is copied as it is, so values are looked for here.
	for _, value := range w.values {
		out = bytes.ReplaceAll(out, []byte(value), []byte(Marker))
	}
	return out, nil
}

func (w *walker) document(doc []byte) error {
	// Valid JSON needs no error handling below. Duplicate members, which a
	// decoder would drop, are walked like any other.
	if !json.Valid(doc) {
		return errors.New("not a JSON document")
	}
	w.doc, w.names = doc, map[string]nameClass{}
	w.out.Grow(len(doc))
	return w.value(scope{})
}

// scope is what the names above a value say about it.
type scope struct {
	secret    bool // strings here are secrets
	container bool // members named like key material are
	secrets   bool // the value of "secrets" or "secret" itself: of an object every string is, of a list see item
	item      bool // in a list of secrets: a member "value" is
}

// nameClass is what a member's name says by itself.
type nameClass struct{ secret, material, container, secrets, value bool }

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
		return w.text(w.string(), s.secret)
	default:
		start := w.at
		for w.at < len(w.doc) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(w.doc[w.at])) {
			w.at++
		}
		w.out.Write(w.doc[start:w.at])
		return nil
	}
}

// composite copies an object or an array.
func (w *walker) composite(s scope, object bool) error {
	for {
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
		below := s
		if !object && s.secrets {
			below = scope{secret: s.secret, item: true}
		}
		var name []byte
		if object {
			name = w.string()
		}
		w.path = append(w.path, name)
		if object {
			if err := w.text(name, false); err != nil {
				return err
			}
			w.peek()
			w.at++
			w.out.WriteByte(':')
			below = w.below(s, name)
		}
		if err := w.value(below); err != nil {
			return err
		}
		w.path = w.path[:len(w.path)-1]
	}
}

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

func (w *walker) below(s scope, quotedName []byte) scope {
	class, ok := w.names[string(quotedName)]
	if !ok {
		class = classify(quotedName)
		w.names[string(quotedName)] = class
	}
	return scope{
		secret:    class.secret || (s.container && class.material) || s.secrets || (s.item && class.value),
		container: s.container || class.container,
		secrets:   class.secrets,
	}
}

func classify(quotedName []byte) nameClass {
	var name string
	if json.Unmarshal(quotedName, &name) != nil {
		return nameClass{secret: true} // cannot happen in a valid document
	}
	key := strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(bare(name)))
	singular := key
	if len(key) > 4 && !strings.HasSuffix(key, "ss") {
		singular = strings.TrimSuffix(key, "s")
	}
	ends := func(suffixes []string) bool {
		return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(singular, suffix) })
	}
	return nameClass{
		secret:    secretKeys[singular] || (ends(secretSuffixes) && !ends(innocentSuffixes)),
		material:  slices.Contains(materialKeys, key),
		container: slices.Contains(containers, key),
		secrets:   singular == "secret",
		value:     key == "value",
	}
}

// text writes a string, stripped and redacted.
func (w *walker) text(quoted []byte, secret bool) error {
	if secret && len(quoted) > 2 {
		w.changed = true
		return writeString(&w.out, Marker)
	}
	if !suspicious(quoted) {
		w.out.Write(quoted)
		return nil
	}
	var s string
	// An escape that is half a character, or bytes that are none, become U+FFFD.
	if err := json.Unmarshal(quoted, &s); err != nil {
		return err
	}
	visible, stripped, _ := strip(s)
	text, err := w.inside(visible)
	if err != nil {
		return err
	}
	clean, more := cleanText(text, w.values)
	if w.stripped != nil {
		w.stripped.add(stripped+more, w.path)
	} else if clean, err = w.unstripped(s, clean, stripped+more); err != nil {
		return err
	}
	if clean != s {
		w.changed = true
	} else if !bytes.Contains(quoted, []byte(`\u`)) && utf8.Valid(quoted) {
		w.out.Write(quoted)
		return nil
	}
	return writeString(&w.out, clean)
}

// inside is a text that is itself a document, cleaned; any other text as it is.
func (w *walker) inside(text string) (string, error) {
	inner := strings.TrimSpace(text)
	if len(inner) < 2 || strings.IndexByte(`{["`, inner[0]) < 0 || !json.Valid([]byte(inner)) {
		return text, nil
	}
	below := &walker{values: w.values, stripped: w.stripped, depth: w.depth + 1, path: w.path[:len(w.path):len(w.path)]}
	if below.depth > maxRedactDepth {
		return "", errTooDeep
	}
	if err := below.document([]byte(inner)); err != nil {
		return "", err
	}
	// Only if something changed: the text of a document in a string is the
	// sender's, white space included.
	if !below.changed {
		return text, nil
	}
	return below.out.String(), nil
}

// unstripped is the text for somebody who must see what is there: as it came where
// no secret needs hiding, and with its invisible characters if hiding works all the
// same. Otherwise it says that there were some.
func (w *walker) unstripped(s, clean string, invisible int) (string, error) {
	if invisible == 0 {
		return clean, nil
	}
	plain, err := w.inside(s)
	if err != nil {
		return "", err
	}
	// Equal but for what is invisible: no part of a secret is left over.
	if plain = hide(plain, w.values); bare(plain) == bare(clean) {
		return plain, nil
	}
	return fmt.Sprintf("%s [and %d invisible characters]", clean, invisible), nil
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
			if i > 3 && string(quoted[i-4:i]) == "----" {
				return true
			}
		case ' ': // behind "bearer" or "basic"
			if before := quoted[i-1] | 0x20; before == 'r' || before == 'c' {
				return true
			}
		case '\\', '=', '\'', '{', '[':
			return true
		default:
			character, size := utf8.DecodeRune(quoted[i:])
			if character == utf8.RuneError || Invisible(character) {
				return true
			}
			i += size - 1
		}
	}
	return false
}

// noteworthy are the bytes at which suspicious looks around.
var noteworthy = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= 0x7f || strings.IndexByte(`J/- \='{[`, byte(c)) >= 0
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
