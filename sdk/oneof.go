package sdk

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
)

// OneOf is an argument that may be either of two types, such as a default value
// that is a text or a number: its schema is an anyOf of both. Nest it for more:
// OneOf[string, OneOf[float64, bool]].
type OneOf[A, B any] struct {
	// Raw is the value as given.
	Raw json.RawMessage
}

// UnmarshalJSON keeps the value as it is: the host has checked it against the schema.
func (o *OneOf[A, B]) UnmarshalJSON(data []byte) error {
	o.Raw = slices.Clone(data)
	return nil
}

// MarshalJSON writes the value as it was given.
func (o OneOf[A, B]) MarshalJSON() ([]byte, error) {
	if o.Raw == nil {
		return []byte("null"), nil
	}
	return o.Raw, nil
}

func (OneOf[A, B]) alternatives() []reflect.Type {
	var all []reflect.Type
	for _, t := range []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B]()} {
		if inner, ok := oneOf(t); ok {
			all = append(all, inner...)
		} else {
			all = append(all, t)
		}
	}
	return all
}

// oneOf are the alternatives of a OneOf type.
func oneOf(t reflect.Type) ([]reflect.Type, bool) {
	o, ok := reflect.New(t).Interface().(interface{ alternatives() []reflect.Type })
	if !ok {
		return nil, false
	}
	return o.alternatives(), true
}

// alternativeSchemas turns the schema of a OneOf into an anyOf.
func alternativeSchemas(types []reflect.Type, s *jsonschema.Schema, path string) error {
	*s = jsonschema.Schema{Description: s.Description}
	for _, t := range types {
		one, err := typeSchema(t, path)
		if err != nil {
			return err
		}
		s.AnyOf = append(s.AnyOf, one)
	}
	return nil
}
