package pluginv1

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// manifestReader reads a manifest once, from its beginning to its end: each start of the host reads all of them. Its
// errors say where, as in "tools[0].scopes".
type manifestReader struct {
	data  []byte
	dec   *jsontext.Decoder // of data
	texts []string          // of the list being read
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
// encoding/json, which also takes another case. Only display objects may have others.
func (r *manifestReader) members(out any) error {
	value := reflect.ValueOf(out).Elem()
	fields := manifestFields()[value.Type()]
	_, open := out.(*Display)
	if _, err := r.token(jsontext.KindBeginObject, "an object"); err != nil {
		return err
	}
	for r.dec.PeekKind() == jsontext.KindString {
		quoted, err := r.dec.ReadValue()
		if err != nil {
			return err
		}
		field, known := fields[string(quoted[1:len(quoted)-1])]
		if !known && bytes.IndexByte(quoted, '\\') >= 0 {
			field, known = fields[unquote(quoted)]
		}
		switch {
		case known:
			err = r.member(value.Field(field).Addr().Interface())
		case open:
			err = r.dec.SkipValue()
		default:
			err = &UnknownMemberError{where(r.dec.StackPointer().Parent()), unquote(quoted)}
		}
		if err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// unquote is the text of a string that the decoder has read.
func unquote(quoted []byte) string {
	text, _ := jsontext.AppendUnquote(nil, quoted) // it was checked when it was read
	return string(text)
}

// where is a place in a manifest, as in "tools[0].scopes"; empty at the top.
func where(p jsontext.Pointer) string {
	var out strings.Builder
	for step := range p.Tokens() {
		switch _, err := strconv.Atoi(step); {
		case err == nil:
			out.WriteString("[" + step + "]")
		case out.Len() > 0:
			out.WriteString("." + step)
		default:
			out.WriteString(step)
		}
	}
	return out.String()
}

// at is where the value is that was read last.
func (r *manifestReader) at() string { return where(r.dec.StackPointer()) }

func (r *manifestReader) member(field any) error {
	switch field := field.(type) {
	case *json.RawMessage:
		raw, err := r.raw()
		*field = raw
		return err
	case *Display:
		return r.display(field)
	case *[]ToolManifest:
		*field = make([]ToolManifest, 0, 8) // as most have, at most
		return r.list(jsontext.KindBeginObject, "a list of objects", func() error {
			*field = append(*field, ToolManifest{})
			return r.members(&(*field)[len(*field)-1])
		})
	case *[]string:
		r.texts = r.texts[:0]
		err := r.list(jsontext.KindString, "a list of texts", func() error {
			token, err := r.dec.ReadToken()
			r.texts = append(r.texts, token.String())
			return err
		})
		*field = append(make([]string, 0, len(r.texts)), r.texts...)
		return err
	case *string:
		token, err := r.token(jsontext.KindString, "a text")
		*field = token.String()
		return err
	case *Effect:
		token, err := r.token(jsontext.KindString, "a text")
		*field = Effect(token.String())
		return err
	}
	raw, err := r.raw()
	if err != nil {
		return err
	}
	if flag, ok := field.(*bool); ok && string(raw) == "true" {
		*flag = true
		return nil
	}
	if err := json.Unmarshal(raw, field); err != nil {
		return fmt.Errorf("%s: %w", r.at(), err)
	}
	return nil
}

func (r *manifestReader) display(field *Display) error {
	before := r.dec.InputOffset() // the end of the member's name
	if err := r.members(field); err != nil {
		return err
	}
	size := len(bytes.TrimLeft(r.data[before:r.dec.InputOffset()], ": \t\r\n"))
	if size > MaxDisplayBytes {
		return fmt.Errorf("%s has %d bytes: at most %d are allowed", r.at(), size, MaxDisplayBytes)
	}
	return nil
}

// list reads a list whose items are all of one kind.
func (r *manifestReader) list(kind jsontext.Kind, words string, item func() error) error {
	if _, err := r.token(jsontext.KindBeginArray, words); err != nil {
		return err
	}
	for r.dec.PeekKind() == kind {
		if err := item(); err != nil {
			return err
		}
	}
	if end, err := r.dec.ReadToken(); err != nil || end.Kind() == jsontext.KindEndArray {
		return err
	}
	return fmt.Errorf("%s: want %s", where(r.dec.StackPointer().Parent()), words)
}

// token reads a token, which must be of that kind.
func (r *manifestReader) token(want jsontext.Kind, words string) (jsontext.Token, error) {
	token, err := r.dec.ReadToken()
	switch {
	case err != nil:
		return jsontext.Token{}, err
	case token.Kind() == want:
		return token, nil
	case r.at() == "":
		return jsontext.Token{}, errors.New("not a JSON object")
	case token.Kind() == jsontext.KindNull:
		return jsontext.Token{}, isNull(r.at())
	}
	return jsontext.Token{}, fmt.Errorf("%s: want %s", r.at(), words)
}

// raw reads a value, whatever it is but null.
func (r *manifestReader) raw() ([]byte, error) {
	value, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	if value.Kind() == jsontext.KindNull {
		return nil, isNull(r.at())
	}
	// The decoder's own value is valid only until it reads on.
	end := int(r.dec.InputOffset())
	return r.data[end-len(value) : end : end], nil
}

func isNull(at string) error { return fmt.Errorf("%s is null: leave it out", at) }
