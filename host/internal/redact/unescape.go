package redact

import (
	"html"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxRounds bounds how often a text is unescaped: escapes of escapes, in any mixture.
const maxRounds = 6

// source is a text without some levels of its escapes, and where each of its bytes comes from.
type source struct {
	text  string
	signs string // which escapes are read: of the signs that they begin with
	level int
	whole string  // with the escapes
	from  []int32 // for each byte of text, and for its end, the place in whole; nil: text is whole
}

// at is the place in the original of a byte of the text, or of its end.
func (s source) at(i int) int {
	if s.from == nil {
		return i
	}
	return int(s.from[i])
}

func (s source) original() string {
	if s.from == nil {
		return s.text
	}
	return s.whole
}

// escapeSigns are what escapes of JSON and scripts, of percent-encoding and of HTML's character references begin with.
const escapeSigns = `\%&`

// unescape replaces one level of the escapes by what they stand for. It reports false when none is left, or
// too many levels were there.
func (s source) unescape() (source, bool) {
	if s.level == maxRounds || !strings.ContainsAny(s.text, s.signs) {
		return s, false
	}
	text, from := unescapeOnce(s.text, s.signs)
	if len(text) == len(s.text) {
		return s, false
	}
	for i, at := range from {
		from[i] = int32(s.at(int(at))) //nolint:gosec // bodies have at most 15 MiB
	}
	return source{text: text, signs: s.signs, level: s.level + 1, whole: s.original(), from: from}, true
}

// unescapeOnce replaces one level of escapes, and says where each byte of the result, and its end, come from.
func unescapeOnce(text, signs string) (string, []int32) {
	var out strings.Builder
	from := make([]int32, 0, len(text)+1)
	for at := 0; at < len(text); {
		character, size := "", 0
		if strings.IndexByte(signs, text[at]) >= 0 {
			character, size = readEscape(text[at:])
		}
		if size == 0 {
			character, size = text[at:at+1], 1
		}
		out.WriteString(character)
		for range len(character) {
			from = append(from, int32(at))
		}
		at += size
	}
	return out.String(), append(from, int32(len(text))) //nolint:gosec // as above
}

// readEscape reads the escape that a text begins with; size is 0 if it is none.
func readEscape(text string) (character string, size int) {
	switch text[0] {
	case '\\':
		return readEscapeJSON(text)
	case '%':
		if code := hexadecimal([]byte(text[1:min(3, len(text))])); len(text) >= 3 && code >= 0 {
			return string([]byte{byte(code)}), 3 //nolint:gosec // two digits
		}
	case '&':
		end := 1
		for end < len(text) && end < maxEscape && referenceCharacter([]byte(text[1:end+1]), end-1) {
			end++
		}
		if end < len(text) && text[end] == ';' {
			end++
		}
		if s := html.UnescapeString(text[:end]); s != text[:end] {
			return s, end
		}
	}
	return "", 0
}

var shortEscapes = map[byte]string{'\\': `\`, '/': "/", '"': `"`, '\'': "'", '`': "`", 'b': "\b", 'f': "\f", 'n': "\n",
	'r': "\r", 't': "\t", 'v': "\v"}

func readEscapeJSON(text string) (character string, size int) {
	if len(text) < 2 {
		return "", 0
	}
	if s, ok := shortEscapes[text[1]]; ok {
		return s, 2
	}
	digits := map[byte]int{'u': 4, 'x': 2}[text[1]]
	if digits == 0 || len(text) < 2+digits {
		return "", 0
	}
	code := hexadecimal([]byte(text[2 : 2+digits]))
	if code < 0 {
		return "", 0
	}
	size = 2 + digits
	r := rune(code) //nolint:gosec // four digits
	if utf16.IsSurrogate(r) && len(text) >= 12 && text[6:8] == `\u` {
		low := rune(hexadecimal([]byte(text[8:12]))) //nolint:gosec // four digits
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return string(pair), 12
		}
	}
	return string(r), size
}

// base64Forms are the forms that a text has inside of any base64 text, in both alphabets: one for each place of its
// first byte in a group of three.
func base64Forms(text []byte) (forms [][]byte) {
	for shift := range 3 {
		padded := append(make([]byte, shift), text...)
		// Only the groups that hold nothing else: (3-shift)%3 bytes at the front are part of
		// a group with what stands before.
		start, end := (shift+2)/3*3, len(padded)/3*3
		for _, encoding := range encodings {
			form := []byte(encoding.EncodeToString(padded[start:end]))
			known := slices.ContainsFunc(forms, func(other []byte) bool { return string(other) == string(form) })
			if len(form) >= minValue && !known {
				forms = append(forms, form)
			}
		}
	}
	return forms
}
