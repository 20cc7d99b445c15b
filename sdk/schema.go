package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is the JSON schema (draft 2020-12) of a tool's arguments, made from the
// struct In. A field without omitempty is required. The tag jsonschema:"…" is a
// field's description; the tag schema:"…" takes, separated by commas:
//
//	min=N max=N      bounds of a number, or of a string's or an array's length
//	enum=a|b         the values allowed, of a string or of an array's items
//	default=V        the default, for the reader: the tool applies it
//	null             an explicit null is allowed (it clears a setting)
//	free             a map whose members are free by nature, such as metadata
//	fold             tools/list shows its type and description alone, see [InputSchema]
//
// A field of type [OneOf] takes one of several types.
//
// Every object is closed, except maps marked free. No "type" is a list: some MCP
// clients refuse a server with one, so a nullable field is an anyOf.
func Schema[In any]() (json.RawMessage, error) {
	t := reflect.TypeFor[In]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("input %s: want a struct", t)
	}
	s, err := typeSchema(t, t.Name())
	if err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

func typeSchema(t reflect.Type, path string) (*jsonschema.Schema, error) {
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{})
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", path, err)
	}
	return s, refine(t, s, path)
}

// refine walks a type and its generated schema in step: it drops the null that
// the generator gives every pointer and slice, and applies the schema tags.
func refine(t reflect.Type, s *jsonschema.Schema, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	dropNull(s)
	if types, ok := oneOf(t); ok {
		return alternativeSchemas(types, s, path)
	}
	switch t.Kind() {
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = f.Name
			}
			fs := s.Properties[name]
			if f.Anonymous || fs == nil {
				continue
			}
			at := path + "." + name
			if err := refine(f.Type, fs, at); err != nil {
				return err
			}
			if err := applyTag(f, fs, at); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Interface {
			return fmt.Errorf("%s is open: its items could be anything; give them a type", path)
		}
		return refine(t.Elem(), s.Items, path+"[]")
	case reflect.Map:
		return refine(t.Elem(), s.AdditionalProperties, path+"{}")
	}
	return nil
}

func dropNull(s *jsonschema.Schema) {
	if len(s.Types) == 2 && s.Types[0] == "null" {
		s.Type, s.Types = s.Types[1], nil
	}
}

func applyTag(f reflect.StructField, s *jsonschema.Schema, path string) error {
	tag := f.Tag.Get("schema")
	free, null, fold := false, false, false
	for option := range strings.SplitSeq(tag, ",") {
		key, value, _ := strings.Cut(option, "=")
		var err error
		switch key {
		case "":
		case "free":
			free = true
		case "null":
			null = true
		case "fold":
			fold = true
		case "min", "max":
			err = bound(s, key, value)
		case "enum":
			target := s
			if s.Items != nil {
				target = s.Items
			}
			for v := range strings.SplitSeq(value, "|") {
				target.Enum = append(target.Enum, v)
			}
		case "default":
			err = setDefault(s, value)
		default:
			err = errors.New("unknown option")
		}
		if err != nil {
			return fmt.Errorf("%s: schema tag %q: %w", path, option, err)
		}
	}
	if open := (s.Type == "" && s.AnyOf == nil) ||
		(s.Type == "object" && s.Properties == nil && f.Type.Kind() == reflect.Map); open && !free {
		return fmt.Errorf("%s is open: anything could be smuggled through it; give it a struct, or mark a map that is "+
			"free by nature with schema:\"free\"", path)
	}
	switch {
	case null && s.AnyOf != nil:
		s.AnyOf = append(s.AnyOf, &jsonschema.Schema{Type: "null"})
	case null:
		inner := *s
		inner.Description = ""
		*s = jsonschema.Schema{Description: s.Description, AnyOf: []*jsonschema.Schema{&inner, {Type: "null"}}}
	}
	if fold {
		s.Extra = map[string]any{"fold": true}
	}
	return nil
}

func bound(s *jsonschema.Schema, key, value string) error {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return err
	}
	i := int(n)
	switch {
	case s.Type == "string" && key == "min":
		s.MinLength = &i
	case s.Type == "string":
		s.MaxLength = &i
	case s.Type == "array" && key == "min":
		s.MinItems = &i
	case s.Type == "array":
		s.MaxItems = &i
	case key == "min":
		s.Minimum = &n
	default:
		s.Maximum = &n
	}
	return nil
}

func setDefault(s *jsonschema.Schema, value string) error {
	var v any = value
	if s.Type != "string" {
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(v)
	s.Default = raw
	return err
}
