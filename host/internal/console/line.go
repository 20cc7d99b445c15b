package console

import (
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// OneLine is a line of cells, two columns apart, without those that are empty. A terminal gets as much of it as fits
// its width, but a screen reader all of it. What a terminal would obey or hide is escaped.
func (s Screen) OneLine(cells ...Cell) string {
	var line strings.Builder
	room := s.Width
	for _, cell := range cells {
		text := redact.Line(cell.Text)
		if text == "" {
			continue
		}
		before := ""
		if line.Len() > 0 {
			before = strings.Repeat(" ", gap)
		}
		if s.Width == 0 || s.Linear {
			line.WriteString(before + s.Paint(cell.Style, text))
			continue
		}
		room -= len(before)
		if columns(text) > room {
			mark := s.Symbol("…", "...")
			if room > columns(mark) {
				line.WriteString(before + s.Paint(cell.Style, cut(text, room-columns(mark))+mark))
			}
			break
		}
		line.WriteString(before + s.Paint(cell.Style, text))
		room -= columns(text)
	}
	return line.String() + "\n"
}

// cut is as much of a text as fits into a width.
func cut(text string, width int) string {
	runes := []rune(text)
	for columns(string(runes)) > max(width, 0) {
		runes = runes[:len(runes)-1]
	}
	return string(runes)
}
