package managementapi

import (
	"fmt"
	"slices"
	"sync"
)

// A Place says what a schema marks as secret in one value of a document and below it, for a reader that goes through
// the document itself, from [Schema.Root] along [Place.Member] and [Place.Item]. It agrees with [Schema.Secrets]. The
// nil Place marks nothing. Places are shared and safe for concurrent use; those of a schema are kept with it, and there
// are as many as it can tell apart, whatever the documents are.
type Place struct {
	table   *places
	schemas []*Schema // those that the value may have
	marked  bool

	once    sync.Once         // for what is below
	members map[string]*Place // those that any of the schemas names
	rest    *Place            // any other member
	item    *Place
	// Of what is marked: whether the schemas name members of an object, or of the objects in an array.
	object, array bool
}

// places holds the places of one schema, so that a schema that refers to itself has a finite number.
type places struct {
	mu    sync.Mutex
	root  *Place
	known map[string]*Place
}

// Root is the place of a whole document.
func (s *Schema) Root() *Place {
	table := s.places
	if table == nil {
		table = &places{} // the schema was not parsed: its places are not kept
	}
	table.mu.Lock()
	defer table.mu.Unlock()
	if table.root == nil {
		table.known = map[string]*Place{}
		table.root = table.place([]*Schema{s}, false)
	}
	return table.root
}

// place is the place of a value with these schemas; nil if nothing is marked there and below. The table is locked.
func (t *places) place(schemas []*Schema, marked bool) *Place {
	schemas = slices.DeleteFunc(schemas, func(s *Schema) bool {
		switch s.Kind {
		case KindObject, KindArray, KindRef, KindUnion:
			return false
		}
		return true // nothing is below
	})
	if len(schemas) == 0 && !marked {
		return nil
	}
	key := fmt.Appendf(nil, "%t", marked)
	for _, s := range schemas {
		key = fmt.Appendf(key, " %p", s)
	}
	p := t.known[string(key)]
	if p == nil {
		p = &Place{table: t, schemas: schemas, marked: marked}
		t.known[string(key)] = p
	}
	return p
}

// Object reports whether an object here is secret with all that is in it; if not, its members have places of their own.
func (p *Place) Object() bool {
	if p == nil || !p.marked {
		return false
	}
	p.once.Do(p.expand)
	return !p.object
}

// Array reports whether an array here is secret with all that is in it; if not, its items have a place of their own.
func (p *Place) Array() bool {
	if p == nil || !p.marked {
		return false
	}
	p.once.Do(p.expand)
	return !p.array
}

// Scalar reports whether a string, number or boolean here is secret.
func (p *Place) Scalar() bool { return p != nil && p.marked }

// Member is the place of a member of an object that is here, by its name.
func (p *Place) Member(name []byte) *Place {
	if p == nil {
		return nil
	}
	p.once.Do(p.expand)
	if next, named := p.members[string(name)]; named {
		return next
	}
	return p.rest
}

// Item is the place of each item of an array that is here.
func (p *Place) Item() *Place {
	if p == nil {
		return nil
	}
	p.once.Do(p.expand)
	return p.item
}

// expand finds the places directly below.
func (p *Place) expand() {
	p.table.mu.Lock()
	defer p.table.mu.Unlock()
	var objects []*Schema
	seen := map[string]bool{}
	for _, s := range p.schemas {
		for one := range s.alternatives(seen) {
			if one.Kind == KindObject {
				objects = append(objects, one)
			}
		}
	}
	items := itemsOf(p.schemas)
	p.object, p.array = namesMembers(objects), namesMembers(items)
	p.item = p.table.place(items, p.marked)
	p.rest = p.below(restsOf(objects))
	p.members = map[string]*Place{}
	for name, members := range membersByName(objects) {
		p.members[name] = p.below(members)
	}
}

// below is the place of a member that may be any of these.
func (p *Place) below(members []Member) *Place {
	marked := slices.ContainsFunc(members, func(m Member) bool { return m.Secret }) || p.marked && !isNamed(members)
	return p.table.place(schemasOf(members), marked)
}

// restsOf returns what a member may be that no object names.
func restsOf(objects []*Schema) (out []Member) {
	for _, object := range objects {
		if object.Rest != nil {
			out = append(out, Member{Secret: object.RestSecret, Schema: object.Rest, unnamed: true})
		}
	}
	return out
}

// membersByName returns for each name that an object has what membersOf returns.
func membersByName(objects []*Schema) map[string][]Member {
	out := map[string][]Member{}
	for _, object := range objects {
		for _, m := range object.Members {
			out[m.Name] = append(out[m.Name], m)
		}
	}
	for name, members := range out {
		if len(members) == len(objects) {
			continue
		}
		for _, object := range objects {
			if object.Rest != nil && !slices.ContainsFunc(object.Members, func(m Member) bool { return m.Name == name }) {
				// Where one names it, it is not secret because it is unnamed in another.
				out[name] = append(out[name], Member{Name: name, Schema: object.Rest, unnamed: true})
			}
		}
	}
	return out
}
