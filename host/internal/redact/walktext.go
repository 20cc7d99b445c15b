package redact

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// What the walker does with a string once it stands behind it.

// noted reports whether a noted value may be in the string that ends here. That is asked of every string, so the
// document is searched as a whole.
func (w *walker) noted(t token) bool {
	noted := w.known.noted
	switch {
	case noted == nil:
		return false
	case !t.plain:
		return noted.in(t.quoted)
	case t.signs:
		return true
	}
	start := w.at - len(t.quoted)
	if w.needle < start {
		if w.needle, _ = next(noted.secrets, w.doc, start); w.needle < 0 {
			w.needle = len(w.doc)
		}
	}
	if w.needle >= w.at {
		return false
	}
	at, _ := next(noted.secrets, t.quoted, 0)
	return at >= 0
}

// isClean is the cheap test for a string that is shown as it is, unless its place makes it a secret.
func (w *walker) isClean(t token, noted bool) bool {
	return !noted && t.plain && (w.hidden == nil || !w.known.values.in(t.quoted))
}

// text writes the string that ends here, stripped and redacted.
func (w *walker) text(t token, at scope) error {
	quoted, noted := t.quoted, w.noted(t)
	if noted && at.isName && isMemberName(unquoted(quoted)) {
		return nil
	}
	if len(quoted) > 2 && (at.secret || at.all || noted || w.known.noted != nil && len(quoted) < minValue+2) {
		if value := unquoted(quoted); at.hides(value) ||
			(!at.isName || len(value) >= minValue) && w.known.noted.hidesWhole(value, lastName(w.path)) {
			return w.hideMember(quoted, value)
		}
	}
	if w.isClean(t, noted) {
		return nil
	}
	// An escape that is half a character, or bytes that are none, become U+FFFD.
	s := unquoted(quoted)
	visible, stripped, _ := strip(s)
	text, inner, err := w.inside(visible, quoted)
	if err != nil {
		return err
	}
	h := textHider{known: w.known, path: w.path}
	var secrets []string
	if w.collect {
		h.found = &secrets
	}
	clean, more, hidden := cleanText(text, h)
	for _, value := range secrets {
		w.report(quoted, value, false)
	}
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
		return nil
	}
	w.replaceToken(quoted, clean)
	return nil
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
		return nil
	}
	w.changed = true
	w.count(Count{Members: utf8.RuneCountInString(value)})
	if w.collect {
		w.report(raw, value, true)
	}
	if w.silent {
		return nil
	}
	marker := Marker
	if w.known.noted != nil {
		marker = w.known.noted.marker(value, namesOf(w.path), w.known.used)
	}
	w.replaceToken(raw, marker)
	return nil
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
	if len(inner) < 2 || strings.IndexByte(`{["`, inner[0]) < 0 || !jsondoc.Valid([]byte(inner)) {
		return text, 0, nil
	}
	below := &walker{known: w.known, stripped: w.stripped, depth: w.depth + 1, inner: true, collect: w.collect,
		path: slices.Clone(w.path)}
	if below.depth > maxRedactDepth {
		return "", 0, errTooDeep
	}
	if err := below.document([]byte(inner)); err != nil {
		return "", 0, err
	}
	for _, secret := range below.secrets {
		w.report(raw, secret.Value, false)
	}
	// Only if something changed: the text of a document in a string is the
	// sender's, white space included.
	if !below.changed {
		return text, 0, nil
	}
	return string(below.written()), below.total, nil
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
