package redact

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// Cheap tests before a string is decoded, and before a text is compared with expressions.

// token is a string of a document.
type token struct {
	quoted []byte
	// plain: it has nothing of what a shape, an escape or a document inside a string begins with, and nothing invisible.
	plain bool
	// signs: it is plain, and has a sign that escapes begin with elsewhere.
	signs bool
}

// scanString reads the string that a text begins with; false if it is not valid JSON. Whether it is plain is the cheap
// test before a string is decoded.
func scanString(text []byte) (t token, ok bool) {
	url := 0
	for i := 1; i < len(text); i++ {
		c := text[i]
		if !noteworthy[c] {
			continue
		}
		switch c {
		case '"':
			// A URL with something before its host is not plain.
			plain := url == 0 || bytes.IndexByte(text[url:i], '@') < 0
			return token{quoted: text[:i+1], plain: plain, signs: t.signs}, true
		case '%', '&':
			t.signs = true
			continue
		case '/':
			if url == 0 && text[i-1] == '/' && text[i-2] == ':' {
				url = i
			}
		}
		if c < ' ' || suspicious(text, i) {
			end := endOfString(text, i)
			return token{quoted: text[:end]}, end > 0
		}
		if c >= utf8.RuneSelf {
			_, size := utf8.DecodeRune(text[i:])
			i += size - 1
		}
	}
	return token{}, false
}

// suspicious reports whether a string that a text begins with is not plain, by the byte at a place and those before it.
func suspicious(text []byte, i int) bool {
	c := text[i]
	switch c {
	case 'J':
		if i > 1 && text[i-1] == 'y' && text[i-2] == 'e' {
			return true
		}
	case '-':
		if i > 3 && string(text[i-4:i]) == "----" || i > 12 && hexadecimal(text[i-12:i]) >= 0 {
			return true
		}
	case ' ': // behind "bearer" or "basic"
		if endsInFold(text[:i], "earer") || endsInFold(text[:i], "asic") {
			return true
		}
	case ':': // behind "key" or "token"
		if endsInFold(text[:i], "ey") || endsInFold(text[:i], "en") {
			return true
		}
	case '\\', '=', '\'', '{', '[':
		return true
	}
	if c >= 0x7f {
		character, _ := utf8.DecodeRune(text[i:])
		return character == utf8.RuneError || Invisible(character)
	}
	return hinted(text, i)
}

// endsInFold reports whether a text ends with these lower-case letters in any case.
func endsInFold(text []byte, letters string) bool {
	if len(text) < len(letters) {
		return false
	}
	for i, c := range text[len(text)-len(letters):] {
		if c|0x20 != letters[i] {
			return false
		}
	}
	return true
}

// noteworthy are the bytes at which scanString looks around.
var noteworthy = func() (table [256]bool) {
	for c := range table {
		table[c] = c < ' ' || c >= 0x7f || strings.IndexByte(`J/- :\='{["%&`, byte(c)) >= 0 || hints[c] != nil
	}
	return table
}()

// hints are, for each character that ends the first letters of a shape, some of those before it; hintEnds has bits for
// such a character with the two before it.
var hints, hintEnds = func() (hints [256][]string, ends [256]byteSet) {
	texts := []string{"$2a$", "$2b$", "$2y$", "2id$", "n2i$", "n2d$", "$1$", "$5$", "$6$", "rypt$", "df2$", "256$",
		"512$", "ha1$", "8Q~", "ack.com/", "oks/", "ttp/"}
	for _, vendor := range vendors {
		text := vendor.prefix
		if len(text) == 4 && letter(text[3]) { // AKIA, ASIA, AIza: three tell enough, and end in a rarer letter
			text = text[:3]
		}
		texts = append(texts, strings.TrimRight(text, "0123456789"))
	}
	for _, text := range texts {
		end := len(text) - 1
		hints[text[end]] = append(hints[text[end]], text[max(0, end-hintLength):end])
		for first := range 256 {
			if end == 1 || byte(first) == text[end-2] {
				at := pair(byte(first), text[end-1])
				ends[text[end]][at>>6] |= 1 << (at & 63)
			}
		}
	}
	return hints, ends
}()

// hintLength bounds how many are compared.
const hintLength = 7

// pair hashes two characters.
func pair(a, b byte) byte { return a*31 + b }

// hinted reports whether a text's byte ends the first letters of a shape.
func hinted(text []byte, at int) bool {
	if at < 2 {
		return false // no shape begins with one character
	}
	before := pair(text[at-2], text[at-1])
	if hintEnds[text[at]][before>>6]&(1<<(before&63)) == 0 {
		return false
	}
	return slices.ContainsFunc(hints[text[at]], func(hint string) bool {
		return bytes.HasSuffix(text[:at], []byte(hint))
	})
}

// endsLike makes a test for texts that may end with a name of an expression, in any case. Letters that are not ASCII
// count as any: expressions fold two of them into k and s.
func endsLike(names string) func(text string) bool {
	const letters = 3
	var ends []string
	for name := range strings.SplitSeq(names, "|") {
		if end := name[max(0, len(name)-letters):]; !slices.Contains(ends, end) {
			ends = append(ends, end)
		}
	}
	return func(text string) bool {
		for _, c := range []byte(text[max(0, len(text)-letters):]) {
			if c >= utf8.RuneSelf {
				return true
			}
		}
		return slices.ContainsFunc(ends, func(end string) bool {
			return len(text) >= len(end) && strings.EqualFold(text[len(text)-len(end):], end)
		})
	}
}

// endsInHex is the same for 12 digits of a hexadecimal number.
func endsInHex(text string) bool {
	return len(text) >= 12 && hexadecimal([]byte(text[len(text)-12:])) >= 0
}

// byteSet is a set of bytes.
type byteSet [4]uint64

func (b *byteSet) add(text string) {
	for i := range len(text) {
		b[text[i]>>6] |= 1 << (text[i] & 63)
	}
}

func (b *byteSet) holds(other byteSet) bool {
	return other[0]&^b[0]|other[1]&^b[1]|other[2]&^b[2]|other[3]&^b[3] == 0
}

// hintBytes are for each of the shapes the bytes of its hints.
var hintBytes = func() []byteSet {
	out := make([]byteSet, len(shapes))
	for i, shape := range shapes {
		out[i].add(shape.hint + shape.also)
	}
	return out
}()

// mayBeIn is the cheap test before the expression.
func (s *shape) mayBeIn(text string) bool {
	if !strings.Contains(text, s.hint) || !strings.Contains(text, s.also) {
		return false
	}
	if s.before == nil {
		return true
	}
	for at := 0; ; {
		i := strings.Index(text[at:], s.hint)
		if i < 0 {
			return false
		}
		at += i
		if s.before(text[:at]) {
			return true
		}
		at += len(s.hint)
	}
}
