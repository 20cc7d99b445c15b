package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// resource is a collection of objects of one kind. Its operations are those whose path is its path, and
// that with one parameter behind it.
type resource struct {
	path string // "organizations/{id}/invitations"
	key  string // the member that identifies an object; "id" if empty
	id   func(*Tenant) string
	// missing and code are the message and the errorCode of the 404; a %s in it is the id.
	missing, code string
	// unique are members of which no two objects have the same; conflict and conflictCode are the 409.
	unique                 []string
	conflict, conflictCode string
	defaults               string   // JSON: what a new object has beyond its body
	created, updated       string   // members that hold times; none if empty
	hidden                 []string // members of bodies that no answer has
	// own is set where the tenant keeps the objects elsewhere.
	own func(*Tenant, *call) *collection
	// completed ends the making or the change of an object; what it refuses is not made.
	completed func(*Tenant, *call, object) error
	removed   func(*Tenant, *call, object) error
	shown     func(*Tenant, *call, object) object
	matches   func(*Tenant, *call, object) bool
}

// The forms of ids.
const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

func ids(prefix string, n int) func(*Tenant) string {
	return func(t *Tenant) string { return prefix + t.randomText(alphanumeric, n) }
}

func ids58(prefix string) func(*Tenant) string {
	return func(t *Tenant) string { return prefix + t.randomText(base58, 22) }
}

func (f *resource) notFound(id string) error {
	message := f.missing
	if strings.Contains(message, "%s") {
		message = fmt.Sprintf(message, id)
	}
	return notFound(message, f.code)
}

// find returns the object that the call's path ends with, and its collection.
func (f *resource) find(t *Tenant, c *call) (*collection, object, error) {
	kept, id := t.collection(f, c), c.lastParameter()
	if found := kept.find(id); found != nil {
		return kept, found, nil
	}
	return kept, nil, f.notFound(id)
}

// show is what an answer has of an object.
func (f *resource) show(t *Tenant, c *call, o object) object {
	out := maps.Clone(o)
	for _, name := range f.hidden {
		delete(out, name)
	}
	if f.shown != nil {
		out = f.shown(t, c, out)
	}
	return out
}

func (f *resource) list(t *Tenant, c *call) (result, error) {
	items := []object{}
	filters := c.filters()
	for _, item := range t.collection(f, c).items {
		if f.matches != nil && !f.matches(t, c, item) || f.matches == nil && !filters.match(item) {
			continue
		}
		items = append(items, item)
	}
	return c.list(items, f.key, func(item object) object { return f.show(t, c, item) })
}

func (f *resource) get(t *Tenant, c *call) (result, error) {
	_, found, err := f.find(t, c)
	if err != nil {
		return result{}, err
	}
	return c.answer(queryParams{c.query}.projection().apply(f.show(t, c, found)))
}

func (f *resource) create(t *Tenant, c *call) (result, error) {
	made, err := f.make(t, c, c.body)
	if err != nil {
		return result{}, err
	}
	return c.answer(f.show(t, c, made))
}

// make makes an object of a valid body and keeps it.
func (f *resource) make(t *Tenant, c *call, body object) (object, error) {
	kept, made := t.collection(f, c), parseObject(f.defaults)
	for name, value := range body {
		given, isObject := value.(object)
		if standard, both := made[name].(object); both && isObject {
			merge(standard, given, nil)
		} else if value != nil {
			made[name] = clone(value)
		}
	}
	if made[f.key] == nil && f.id != nil {
		made[f.key] = f.id(t)
	}
	for _, name := range []string{f.created, f.updated} {
		if name != "" && made[name] == nil {
			made[name] = millis(t.now())
		}
	}
	if err := f.check(t, c, kept, made); err != nil {
		return nil, err
	}
	if c.operation.Answer != nil && c.operation.Method == http.MethodPost {
		t.complete(c.operation.Answer, made)
	}
	kept.add(made)
	return made, nil
}

// check refuses an object that is to be kept, if another has what only one may have.
func (f *resource) check(t *Tenant, c *call, kept *collection, made object) error {
	for _, other := range kept.items {
		for _, name := range f.unique {
			if made[name] != nil && other[name] == made[name] && other[f.key] != made[f.key] {
				message := f.conflict
				if strings.Contains(message, "%v") {
					message = fmt.Sprintf(message, made[name])
				}
				return conflict(message, f.conflictCode)
			}
		}
	}
	if f.completed != nil {
		return f.completed(t, c, made)
	}
	return nil
}

func (f *resource) update(t *Tenant, c *call) (result, error) {
	return f.change(t, c, func(next object) {
		merge(next, c.body, c.operation.Merges)
	})
}

func (f *resource) replace(t *Tenant, c *call) (result, error) {
	return f.change(t, c, func(next object) {
		for name := range next {
			if _, ofBody := c.operation.Body.Member(name); ofBody && name != f.key && name != f.created {
				delete(next, name)
			}
		}
		merge(next, c.body, nil)
	})
}

// change changes a copy, and keeps it only if it is valid.
func (f *resource) change(t *Tenant, c *call, change func(object)) (result, error) {
	kept, found, err := f.find(t, c)
	if err != nil {
		return result{}, err
	}
	next := cloneObject(found)
	change(next)
	if f.updated != "" {
		next[f.updated] = millis(t.now())
	}
	if err := f.check(t, c, kept, next); err != nil {
		return result{}, err
	}
	clear(found) // what refers to the object goes on to see it
	maps.Copy(found, next)
	return c.answer(f.show(t, c, found))
}

func (f *resource) remove(t *Tenant, c *call) (result, error) {
	kept, found, err := f.find(t, c)
	if err != nil {
		return result{}, err
	}
	if f.removed != nil {
		if err := f.removed(t, c, found); err != nil {
			return result{}, err
		}
	}
	id := c.lastParameter()
	kept.remove(id)
	t.forget(c.path(f.path), id)
	return c.answer(object{})
}

// filters are the parameters of a list's query that name members of its items.
type filters map[string][]string

func (c *call) filters() filters {
	out := filters{}
	item := itemSchema(c.operation)
	for _, parameter := range c.operation.Query {
		if item == nil || !hasMember(item, parameter.Name) {
			continue
		}
		q := queryParams{c.query}
		if takesList(parameter.Schema) {
			out[parameter.Name] = q.list(parameter.Name)
		} else if q.has(parameter.Name) {
			out[parameter.Name] = []string{q.text(parameter.Name)}
		}
	}
	return out
}

func (f filters) match(item object) bool {
	for name, wanted := range f {
		have := ""
		if item[name] != nil {
			have = fmt.Sprint(item[name])
		}
		if len(wanted) > 0 && !slices.Contains(wanted, have) {
			return false
		}
	}
	return true
}
