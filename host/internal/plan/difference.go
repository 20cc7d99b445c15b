package plan

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// Difference is one value that a change changes.
type Difference struct {
	// Field is the way to the value, members joined by dots.
	Field string `json:"field"`
	// Before and After are absent if there was, or is, no such value.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Differences are the values that differ between Before and After, sorted by their
// fields; lists count as one value. Secrets are compared as they are and shown
// hidden by hide. Without a Before, all of After is new. When a thing was last
// changed is no difference of its own, unless the request sets it.
func (c Change) Differences(hide func([]byte) ([]byte, error)) ([]Difference, error) {
	before, shownBefore, err := bothForms(c.Before, hide)
	if err != nil {
		return nil, err
	}
	after, shownAfter, err := bothForms(c.After, hide)
	if err != nil {
		return nil, err
	}
	var found []Difference
	if err := compare(&found, "", [4]any{before, after, shownBefore, shownAfter}); err != nil {
		return nil, err
	}
	if _, sets := members(c.Body)[changedAt]; !sets {
		found = slices.DeleteFunc(found, func(d Difference) bool { return d.Field == changedAt })
	}
	return found, nil
}

// Reported are the differences that a change made: not what Auth0's answer merely
// leaves out.
func (c Change) Reported(hide func([]byte) ([]byte, error)) ([]Difference, error) {
	found, err := c.Differences(hide)
	sent, answered := members(c.Body), members(c.After)
	return slices.DeleteFunc(found, func(d Difference) bool {
		name, _, _ := strings.Cut(d.Field, ".")
		_, isSent := sent[name]
		_, isAnswered := answered[name]
		return c.After != nil && !isSent && !isAnswered
	}), err
}

// changedAt is the member with the time of a thing's last change.
const changedAt = "updated_at"

// bothForms are a document as it is and as it may be shown.
func bothForms(doc json.RawMessage, hide func([]byte) ([]byte, error)) (plain, shown any, err error) {
	if doc == nil {
		return absent{}, absent{}, nil
	}
	redacted, err := hide(doc)
	if err != nil {
		return nil, nil, err
	}
	if plain, err = decode(doc); err != nil {
		return nil, nil, err
	}
	shown, err = decode(redacted)
	return plain, shown, err
}

// absent is the value of a member that is not there.
type absent struct{}

// compare takes before, after, and both as they may be shown.
func compare(found *[]Difference, field string, sides [4]any) error {
	before, isObject := sides[0].(map[string]any)
	after, alsoObject := sides[1].(map[string]any)
	if sides[0] == (absent{}) && field == "" {
		isObject = true // nothing there before: every member is new
	}
	if !isObject || !alsoObject {
		return compareValues(found, field, sides)
	}
	names := slices.Collect(func(yield func(string) bool) {
		for name := range before {
			if !yield(name) {
				return
			}
		}
		for name := range after {
			if _, both := before[name]; !both && !yield(name) {
				return
			}
		}
	})
	slices.Sort(names)
	shownBefore, _ := sides[2].(map[string]any)
	shownAfter, _ := sides[3].(map[string]any)
	for _, name := range names {
		below := [4]any{member(before, name), member(after, name), member(shownBefore, name), member(shownAfter, name)}
		path := name
		if field != "" {
			path = field + "." + name
		}
		if err := compare(found, path, below); err != nil {
			return err
		}
	}
	return nil
}

func member(object map[string]any, name string) any {
	if value, ok := object[name]; ok {
		return value
	}
	return absent{}
}

func compareValues(found *[]Difference, field string, sides [4]any) error {
	was, err := encode(sides[0])
	if err != nil {
		return err
	}
	is, err := encode(sides[1])
	if err != nil || bytes.Equal(was, is) {
		return err
	}
	d := Difference{Field: field}
	if d.Before, err = shownAs(was, sides[2]); err == nil {
		d.After, err = shownAs(is, sides[3])
	}
	*found = append(*found, d)
	return err
}

// shownAs is the form of a value that may be shown. Where its name was a secret
// itself, it is not found under it.
func shownAs(plain json.RawMessage, shown any) (json.RawMessage, error) {
	if plain != nil && shown == (absent{}) {
		return json.RawMessage(`"` + redact.Marker + `"`), nil
	}
	return encode(shown)
}

// encode encodes a value; nil if it is absent.
func encode(value any) (json.RawMessage, error) {
	if value == (absent{}) {
		return nil, nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// decode keeps numbers as they are written.
func decode(doc []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var value any
	err := dec.Decode(&value)
	return value, err
}
