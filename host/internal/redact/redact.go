// Package redact hides secrets and strips invisible characters. It is the only
// sanitizer of untrusted text.
package redact

import (
	"fmt"
	"sync"
)

// maxRedactDepth bounds the nesting of a document, JSON inside strings included.
const maxRedactDepth = 200

var errTooDeep = fmt.Errorf("nested over %d levels", maxRedactDepth)

// Redactor hides secrets by their names and shapes, and the values that it was told
// of wherever they stand. The zero value knows no values.
type Redactor struct {
	of    *Redactor // whose values a call's Redactor hides too
	noted *Noted

	mu     sync.Mutex
	values values
}

// With returns a Redactor for one call. Besides the tokens that r remembers, also later, it hides the values that are
// noted, each by its marker, wherever they stand and in every form that [Redactor.Values] knows. What another call
// noted is not its own.
func (r *Redactor) With(noted *Noted) *Redactor {
	if r.of != nil {
		r = r.of
	}
	return &Redactor{of: r, noted: noted}
}

// Remember makes a value, such as a token in use, be hidden wherever it stands. The
// last four are remembered.
func (r *Redactor) Remember(value string) {
	if r.of != nil {
		r.of.Remember(value)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values = r.values.with(value)
}

func (r *Redactor) remembered() values {
	if r.of != nil {
		return r.of.remembered()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.values
}

// known is what the Redactor hides by value now.
func (r *Redactor) known() known {
	k := known{values: r.remembered(), noted: r.noted.current()}
	if k.noted != nil {
		k.used = uses{}
	}
	return k
}

// JSON hides the secrets of a JSON document. The order of members and the text of
// numbers are kept; the output is compact, and part of doc if it is the same. Invisible characters do not keep a secret
// from being found, and stay: an approver must be able to see that they are there.
func (r *Redactor) JSON(doc []byte) ([]byte, error) {
	return (&walker{known: r.known()}).redact(doc)
}

// Report does what JSON does, and reports what it hid.
func (r *Redactor) Report(doc []byte) ([]byte, Hidden, error) {
	hidden := Hidden{}
	doc, err := (&walker{known: r.known(), hidden: hidden}).redact(doc)
	return doc, hidden, err
}

// Clean makes a document fit for a model: it does what JSON does, and strips
// invisible characters, which a model reads although they are not displayed.
func (r *Redactor) Clean(doc []byte) ([]byte, Stripped, error) {
	var stripped Stripped
	doc, err := (&walker{known: r.known(), stripped: &stripped}).redact(doc)
	return doc, stripped, err
}

// Text hides the secrets of a text by their shapes, and strips invisible characters.
func (r *Redactor) Text(s string) string {
	s, _, _ = cleanText(s, textHider{known: r.known()})
	return s
}

// Values replaces the remembered values and nothing else: as they are, and where some of
// their characters are escapes of JSON, percent-encoded or HTML's character references,
// also of several levels, and where they are part of a base64 text.
func (r *Redactor) Values(doc []byte) []byte {
	k := r.known()
	doc, _ = k.values.hide(doc)
	if k.noted != nil {
		if text, hidden := k.noted.hide(string(doc), nil, k.used); hidden > 0 {
			return []byte(text)
		}
	}
	return doc
}
