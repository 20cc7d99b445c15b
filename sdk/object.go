package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
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

// UnmarshalJSON reads any JSON object.
func (o *Object) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return fmt.Errorf("want a JSON object, not %.20q", data)
	}
	*o = nil
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		*o = append(*o, Member{Name: name.(string), Value: value})
	}
	return nil
}

// MarshalJSON writes the members in their order.
func (o Object) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			buf.WriteByte(',')
		}
		name, err := encode(m.Name)
		if err != nil {
			return nil, err
		}
		buf.Write(name)
		buf.WriteByte(':')
		buf.Write(m.Value)
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
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
