package egress

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// MarkerError says that a request was not sent because a marker in it stands where no value can be put back.
type MarkerError struct {
	// Request is "METHOD path", Reason says where the marker is, why nothing can be put back, and what to do.
	Request, Reason string
}

func (e *MarkerError) Error() string { return fmt.Sprintf("%s was not sent: %s", e.Request, e.Reason) }

// restorer puts the stored values into a request's body in place of their markers: each at the same member of the same
// resource, in the same item of a list, and only as often as it stands there.
type restorer struct {
	// hidden are the stored secrets by their markers, members those of them that have any.
	hidden  map[string]redact.Secret
	members map[string]bool
	// restored are the places in the body into which a value was put.
	restored []jsondoc.Path
	// edited are those whose text differs from what is stored, beside the restored parts.
	edited []jsondoc.Path
	// reworded are those where the rest of a text, which is no code, differs from what is stored.
	reworded []jsondoc.Path
	// items are the stored items whose values the items of the body's lists got, by the place of these. taken are the
	// places of the stored ones: none is used twice. claims are the keys of both, in their order.
	items  map[string]source
	taken  map[string]bool
	claims []claim
	// doc is all that is stored, and named are its items that have an id or a name; nil: not sought yet.
	doc   source
	named map[string][]source
	// nameless counts the items without an id or a name, of several stored ones, around the value at hand.
	nameless int
	// trials counts the comparisons of items without an id or a name.
	trials int
}

// source is a place in what is stored, the value there, and that value as a model sees it.
type source struct {
	at           jsondoc.Path
	value, shown any
}

func (s source) member(name string) source {
	value, _ := s.value.(map[string]any)
	shown, _ := s.shown.(map[string]any)
	return source{s.at.With(jsondoc.Member(name)), value[name], shown[name]}
}

func (s source) items() (all []source) {
	values, _ := s.value.([]any)
	shown, _ := s.shown.([]any)
	for i, value := range values {
		one := source{at: s.at.With(jsondoc.Item(i)), value: value}
		if len(shown) == len(values) {
			one.shown = shown[i]
		}
		all = append(all, one)
	}
	return all
}

// claim is an item of the body with the stored one that it is.
type claim struct{ item, stored string }

// maxTrials bounds them: without ids, each item of a list may be any stored one.
const maxTrials = 100_000

// newRestorer knows the stored secrets of a resource. mark makes the marker of one.
func newRestorer(stored []redact.Secret, mark func(redact.Secret) string) *restorer {
	r := &restorer{hidden: map[string]redact.Secret{}, members: map[string]bool{}, items: map[string]source{},
		taken: map[string]bool{}}
	for _, secret := range stored {
		r.hidden[mark(secret)] = secret
		r.members[secret.Member] = true
	}
	return r
}

// holdsMarker reports whether a decoded value or a name in it has a marker or a part of one.
func holdsMarker(value any) bool {
	switch value := value.(type) {
	case string:
		return textHoldsMarker(value)
	case []any:
		return slices.ContainsFunc(value, holdsMarker)
	case map[string]any:
		for name, member := range value {
			if textHoldsMarker(name) || holdsMarker(member) {
				return true
			}
		}
	}
	return false
}

// textHoldsMarker also finds a marker that invisible characters split.
func textHoldsMarker(text string) bool {
	return strings.Contains(text, redact.MarkerStart) || strings.Contains(redact.Strip(text), redact.MarkerStart)
}

// restore is the body with what is stored in place of markers. shown is what is stored as a model sees it. The error
// says where a marker stands that nothing can be put in place of.
func (r *restorer) restore(body, stored, shown any) (any, error) {
	r.doc = source{value: stored, shown: shown}
	return r.value(body, r.doc, nil)
}

func (r *restorer) value(body any, stored source, at jsondoc.Path) (any, error) {
	switch body := body.(type) {
	case string:
		if r.unchanged(body, stored) {
			if body != stored.value {
				r.restored = append(r.restored, at)
			}
			return stored.value, nil
		}
		return r.text(body, stored.value, at)
	case []any:
		return r.list(body, stored.items(), at)
	case map[string]any:
		out := make(map[string]any, len(body))
		for _, name := range slices.Sorted(maps.Keys(body)) {
			here := at.With(jsondoc.Member(name))
			if textHoldsMarker(name) {
				return nil, fmt.Errorf("the name of the member %s holds a hidden value, which cannot be put back there", here)
			}
			value, err := r.value(body[name], stored.member(name), here)
			if err != nil {
				return nil, err
			}
			out[name] = value
		}
		return out, nil
	}
	return body, nil
}

const readAgain = "Read it again, and use the markers of that answer"

// unchanged reports whether a text with markers is what is shown of the stored one. Then nothing is put together from
// parts: a text that only looks like a marker stays, and so does the layout of a document inside a text.
func (r *restorer) unchanged(body string, stored source) bool {
	if body != stored.shown || !textHoldsMarker(body) {
		return false
	}
	plain := slices.ContainsFunc(redact.FindMarkers(body), redact.Found.Plain)
	return !plain || body == stored.value || r.nameless == 0 // two items can look alike
}

// text is a text of the body with the stored values in place of its markers.
func (r *restorer) text(body string, stored any, at jsondoc.Path) (any, error) {
	if !textHoldsMarker(body) {
		return body, nil
	}
	found := redact.FindMarkers(body)
	visible := strings.Count(redact.Strip(body), redact.MarkerStart)
	if visible != len(found) || visible != strings.Count(body, redact.MarkerStart) {
		return nil, fmt.Errorf("%s holds a broken marker of a hidden value. %s", at, readAgain)
	}
	member, before := pointer(at), scalar(stored)
	used := map[string]int{}
	var out strings.Builder
	done := 0
	for _, marker := range found {
		secret, err := r.stored(marker, member, before, at)
		if err != nil {
			return nil, err
		}
		if before == secret.Value {
			if body != marker.Text {
				return nil, fmt.Errorf("%s: the hidden value %s is all of what is stored there, so nothing can stand beside it. "+
					"Leave the marker alone, or give a new value", at, marker.Text)
			}
			r.restored = append(r.restored, at)
			return stored, nil
		}
		if used[marker.Text]++; used[marker.Text] > strings.Count(before, secret.Value) {
			return nil, fmt.Errorf("%s: the hidden value %s stands there more often than in what is stored", at, marker.Text)
		}
		out.WriteString(body[done:marker.Start])
		out.WriteString(secret.Value)
		done = marker.End
	}
	out.WriteString(body[done:])
	r.restored = append(r.restored, at)
	if out.String() != before {
		r.edited = append(r.edited, at)
		if !isCode(member) {
			r.reworded = append(r.reworded, at)
		}
	}
	return out.String(), nil
}

// stored is the secret that a marker in a member stands for: one of that member, or one that the text there holds too.
func (r *restorer) stored(marker redact.Found, member, before string, at jsondoc.Path) (redact.Secret, error) {
	secret, ok := r.hidden[marker.Text]
	switch {
	case marker.Plain():
		return secret, fmt.Errorf("%s holds %s, which names no stored value, so nothing can be put back. %s, which "+
			"look like [REDACTED:k7q2m9xa], or give a new value", at, redact.Marker, readAgain)
	case ok && strings.Contains(before, secret.Value) &&
		(secret.Part || secret.Member != member || before == secret.Value):
		return secret, nil
	case ok && secret.Member == member:
		return secret, fmt.Errorf("%s: the hidden value %s belongs to another item of the list", at, marker.Text)
	case ok:
		return secret, fmt.Errorf("%s: the hidden value %s is that of another member, and can be put back only there", at,
			marker.Text)
	case !r.members[member]:
		return secret, fmt.Errorf("%s: no hidden value is stored there, so %s cannot be put back. It is of another member, "+
			"resource or tenant, or was removed. %s", at, marker.Text, readAgain)
	}
	return secret, fmt.Errorf("%s: %s is not the value that is stored there now: it has changed, or the marker is of "+
		"another resource or tenant. %s", at, marker.Text, readAgain)
}

// list is a list of the body. An item with an id or a name gets the values of the stored item with the same, which may
// have stood in another list of the same member; of any other items the values may have moved in the list.
func (r *restorer) list(body []any, stored []source, at jsondoc.Path) (any, error) {
	out := slices.Clone(body)
	for i, item := range body {
		if !holdsMarker(item) {
			continue
		}
		here := at.With(jsondoc.Item(i))
		var first error
		done := false
		for _, candidate := range r.candidates(item, stored, here) {
			if r.taken[placeKey(candidate.at)] {
				continue
			}
			if r.trials++; r.trials > maxTrials {
				return nil, fmt.Errorf("%s has too many items without an id or a name, so their hidden values cannot be found. "+
					"Change fewer items at once", at)
			}
			value, err := r.item(item, candidate, len(stored) > 1, here)
			if err == nil {
				out[i], done = value, true
				break
			}
			if first == nil {
				first = err
			}
		}
		switch {
		case done:
		case first != nil:
			return nil, first
		default:
			return nil, fmt.Errorf("%s: no item with its id or name is stored, or it stands in the body twice, so its hidden "+
				"value cannot be put back. Keep the id or the name, or give a new value", here)
		}
	}
	return out, nil
}

// item is an item of the body as a stored one. among says that the stored list has others.
func (r *restorer) item(body any, stored source, among bool, at jsondoc.Path) (any, error) {
	if name, _ := identity(body); name == "" && among {
		r.nameless++
		defer func() { r.nameless-- }()
	}
	restored, edited, reworded, claims := len(r.restored), len(r.edited), len(r.reworded), len(r.claims)
	value, err := r.value(body, stored, at)
	if err == nil {
		one := claim{placeKey(at), placeKey(stored.at)}
		r.items[one.item], r.taken[one.stored], r.claims = stored, true, append(r.claims, one)
		return value, nil
	}
	r.restored, r.edited, r.reworded = r.restored[:restored], r.edited[:edited], r.reworded[:reworded]
	for _, one := range r.claims[claims:] {
		delete(r.items, one.item)
		delete(r.taken, one.stored)
	}
	r.claims = r.claims[:claims]
	return nil, err
}

// candidates are the stored items that an item of the body can be: of its list, or else with its id or name in another
// list of the same member.
func (r *restorer) candidates(item any, stored []source, at jsondoc.Path) (all []source) {
	values := make([]any, len(stored))
	for i, one := range stored {
		values[i] = one.value
	}
	own, _ := at[len(at)-1].Index()
	for _, i := range candidates(item, values, own) {
		all = append(all, stored[i])
	}
	name, value := identity(item)
	if name == "" || len(all) > 0 {
		return all
	}
	if r.named == nil {
		r.named = map[string][]source{}
		r.name(r.doc)
	}
	return r.named[nameKey(at, name, value)]
}

// name finds the items that have an id or a name in what is stored.
func (r *restorer) name(in source) {
	for _, one := range in.items() {
		object, _ := one.value.(map[string]any)
		for _, member := range identities {
			if value := scalar(object[member]); value != "" {
				key := nameKey(one.at, member, value)
				r.named[key] = append(r.named[key], one)
			}
		}
		r.name(one)
	}
	object, _ := in.value.(map[string]any)
	for _, member := range slices.Sorted(maps.Keys(object)) {
		r.name(in.member(member))
	}
}

// nameKey is the same for all items with a name in lists of one member.
func nameKey(at jsondoc.Path, member, value string) string {
	list := slices.Clone(at)
	for i, step := range list {
		if _, isItem := step.Index(); isItem {
			list[i] = jsondoc.Item(0)
		}
	}
	return placeKey(list) + "\x00" + member + "\x00" + value
}

// unfit says which text does not fit the operation now that stored values are in it: with a marker it could not be
// told. A value that is stored as a whole is not checked, as Auth0 has taken it.
func (r *restorer) unfit(schema *managementapi.Schema, body any) error {
	if schema == nil || len(r.edited) == 0 {
		return nil
	}
	for _, problem := range schema.Check(body) {
		for _, at := range r.edited {
			if strings.ReplaceAll(placeKey(at), "/#", "/") == problem.At {
				return fmt.Errorf("%s does not fit with the stored value in it: it must be %s", at, problem.Want)
			}
		}
	}
	return nil
}

// wasRestored reports whether a value was put in at a place of the body, or in a text there.
func (r *restorer) wasRestored(at jsondoc.Path) bool {
	return slices.ContainsFunc(r.restored, func(one jsondoc.Path) bool { return slices.Equal(one, at) })
}

// placeKey names a place in a document unambiguously.
func placeKey(at jsondoc.Path) string {
	var out strings.Builder
	for _, step := range at {
		if name, ok := step.Name(); ok {
			out.WriteString("/" + pointerEscapes.Replace(name))
		} else {
			index, _ := step.Index()
			fmt.Fprintf(&out, "/#%d", index)
		}
	}
	return out.String()
}

// identities are the members that identify the items of a list, the best first.
var identities = []string{"id", "client_id", "kid", "name"}

// identity is what identifies an item of a list; "" if nothing does.
func identity(item any) (member, value string) {
	object, _ := item.(map[string]any)
	for _, name := range identities {
		if value := scalar(object[name]); value != "" && !textHoldsMarker(value) {
			return name, value
		}
	}
	return "", ""
}

// scalar is a string or a number as a text; "" for anything else.
func scalar(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	}
	return ""
}

// candidates are the positions of the stored items that an item of the body can be: those with its identity, or all
// if it has none, that at its own position first.
func candidates(item any, stored []any, own int) (list []int) {
	member, value := identity(item)
	for j, one := range stored {
		object, _ := one.(map[string]any)
		if member == "" || scalar(object[member]) == value {
			list = append(list, j)
		}
	}
	if i := slices.Index(list, own); i > 0 {
		list = slices.Insert(slices.Delete(list, i, i+1), 0, own)
	}
	return list
}

// isCode reports whether a member is a program: of an Action, a hook, a rule or a database connection. A program can
// use the secrets of its own, so what stands beside one is not protected.
func isCode(member string) bool {
	return strings.HasSuffix(member, "/code") || strings.HasSuffix(member, "/script") ||
		strings.Contains(member, "/customScripts/")
}
