package jsondoc

import (
	"bytes"
	"encoding/json"
)

// Encode does what json.Marshal does, and leaves <, > and & alone: written as escapes, each would take six bytes of
// what a model reads.
func Encode(value any) (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// Text returns a text as JSON.
func Text(text string) json.RawMessage {
	out, _ := Encode(text) // a string can always be encoded
	return out
}

// Object joins members to an object, in their order. It is what [Fields] splits.
func Object(fields []Field) json.RawMessage {
	out := []byte{'{'}
	for i, f := range fields {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, Text(f.Name)...), ':'), f.Value...)
	}
	return append(out, '}')
}

// Array joins items to an array. It is what [Items] splits.
func Array(items []json.RawMessage) json.RawMessage {
	out := []byte{'['}
	for i, item := range items {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, item...)
	}
	return append(out, ']')
}
