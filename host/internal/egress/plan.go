package egress

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// Change is one request of a call that changes the tenant: one that was sent, or in
// a Plan one that would be.
type Change struct {
	Method, Path, Query string
	// Body is what the plugin gave; empty: none.
	Body []byte
	// Before is the JSON of what the request is about, as it was just before; nil if
	// there was nothing or it could not be read.
	Before json.RawMessage
	// Target is the JSON of the existing thing that a POST below it acts on, such as the
	// action that is deployed; nil for a POST that makes something.
	Target json.RawMessage
	// After is what became of it by Auth0's answer; in a Plan what probably will. nil if
	// the answer does not say.
	After json.RawMessage
	// expected: Before is what an earlier change of the same plan probably leads to.
	expected bool
	// placeholder is the id that the simulation gave to what a POST makes.
	placeholder string
}

// Plan is what a call would change, in order: what a person is asked about. Nothing
// but these changes is sent in its name, and only while what they are about is as
// it was.
type Plan struct {
	Changes []Change
}

// Canonical is the plan in one form: two plans with the same are the same requests
// to targets in the same state.
func (p Plan) Canonical() ([]byte, error) {
	type change struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		Query  string `json:"query"`
		Body   string `json:"body"`
		State  string `json:"state"`
	}
	list := make([]change, len(p.Changes))
	for i, c := range p.Changes {
		list[i] = change{c.Method, c.Path, c.Query, canonicalJSON(c.Body), c.state()}
	}
	return json.Marshal(list)
}

// state identifies what a change is about as it was before; "" if that is not known.
func (c Change) state() string {
	doc := c.Before
	if doc == nil {
		doc = c.Target
	}
	if doc == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(canonicalJSON(doc)))
	return hex.EncodeToString(sum[:])
}

// canonicalJSON is a document without white space and with sorted members; what is
// not JSON stays as it is.
func canonicalJSON(doc []byte) string {
	value, err := decode(doc)
	if err != nil {
		return string(doc)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(value) != nil {
		return string(doc)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// decode keeps numbers as they are written.
func decode(doc []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var value any
	err := dec.Decode(&value)
	return value, err
}

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
// hidden by redact. Without a Before, all of After is new. When a thing was last
// changed is no difference of its own, unless the request sets it.
func (c Change) Differences(redact func([]byte) ([]byte, error)) ([]Difference, error) {
	before, shownBefore, err := bothForms(c.Before, redact)
	if err != nil {
		return nil, err
	}
	after, shownAfter, err := bothForms(c.After, redact)
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
func (c Change) Reported(redact func([]byte) ([]byte, error)) ([]Difference, error) {
	found, err := c.Differences(redact)
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
	was, err := text(sides[0])
	if err != nil {
		return err
	}
	is, err := text(sides[1])
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
	return text(shown)
}

// text encodes a value; nil if it is absent.
func text(value any) (json.RawMessage, error) {
	if value == (absent{}) {
		return nil, nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// hasTarget reports whether a method changes what is at its path already, which a
// GET of that path then shows.
func hasTarget(method string) bool {
	return slices.Contains([]string{http.MethodPatch, http.MethodPut, http.MethodDelete}, method)
}
