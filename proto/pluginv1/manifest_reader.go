package pluginv1

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// manifestReader reads a manifest once, from its beginning to its end: each start of the host reads all of them.
type manifestReader struct {
	data []byte
	dec  *jsontext.Decoder // of data
}

// manifestFields are the indices of the fields of each object, by the name of the member.
var manifestFields = sync.OnceValue(func() map[reflect.Type]map[string]int {
	of := map[reflect.Type]map[string]int{}
	for _, object := range []any{Manifest{}, ToolManifest{}, Display{}} {
		t := reflect.TypeOf(object)
		of[t] = map[string]int{}
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			of[t][name] = i
		}
	}
	return of
})

// members reads an object into the struct that out points to, each member into the field of exactly that name, unlike
// encoding/json, which also takes another case. Only display objects may have others. at is where the object stands.
func (r manifestReader) members(at string, out any) error {
	value := reflect.ValueOf(out).Elem()
	fields := manifestFields()[value.Type()]
	_, open := out.(*Display)
	if _, err := r.token(at, jsontext.KindBeginObject, "an object"); err != nil {
		return err
	}
	for r.dec.PeekKind() == jsontext.KindString {
		token, err := r.dec.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		field, known := fields[name]
		switch {
		case known:
			err = r.member(strings.TrimPrefix(at+"."+name, "."), value.Field(field).Addr().Interface())
		case open:
			err = r.dec.SkipValue()
		default:
			err = &UnknownMemberError{at, name}
		}
		if err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

func (r manifestReader) member(at string, field any) error {
	switch field := field.(type) {
	case *json.RawMessage:
		raw, err := r.raw(at)
		*field = raw
		return err
	case *Display:
		before := r.dec.InputOffset() // the end of the member's name
		err := r.members(at, field)
		size := len(bytes.TrimLeft(r.data[before:r.dec.InputOffset()], ": \t\r\n"))
		if err == nil && size > MaxDisplayBytes {
			err = fmt.Errorf("%s has %d bytes: at most %d are allowed", at, size, MaxDisplayBytes)
		}
		return err
	case *[]ToolManifest:
		*field = []ToolManifest{}
		return r.list(at, jsontext.KindBeginObject, "a list of objects", func() error {
			*field = append(*field, ToolManifest{})
			last := len(*field) - 1
			return r.members(fmt.Sprintf("%s[%d]", at, last), &(*field)[last])
		})
	case *[]string:
		*field = []string{}
		return r.list(at, jsontext.KindString, "a list of texts", func() error {
			token, err := r.dec.ReadToken()
			*field = append(*field, token.String())
			return err
		})
	case *string:
		token, err := r.token(at, jsontext.KindString, "a text")
		*field = token.String()
		return err
	}
	raw, err := r.raw(at)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, field); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

// list reads a list whose items are all of one kind.
func (r manifestReader) list(at string, kind jsontext.Kind, words string, item func() error) error {
	if _, err := r.token(at, jsontext.KindBeginArray, words); err != nil {
		return err
	}
	for r.dec.PeekKind() == kind {
		if err := item(); err != nil {
			return err
		}
	}
	_, err := r.token(at, jsontext.KindEndArray, words)
	return err
}

// token reads a token, which must be of that kind.
func (r manifestReader) token(at string, want jsontext.Kind, words string) (jsontext.Token, error) {
	token, err := r.dec.ReadToken()
	switch {
	case err != nil:
		return jsontext.Token{}, err
	case token.Kind() == want:
		return token, nil
	case at == "":
		return jsontext.Token{}, errors.New("not a JSON object")
	case token.Kind() == jsontext.KindNull:
		return jsontext.Token{}, isNull(at)
	}
	return jsontext.Token{}, fmt.Errorf("%s: want %s", at, words)
}

// raw reads a value, whatever it is but null.
func (r manifestReader) raw(at string) ([]byte, error) {
	value, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	if value.Kind() == jsontext.KindNull {
		return nil, isNull(at)
	}
	// The decoder's own value is valid only until it reads on.
	end := int(r.dec.InputOffset())
	return r.data[end-len(value) : end : end], nil
}

func isNull(at string) error { return fmt.Errorf("%s is null: leave it out", at) }
