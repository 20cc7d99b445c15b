package redact

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// keptValues is how many values are remembered: tokens before the current one may
	// still stand in an answer.
	keptValues = 4
	// minValue is the shortest value that is hidden wherever it stands, in bytes: a
	// shorter one would be found in innocent text.
	minValue = 8
)

// values are the remembered ones, newest first. They do not change.
type values []*value

// encodings are the two alphabets of base64 (RFC 4648, 4 and 5).
var encodings = [...]*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding}

type value struct {
	letters
	// base64 are the forms that the text has inside of any base64 text, in both alphabets:
	// one for each place of its first byte in a group of three.
	base64 [][]byte
	// window is how many first bytes of the text and of its base64 forms are looked for, and skips says by the hash of
	// the last three bytes in a window how far the next one that can be such a beginning is.
	window int
	skips  [1 << 12]uint8
}

// letters are the characters of a value, each of which can be escaped.
type letters struct {
	text []byte
	// at are the places of each byte of the text.
	at [256][]int32
}

func newLetters(text string) *letters {
	l := &letters{text: []byte(text)}
	for i, c := range l.text {
		l.at[c] = append(l.at[c], int32(i))
	}
	return l
}

// maxWindow bounds how far a search moves at once.
const maxWindow = 64

// prepare fills window and skips (Wu and Manber, A fast algorithm for multi-pattern searching, 1994).
func (v *value) prepare() {
	v.window = min(len(v.text), maxWindow)
	for _, form := range v.base64 {
		v.window = min(v.window, len(form))
	}
	for i := range v.skips {
		v.skips[i] = uint8(v.window - 2) //nolint:gosec // a window has at most maxWindow bytes
	}
	for _, form := range v.forms() {
		for end := 3; end <= v.window; end++ {
			skip := &v.skips[hashOfThree(form[:end])]
			*skip = min(*skip, uint8(v.window-end)) //nolint:gosec // as above
		}
	}
}

// forms are the text and its base64 forms.
func (v *value) forms() [][]byte { return append([][]byte{v.text}, v.base64...) }

// hashOfThree spreads the last three bytes of a text over the skips.
func hashOfThree(text []byte) uint32 {
	last := text[len(text)-3:]
	return (uint32(last[0])<<16 | uint32(last[1])<<8 | uint32(last[2])) * 0x9e3779b1 >> 20
}

// mayBeIn is false if neither the value nor one of its base64 forms is in a text.
func (v *value) mayBeIn(text []byte) bool {
	for end := v.window; end <= len(text); {
		skip := int(v.skips[hashOfThree(text[:end])])
		if skip > 0 {
			end += skip
			continue
		}
		begins := text[end-v.window : end]
		if bytes.Equal(begins, v.text[:v.window]) {
			return true
		}
		for _, form := range v.base64 {
			if bytes.Equal(begins, form[:v.window]) {
				return true
			}
		}
		end++
	}
	return false
}

func (vs values) with(text string) values {
	if len(text) < minValue || slices.ContainsFunc(vs, func(v *value) bool { return string(v.text) == text }) {
		return vs
	}
	v := &value{letters: *newLetters(text)}
	v.base64 = base64Forms(v.text)
	v.prepare()
	return append(values{v}, vs[:min(len(vs), keptValues-1)]...)
}

// in reports whether a text holds a value.
func (vs values) in(text []byte) bool {
	_, hidden := vs.hide(text)
	return hidden > 0
}

// hide replaces the values in a text by the marker, and counts the characters. A text
// without any is returned as it is.
func (vs values) hide(text []byte) (out []byte, hidden int) {
	for _, v := range vs {
		if !v.mayBeIn(text) {
			continue
		}
		for _, form := range v.forms() {
			if n := bytes.Count(text, form); n > 0 {
				text = bytes.ReplaceAll(text, form, []byte(Marker))
				hidden += n * len(form)
			}
		}
	}
	for _, v := range vs {
		var n int
		text, n = v.hideEscaped(text)
		hidden += n
	}
	return text, hidden
}

// hideEscaped replaces the value where some of its characters are written as escapes.
func (v *value) hideEscaped(text []byte) (out []byte, hidden int) {
	done := 0
	v.escaped(text, func(start, end int) {
		out = append(append(out, text[done:start]...), Marker...)
		hidden += end - start
		done = end
	})
	if done == 0 {
		return text, 0
	}
	return append(out, text[done:]...), hidden
}

// escaped finds the places of the value where some of its characters are written as escapes.
func (v *letters) escaped(text []byte, found func(start, end int)) {
	done := 0
	signs := escapes{text: text, next: [...]int{-1, -1, -1}}
	for at := signs.from(0); at < len(text); at = signs.from(at + 1) {
		if start, end := v.around(text, done, at); end > 0 {
			found(start, end)
			done, at = end, end-1
		}
	}
}

// escapes finds the signs with which escapes begin.
type escapes struct {
	text []byte
	next [len(escapeSigns)]int // the place of each from the last one on that was asked for
}

// from is the first place of any, from a place on; the length of the text if there is none.
func (e *escapes) from(at int) int {
	first := len(e.text)
	for i := range e.next {
		if e.next[i] < at {
			e.next[i] = len(e.text)
			if found := bytes.IndexByte(e.text[at:], escapeSigns[i]); found >= 0 {
				e.next[i] = at + found
			}
		}
		first = min(first, e.next[i])
	}
	return first
}

// around finds the value with its first escape at a place; end is 0 if it is not there.
func (v *letters) around(text []byte, from, at int) (start, end int) {
	character, size := unescape(text[at:])
	if size == 0 {
		return 0, 0
	}
	for _, place := range v.at[character] {
		i := int(place)
		if i > at-from || i > 0 && (text[at-1] != v.text[i-1] || !bytes.Equal(text[at-i:at], v.text[:i])) {
			continue
		}
		if end := v.rest(text, at+size, i+1); end > 0 {
			return at - i, end
		}
	}
	return 0, 0
}

// rest is where the value ends, if its bytes from i on are at a place of the text.
func (v *letters) rest(text []byte, at, i int) (end int) {
	for ; i < len(v.text); i++ {
		if at < len(text) && text[at] == v.text[i] {
			at++
			continue
		}
		if at == len(text) {
			return 0
		}
		character, size := unescape(text[at:])
		if size == 0 || character != v.text[i] {
			return 0
		}
		at += size
	}
	return at
}

// references are HTML's names for the signs that tokens have.
var references = map[string]byte{"sol": '/', "plus": '+', "equals": '=', "lowbar": '_', "UnderBar": '_', "period": '.',
	"dash": '-', "hyphen": '-',
	"amp": '&', "percnt": '%', "bsol": '\\', "quot": '"', "apos": '\'', "lt": '<', "gt": '>', "colon": ':', "semi": ';',
	"excl": '!', "num": '#',
	"dollar": '$', "ast": '*', "midast": '*', "comma": ',', "commat": '@', "lpar": '(', "rpar": ')', "vert": '|',
	"verbar": '|'}

// maxEscape bounds what one escape may take, several levels of escaping included.
const maxEscape = 64

// unescape reads the escape that a text begins with, also one that is escaped itself, such
// as \\u0065, %2565 and &amp;#101;. size is 0 if it is none, or of no ASCII character.
func unescape(text []byte) (character byte, size int) {
	text = text[:min(len(text), maxEscape)]
	switch text[0] {
	case '\\':
		return unescapeJSON(text)
	case '%':
		at := 1
		for bytes.HasPrefix(text[at:], []byte("25")) && len(text) >= at+4 && hexadecimal(text[at+2:at+4]) >= 0 {
			at += 2
		}
		if len(text) < at+2 {
			return 0, 0
		}
		return ascii(hexadecimal(text[at:at+2]), at+2)
	case '&':
		return unescapeHTML(text)
	}
	return 0, 0
}

func unescapeJSON(text []byte) (byte, int) {
	at := 0
	for at < len(text) && text[at] == '\\' {
		at++
	}
	if at == len(text) {
		return '\\', at
	}
	switch text[at] {
	case '/', '"', '\'':
		return text[at], at + 1
	case 'u':
		if len(text) >= at+5 {
			return ascii(hexadecimal(text[at+1:at+5]), at+5)
		}
	case 'x': // of a script
		if len(text) >= at+3 {
			return ascii(hexadecimal(text[at+1:at+3]), at+3)
		}
	}
	return 0, 0
}

func unescapeHTML(text []byte) (byte, int) {
	at := 1
	for bytes.HasPrefix(text[at:], []byte("amp;")) {
		at += len("amp;")
	}
	// Browsers take a reference without its semicolon too.
	rest := text[at:]
	length := 0
	for length < len(rest) && referenceCharacter(rest, length) {
		length++
	}
	name := string(rest[:length])
	end := at + length
	if length < len(rest) && rest[length] == ';' {
		end++
	}
	if character, ok := references[name]; ok && end > at+length {
		return character, end
	}
	digits, numeric := strings.CutPrefix(name, "#")
	if !numeric {
		return 0, 0
	}
	base := 10
	if len(digits) > 0 && digits[0]|0x20 == 'x' {
		digits, base = digits[1:], 16
	}
	code, err := strconv.ParseUint(digits, base, 21)
	if err != nil {
		return 0, 0
	}
	return ascii(int(code), end)
}

// referenceCharacter reports whether a reference goes on at a place: a number ends at
// the first byte that is no digit of it.
func referenceCharacter(rest []byte, at int) bool {
	c := rest[at]
	switch {
	case at == 0:
		return c == '#' || letter(c)
	case rest[0] != '#':
		return letter(c)
	case at == 1:
		return digit(c) || c|0x20 == 'x'
	case rest[1]|0x20 == 'x':
		return hexadecimal(rest[at:at+1]) >= 0
	}
	return digit(c)
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

func ascii(code, size int) (byte, int) {
	if code < 0 || code >= utf8.RuneSelf {
		return 0, 0
	}
	return byte(code), size
}

// hexadecimal is the number that digits form; -1 if they do not.
func hexadecimal(digits []byte) int {
	number := 0
	for _, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			number = number<<4 | int(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			number = number<<4 | int(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return number
}
