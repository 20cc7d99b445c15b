package redact

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	// MinValue is the shortest value that is hidden wherever it stands, in bytes: a shorter one would be found in
	// innocent text. Shorter ones are hidden where their own member's name stands above them.
	MinValue = minValue
	// maxNotes and maxNotedBytes bound what is noted of one call.
	maxNotes      = 100_000
	maxNotedBytes = 4 << 20
)

// Noted is the set of values that one call must not yield, each with the marker that takes its place. The zero value is
// empty. It is safe for concurrent use, and forgotten with its call.
type Noted struct {
	mu    sync.Mutex
	notes map[string]*note
	open  map[string]bool
	given map[string]bool
	count int
	bytes int
	view  *view // of what is noted; nil if something was added since
}

// note is a value and where it is stored. given says that the caller supplied it as a secret.
type note struct {
	places []notedPlace
	given  bool
}

type notedPlace struct {
	names  []string // of the members that lead to it, from the root
	marker string
}

// Add notes a secret with its marker. It reports false, and notes nothing, when the set is full: then the answer that
// holds the secret must not be used. Values that are themselves markers are not noted.
func (n *Noted) Add(s Secret, marker string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.Value == "" || isMarker(s.Value) {
		return true
	}
	at := n.notes[s.Value]
	place := notedPlace{names: s.names(), marker: marker}
	if at != nil && slices.ContainsFunc(at.places, func(p notedPlace) bool {
		return p.marker == marker && slices.Equal(p.names, place.names)
	}) {
		return true
	}
	if n.count >= maxNotes || n.bytes+len(s.Value) > maxNotedBytes {
		return false
	}
	if at == nil {
		at = &note{}
		if n.notes == nil {
			n.notes = map[string]*note{}
		}
		n.notes[s.Value] = at
		n.bytes += len(s.Value)
	}
	at.places = append(at.places, place)
	n.count++
	n.view = nil
	return true
}

// Show notes a text that the caller supplied in the open, such as an argument that is no secret. It is not hidden by
// value, whether it equals a secret or not: otherwise hiding would tell the caller that a guess is right. Members that
// are secret are hidden all the same.
func (n *Noted) Show(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(text) < minValue || n.open[text] || n.bytes+len(text) > maxNotedBytes {
		return
	}
	if n.open == nil {
		n.open = map[string]bool{}
	}
	n.open[text] = true
	n.bytes += len(text)
	n.view = nil
}

// Supply notes a secret that the caller supplied. It is hidden by value without a fingerprint but where its own member
// is, whether it equals a stored one or not: an answer that repeats it does not tell that a guess is right.
func (n *Noted) Supply(secret string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if secret == "" || isMarker(secret) || n.given[secret] || n.bytes+len(secret) > maxNotedBytes {
		return
	}
	if n.given == nil {
		n.given = map[string]bool{}
	}
	n.given[secret] = true
	n.bytes += len(secret)
	n.view = nil
}

// view is what was noted up to a moment. It does not change.
type view struct {
	notes   map[string]*note
	shown   map[string]bool
	secrets *needles
	open    *needles
	// short are the values that are too short to be found without the escapes that they hold themselves.
	short []*letters
}

// current is the set as it is; nil if it is empty.
func (n *Noted) current() *view {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.notes)+len(n.given) == 0 {
		return nil
	}
	if n.view == nil {
		v := &view{notes: make(map[string]*note, len(n.notes))}
		for value, at := range n.notes {
			v.notes[value] = &note{places: slices.Clone(at.places)}
		}
		for value := range n.given {
			if v.notes[value] == nil {
				v.notes[value] = &note{}
			}
			v.notes[value].given = true
		}
		var secrets, open []needle
		for value := range v.notes {
			if len(value) < minValue {
				continue
			}
			own := forms(value)
			secrets = append(secrets, own...)
			if slices.ContainsFunc(own, func(n needle) bool { return len(n.text) < minValue }) {
				v.short = append(v.short, newLetters(value))
			}
		}
		v.shown = maps.Clone(n.open)
		for text := range n.open {
			open = append(open, withoutEscapes(text)...)
		}
		v.secrets, v.open = newNeedles(secrets), newNeedles(open)
		n.view = v
	}
	return n.view
}

// forms are the texts by which a value is found: as it is, without its escapes, and as a part of base64 texts.
func forms(value string) []needle {
	out := withoutEscapes(value)
	for _, form := range base64Forms([]byte(value)) {
		out = append(out, needle{text: string(form), value: value})
	}
	return out
}

// withoutEscapes is a text as it is and at each level of unescaping.
func withoutEscapes(text string) (out []needle) {
	for s, ok := (source{text: text, signs: escapeSigns}), true; ok; s, ok = s.unescape() {
		out = append(out, needle{text: s.text, value: text})
		if strings.Contains(s.text, " ") { // of a form (application/x-www-form-urlencoded)
			out = append(out, needle{text: strings.ReplaceAll(s.text, " ", "+"), value: text})
		}
	}
	return out
}

// uses counts in one document how often each value of several places was hidden, so that equal values of the objects in
// a list get the markers of these objects, in their order.
type uses map[use]int

type use struct{ value, firstMarker string }

// marker is what takes the place of a value below the members of these names. Of several places where the value is
// stored, the one counts that ends with the most of these names.
func (v *view) marker(value string, names []string, used uses) string {
	if v == nil {
		return Marker
	}
	at := v.notes[value]
	if at == nil {
		return Marker
	}
	best := -1
	var places []notedPlace
	for _, place := range at.places {
		score := 2 * commonEnd(place.names, names)
		if slices.Equal(place.names, names) {
			score++ // not one that only ends alike
		}
		if score > best {
			best, places = score, places[:0]
		}
		if score == best {
			places = append(places, place)
		}
	}
	if (at.given || v.shown[value]) && best < 2 {
		return Marker // it stands where no secret of its name does, such as in a text that repeats an argument
	}
	if i := slices.IndexFunc(places, func(p notedPlace) bool { return p.marker == Marker }); i >= 0 {
		return Marker // the caller supplied it
	}
	if len(places) == 1 {
		return places[0].marker
	}
	which := use{value, places[0].marker}
	turn := used[which]
	if used != nil {
		used[which]++
	}
	if turn < len(places) {
		return places[turn].marker
	}
	return Marker
}

// hidesWhole reports whether a string is hidden as a whole below a member of this name: it is a value that was noted
// and is long enough, or that is stored below such a name.
func (v *view) hidesWhole(text, name string) bool {
	if v == nil {
		return false
	}
	at := v.notes[text]
	if at == nil {
		return false
	}
	own := slices.ContainsFunc(at.places, func(p notedPlace) bool {
		return len(p.names) > 0 && p.names[len(p.names)-1] == name
	})
	return own || len(text) >= minValue && !v.shown[text]
}

func commonEnd(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// in is the quick test before a string is decoded: false if no value is in it.
func (v *view) in(quoted []byte) bool {
	for i := range len(escapeSigns) {
		if bytes.IndexByte(quoted, escapeSigns[i]) >= 0 {
			return true
		}
	}
	at, _ := next(v.secrets, quoted, 0)
	return at >= 0
}

// number reports whether a number, as it is written, is a value that was noted.
func (v *view) number(text string) bool {
	return v != nil && len(text) >= minValue && v.notes[text] != nil
}

// readings are the signs of the escapes that are read together: a value can hold what is an escape elsewhere.
var readings = [...]string{"\\", "%", "&", escapeSigns}

// hide replaces the noted values in a text, in every form, and counts the characters.
func (v *view) hide(text string, names []string, used uses) (out string, hidden int) {
	out, hidden = v.pass(source{text: text}, names, used)
	if !strings.ContainsAny(out, escapeSigns) {
		return out, hidden
	}
	for _, signs := range readings {
		for level, ok := (source{text: out, signs: signs}).unescape(); ok; level, ok = level.unescape() {
			next, n := v.pass(level, names, used)
			if n == 0 {
				continue
			}
			// The levels are those of another text now. This ends: each time, characters of no marker are hidden.
			out, hidden = next, hidden+n
			level = source{text: out, signs: signs}
		}
	}
	return out, hidden
}

// written are the places of values that hold escapes themselves, where others of their characters are escaped.
func (v *view) written(text string) (spans []span) {
	for _, value := range v.short {
		value.escaped([]byte(text), func(start, end int) {
			spans = append(spans, span{start: start, end: end, value: string(value.text)})
		})
	}
	return spans
}

// pass replaces the values that are found in a text, which may be what is left of another one without escapes.
func (v *view) pass(s source, names []string, used uses) (out string, hidden int) {
	spans := v.secrets.find(s.text)
	if written := v.written(s.text); len(written) > 0 {
		spans = append(spans, written...)
		slices.SortFunc(spans, func(a, b span) int { return cmp.Or(a.start-b.start, b.end-a.end) })
	}
	if len(spans) == 0 {
		return s.original(), 0
	}
	shown := v.open.find(s.text)
	for _, found := range FindMarkers(s.text) {
		shown = append(shown, span{start: found.Start, end: found.End})
	}
	var b strings.Builder
	done, whole := 0, s.original()
	for _, one := range join(spans) {
		if slices.ContainsFunc(shown, one.inside) {
			continue
		}
		start, end := s.at(one.start), s.at(one.end)
		marker := Marker // of values that overlap, and of an encoded one: the value itself must not be put back there
		if whole[start:end] == one.value {
			marker = v.marker(one.value, names, used)
		}
		b.WriteString(whole[done:start])
		b.WriteString(marker)
		hidden += utf8.RuneCountInString(whole[start:end])
		done = end
	}
	b.WriteString(whole[done:])
	return b.String(), hidden
}
