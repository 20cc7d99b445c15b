package clients

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// byteOrderMark may open a file that was written on Windows. JSON must not begin with it
// (RFC 8259, 8.1), and most clients reject such a file as a whole.
const byteOrderMark = "\ufeff"

// decodeText returns a file's text without its byte order mark, and whether it had one.
// A file in an encoding that no client reads is an error that names it.
func decodeText(path string, data []byte) (body []byte, marked bool, err error) {
	body, marked = bytes.CutPrefix(data, []byte(byteOrderMark))
	var encoding string
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff")):
		encoding = "UTF-32"
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")),
		isWide(body, 0), isWide(body, 1):
		encoding = "UTF-16"
	default:
		return body, marked, nil
	}
	return nil, marked, fmt.Errorf("%s is written in %s, and clients read UTF-8 only; the file was left as it is: save "+
		"it as UTF-8 without a byte order mark (in PowerShell 7: Set-Content -Encoding utf8NoBOM)", path, encoding)
}

// defaultIndent is what most clients write themselves.
const defaultIndent = "  "

// span is a range of bytes, its end excluded.
type span struct{ start, end int }

// edit replaces a span by a text. Everything else in a file stays as it is.
type edit struct {
	span
	text string
}

func insert(at int, text string) edit {
	return edit{span: span{at, at}, text: text}
}

// splice applies edits in the order of their places. Insertions at one place keep
// their order; what two edits both remove is removed once.
func splice(body []byte, edits []edit) []byte {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	var out bytes.Buffer
	done := 0
	for _, e := range edits {
		out.Write(body[done:max(done, e.start)])
		out.WriteString(e.text)
		done = max(done, e.end)
	}
	out.Write(body[done:])
	return out.Bytes()
}

// positionError says what is wrong at which byte of a document. It never quotes
// the document: there may be a secret at that place.
type positionError struct {
	offset  int
	problem string
}

func (e *positionError) Error() string { return e.problem }

func problemAt(offset int, format string, args ...any) error {
	return &positionError{offset: offset, problem: fmt.Sprintf(format, args...)}
}

// lineColumn counts lines and characters from 1.
func lineColumn(body []byte, offset int) (line, column int) {
	before := body[:min(offset, len(body))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// offsetOf is the other way round, for a parser that counts columns in bytes.
func offsetOf(body []byte, line, column int) int {
	offset := 0
	for ; line > 1; line-- {
		i := bytes.IndexByte(body[offset:], '\n')
		if i < 0 {
			break
		}
		offset += i + 1
	}
	return min(offset+column-1, len(body))
}

// newlineOf returns the line end that a document uses.
func newlineOf(body []byte) string {
	if i := bytes.IndexByte(body, '\n'); i > 0 && body[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// indentAt returns the white space that opens the line of offset.
func indentAt(body []byte, offset int) string {
	line := body[bytes.LastIndexByte(body[:offset], '\n')+1 : offset]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// lineEnd returns the place after the line end that follows offset.
func lineEnd(body []byte, offset int) int {
	if i := bytes.IndexByte(body[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(body)
}

// isWide reports whether a text without a mark begins with two ASCII characters in UTF-16,
// whose empty bytes are the first or the second of each two.
func isWide(body []byte, empty int) bool {
	const two = 4
	if len(body) < two || len(body)%2 != 0 {
		return false
	}
	full := 1 - empty
	return body[empty] == 0 && body[empty+2] == 0 && body[full] != 0 && body[full+2] != 0
}

const jsonSpace = " \t\r\n"

// trimmedEnd returns the end of s without the white space that closes it.
func (s span) trimmedEnd(body []byte) int {
	return s.start + len(bytes.TrimRight(body[s.start:s.end], jsonSpace))
}

func hasNewline(b []byte) bool { return bytes.IndexByte(b, '\n') >= 0 }

// blot writes a star for every span, on as many lines as it had.
func blot(body []byte, spans []span) []byte {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var edits []edit
	done := 0
	for _, s := range spans {
		if s.start < done {
			continue // a comment inside an array that goes as a whole
		}
		edits = append(edits, edit{span: s, text: "***" + strings.Repeat("\n",
			bytes.Count(body[s.start:s.end], []byte("\n")))})
		done = s.end
	}
	return splice(body, edits)
}
