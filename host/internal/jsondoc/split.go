package jsondoc

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Field is a member of an object whose value is not decoded.
type Field struct {
	Name  string
	Value json.RawMessage
}

// Fields splits an object into its members, in their order. Their values are part of data. The error is an [*Error].
func Fields(data []byte) ([]Field, error) {
	var fields []Field
	err := split(data, '{', func(s *scanner) (byte, error) {
		if s.peek() != '"' {
			return 0, errSyntax
		}
		name, err := s.name()
		if err != nil {
			return 0, err
		}
		if !s.pass(':') {
			return 0, errSyntax
		}
		value, err := s.raw()
		fields = append(fields, Field{name, value})
		return '}', err
	})
	return fields, err
}

// Items splits an array into its items. They are part of data. The error is an [*Error].
func Items(data []byte) ([]json.RawMessage, error) {
	// At most as many as there are commas, which spares a long list its growth.
	items := make([]json.RawMessage, 0, min(bytes.Count(data, []byte(",")), DefaultValues)+1)
	err := split(data, '[', func(s *scanner) (byte, error) {
		value, err := s.raw()
		items = append(items, value)
		return ']', err
	})
	return items, err
}

// split passes a container; each passes one of its members, and says what ends them.
func split(data []byte, begin byte, each func(*scanner) (end byte, err error)) error {
	s := &scanner{data: data, rules: Rules{Depth: DefaultDepth, Values: DefaultValues}}
	if !s.pass(begin) {
		return &Error{Problem: "not the wanted kind of container"}
	}
	// '[' and ']', '{' and '}' are two apart.
	if s.pass(begin + 2) {
		return nil
	}
	for {
		end, err := each(s)
		if err == nil && s.pass(end) {
			return nil
		}
		if err == nil && !s.pass(',') {
			err = errSyntax
		}
		if errors.Is(err, errSyntax) {
			return syntaxError(data)
		}
		if err != nil {
			return err
		}
	}
}

// raw passes a value and returns its text.
func (s *scanner) raw() (json.RawMessage, error) {
	s.peek()
	start := s.pos
	_, err := s.value(1)
	return json.RawMessage(s.data[start:s.pos]), err
}
