package sandbox

import (
	"slices"
	"strings"
)

// pair says that two objects belong together. An end can be several ids, with a line end between them.
type pair struct{ left, right string }

type pairs []pair

// without leaves out the pairs of an object.
func (p pairs) without(id string) pairs {
	return slices.DeleteFunc(p, func(one pair) bool {
		return slices.Contains(splitEnd(one.left), id) || slices.Contains(splitEnd(one.right), id)
	})
}

// of returns the other ends of the pairs of an end.
func (p pairs) of(end string, reversed bool) (out []string) {
	for _, one := range p {
		switch {
		case !reversed && one.left == end:
			out = append(out, one.right)
		case reversed && one.right == end:
			out = append(out, one.left)
		}
	}
	return out
}

func (t *Tenant) pairUp(relation string, one pair) {
	if !slices.Contains(t.pairs[relation], one) {
		t.pairs[relation] = append(t.pairs[relation], one)
	}
}

func (t *Tenant) separate(relation string, one pair) {
	t.pairs[relation] = slices.DeleteFunc(t.pairs[relation], func(other pair) bool { return other == one })
}

// membership is which objects of a collection belong to the object in its path.
type membership struct {
	path     string // "users/{id}/roles"
	relation string
	// reversed: the object in the path is the right end of the relation.
	reversed bool
	// member is the member of bodies that lists ids, of the collection that they are in.
	member, of string
}

// end is the end that the path's parameters are.
func (m *membership) end(c *call) string {
	var out []string
	for _, parameter := range c.operation.PathParameters {
		out = append(out, c.params[parameter.Name])
	}
	return joinEnd(out...)
}

func (m *membership) list(t *Tenant, c *call) (result, error) {
	kept := t.all(m.of)
	var items []object
	for _, id := range t.pairs[m.relation].of(m.end(c), m.reversed) {
		if item := kept.find(id); item != nil {
			items = append(items, item)
		}
	}
	return c.related(items, kept.idKey)
}

func (m *membership) add(t *Tenant, c *call) (result, error) {
	kept := t.all(m.of)
	given := texts(c.body[m.member])
	for _, id := range given {
		if kept.find(id) == nil {
			return result{}, t.tables.resources[m.of].notFound(id)
		}
	}
	for _, id := range given {
		t.pairUp(m.relation, m.pair(c, id))
	}
	return c.answer(object{})
}

func (m *membership) remove(t *Tenant, c *call) (result, error) {
	for _, id := range texts(c.body[m.member]) {
		t.separate(m.relation, m.pair(c, id))
	}
	return c.answer(object{})
}

func (m *membership) pair(c *call, id string) pair {
	if m.reversed {
		return pair{id, m.end(c)}
	}
	return pair{m.end(c), id}
}

// texts are the texts of a list.
func texts(value any) (out []string) {
	list, _ := value.([]any)
	for _, item := range list {
		if text, isText := item.(string); isText {
			out = append(out, text)
		}
	}
	return out
}

const endSeparator = "\n"

func joinEnd(ids ...string) string { return strings.Join(ids, endSeparator) }
func splitEnd(end string) []string { return strings.Split(end, endSeparator) }
