package console

import (
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// narrowest is the width below which wrapped text is no pleasure to read: a column of text is not made narrower.
const narrowest = 20

func columns(text string) int { return displaywidth.String(text) }

// wrap breaks a text between words into lines of at most width columns. A word that is longer, such as a path, is
// broken after a slash or comma. One without these stays whole and is too long.
func wrap(text string, width int) []string {
	var all []string
	line, used := "", 0
	for word := range strings.FieldsSeq(text) {
		gap := min(used, 1)
		if size := columns(word); used+gap+size <= width {
			line += strings.Repeat(" ", gap) + word
			used += gap + size
			continue
		}
		if used > 0 {
			all = append(all, line)
		}
		broken := breakWord(word, width)
		all = append(all, broken[:len(broken)-1]...)
		line = broken[len(broken)-1]
		used = columns(line)
	}
	return append(all, line)
}

// breakWord cuts a word after slashes and commas into lines of at most width columns, where that is possible.
func breakWord(word string, width int) []string {
	var all []string
	line := ""
	for _, piece := range pieces(word) {
		if line != "" && columns(line)+columns(piece) > width {
			all = append(all, line)
			line = ""
		}
		line += piece
	}
	return append(all, line)
}

// pieces are the parts of a word that are never broken.
func pieces(word string) []string {
	var all []string
	from := 0
	for i := range len(word) - 1 {
		if c := word[i]; (c == '/' || c == ',') && word[i+1] != c {
			all = append(all, word[from:i+1])
			from = i + 1
		}
	}
	if from < len(word) {
		all = append(all, word[from:])
	}
	return all
}

// longestPiece is the width that a text needs if it is wrapped.
func longestPiece(text string) int {
	longest := 0
	for word := range strings.FieldsSeq(text) {
		for _, piece := range pieces(word) {
			longest = max(longest, columns(piece))
		}
	}
	return longest
}

// Line is a text of one line, which goes on below, indented, if it is too long.
func (s Screen) Line(text string) string {
	const indent = 4
	if s.Width == 0 || columns(text) <= s.Width {
		return text + "\n"
	}
	return strings.Join(wrap(text, max(1, s.Width-indent)), "\n"+strings.Repeat(" ", indent)) + "\n"
}

// Item is a line that begins with a label, of that width in columns, and goes on with a text, which is wrapped below
// itself, or below the label if beside it is too little room. What a terminal would obey or hide in the text is
// escaped.
func (s Screen) Item(label string, width int, text string) string {
	text = redact.Line(text)
	if s.Width == 0 || width+columns(text) <= s.Width {
		return label + text + "\n"
	}
	indent := width
	var b strings.Builder
	b.WriteString(label)
	if s.Width-width < narrowest {
		indent = 2
		b.Reset()
		b.WriteString(strings.TrimRight(label, " ") + "\n  ")
	}
	for i, line := range wrap(text, max(1, s.Width-indent)) {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
