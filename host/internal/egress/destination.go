package egress

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// mayWrite says why a write with such concerns and doubts must not be sent without approval; nil if it may. From the
// first such write on, the call sends none.
func (c *Call) mayWrite(request string, concerns, doubts []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.approval != nil:
		return c.approval
	case len(concerns)+len(doubts) > 0:
		c.approval = &NeedsApprovalError{clipped(request), concerns, doubts, c.writing}
		return c.approval
	}
	c.writing = true
	return nil
}

// maxConcerns bounds what is told of one request.
const maxConcerns = 10

// concerns say why a write needs approval whatever the policy is: it would send a secret that stays stored to another
// place than before.
func (c *Call) concerns(w *write, body any, target stored, put *restorer,
	seen *pluginv1.RoundTripResponse) (list []string) {
	for _, at := range put.reworded[:min(len(put.reworded), maxConcerns)] {
		list = append(list, fmt.Sprintf("%s changes around a secret in it that stays", at))
	}
	o, ok := redirects(w.RoundTripRequest)
	if !ok || seen == nil || seen.GetResponse().GetStatus() == http.StatusNotFound {
		return list
	}
	m := match{body: body, target: target, put: put, operation: o, supplied: c.secrets.supplied,
		places: map[string]map[string]int{}}
	for found := range o.Body.Destinations(body) {
		if len(list) == maxConcerns {
			break
		}
		if place, secrets := m.kept(found); len(secrets) > 0 {
			list = append(list, concern(place, secrets))
		}
	}
	return list
}

// redirects returns the operation of a request that can change where a stored secret is sent.
func redirects(r *pluginv1.RoundTripRequest) (*managementapi.Operation, bool) {
	o, _, ok := managementapi.Lookup(r.GetMethod(), r.GetPath())
	return o, ok && plan.HasTarget(r.GetMethod()) && holdsDestination(o.Body, map[*managementapi.Schema]bool{})
}

// holdsDestination reports whether a member of a schema decides where a stored secret is sent. seen are the schemas
// that were checked: one may contain itself.
func holdsDestination(schema *managementapi.Schema, seen map[*managementapi.Schema]bool) bool {
	for _, s := range alternatives([]*managementapi.Schema{schema}) {
		if seen[s] {
			continue
		}
		seen[s] = true
		if holdsDestination(s.Items, seen) || slices.ContainsFunc(s.Members, func(m managementapi.Member) bool {
			return m.Destination || holdsDestination(m.Schema, seen)
		}) {
			return true
		}
	}
	return false
}

// unreadable is the concern about a body that Auth0 may read as something else than this host does: as a form, in
// another encoding, or by another of two members with one name.
const unreadable = "its body is not JSON in UTF-8 that every reader understands alike, and may change where a stored " +
	"secret is sent"

// concern says that a destination changes beside secrets that stay.
func concern(at jsondoc.Path, secrets []string) string {
	if len(secrets) == 1 {
		return fmt.Sprintf("%s changes while the stored secret %s stays: it will be used with the new %s", at, secrets[0],
			lastName(at))
	}
	return fmt.Sprintf("%s changes while the stored secrets %s stay: they will be used with the new %s", at, some(secrets),
		lastName(at))
}

func lastName(at jsondoc.Path) string {
	for _, step := range slices.Backward(at) {
		if name, ok := step.Name(); ok {
			return name
		}
	}
	return "value"
}

// match compares the body of a write with what is stored.
type match struct {
	body      any
	target    stored
	put       *restorer
	operation *managementapi.Operation
	supplied  map[string]bool
	places    map[string]map[string]int // see placesIn
}

// kept are the secrets that stay stored beside a destination that changes: in the nearest object around it that has
// any.
func (m match) kept(found managementapi.Found) (at jsondoc.Path, secrets []string) {
	at = m.path(found.Path)
	own, before := m.storedAt(at)
	if sameValue(found.Value, before) {
		return at, nil
	}
	for end := len(at) - 1; end >= 0; end-- {
		around := at[:end]
		if _, isItem := at[end].Index(); isItem {
			break // of a list, each item is for itself
		}
		stored, _ := m.storedAt(around)
		secrets = append(m.staying(around, stored, own), m.unseen(around, at)...)
		if len(secrets) > 0 {
			slices.Sort(secrets)
			return at, slices.Compact(secrets)
		}
	}
	return at, nil
}

// path is a path in the body whose items are in decimal.
func (m match) path(steps []string) (at jsondoc.Path) {
	value := m.body
	for _, step := range steps {
		list, ok := value.([]any)
		if index, err := strconv.Atoi(step); ok && err == nil && index < len(list) {
			at, value = at.With(jsondoc.Item(index)), list[index]
			continue
		}
		object, _ := value.(map[string]any)
		at, value = at.With(jsondoc.Member(step)), object[step]
	}
	return at
}

// valueAt is the value of a decoded document at a place; nil if there is none.
func valueAt(doc any, at jsondoc.Path) any {
	for _, step := range at {
		if name, ok := step.Name(); ok {
			object, _ := doc.(map[string]any)
			doc = object[name]
			continue
		}
		list, _ := doc.([]any)
		index, _ := step.Index()
		if index < 0 || index >= len(list) {
			return nil
		}
		doc = list[index]
	}
	return doc
}

// storedAt is where a place in the body is in what is stored, and the value there; a nil path: nowhere.
func (m match) storedAt(at jsondoc.Path) (place jsondoc.Path, value any) {
	place, value = jsondoc.Path{}, m.target.doc
	for i, step := range at {
		if index, isItem := step.Index(); isItem {
			if place, value = m.item(at[:i+1], place, value, index); place == nil {
				return nil, nil
			}
			continue
		}
		name, _ := step.Name()
		object, _ := value.(map[string]any)
		place, value = place.With(step), object[name]
	}
	return place, value
}

// item is the stored item that an item of the body is: the one whose values were put into it, or in the stored list the
// one with its identity, or else the one at its position. A nil path: it is new.
func (m match) item(at, list jsondoc.Path, stored any, index int) (place jsondoc.Path, value any) {
	if one, ok := m.put.items[placeKey(at)]; ok {
		return one.at, one.value
	}
	items, _ := stored.([]any)
	if all := candidates(valueAt(m.body, at), items, index); len(all) > 0 {
		return list.With(jsondoc.Item(all[0])), items[all[0]]
	}
	return nil, nil
}

func sameValue(a, b any) bool {
	if a == nil || a == "" {
		return b == nil || b == ""
	}
	one, err := jsondoc.Encode(a)
	if err != nil {
		return false
	}
	other, err := jsondoc.Encode(b)
	return err == nil && string(one) == string(other)
}

// staying are the stored secrets in an object, seen by a read, that the body does not give anew. own is the destination
// itself, which can be a secret too.
func (m match) staying(around, storedAround, own jsondoc.Path) (names []string) {
	if storedAround == nil {
		return nil
	}
	for _, secret := range m.target.secrets {
		if !secret.At.Within(storedAround) || own != nil && secret.At.Within(own) || isCode(secret.Member) {
			continue
		}
		if m.stays(secret, around, len(storedAround)) {
			names = append(names, secret.At.String())
		}
	}
	return names
}

// stays reports whether a stored secret is left as it is by a write.
func (m match) stays(secret redact.Secret, around jsondoc.Path, depth int) bool {
	at, value := around, valueAt(m.body, around)
	for i, step := range secret.At[depth:] {
		if _, isItem := step.Index(); isItem {
			list, ok := value.([]any)
			if !ok {
				return value == nil && len(at) > 0 // a list is replaced as a whole
			}
			found, kept := m.placesIn(at, list)[placeKey(secret.At[:depth+i+1])]
			if !kept {
				return false // its item is removed
			}
			at, value = at.With(jsondoc.Item(found)), list[found]
			continue
		}
		name, _ := step.Name()
		object, ok := value.(map[string]any)
		if !ok {
			return false // it is replaced by something else
		}
		next, given := object[name]
		if !given {
			return true // a PATCH may leave it there
		}
		at, value = at.With(step), next
	}
	if m.put.wasRestored(at) {
		return true
	}
	text := scalar(value)
	// What a plugin has read and sends back is not given anew, unless the caller gave it.
	return text != "" && strings.Contains(text, secret.Value) && !m.supplied[text]
}

// placesIn are the positions of the items of a list of the body, by the places of the stored items that they are.
func (m match) placesIn(at jsondoc.Path, list []any) map[string]int {
	key := placeKey(at)
	places, known := m.places[key]
	if known {
		return places
	}
	places = make(map[string]int, len(list))
	for index := range list {
		if place, _ := m.storedAt(at.With(jsondoc.Item(index))); place != nil {
			if _, twice := places[placeKey(place)]; !twice {
				places[placeKey(place)] = index
			}
		}
	}
	m.places[key] = places
	return places
}

// unseen are the secrets in an object that the operation takes and no read shows, so that they may be stored, and that
// the body does not give.
func (m match) unseen(around, destination jsondoc.Path) (names []string) {
	schemas := []*managementapi.Schema{m.operation.Body}
	var shown []*managementapi.Schema
	if m.target.doc != nil {
		shown = append(shown, m.target.schema) // else nothing was shown
	}
	for _, step := range around {
		schemas, shown = below(schemas, step), below(shown, step)
	}
	for _, path := range secretPaths(schemas, shown, nil, 0) {
		at := around
		for _, name := range path {
			at = at.With(jsondoc.Member(name))
		}
		if slices.Equal(at, destination) || scalar(valueAt(m.body, at)) != "" {
			continue
		}
		names = append(names, at.String())
	}
	return names
}

// below are the schemas that a value one step further may have.
func below(schemas []*managementapi.Schema, step jsondoc.Step) (out []*managementapi.Schema) {
	name, isMember := step.Name()
	for _, s := range alternatives(schemas) {
		if !isMember && s.Kind == managementapi.KindArray && s.Items != nil {
			out = append(out, s.Items)
		}
		for _, member := range s.Members {
			if isMember && member.Name == name {
				out = append(out, member.Schema)
			}
		}
	}
	return out
}

// maxSchemaDepth bounds a walk through schemas, which may contain themselves.
const maxSchemaDepth = 6

// alternatives are schemas without references and unions.
func alternatives(schemas []*managementapi.Schema) (out []*managementapi.Schema) {
	for _, s := range schemas {
		if s == nil {
			continue
		}
		if s = s.Resolve(); s.Kind == managementapi.KindUnion {
			out = append(out, alternatives(s.AnyOf)...)
			continue
		}
		out = append(out, s)
	}
	return out
}

// secretPaths are the names that lead to secret members of the objects of schemas, but for those that shown has too.
func secretPaths(schemas, shown []*managementapi.Schema, at []string, depth int) (paths [][]string) {
	if depth == maxSchemaDepth {
		return nil
	}
	for _, s := range alternatives(schemas) {
		for _, member := range s.Members {
			step, here := jsondoc.Member(member.Name), append(slices.Clip(at), member.Name)
			known := below(shown, step)
			if !member.Secret {
				paths = append(paths, secretPaths([]*managementapi.Schema{member.Schema}, known, here, depth+1)...)
			} else if len(known) == 0 {
				paths = append(paths, here)
			}
		}
	}
	return paths
}
