package comparison

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// named is an object as it is compared.
type named struct {
	name   string
	object object
	// form is its JSON, its members in order.
	form string
}

// comparable are the objects of a kind without what differs in any two tenants, sorted by their names.
func (s *side) comparable(ctx context.Context, k kind) ([]named, error) {
	for _, needed := range k.needs {
		if other, ok := find(needed); ok {
			if _, err := s.objects(ctx, other); err != nil {
				return nil, err
			}
		}
	}
	objects, err := s.objects(ctx, k)
	if err != nil {
		return nil, err
	}
	s.words = s.replacer()
	keep := taken(k.writes)
	var all []named
	for _, o := range objects {
		if k.own != nil && !k.own(o) {
			continue
		}
		name := ""
		if k.label != nil {
			name = k.label(s, o)
		}
		projected, err := s.project(ctx, k, o, keep)
		if err != nil {
			return nil, err
		}
		form, err := jsondoc.Encode(projected)
		if err != nil {
			return nil, err
		}
		all = append(all, named{s.neutral(name), projected, string(form)})
	}
	slices.SortStableFunc(all, func(a, b named) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.form, b.form))
	})
	return all, nil
}

func (s *side) project(ctx context.Context, k kind, o object, keep map[string]bool) (object, error) {
	id := text(o, cmp.Or(k.id, "id"))
	out := object{}
	for name, value := range o {
		if (k.writes == nil || keep[name]) && name != cmp.Or(k.id, "id") && !slices.Contains(k.drop, name) {
			out[name] = value
		}
	}
	for _, p := range k.parts {
		if p.member == "" { // the object itself, which its list shows in part
			doc, err := s.read(ctx, k, p.list, id, nil)
			if err != nil {
				return nil, err
			}
			whole, _ := doc.(object)
			maps.Copy(out, whole)
			delete(out, "id")
			for _, name := range k.drop {
				delete(out, name)
			}
			continue
		}
		items, err := s.list(ctx, k, p.list, id)
		if err != nil {
			return nil, err
		}
		list := make([]any, 0, len(items))
		for _, item := range items {
			list = append(list, only(item, p.keep))
		}
		out[p.member] = list
	}
	plain, _ := s.plain(k, out).(object)
	return plain, nil
}

// only are some members of an object; of one alone, its value.
func only(o object, names []string) any {
	out := object{}
	for _, name := range names {
		outer, inner, nested := strings.Cut(name, ".")
		value, ok := o[outer]
		if nested {
			below, _ := value.(object)
			value, ok = below[inner]
		}
		if len(names) == 1 {
			return value
		}
		if ok {
			out[name] = value
		}
	}
	return out
}

// changing are members that Auth0 sets by itself.
var changing = []string{"created_at", "updated_at", "thumbprint_sha256"}

// plain is a value with names in the place of ids, without the tenant's own domain and dates, its lists in one order.
func (s *side) plain(k kind, value any) any {
	switch value := value.(type) {
	case string:
		if name, ok := s.names[value]; ok {
			return name
		}
		return s.neutral(value)
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = s.plain(k, item)
		}
		if !k.ordered {
			slices.SortStableFunc(out, func(a, b any) int { return strings.Compare(sortKey(a), sortKey(b)) })
		}
		return out
	case object:
		out := object{}
		for name, item := range value {
			if !slices.Contains(changing, name) && !slices.Contains(k.dropBelow, name) {
				out[cmp.Or(s.names[name], name)] = s.plain(k, item)
			}
		}
		return out
	}
	return value
}

// sortKey orders the items of a list: by their names, where they have some.
func sortKey(item any) string {
	if o, ok := item.(object); ok {
		for _, name := range []string{"id", "name", "value", "type"} {
			if key := text(o, name); key != "" {
				return key
			}
		}
	}
	form, err := jsondoc.Encode(item)
	if err != nil {
		return ""
	}
	return string(form)
}

// minID is how long an id is that is looked for in longer texts, such as code: Auth0's own are.
const minID = 16

// replacer puts names in the place of ids, and a word in that of the tenant's domain.
func (s *side) replacer() *strings.Replacer {
	pairs := []string{s.Domain, "{tenant}"}
	for _, id := range slices.Sorted(maps.Keys(s.names)) {
		if len(id) >= minID {
			pairs = append(pairs, id, s.names[id])
		}
	}
	return strings.NewReplacer(pairs...)
}

// neutral is a text without what names the tenant or one of its objects by an id.
func (s *side) neutral(text string) string {
	if s.words == nil {
		s.words = s.replacer()
	}
	return s.words.Replace(text)
}
