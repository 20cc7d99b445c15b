package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

const (
	// maxJSONDepth is far above what Auth0's deepest documents (form nodes) need
	// and far below what makes a recursive reader slow.
	maxJSONDepth = 64
	// maxJSONValues limits the work of validation: one MiB could hold half a
	// million values.
	maxJSONValues = 50_000
	// maxNumberBytes and maxExponent limit what exact arithmetic costs: 1e999999
	// is eight bytes long and has a million digits. No float64 is longer.
	maxNumberBytes = 400
	maxExponent    = 400
)

// jsonFaultError is why decodeStrict refused a document, and where.
type jsonFaultError struct {
	at      location
	problem string
}

func (f *jsonFaultError) Error() string {
	if len(f.at) == 0 {
		return f.problem
	}
	return f.at.String() + ": " + f.problem
}

// decodeStrict decodes one JSON document into nil, bool, json.Number, string,
// []any and map[string]any. Beyond encoding/json it refuses invalid UTF-8,
// duplicate keys (a person who reviews the first would not see that the second
// counts), more than maxJSONDepth levels or maxJSONValues values, and numbers
// that are costly to compute with. The error is a *jsonFaultError.
func decodeStrict(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, &jsonFaultError{problem: "not valid UTF-8"}
	}
	if !json.Valid(data) {
		return nil, syntaxFault(data)
	}
	r := treeReader{data: data}
	return r.value(0)
}

// CheckStrict says why data is not one JSON document that every reader understands
// alike; nil if it is.
func CheckStrict(data []byte) error {
	_, err := decodeStrict(data)
	return err
}

func syntaxFault(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return &jsonFaultError{problem: "empty, not a JSON document"}
	}
	var discard json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(data, &discard); errors.As(err, &syntax) {
		return &jsonFaultError{problem: fmt.Sprintf("not valid JSON at byte %d", syntax.Offset)}
	}
	return &jsonFaultError{problem: "not valid JSON"}
}

// treeReader reads a document that json.Valid has accepted, so it need not look
// for syntax errors. It is faster than json.Decoder's tokens, which matters for
// the manifests: they are read before initialize is answered.
type treeReader struct {
	data   []byte
	pos    int
	values int
	at     location
}

func (r *treeReader) value(depth int) (any, error) {
	r.values++
	if r.values > maxJSONValues {
		return nil, &jsonFaultError{problem: fmt.Sprintf("more than %d values", maxJSONValues)}
	}
	if depth > maxJSONDepth {
		return nil, r.fault(fmt.Sprintf("nested deeper than %d levels", maxJSONDepth))
	}
	switch r.skipSpace() {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		return r.text()
	case 't':
		r.pos += len("true")
		return true, nil
	case 'f':
		r.pos += len("false")
		return false, nil
	case 'n':
		r.pos += len("null")
		return nil, nil
	default:
		return r.number()
	}
}

func (r *treeReader) object(depth int) (any, error) {
	object := map[string]any{}
	r.pos++
	for r.skipSpace() != '}' {
		if r.data[r.pos] == ',' {
			r.pos++
			r.skipSpace()
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		r.at = append(r.at, keyStep(key))
		if _, twice := object[key]; twice {
			return nil, r.fault("the key is given twice")
		}
		r.skipSpace()
		r.pos++ // the colon
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		object[key] = v
		r.at = r.at[:len(r.at)-1]
	}
	r.pos++
	return object, nil
}

func (r *treeReader) array(depth int) (any, error) {
	array := []any{}
	r.pos++
	for r.skipSpace() != ']' {
		if r.data[r.pos] == ',' {
			r.pos++
		}
		r.at = append(r.at, indexStep(len(array)))
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
		r.at = r.at[:len(r.at)-1]
	}
	r.pos++
	return array, nil
}

func (r *treeReader) text() (string, error) {
	start, escaped := r.pos, false
	for r.pos++; r.data[r.pos] != '"'; r.pos++ {
		if r.data[r.pos] == '\\' {
			escaped = true
			r.pos++
		}
	}
	r.pos++
	literal := r.data[start:r.pos]
	if !escaped {
		return string(literal[1 : len(literal)-1]), nil
	}
	var s string
	if err := json.Unmarshal(literal, &s); err != nil {
		return "", r.fault("a string that cannot be decoded")
	}
	return s, nil
}

func (r *treeReader) number() (any, error) {
	start := r.pos
	for r.pos < len(r.data) && isNumberByte(r.data[r.pos]) {
		r.pos++
	}
	literal := string(r.data[start:r.pos])
	if len(literal) > maxNumberBytes {
		return nil, r.fault(fmt.Sprintf("a number of more than %d characters", maxNumberBytes))
	}
	for i := range len(literal) {
		if literal[i] != 'e' && literal[i] != 'E' {
			continue
		}
		exponent, err := strconv.Atoi(literal[i+1:])
		if err != nil || exponent > maxExponent || exponent < -maxExponent {
			return nil, r.fault(fmt.Sprintf("a number with an exponent beyond %d", maxExponent))
		}
	}
	return json.Number(literal), nil
}

func isNumberByte(c byte) bool {
	return isDigit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

func (r *treeReader) skipSpace() byte {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

func (r *treeReader) fault(problem string) error {
	return &jsonFaultError{at: append(location(nil), r.at...), problem: problem}
}

func sortedKeys(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
