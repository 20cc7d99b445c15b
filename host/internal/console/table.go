package console

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// Cell is a text in a table with a style.
type Cell struct {
	Text  string
	Style Style
}

// Table is rows below headings.
type Table struct {
	// Indent is the number of columns before each line.
	Indent   int
	headings []string
	rows     [][]Cell
}

// NewTable is a table without rows.
func NewTable(headings ...string) *Table { return &Table{headings: headings} }

// Row adds a row: a value for each heading, as fmt.Sprint writes it, or a Cell. What a terminal would obey or hide is
// escaped.
func (t *Table) Row(values ...any) {
	row := make([]Cell, len(t.headings))
	for i, value := range values {
		cell, ok := value.(Cell)
		if !ok {
			cell.Text = fmt.Sprint(value)
		}
		cell.Text = redact.Line(cell.Text)
		row[i] = cell
	}
	t.rows = append(t.rows, row)
}

// Print writes the table as the stream can show it: aligned columns of any width to a file, and to a terminal columns
// that fit its width by wrapping cells, or each row as a list of its cells if they would be too narrow.
func (t *Table) Print(out io.Writer) error {
	_, err := io.WriteString(out, t.text(Of(out)))
	return err
}

// gap is between two columns.
const gap = 2

func (t *Table) text(s Screen) string {
	if s.Width > 0 {
		t = t.withoutEmpty()
		for _, row := range t.rows {
			for i := range row {
				row[i].Text = s.shown(row[i].Text)
			}
		}
	}
	widths, natural := t.widths(s)
	var b strings.Builder
	if widths == nil {
		t.writeList(&b, s)
		return b.String()
	}
	headings := make([]Cell, len(t.headings))
	for i, text := range t.headings {
		headings[i] = Cell{text, Strong}
	}
	for _, row := range append([][]Cell{headings}, t.rows...) {
		t.writeRow(&b, s, row, widths, natural)
	}
	return b.String()
}

// withoutEmpty leaves out the columns without any text: a terminal has no room for them.
func (t *Table) withoutEmpty() *Table {
	kept := &Table{Indent: t.Indent, rows: make([][]Cell, len(t.rows))}
	for i, heading := range t.headings {
		if !slices.ContainsFunc(t.rows, func(row []Cell) bool { return row[i].Text != "" }) {
			continue
		}
		kept.headings = append(kept.headings, heading)
		for n, row := range t.rows {
			kept.rows[n] = append(kept.rows[n], row[i])
		}
	}
	return kept
}

// widths are those of the columns, nil if they do not fit, and whether no cell is wrapped.
func (t *Table) widths(s Screen) (widths []int, natural bool) {
	least := make([]int, len(t.headings))
	widths = make([]int, len(t.headings))
	for i, heading := range t.headings {
		widths[i], least[i] = columns(heading), columns(heading)
		for _, row := range t.rows {
			widths[i] = max(widths[i], columns(row[i].Text))
			least[i] = max(least[i], longestPiece(row[i].Text))
		}
		least[i] = max(least[i], min(widths[i], narrowest))
	}
	room := s.Width - t.Indent - gap*(len(widths)-1)
	switch {
	case s.Width == 0 || sum(widths) <= room:
		return widths, true
	case s.Linear || sum(least) > room:
		return nil, false
	}
	return shrunk(widths, least, room), false
}

func sum(numbers []int) int {
	total := 0
	for _, n := range numbers {
		total += n
	}
	return total
}

// shrunk makes the widest columns narrower until all fit into the room, none below its least width.
func shrunk(widths, least []int, room int) []int {
	for sum(widths) > room {
		widest := -1
		for i, width := range widths {
			if width > least[i] && (widest < 0 || width > widths[widest]) {
				widest = i
			}
		}
		widths[widest]--
	}
	return widths
}

func (t *Table) writeRow(b *strings.Builder, s Screen, row []Cell, widths []int, natural bool) {
	cells := make([][]string, len(row))
	height := 1
	for i, cell := range row {
		cells[i] = []string{cell.Text}
		if !natural {
			cells[i] = wrap(cell.Text, widths[i])
		}
		height = max(height, len(cells[i]))
	}
	for line := range height {
		var text strings.Builder
		text.WriteString(strings.Repeat(" ", t.Indent))
		behind := 0 // the room to fill before the next text, so that no line ends with spaces
		for i := range row {
			if line < len(cells[i]) && cells[i][line] != "" {
				text.WriteString(strings.Repeat(" ", behind))
				text.WriteString(s.Paint(row[i].Style, cells[i][line]))
				behind = widths[i] - columns(cells[i][line]) + gap
			} else {
				behind += widths[i] + gap
			}
		}
		b.WriteString(text.String() + "\n")
	}
}

// writeList writes each row as lines of heading and cell, with an empty line between rows.
func (t *Table) writeList(b *strings.Builder, s Screen) {
	width := 0
	for _, heading := range t.headings {
		width = max(width, columns(heading)+gap)
	}
	s.Width -= t.Indent
	for n, row := range t.rows {
		if n > 0 {
			b.WriteString("\n")
		}
		for i, cell := range row {
			if cell.Text == "" {
				continue
			}
			label := s.Paint(Strong, t.headings[i]) + strings.Repeat(" ", width-columns(t.headings[i]))
			for line := range strings.Lines(s.Item(label, width, cell.Text)) {
				b.WriteString(strings.Repeat(" ", t.Indent) + line)
			}
		}
	}
}
