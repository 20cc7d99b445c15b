package sdk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	dec := decoder(data)
	o, err := readObject(dec, data)
	if err != nil {
		return nil, err
	}
	return o, ended(dec)
}

// ParseObjects reads a JSON array of objects, as [ParseObject] reads each.
func ParseObjects(data []byte) ([]Object, error) {
	dec := decoder(data)
	if kind := dec.PeekKind(); kind != '[' {
		return nil, fmt.Errorf("want a JSON array, not %.20q", data)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	objects := []Object{}
	for dec.PeekKind() != ']' {
		o, err := readObject(dec, data)
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	return objects, ended(dec)
}

// decoder reads data without copying it. What Auth0 sends is not refused for a name given twice or for bytes that are
// not UTF-8: the host does that where it matters.
func decoder(data []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

func ended(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return cmp.Or(err, errors.New("more than one JSON value"))
	}
	return nil
}

// readObject reads the next object of a decoder of data.
func readObject(dec *jsontext.Decoder, data []byte) (Object, error) {
	if kind := dec.PeekKind(); kind != '{' {
		rest := data[dec.InputOffset():]
		return nil, fmt.Errorf("want a JSON object, not %.20q", rest)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	var o Object
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		member := Member{Name: name.String()}
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		end := int(dec.InputOffset())
		// The decoder's own slice is valid until it goes on.
		member.Value = json.RawMessage(data[end-len(value) : end : end])
		if o == nil {
			o = make(Object, 0, usualMembers)
		}
		o = append(o, member)
	}
	_, err := dec.ReadToken()
	return o, err
}

// usualMembers is how many members an object of the Management API often has.
const usualMembers = 16

// UnmarshalJSON reads any JSON object.
func (o *Object) UnmarshalJSON(data []byte) (err error) {
	*o, err = ParseObject(bytes.Clone(data))
	return err
}

// MarshalJSON writes the members in their order.
func (o Object) MarshalJSON() ([]byte, error) { return o.appendTo(nil), nil }

func (o Object) appendTo(out []byte) []byte {
	size := 2
	for _, m := range o {
		size += len(m.Name) + len(m.Value) + 4
	}
	out = append(slices.Grow(out, size), '{')
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

func appendObjects(out []byte, objects []Object) []byte {
	out = append(out, '[')
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
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// Pick keeps the named members, in the object's order.
func (o Object) Pick(names ...string) Object {
	return slices.DeleteFunc(slices.Clone(o), func(m Member) bool { return !slices.Contains(names, m.Name) })
}

// Without drops the named members.
func (o Object) Without(names ...string) Object {
	return slices.DeleteFunc(slices.Clone(o), func(m Member) bool { return slices.Contains(names, m.Name) })
}

// With adds a member at the end. value must be encodable as JSON.
func (o Object) With(name string, value any) (Object, error) {
	raw, err := encode(value)
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(o), Member{Name: name, Value: raw}), nil
}
