package comparison

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
)

// field is a difference without secrets.
func field(d plan.Difference) Field {
	f := Field{Field: d.Field, First: hide(d.Before), Second: hide(d.After), Items: string(hide([]byte(d.Items)))}
	f.Hidden = d.Before != nil && d.After != nil && bytes.Equal(f.First, f.Second)
	return f
}

const (
	// maxValue is how much of a value is shown, in bytes, and before how much of a text before its first difference.
	maxValue, before = 400, 80
	// maxFields is how many fields of one object are shown.
	maxFields = 40
)

// Shortened is a difference that fits into an answer. Its values must hold no secret: a cut would leave a part of it.
func (d Difference) Shortened() Difference {
	if len(d.Fields) > maxFields {
		d.More = len(d.Fields) - maxFields
		d.Fields = d.Fields[:maxFields]
	}
	fields := make([]Field, len(d.Fields))
	for i, f := range d.Fields {
		f.First, f.Second = short(f.First, f.Second), short(f.Second, f.First)
		if len(f.Items) > maxValue {
			f.Items = strings.ToValidUTF8(f.Items[:maxValue], "") + "…"
		}
		fields[i] = f
	}
	d.Fields = fields
	return d
}

// short is a value, or the part of it where it begins to differ from another.
func short(value, other json.RawMessage) json.RawMessage {
	if len(value) <= maxValue {
		return value
	}
	text, otherText := asText(value), asText(other)
	same := 0
	for same < min(len(text), len(otherText)) && text[same] == otherText[same] {
		same++
	}
	from := max(0, same-before)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	cut := text[from:]
	head, tail := "", ""
	if from > 0 {
		head = "…"
	}
	if len(cut) > maxValue {
		cut, tail = strings.ToValidUTF8(cut[:maxValue], ""), "…"
	}
	return jsondoc.Text(fmt.Sprintf("%s%s%s (of %d bytes)", head, cut, tail, len(text)))
}

func asText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}
