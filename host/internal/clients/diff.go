package clients

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"
)

// maxShown is how many characters of a line are shown: some clients write a whole
// file in one line.
const maxShown = 160

// diffOf returns a unified diff of two texts that hold nothing to hide.
func diffOf(path string, before, after []byte) string {
	before, after = crop(before, after)
	// The first line names the command that others use.
	_, lines, _ := strings.Cut(string(diff.Diff(path, before, path, after)), "\n")
	var b strings.Builder
	for line := range strings.Lines(lines) {
		line = strings.Map(visible, strings.TrimRight(line, "\r\n"))
		if utf8.RuneCountInString(line) > maxShown {
			line = string([]rune(line)[:maxShown]) + "…"
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// visible keeps what a file holds from steering the terminal.
func visible(r rune) rune {
	if unicode.IsControl(r) && r != '\t' {
		return utf8.RuneError
	}
	return r
}

// crop leaves out the beginning of the line in which two texts begin to differ, if
// it is too long to be shown with the difference.
func crop(a, b []byte) ([]byte, []byte) {
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	const shown = maxShown / 4
	start := bytes.LastIndexByte(a[:same], '\n') + 1
	if same-start <= shown {
		return a, b
	}
	cut := same - shown
	for cut > start && !utf8.RuneStart(a[cut]) {
		cut--
	}
	short := func(text []byte) []byte {
		return append(append(bytes.Clone(text[:start]), "…"...), text[cut:]...)
	}
	return short(a), short(b)
}
