package egress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
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
	{"-----BEGIN", regexp.MustCompile(`-----BEGIN [^-\n]+-----(?:` + pemBody + `*?-----END [^-\n]+-----|` + pemBody + `*)`), catalog.RedactionMarker},
	{"=", regexp.MustCompile(`(?i)\b((?:` + namedSecrets + `)=)[^\s&"'<>\[]+`), "${1}" + catalog.RedactionMarker},
	{"\"", regexp.MustCompile(`(?i)(\\*"(?:` + namedSecrets + `)\\*"\s*:\s*\\*")(?:[^"\\\[\n]|\\+[^"\\\n])+`), "${1}" + catalog.RedactionMarker},
	{"'", regexp.MustCompile(`(?i)('(?:` + namedSecrets + `)'\s*:\s*')[^'\[\n]+`), "${1}" + catalog.RedactionMarker},
	{"eyJ", regexp.MustCompile(`eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){2,4}`), catalog.RedactionMarker},
	{"earer", regexp.MustCompile(`(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}`), "${1}" + catalog.RedactionMarker},
	{"EARER", regexp.MustCompile(`(BEARER\s+)[A-Za-z0-9._~+/=-]{8,}`), "${1}" + catalog.RedactionMarker},
	{"asic", regexp.MustCompile(`(?i)(basic\s+)[A-Za-z0-9+/=]{12,}`), "${1}" + catalog.RedactionMarker},
	{"ASIC", regexp.MustCompile(`(BASIC\s+)[A-Za-z0-9+/=]{12,}`), "${1}" + catalog.RedactionMarker},
	{"://", regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^/\s:@"]*:)[^/\s@"\[]+@`), "${1}" + catalog.RedactionMarker + "@"},
}

const pemBody = `[A-Za-z0-9+/=\s\\:,.-]`

const namedSecrets = `client[_-]?secret|signing[_-]?secret|access[_-]?token|refresh[_-]?token|id[_-]?token|client[_-]?assertion|code[_-]?verifier|private[_-]?key|api[_-]?key|password` //nolint:gosec // names of secrets, not secrets

// Redact hides the secrets of a JSON document by their names and their shapes.
// The order of members and the text of numbers are kept; the output is compact.
// What is invisible does not keep a secret from being found, and stays: a person
// who decides about a document must be able to see that it is there.
func Redact(doc []byte) ([]byte, error) {
	return (&redactor{}).redact(doc)
}

// RedactText hides the secrets of a text by their shapes, and strips what is
// invisible.
func RedactText(s string) string {
	s, _ = cleanText(s, nil)
	return s
}

// Redact is the function Redact, and hides the tokens in use.
func (g *Gate) Redact(doc []byte) ([]byte, error) {
	return (&redactor{tokens: g.tokens()}).redact(doc)
}

// Clean makes a document fit for a model: it does what Redact does, and strips
// what is invisible, which a model reads although nobody sees it.
func (g *Gate) Clean(doc []byte) ([]byte, Stripped, error) {
	var stripped Stripped
	doc, err := (&redactor{tokens: g.tokens(), stripped: &stripped}).redact(doc)
	return doc, stripped, err
}

// RedactText is the function RedactText, and hides the tokens in use.
func (g *Gate) RedactText(s string) string {
	s, _ = cleanText(s, g.tokens())
	return s
}

// cleanText strips a text and then hides its secrets, so that none is split by
// what nobody sees. It counts what it stripped.
func cleanText(s string, tokens []string) (string, int) {
	text, stripped, kept := strip(s)
	hidden := hide(text, tokens)
	if kept {
		// What stays for the sake of a script must not stand inside a secret.
		whole := bare(text)
		if h := hide(whole, tokens); strings.Count(h, catalog.RedactionMarker) > strings.Count(hidden, catalog.RedactionMarker) {
			return h, stripped + utf8.RuneCountInString(text) - utf8.RuneCountInString(whole)
		}
	}
	return hidden, stripped
}

func hide(s string, tokens []string) string {
	for _, token := range tokens {
		s = strings.ReplaceAll(s, token, catalog.RedactionMarker)
	}
	for _, shape := range shapes {
		if strings.Contains(s, shape.hint) {
			s = shape.pattern.ReplaceAllString(s, shape.with)
		}
	}
	return s
}

// tokens are those that went out of late. What was never sent cannot come back.
func (g *Gate) tokens() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	// A short token would be found in innocent text.
	return slices.DeleteFunc(slices.Clone(g.used), func(token string) bool { return len(token) < 8 })
}

// redactor copies a valid document token by token. What needs no change is
// copied as bytes: decoding and encoding every string would cost ten times as much.
type redactor struct {
	tokens   []string
	stripped *Stripped // nil: what is invisible stays

	doc     []byte
	at      int
	out     bytes.Buffer
	depth   int
	names   map[string]nameClass
	path    [][]byte // the names above, quoted; nil for a list
	changed bool     // something was hidden or stripped
}

func (r *redactor) redact(doc []byte) ([]byte, error) {
	if err := r.document(doc); err != nil {
		return nil, fmt.Errorf("redacting an answer: %w", err)
	}
	out := r.out.Bytes()
	// A text without escapes is copied as it is, so a token is looked for here.
	for _, token := range r.tokens {
		out = bytes.ReplaceAll(out, []byte(token), []byte(catalog.RedactionMarker))
	}
	return out, nil
}

func (r *redactor) document(doc []byte) error {
	// Valid JSON needs no error handling below. Duplicate members, which a
	// decoder would drop, are walked like any other.
	if !json.Valid(doc) {
		return errors.New("not a JSON document")
	}
	r.doc, r.names = doc, map[string]nameClass{}
	r.out.Grow(len(doc))
	return r.value(scope{})
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

func (r *redactor) value(s scope) error {
	switch c := r.peek(); c {
	case '{', '[':
		r.depth++
		defer func() { r.depth-- }()
		if r.depth > maxRedactDepth {
			return errTooDeep
		}
		return r.composite(s, c == '{')
	case '"':
		return r.text(r.string(), s.secret)
	default:
		start := r.at
		for r.at < len(r.doc) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(r.doc[r.at])) {
			r.at++
		}
		r.out.Write(r.doc[start:r.at])
		return nil
	}
}

// composite copies an object or an array.
func (r *redactor) composite(s scope, object bool) error {
	for {
		// The opening bracket, a comma or the closing one.
		c := r.peek()
		r.at++
		r.out.WriteByte(c)
		if c == '}' || c == ']' {
			return nil
		}
		if next := r.peek(); next == '}' || next == ']' {
			continue
		}
		below := s
		if !object && s.secrets {
			below = scope{secret: s.secret, item: true}
		}
		var name []byte
		if object {
			name = r.string()
		}
		r.path = append(r.path, name)
		if object {
			if err := r.text(name, false); err != nil {
				return err
			}
			r.peek()
			r.at++
			r.out.WriteByte(':')
			below = r.below(s, name)
		}
		if err := r.value(below); err != nil {
			return err
		}
		r.path = r.path[:len(r.path)-1]
	}
}

// peek skips white space and looks at the next byte.
func (r *redactor) peek() byte {
	for {
		switch c := r.doc[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
}

// string takes the next string, quotes included.
func (r *redactor) string() []byte {
	r.peek()
	start := r.at
	for r.at++; r.doc[r.at] != '"'; r.at++ {
		if r.doc[r.at] == '\\' {
			r.at++
		}
	}
	r.at++
	return r.doc[start:r.at]
}

func (r *redactor) below(s scope, quotedName []byte) scope {
	class, ok := r.names[string(quotedName)]
	if !ok {
		class = classify(quotedName)
		r.names[string(quotedName)] = class
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
func (r *redactor) text(quoted []byte, secret bool) error {
	if secret && len(quoted) > 2 {
		r.changed = true
		return writeString(&r.out, catalog.RedactionMarker)
	}
	if !suspicious(quoted) {
		r.out.Write(quoted)
		return nil
	}
	var s string
	// An escape that is half a character, or bytes that are none, become U+FFFD.
	if err := json.Unmarshal(quoted, &s); err != nil {
		return err
	}
	visible, stripped, _ := strip(s)
	text, err := r.inside(visible)
	if err != nil {
		return err
	}
	clean, more := cleanText(text, r.tokens)
	if r.stripped != nil {
		r.stripped.add(stripped+more, r.path)
	} else if clean, err = r.unstripped(s, clean, stripped+more); err != nil {
		return err
	}
	if clean != s {
		r.changed = true
	} else if !bytes.Contains(quoted, []byte(`\u`)) && utf8.Valid(quoted) {
		r.out.Write(quoted)
		return nil
	}
	return writeString(&r.out, clean)
}

// inside is a text that is itself a document, cleaned; any other text as it is.
func (r *redactor) inside(text string) (string, error) {
	inner := strings.TrimSpace(text)
	if len(inner) < 2 || strings.IndexByte(`{["`, inner[0]) < 0 || !json.Valid([]byte(inner)) {
		return text, nil
	}
	below := &redactor{tokens: r.tokens, stripped: r.stripped, depth: r.depth + 1, path: r.path[:len(r.path):len(r.path)]}
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
func (r *redactor) unstripped(s, clean string, invisible int) (string, error) {
	if invisible == 0 {
		return clean, nil
	}
	plain, err := r.inside(s)
	if err != nil {
		return "", err
	}
	// Equal but for what is invisible: no part of a secret is left over.
	if plain = hide(plain, r.tokens); bare(plain) == bare(clean) {
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
