package console

import (
	"path"
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

// hanging is how much deeper a line goes on than it begins.
const hanging = 4

// Line is a text of one line, which goes on below, indented, if it is too long.
func (s Screen) Line(text string) string { return s.Prose(text) + "\n" }

// Prose is a text whose lines go on below, indented, if they are too long. A line that begins with this program's name
// is a command to copy, and stays whole.
func (s Screen) Prose(text string) string {
	if s.Width == 0 {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(s.shown(text)) {
		words := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(words)]
		words = strings.TrimRight(words, " \n")
		size := columns(indent + words)
		if !strings.HasSuffix(line, "\n") {
			size += hanging // the answer to a question
		}
		if size <= s.Width || isCommand(words) {
			b.WriteString(line)
			continue
		}
		broken := wrap(words, max(1, s.Width-len(indent)-hanging))
		b.WriteString(indent + strings.Join(broken, "\n"+indent+strings.Repeat(" ", hanging)))
		b.WriteString(line[len(indent)+len(words):])
	}
	return b.String()
}

// isCommand is whether a line calls this program.
func isCommand(line string) bool {
	program, _, _ := strings.Cut(line, " ")
	return strings.TrimSuffix(path.Base(strings.ReplaceAll(program, `\`, "/")), ".exe") == "auth0-mcp"
}

// Columns is a text of lines with a label each, two spaces before the rest, which goes on below itself if it is too
// long.
func (s Screen) Columns(text string) string {
	if s.Width == 0 {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		begin := len(line) - len(strings.TrimLeft(line, " "))
		label := ""
		if gap := strings.Index(line[begin:], "  "); gap >= 0 {
			rest := strings.TrimLeft(line[begin+gap:], " ")
			label = line[:len(line)-len(rest)]
		}
		if label == "" {
			b.WriteString(s.Line(line))
			continue
		}
		b.WriteString(s.Item(label, columns(label), line[len(label):]))
	}
	return b.String()
}

// shown is a text with words in place of symbols that the screen does not show.
func (s Screen) shown(text string) string {
	if s.Width == 0 || s.Symbols {
		return text
	}
	return strings.NewReplacer("…", "...", "→", "->").Replace(text)
}

// Item is a line that begins with a label, of that width in columns, and goes on with a text, which is wrapped below
// itself, or below the label if beside it is too little room. What a terminal would obey or hide in the text is
// escaped.
func (s Screen) Item(label string, width int, text string) string {
	text = s.shown(redact.Line(text))
	if s.Width == 0 || width+columns(text) <= s.Width {
		return label + text + "\n"
	}
	indent := width
	var b strings.Builder
	b.WriteString(label)
	if s.Width-width < max(narrowest, min(longestPiece(text), s.Width-2)) {
		b.Reset()
		indent = 2
		if words := strings.TrimLeft(label, " "); words != "" {
			indent += len(label) - len(words)
			b.WriteString(strings.TrimRight(label, " ") + "\n")
		}
		b.WriteString(strings.Repeat(" ", indent))
	}
	for i, line := range wrap(text, max(1, s.Width-indent)) {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
