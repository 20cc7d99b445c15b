package managementapi

import (
	"iter"
	"slices"
)

// A Kind is the JSON type that a [Schema] takes.
type Kind uint8

// The kinds of a schema.
const (
	KindAny     Kind = iota // any value
	KindString              // a string, or one of Enum
	KindInteger             // a number without a fraction
	KindNumber              // a number
	KindBoolean             // true or false
	KindNull                // null alone; elsewhere see Nullable
	KindArray               // Items
	KindObject              // Members and Rest
	KindRef                 // a shared definition: see [Schema.Resolve]
	KindUnion               // any of AnyOf
)

var kindNames = [...]string{"any", "string", "integer", "number", "boolean", "null", "array", "object", "ref", "union"}

func (k Kind) String() string { return kindNames[k] }

// A Schema says what a JSON value may be. Schemas are shared: do not modify one.
type Schema struct {
	Kind     Kind
	Nullable bool // null is accepted besides

	Ref   string    // KindRef: the definition's name
	AnyOf []*Schema // KindUnion: at least two

	Enum    []any  // the only values (string, float64, bool); empty: all of Kind
	Format  string // KindString: what the text is, such as "date-time" or "url"; a statement, never checked
	Pattern string // KindString: an ECMA-262 regular expression

	// Bounds, inclusive: of a string's characters, an array's items, an object's
	// members, a number's value.
	Min, Max *float64
	Unique   bool // KindArray: no item twice

	Items *Schema // KindArray: each item; nil: any

	Members []Member // KindObject: the members that are known, by name
	Rest    *Schema  // KindObject: all other members; nil: there must be none
	// RestSecret says that the values of all other members are secret.
	RestSecret bool

	places *places // of a schema that ParseSchema returned
}

// A Member is a named member of an object.
type Member struct {
	Name     string
	Required bool
	// Secret: the value must not be shown. Of an object whose members its schema names, those
	// that are not marked themselves can be (see [Schema.Secrets]).
	Secret bool
	// Destination: the value decides where a secret that is stored beside it is sent
	// (a URL, host, issuer, region, account, provider …).
	Destination bool
	Schema      *Schema

	unnamed bool // it stands for what Rest allows
}

// Resolve follows references, and returns s itself if it is none. Whether null is
// accepted on the way is kept.
func (s *Schema) Resolve() *Schema {
	for s.Kind == KindRef {
		target, ok := Definition(s.Ref)
		if !ok {
			return &Schema{} // a test proves that there is none
		}
		if s.Nullable && !target.Nullable {
			nullable := *target
			nullable.Nullable = true
			target = &nullable
		}
		s = target
	}
	return s
}

// Member returns the member of an object, and of a union the first alternative's
// that has one. A member that only Rest allows has Rest as its schema.
func (s *Schema) Member(name string) (Member, bool) {
	for member := range s.members(name, map[string]bool{}) {
		return member, true
	}
	return Member{}, false
}

// members yields what a member may be, over all alternatives.
func (s *Schema) members(name string, seen map[string]bool) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for object := range s.alternatives(seen) {
			if object.Kind != KindObject {
				continue
			}
			at := slices.IndexFunc(object.Members, func(m Member) bool { return m.Name == name })
			switch {
			case at >= 0:
				if !yield(object.Members[at]) {
					return
				}
			case object.Rest != nil:
				if !yield(Member{Name: name, Secret: object.RestSecret, Schema: object.Rest, unnamed: true}) {
					return
				}
			}
		}
	}
}

// alternatives yields the schemas that a value may have, without references and
// unions. A definition that seen holds is left out.
func (s *Schema) alternatives(seen map[string]bool) iter.Seq[*Schema] {
	return func(yield func(*Schema) bool) { s.alternative(seen, yield) }
}

func (s *Schema) alternative(seen map[string]bool, yield func(*Schema) bool) bool {
	switch s.Kind {
	case KindRef:
		if seen[s.Ref] {
			return true
		}
		seen[s.Ref] = true
		target, ok := Definition(s.Ref)
		return !ok || target.alternative(seen, yield)
	case KindUnion:
		for _, one := range s.AnyOf {
			if !one.alternative(seen, yield) {
				return false
			}
		}
		return true
	default:
		return yield(s)
	}
}
