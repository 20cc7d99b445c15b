package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Object is a JSON object whose members keep their order and whose values keep
// their text: what Auth0 sends that this code does not know, nulls, empty arrays and
// numbers beyond 2^53 survive reading, projecting and writing.
type Object []Member

// Member is one member of an [Object].
type Member struct {
	Name  string
	Value json.RawMessage
}

// ParseObject reads a JSON object. The values are parts of data: do not change it afterwards.
func ParseObject(data []byte) (Object, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	var p parser
	return p.object(&splitter{data: data})
}

// ParseObjects reads a JSON array of objects, as [ParseObject] reads each.
func ParseObjects(data []byte) ([]Object, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	return parseObjects(data)
}

// Objects is the value of a member that is an array of objects, as [ParseObjects] reads it, without checking again
// what was checked when o was read.
func (o Object) Objects(name string) ([]Object, error) {
	value, ok := o.Get(name)
	if !ok {
		return nil, fmt.Errorf("there is no member %q", name)
	}
	return parseObjects(value)
}

// UnmarshalJSON reads any JSON object.
func (o *Object) UnmarshalJSON(data []byte) (err error) {
	*o, err = ParseObject(bytes.Clone(data))
	return err
}

// MarshalJSON writes the members in their order.
func (o Object) MarshalJSON() ([]byte, error) { return o.appendTo(nil), nil }

// size is how many bytes the object has as JSON, unless a name has characters that are escaped.
func (o Object) size() int {
	size := len(`{}`) + max(0, len(o)-1)
	for _, m := range o {
		size += len(m.Name) + len(`"":`) + len(m.Value)
	}
	return size
}

func (o Object) appendTo(out []byte) []byte {
	out = append(slices.Grow(out, o.size()), '{')
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(appendText(out, m.Name), ':'), m.Value...)
	}
	return append(out, '}')
}

// appendText writes a JSON string. Bytes that are not UTF-8 become U+FFFD, as in encoding/json.
func appendText(out []byte, text string) []byte {
	out, _ = jsontext.AppendQuote(out, text) // the error reports such bytes
	return out
}

// sizeOf is how many bytes a list has as JSON, as in size.
func sizeOf(objects []Object) int {
	size := len(`[]`) + len(objects)
	for _, o := range objects {
		size += o.size()
	}
	return size
}

func appendObjects(out []byte, objects []Object) []byte {
	out = append(slices.Grow(out, sizeOf(objects)), '[')
	for i, o := range objects {
		if i > 0 {
			out = append(out, ',')
		}
		out = o.appendTo(out)
	}
	return append(out, ']')
}

// Get is the value of a member; false if there is none.
func (o Object) Get(name string) (json.RawMessage, bool) {
	i := slices.IndexFunc(o, func(m Member) bool { return m.Name == name })
	if i < 0 {
		return nil, false
	}
	return o[i].Value, true
}

// Text is the value of a member that is a string; "" otherwise.
func (o Object) Text(name string) string {
	value, _ := o.Get(name)
	if isPlain(value) {
		return string(value[1 : len(value)-1])
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// Pick keeps the named members, in the object's order.
func (o Object) Pick(names ...string) Object {
	return o.keep(func(name string) bool { return slices.Contains(names, name) })
}

// Without drops the named members.
func (o Object) Without(names ...string) Object {
	return o.keep(func(name string) bool { return !slices.Contains(names, name) })
}

func (o Object) keep(wanted func(name string) bool) Object {
	kept := make(Object, 0, len(o))
	for _, m := range o {
		if wanted(m.Name) {
			kept = append(kept, m)
		}
	}
	return kept
}

// With adds a member at the end. value must be encodable as JSON.
func (o Object) With(name string, value any) (Object, error) {
	raw, err := encodeParts(value)
	if err != nil {
		return nil, err
	}
	return append(append(make(Object, 0, len(o)+1), o...), Member{Name: name, Value: raw}), nil
}
