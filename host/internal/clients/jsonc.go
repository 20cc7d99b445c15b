package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/tailscale/hujson"
)

// plainJSON is a document with spaces for its comments and trailing commas: JSON
// that every parser reads, with every byte at its place.
//
// hujson does the same, but its recursion has no limit, so that a file of nothing
// but brackets would end the process, and its errors quote what they refuse,
// which may be a secret. encoding/json, which says where it stopped, limits both.
type plainJSON struct {
	bytes    []byte
	comments []span
	// trailing maps the place of a closing bracket to that of the comma before it.
	trailing map[int]int
}

func newPlainJSON(body []byte) (plainJSON, error) {
	p := plainJSON{bytes: bytes.Clone(body), trailing: map[int]int{}}
	// The last byte that is neither white space nor comment, and the one before.
	last, before := -1, -1
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c == '/' && i+1 < len(body) && (body[i+1] == '/' || body[i+1] == '*'):
			end, err := commentEnd(body, i)
			if err != nil {
				return p, err
			}
			p.comments = append(p.comments, span{i, end})
			blank(p.bytes[i:end])
			i = end - 1
			continue
		case c == '"':
			before, last = last, i
			i = stringEnd(body, i)
			continue
		case c == '}' || c == ']':
			if last >= 0 && body[last] == ',' && before >= 0 && bytes.IndexByte([]byte("{[:,"), body[before]) < 0 {
				p.trailing[i] = last
				p.bytes[last] = ' '
			}
		}
		before, last = last, i
	}
	return p, p.valid()
}

// commentEnd returns where the comment that opens at start ends. The line end is
// not part of a comment.
func commentEnd(body []byte, start int) (int, error) {
	rest := body[start+2:]
	if body[start+1] == '/' {
		if i := bytes.IndexAny(rest, "\r\n"); i >= 0 {
			return start + 2 + i, nil
		}
		return len(body), nil
	}
	i := bytes.Index(rest, []byte("*/"))
	if i < 0 {
		return 0, problemAt(start, "a comment is not closed")
	}
	return start + 2 + i + 2, nil
}

// stringEnd returns the place of the quote that closes the string at start, or the
// last byte of a document that ends before.
func stringEnd(body []byte, start int) int {
	for i := start + 1; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(body) - 1
}

func blank(b []byte) {
	for i, c := range b {
		if c != '\n' && c != '\r' {
			b[i] = ' '
		}
	}
}

func (p plainJSON) isEmpty() bool {
	return len(bytes.Trim(p.bytes, jsonSpace)) == 0
}

func (p plainJSON) valid() error {
	if p.isEmpty() {
		return nil
	}
	var raw json.RawMessage
	err := json.Unmarshal(p.bytes, &raw)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		// Offset counts the bytes that were read, the faulty one among them.
		return problemAt(max(int(syntax.Offset)-1, 0), "not valid JSON: %s", syntax)
	}
	return err
}

func (p plainJSON) parse() (hujson.Value, error) {
	return hujson.Parse(p.bytes)
}

// inLineComment reports whether the byte at offset of body is part of a comment that ends with its line.
func (p plainJSON) inLineComment(body []byte, offset int) bool {
	return slices.ContainsFunc(p.comments, func(c span) bool {
		return c.start <= offset && offset < c.end && body[c.start+1] == '/'
	})
}
