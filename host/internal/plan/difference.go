package plan

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// Difference is one value that a change changes.
type Difference struct {
	// Field is the way to the value, members joined by dots. An item of a list is named by
	// its label in brackets, as in nodes[step_1].alias, or without one by its position, as in
	// rules[#2]. A name or label that could be read as more than itself is a JSON string.
	Field string `json:"field"`
	// Before and After are absent if there was, or is, no such value.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	// Items stands for a list's Before and After if it gained or lost items, or has them in
	// another order: "1 Ask for the profile, 2 Add roles, + 3 Render form". What changed inside
	// an item is a difference of its own, and so is an item that is no plain value.
	Items string `json:"items,omitempty"`
	// Places are where the values that are new stand in After, as [redact.Hidden] names them.
	Places []string `json:"-"`
}

// Differences are the values that differ between Before and After, sorted by their
// fields, those of a list by its items. Items of a list are compared with what they were
// before, wherever they stood. Secrets are compared as they are and shown hidden by hide.
// Without a Before, all of After is new. When a thing was last changed is no difference of
// its own, unless the request sets it.
func (c Change) Differences(hide func([]byte) ([]byte, error)) ([]Difference, error) {
	var s sides
	var err error
	if s.before, s.shownBefore, err = bothForms(c.Before, hide); err != nil {
		return nil, err
	}
	if s.after, s.shownAfter, err = bothForms(c.After, hide); err != nil {
		return nil, err
	}
	c.withoutHints(s.after, s.shownBefore, s.shownAfter)
	d := differ{byReference: bindsByReference(c.Body)}
	if err := d.compare(place{}, s); err != nil {
		return nil, err
	}
	if _, sets := members(c.Body)[changedAt]; !sets {
		d.found = slices.DeleteFunc(d.found, func(d Difference) bool { return d.Field == changedAt })
	}
	return d.found, nil
}

// Reported are the differences that a change made: not what Auth0's answer merely
// leaves out.
func (c Change) Reported(hide func([]byte) ([]byte, error)) ([]Difference, error) {
	found, err := c.Differences(hide)
	sent, answered := names(c.Body), names(c.After)
	return slices.DeleteFunc(found, func(d Difference) bool {
		name := d.Field[:firstName(d.Field)]
		return len(answered) > 0 && !sent[name] && !answered[name]
	}), err
}

// names are an object's members as fields have them.
func names(doc []byte) map[string]bool {
	all := map[string]bool{}
	for name := range members(doc) {
		all[place{}.member(name).field] = true
	}
	return all
}

// firstName is where the first name of a field ends.
func firstName(field string) int {
	if strings.HasPrefix(field, `"`) {
		if quoted, err := strconv.QuotedPrefix(field); err == nil {
			return len(quoted)
		}
	}
	if end := strings.IndexAny(field, ".["); end >= 0 {
		return end
	}
	return len(field)
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

// sides are a value before and after, and both as they may be shown.
type sides struct{ before, after, shownBefore, shownAfter any }

// place is where a value stands: as a Difference names it, and as [redact.Hidden] does.
type place struct{ field, at string }

// plainName is a name that a field has as it is.
var plainName = lazily(`^[A-Za-z0-9_$@-]+$`)

// lazily compiles a pattern when it is first used: a server that starts needs none.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

func (p place) member(name string) place {
	shown := name
	if !plainName().MatchString(name) {
		shown = encoded(name)
	}
	if p.field != "" {
		shown = p.field + "." + shown
	}
	return place{shown, p.below(name)}
}

func (p place) below(name string) string {
	if p.at == "" {
		return name
	}
	return p.at + "." + name
}

// differ finds differences.
type differ struct {
	found []Difference
	// byReference: the request replaces a trigger's bindings by references to Actions.
	byReference bool
}

func (d *differ) compare(p place, s sides) error {
	before, isObject := s.before.(map[string]any)
	after, alsoObject := s.after.(map[string]any)
	if s.before == (absent{}) && p.field == "" {
		isObject = true // nothing there before: every member is new
	}
	if !isObject || !alsoObject {
		if done, err := d.lists(p, s); done {
			return err
		}
		return d.values(p, s)
	}
	both := maps.Clone(after)
	maps.Copy(both, before)
	shownBefore, _ := s.shownBefore.(map[string]any)
	shownAfter, _ := s.shownAfter.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		below := sides{member(before, name), member(after, name), member(shownBefore, name), member(shownAfter, name)}
		if err := d.compare(p.member(name), below); err != nil {
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

// values compares two values of which at least one has no parts to compare.
func (d *differ) values(p place, s sides) error {
	was, err := encode(s.before)
	if err != nil {
		return err
	}
	is, err := encode(s.after)
	if err != nil || bytes.Equal(was, is) {
		return err
	}
	one := Difference{Field: p.field, Places: []string{p.at}}
	if one.Before, err = shownAs(was, s.shownBefore); err == nil {
		one.After, err = shownAs(is, s.shownAfter)
	}
	d.found = append(d.found, one)
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
	return jsondoc.Encode(value)
}

// decode keeps numbers as they are written.
func decode(doc []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var value any
	err := dec.Decode(&value)
	return value, err
}
