package redact

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
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

func fieldOf(path [][]byte) string {
	var names []string
	for _, quoted := range path {
		var name string
		if quoted[0] != '"' {
			names = append(names, string(quoted)) // a position
			continue
		}
		if json.Unmarshal(quoted, &name) != nil {
			break
		}
		names = append(names, name)
	}
	return strings.Join(names, ".")
}

// characters is the length of a JSON string.
func characters(quoted []byte) int {
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return len(quoted) // cannot happen in a valid document
	}
	return utf8.RuneCountInString(s)
}
