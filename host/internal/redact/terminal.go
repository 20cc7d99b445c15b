package redact

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line makes a text from outside fit for one line of a terminal, a dialog or a log:
// line ends, control characters, invisible characters and bytes that are not UTF-8
// become visible escapes such as \n, \u{1B} and \x{FF}. What is drawn stays as it is.
func Line(s string) string { return escape(s, false) }

// Text is Line for a text that may have several lines: line feeds and tabs stay.
func Text(s string) string { return escape(s, true) }

func escape(s string, lines bool) string {
	if strings.IndexFunc(s, func(r rune) bool { return r == utf8.RuneError || !Drawn(r) }) < 0 {
		return s
	}
	var out strings.Builder
	out.Grow(len(s) + len(s)/4)
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x{%02X}`, s[at])
		case Drawn(r), lines && (r == '\n' || r == '\t'):
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		default:
			fmt.Fprintf(&out, `\u{%X}`, r)
		}
		at += size
	}
	return out.String()
}

// Drawn reports whether a terminal shows a character where it stands, and does
// nothing else: Line leaves it as it is. White space other than the plain space is
// not drawn, because it can imitate the end of a line. Neither are fillers and
// variation selectors, which count as letters and marks.
func Drawn(r rune) bool {
	const blankBraille = '\u2800'
	if r < utf8.RuneSelf {
		return ' ' <= r && r <= '~'
	}
	return unicode.IsPrint(r) && r != blankBraille &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
