package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"unicode"
)

// decodeArguments reads checked arguments into a tool's input. For a schema 1.0 and
// 1e3 are integers, for Go they are not: such numbers are read as what they are.
// The arguments themselves stay as the caller wrote them.
func decodeArguments(arguments json.RawMessage, in any) error {
	err := json.Unmarshal(arguments, in)
	if err == nil {
		return nil
	}
	if plain, ok := plainIntegers(arguments); ok {
		err = json.Unmarshal(plain, in)
	}
	var mismatch *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mismatch) && strings.HasPrefix(mismatch.Value, "number"):
		return InvalidArgument("%s: the number is larger than any that can be meant", argumentPath(mismatch.Field))
	case errors.As(err, &mismatch):
		return InvalidArgument("%s: a %s does not fit here", argumentPath(mismatch.Field), mismatch.Value)
	}
	return InvalidArgument("the arguments are not a JSON object")
}

// argumentPath drops the names of embedded structs, which no caller knows.
func argumentPath(field string) string {
	var path []string
	for name := range strings.SplitSeq(field, ".") {
		if name != "" && !unicode.IsUpper(rune(name[0])) {
			path = append(path, name)
		}
	}
	return strings.Join(path, ".")
}

// plainIntegers writes whole numbers as digits.
func plainIntegers(raw json.RawMessage) (json.RawMessage, bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	plain, err := json.Marshal(digits(v))
	return plain, err == nil
}

// maxExponentDigits keeps 1e999999999 from becoming as many digits.
const maxExponentDigits = 4

func digits(v any) any {
	switch v := v.(type) {
	case json.Number:
		if _, exponent, ok := strings.Cut(strings.ToLower(v.String()), "e"); ok && len(exponent) > maxExponentDigits {
			return v
		}
		if r, ok := new(big.Rat).SetString(v.String()); ok && r.IsInt() {
			return json.Number(r.Num().String())
		}
	case []any:
		for i := range v {
			v[i] = digits(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = digits(v[name])
		}
	}
	return v
}
