package egress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// maxRedactDepth bounds the nesting of a document, JSON inside strings included.
const maxRedactDepth = 200

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

// shapes are secrets that are recognised wherever they stand. The name=value and
// "name":"value" forms take exact names only: "token = event.secrets.X" in the
// source of an action is not a secret, and must stay editable.
var shapes = []struct {
	hint    string // cheap test before the expression
	pattern *regexp.Regexp
	with    string
}{
	{"eyJ", regexp.MustCompile(`eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){2,4}`), catalog.RedactionMarker},
	{"-----BEGIN", regexp.MustCompile(`-----BEGIN [^-]+-----[\s\S]*?(?:-----END [^-]+-----|$)`), catalog.RedactionMarker},
	{"earer", regexp.MustCompile(`(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}`), "${1}" + catalog.RedactionMarker},
	{"EARER", regexp.MustCompile(`(BEARER\s+)[A-Za-z0-9._~+/=-]{8,}`), "${1}" + catalog.RedactionMarker},
	{"asic", regexp.MustCompile(`(?i)(basic\s+)[A-Za-z0-9+/=]{12,}`), "${1}" + catalog.RedactionMarker},
	{"ASIC", regexp.MustCompile(`(BASIC\s+)[A-Za-z0-9+/=]{12,}`), "${1}" + catalog.RedactionMarker},
	{"=", regexp.MustCompile(`(?i)\b((?:` + namedSecrets + `)=)[^\s&"'<>\[]+`), "${1}" + catalog.RedactionMarker},
	{"\"", regexp.MustCompile(`(?i)(\\*"(?:` + namedSecrets + `)\\*"\s*:\s*\\*")[^"\\\[]+`), "${1}" + catalog.RedactionMarker},
	{"'", regexp.MustCompile(`(?i)('(?:` + namedSecrets + `)'\s*:\s*')[^'\[]+`), "${1}" + catalog.RedactionMarker},
	{"://", regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^/\s:@"]*:)[^/\s@"\[]+@`), "${1}" + catalog.RedactionMarker + "@"},
}

const namedSecrets = `client[_-]?secret|signing[_-]?secret|access[_-]?token|refresh[_-]?token|id[_-]?token|client[_-]?assertion|code[_-]?verifier|private[_-]?key|api[_-]?key|password` //nolint:gosec // names of secrets, not secrets

// Redact hides the secrets of a JSON document by their names and their shapes.
// The order of members and the text of numbers are kept; the output is compact.
func Redact(doc []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := redactInto(&out, doc, 0); err != nil {
		return nil, fmt.Errorf("redacting an answer: %w", err)
	}
	return out.Bytes(), nil
}

// RedactText hides the secrets of a text by their shapes.
func RedactText(s string) string {
	for _, shape := range shapes {
		if strings.Contains(s, shape.hint) {
			s = shape.pattern.ReplaceAllString(s, shape.with)
		}
	}
	return s
}

// Redact hides, besides what the function Redact does, the tokens in use.
func (g *Gate) Redact(doc []byte) ([]byte, error) {
	doc, err := Redact(doc)
	if err != nil {
		return nil, err
	}
	for _, token := range g.tokens() {
		doc = bytes.ReplaceAll(doc, []byte(token), []byte(catalog.RedactionMarker))
	}
	return doc, nil
}

// RedactText is the function RedactText, and hides the tokens in use.
func (g *Gate) RedactText(s string) string {
	for _, token := range g.tokens() {
		s = strings.ReplaceAll(s, token, catalog.RedactionMarker)
	}
	return RedactText(s)
}

// tokens are those that went out of late. What was never sent cannot come back.
func (g *Gate) tokens() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	// A short token would be found in innocent text.
	return slices.DeleteFunc(slices.Clone(g.used), func(token string) bool { return len(token) < 8 })
}

func redactInto(out *bytes.Buffer, doc []byte, depth int) error {
	// Valid JSON needs no error handling below. Duplicate members, which a
	// decoder would drop, are walked like any other.
	if !json.Valid(doc) {
		return errors.New("not a JSON document")
	}
	r := &redactor{doc: doc, out: out, depth: depth, names: map[string]nameClass{}}
	out.Grow(len(doc))
	return r.value(scope{})
}

// redactor copies a valid document token by token. What needs no change is
// copied as bytes: decoding and encoding every string would cost ten times as much.
type redactor struct {
	doc   []byte
	at    int
	out   *bytes.Buffer
	depth int
	names map[string]nameClass
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
			return fmt.Errorf("nested over %d levels", maxRedactDepth)
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
		if object {
			name := r.string()
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
	key := strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(name))
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

// text writes a string, redacted.
func (r *redactor) text(quoted []byte, secret bool) error {
	if secret && len(quoted) > 2 {
		return writeString(r.out, catalog.RedactionMarker)
	}
	if !suspicious(quoted) {
		r.out.Write(quoted)
		return nil
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return err
	}
	clean := s
	if inner := strings.TrimSpace(s); len(inner) > 1 && (inner[0] == '{' || inner[0] == '[') && json.Valid([]byte(inner)) {
		var out bytes.Buffer
		if err := redactInto(&out, []byte(inner), r.depth+1); err != nil {
			return err
		}
		// Only if something was hidden: the text of a document in a string is
		// the sender's, white space included.
		if bytes.Contains(out.Bytes(), []byte(catalog.RedactionMarker)) {
			clean = out.String()
		}
	}
	if clean = RedactText(clean); clean == s {
		r.out.Write(quoted)
		return nil
	}
	return writeString(r.out, clean)
}

// suspicious is the cheap test before a string is decoded: everything that a
// shape or a document inside a string begins with, in escaped form too.
func suspicious(quoted []byte) bool {
	for _, hint := range []string{"eyJ", "-----BEGIN", "earer", "EARER", "asic", "ASIC", "=", `\"`, `'`, "://", `\/`, `\u`, "{", "["} {
		if bytes.Contains(quoted, []byte(hint)) {
			return true
		}
	}
	return false
}

func writeString(out *bytes.Buffer, s string) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // Encode ends the line
	return nil
}
