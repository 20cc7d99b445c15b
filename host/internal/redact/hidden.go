package redact

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// Hidden is how much of a document is hidden, by field: the names above the value, joined
// by dots, and not quoted; in a list the position from 0; "" is the document itself.
type Hidden map[string]Count

// Count is a number of characters that are hidden in one value.
type Count struct {
	// Members are those of members whose names say that they are secrets.
	Members int
	// InTexts are those that look like secrets, in texts of which the rest is shown, such
	// as the source of an action. They may be code.
	InTexts int
}

// Sum is how many characters are hidden.
func (c Count) Sum() int { return c.Members + c.InTexts }

func (c Count) and(d Count) Count { return Count{c.Members + d.Members, c.InTexts + d.InTexts} }

// In is what is hidden in a field and below it.
func (h Hidden) In(field string) Count {
	var sum Count
	for name, count := range h {
		if name == field || field == "" || strings.HasPrefix(name, field+".") {
			sum = sum.and(count)
		}
	}
	return sum
}

func fieldOf(path []step) string {
	names := make([]string, len(path))
	for i, one := range path {
		names[i] = strconv.Itoa(one.item)
		if one.name != nil {
			names[i] = unquoted(one.name)
		}
	}
	return strings.Join(names, ".")
}

// namesOf are the names that lead somewhere, without the positions of items.
func namesOf(path []step) (names []string) {
	for _, one := range path {
		if one.name != nil {
			names = append(names, unquoted(one.name))
		}
	}
	return names
}

// lastName is the name of the nearest member above a value, or its own.
func lastName(path []step) string {
	for _, one := range slices.Backward(path) {
		if one.name != nil {
			return unquoted(one.name)
		}
	}
	return ""
}

// unquoted is a string of a valid document.
func unquoted(quoted []byte) string { return string(unquotedBytes(quoted)) }

// unquotedBytes is a string of a valid document. It may be part of it.
func unquotedBytes(quoted []byte) []byte {
	if plain := quoted[1 : len(quoted)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return plain
	}
	return jsondoc.Unquote(quoted)
}
