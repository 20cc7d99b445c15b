package redact

import (
	"strings"
	"unicode/utf8"
)

// known is what is hidden by value: tokens in use, and what one call noted.
type known struct {
	values values
	noted  *view
	used   uses
}

// textHider hides the secrets of one text.
type textHider struct {
	known known
	path  []step    // to the text; nil: it is not in a document
	found *[]string // gets the secrets that have shapes; nil: nothing does
}

// cleanText strips a text and then hides its secrets, so that none is split by
// invisible characters. It counts the characters that it stripped and hid.
func cleanText(s string, h textHider) (clean string, stripped, hidden int) {
	text, stripped, kept := strip(s)
	clean, hidden = h.hide(text)
	if kept {
		// What stays for the sake of a script must not stand inside a secret.
		whole := bare(text)
		if without, more := h.hide(whole); strings.Count(without, markerStart) > strings.Count(clean, markerStart) {
			return without, stripped + utf8.RuneCountInString(text) - utf8.RuneCountInString(whole), more
		}
	}
	return clean, stripped, hidden
}

// hide hides the secrets of a text by value and by their shapes, and counts the characters.
func (h textHider) hide(s string) (clean string, hidden int) {
	if h.known.values != nil {
		if out, n := h.known.values.hide([]byte(s)); n > 0 {
			s, hidden = string(out), n
		}
	}
	if h.known.noted != nil {
		var n int
		s, n = h.known.noted.hide(s, namesOf(h.path), h.known.used)
		hidden += n
	}
	var bytes byteSet
	bytes.add(s)
	for i := range shapes {
		shape := &shapes[i]
		if !bytes.holds(hintBytes[i]) || !shape.mayBeIn(s) {
			continue
		}
		if shape.notAt != "" && strings.HasSuffix(nameReplacer.Replace(strings.ToLower(lastName(h.path))), shape.notAt) {
			continue
		}
		matches := shape.pattern().FindAllStringSubmatchIndex(s, -1)
		if matches == nil {
			continue
		}
		var out strings.Builder
		at := 0
		for _, match := range matches {
			value := s[match[2]:match[3]]
			if shape.whole && match[2] > 0 && (letter(s[match[2]-1]) || digit(s[match[2]-1])) ||
				shape.unless != nil && shape.unless(value) {
				continue
			}
			if h.found != nil {
				*h.found = append(*h.found, value)
			}
			out.WriteString(s[at:match[2]])
			out.WriteString(h.known.noted.marker(value, namesOf(h.path), h.known.used))
			hidden += len(value) // ASCII
			at = match[3]
		}
		out.WriteString(s[at:])
		s = out.String()
		bytes.add(s)
	}
	return s, hidden
}
