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
	return func(yield func(Found) bool) { s.Root().secrets(document, nil, yield) }
}

// secrets yields the secrets of a value at the place. It is false when yield wants no more.
func (p *Place) secrets(value any, path []string, yield func(Found) bool) bool {
	if p == nil || isEmpty(value) {
		return true
	}
	switch value := value.(type) {
	case map[string]any:
		if p.Object() {
			return yield(Found{path, value})
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if !p.Member([]byte(name)).secrets(value[name], append(slices.Clip(path), name), yield) {
				return false
			}
		}
	case []any:
		if p.Array() {
			return yield(Found{path, value})
		}
		for i, item := range value {
			if !p.Item().secrets(item, append(slices.Clip(path), strconv.Itoa(i)), yield) {
				return false
			}
		}
	default:
		return !p.Scalar() || yield(Found{path, value})
	}
	return true
}

// Destinations yields the values of a document that decide where a stored secret is sent, null and "" included: without
// its setting, a secret goes to the default.
func (s *Schema) Destinations(document any) iter.Seq[Found] {
	return func(yield func(Found) bool) { destinations([]*Schema{s}, document, nil, yield) }
}

// destinations goes through a value along all schemas that its parts may have. It is false when yield wants no more.
func destinations(schemas []*Schema, value any, path []string, yield func(Found) bool) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			members, here := membersOf(schemas, name), append(slices.Clip(path), name)
			if slices.ContainsFunc(members, func(m Member) bool { return m.Destination }) {
				if !yield(Found{here, value[name]}) {
					return false
				}
			} else if next := schemasOf(members); len(next) > 0 && !destinations(next, value[name], here, yield) {
				return false
			}
		}
	case []any:
		items := itemsOf(schemas)
		for i, item := range value {
			if len(items) > 0 && !destinations(items, item, append(slices.Clip(path), strconv.Itoa(i)), yield) {
				return false
			}
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
