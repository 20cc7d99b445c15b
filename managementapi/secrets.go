package managementapi

import (
	"iter"
	"maps"
	"slices"
	"strconv"
)

// A Found is a value that a mark is on.
type Found struct {
	Path  []string // from the root: members' names, and the positions of items in decimal
	Value any
}

// Secrets yields the secret values of a document that encoding/json decoded, in order of their
// paths. A secret object comes whole, unless the schema names its members: then those that are marked,
// and those that it does not name, come one by one, and the others are not secret (the certificate beside a
// private key). What is secret in one alternative of a union is secret. Null, "", and empty objects and
// arrays are none.
func (s *Schema) Secrets(document any) iter.Seq[Found] {
	return func(yield func(Found) bool) {
		w := &walk{mark: func(m Member) bool { return m.Secret }, descend: true, yield: yield}
		w.value([]*Schema{s}, document, nil)
	}
}

// Destinations yields the values of a document that decide where a stored secret is sent, null and "" included: without
// its setting, a secret goes to the default.
func (s *Schema) Destinations(document any) iter.Seq[Found] {
	return func(yield func(Found) bool) {
		w := &walk{mark: func(m Member) bool { return m.Destination }, yield: yield}
		w.value([]*Schema{s}, document, nil)
	}
}

// walk goes through a document along all schemas that its parts may have.
type walk struct {
	mark    func(Member) bool
	descend bool // into marked objects whose members are named
	yield   func(Found) bool
}

// value walks a value that is not marked itself. It is false when yield wants no more.
func (w *walk) value(schemas []*Schema, value any, path []string) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			members := membersOf(schemas, name)
			here := append(slices.Clip(path), name)
			if !w.member(members, value[name], here) {
				return false
			}
		}
	case []any:
		items := itemsOf(schemas)
		for i, item := range value {
			if len(items) > 0 && !w.value(items, item, append(slices.Clip(path), strconv.Itoa(i))) {
				return false
			}
		}
	}
	return true
}

func (w *walk) member(members []Member, value any, path []string) bool {
	next := schemasOf(members)
	if !slices.ContainsFunc(members, w.mark) {
		return len(next) == 0 || w.value(next, value, path)
	}
	return w.marked(next, value, path)
}

// marked yields a value that is marked, or its parts.
func (w *walk) marked(schemas []*Schema, value any, path []string) bool {
	object, isObject := value.(map[string]any)
	array, isArray := value.([]any)
	items := itemsOf(schemas)
	switch {
	case w.descend && isEmpty(value):
		return true
	case w.descend && isArray && namesMembers(items):
		for i, item := range array {
			if !w.marked(items, item, append(slices.Clip(path), strconv.Itoa(i))) {
				return false
			}
		}
		return true
	case !w.descend || !isObject || !namesMembers(schemas):
		return w.yield(Found{path, value})
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		here := append(slices.Clip(path), name)
		members := membersOf(schemas, name)
		if isNamed(members) && !slices.ContainsFunc(members, w.mark) {
			if !w.value(schemasOf(members), object[name], here) {
				return false
			}
		} else if !w.marked(schemasOf(members), object[name], here) {
			return false
		}
	}
	return true
}

// Secret says whether the member at a path is secret: the path is of members' names; the item
// of an array is any name or number. It agrees with [Schema.Secrets].
func (s *Schema) Secret(path ...string) bool {
	return pathMarked([]*Schema{s}, path, false, func(m Member) bool { return m.Secret })
}

// Destination says whether the member at a path decides where a secret that is stored
// beside it is sent.
func (s *Schema) Destination(path ...string) bool {
	return pathMarked([]*Schema{s}, path, false, func(m Member) bool { return m.Destination })
}

// pathMarked says whether the end of a path is marked; within says whether what is above it is.
func pathMarked(schemas []*Schema, path []string, within bool, mark func(Member) bool) bool {
	if len(path) == 0 {
		return within
	}
	if items := itemsOf(schemas); len(items) > 0 && pathMarked(items, path[1:], within, mark) {
		return true
	}
	members := membersOf(schemas, path[0])
	marked := slices.ContainsFunc(members, mark) || within && !isNamed(members)
	return (len(members) > 0 || within) && pathMarked(schemasOf(members), path[1:], marked, mark)
}

// membersOf returns what a member may be, over all alternatives. Where one names it, it is not
// secret because it is unnamed in another.
func membersOf(schemas []*Schema, name string) (out []Member) {
	seen := map[string]bool{}
	for _, s := range schemas {
		out = slices.AppendSeq(out, s.members(name, seen))
	}
	if isNamed(out) {
		for i := range out {
			out[i].Secret = out[i].Secret && !out[i].unnamed
		}
	}
	return out
}

func schemasOf(members []Member) (out []*Schema) {
	for _, m := range members {
		out = append(out, m.Schema)
	}
	return out
}

// itemsOf returns the schemas that an item may have, over all alternatives.
func itemsOf(schemas []*Schema) (out []*Schema) {
	seen := map[string]bool{}
	for _, s := range schemas {
		for one := range s.alternatives(seen) {
			if one.Kind == KindArray && one.Items != nil {
				out = append(out, one.Items)
			}
		}
	}
	return out
}

func namesMembers(schemas []*Schema) bool {
	return slices.ContainsFunc(schemas, func(s *Schema) bool {
		for one := range s.alternatives(map[string]bool{}) {
			if len(one.Members) > 0 {
				return true
			}
		}
		return false
	})
}

func isNamed(members []Member) bool {
	return slices.ContainsFunc(members, func(m Member) bool { return !m.unnamed })
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	}
	return false
}
