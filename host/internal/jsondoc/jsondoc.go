// Package jsondoc reads JSON that must mean the same to every reader, and gives documents one canonical form.
//
// Readers of JSON disagree about members given twice, invalid UTF-8, halves of surrogate pairs and huge numbers (RFC
// 8259, sections 4, 6, 8 and 9; RFC 7493). What is reviewed by one program and carried out by another must not depend
// on that, so such documents are refused. So are those that cost a reader far more than their size suggests.
package jsondoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

const (
	// DefaultDepth is far above what Auth0's deepest documents (form nodes) need and far below what makes a recursive
	// reader slow.
	DefaultDepth = 64
	// DefaultValues limits the work of validation: one MiB could hold half a million values.
	DefaultValues = 50_000

	// maxNumberBytes and maxExponent limit what exact arithmetic costs: 1e999999 is eight bytes long and has a million
	// digits. No float64 is longer.
	maxNumberBytes = 400
	maxExponent    = 400
)

// Error is why a document was refused.
type Error struct {
	// Path leads to the value that is at fault; empty for the document as a whole.
	Path Path
	// Problem says what is wrong, such as "the key is given twice". It quotes no value of the document.
	Problem string
	// Syntax: the text is no JSON at all (RFC 8259), in any reader's opinion.
	Syntax bool
}

func (e *Error) Error() string {
	if len(e.Path) == 0 {
		return e.Problem
	}
	return e.Path.String() + ": " + e.Problem
}

// Rules are what a document must keep to, beyond being JSON that all readers read alike. The zero value holds for the
// arguments of tools and for manifests, and is what [Check] and [Decode] go by.
type Rules struct {
	// Depth is how deep values may be nested, Values how many there may be; zero: DefaultDepth and DefaultValues.
	Depth, Values int
	// AnyCase reports whether the object at path may be read by a program that ignores the case of names, as
	// encoding/json does where it decodes into a struct. In such an object two names that differ only in case count as
	// the same name. Nil: none may. The path is only valid during the call.
	AnyCase func(path Path) bool
}

// Check returns nil if data is one JSON document within the rules, else an [*Error]. It keeps no part of the document
// in memory but the names in the objects that it is inside of.
func (r Rules) Check(data []byte) error {
	_, err := r.scan(data, false)
	return err
}

// Check is [Rules.Check] by the default rules.
func Check(data []byte) error { return Rules{}.Check(data) }

// Decode decodes one JSON document into nil, bool, json.Number, string, []any and map[string]any. The error is an
// [*Error] if the document is not within the default [Rules].
func Decode(data []byte) (any, error) { return Rules{}.scan(data, true) }

// Canonical returns the one form of a document within the default [Rules]: members sorted by the bytes of their
// names, no white space, characters escaped as encoding/json does without HTML escaping. Two documents have the same
// form if and only if they differ at most in white space, the order of members and the escaping of characters.
//
// Numbers stay as they are written: 1, 1.0 and 1e0 differ, although most readers take them for the same. To unite them
// would need the precision that a reader computes with, and readers differ in that; what is taken for a different
// document by mistake is asked about again, what is taken for the same is not.
func Canonical(data []byte) ([]byte, error) {
	value, err := Decode(data)
	if err != nil {
		return nil, err
	}
	out, err := Encode(value)
	if err != nil {
		return nil, fmt.Errorf("writing the canonical form of a JSON document: %w", err)
	}
	return out, nil
}

// scan reads the document once; keep says whether its value is wanted.
func (r Rules) scan(data []byte, keep bool) (any, error) {
	if r.Depth <= 0 {
		r.Depth = DefaultDepth
	}
	if r.Values <= 0 {
		r.Values = DefaultValues
	}
	if !utf8.Valid(data) {
		return nil, &Error{Problem: "not valid UTF-8", Syntax: true}
	}
	s := scanner{data: data, rules: r, keep: keep}
	value, err := s.value(0)
	if s.peek(); err == nil && s.pos < len(data) {
		err = errSyntax
	}
	if errors.Is(err, errSyntax) {
		return nil, syntaxError(data)
	}
	return value, err
}

// syntaxError says where a text stops being JSON, without quoting it.
func syntaxError(data []byte) *Error {
	if len(bytes.TrimSpace(data)) == 0 {
		return &Error{Problem: "empty, not a JSON document", Syntax: true}
	}
	var discard json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(data, &discard), &syntax) {
		return &Error{Problem: fmt.Sprintf("not valid JSON at byte %d", syntax.Offset), Syntax: true}
	}
	return &Error{Problem: "not valid JSON", Syntax: true}
}
