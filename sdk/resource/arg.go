package resource

import (
	"slices"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Arg is an argument of a [Tool]. One that the operation's path names goes there. Others go into the query of a GET
// or DELETE and into the body otherwise.
type Arg struct {
	name, text string
	kind       string
	of         *Collection
	members    []Arg
	enum       []string
	min, max   *int
	as         string
	required   bool
	query, own bool
	// moment is which moment of a day is meant; nil: it is no time.
	moment *time.Duration
}

// The kinds of an argument.
const (
	kindText    = "string"
	kindWhole   = "integer"
	kindFlag    = "boolean"
	kindTexts   = "strings"
	kindObjects = "objects"
)

// Ref names one object of a collection by its id or its exact name. Its id is sent.
func Ref(name string, c Collection) Arg {
	return Arg{name: name, kind: kindText, text: c.key(), of: &c, min: new(1)}
}

// Refs is a list of [Ref].
func Refs(name string, c Collection) Arg {
	return Arg{name: name, kind: kindTexts, text: c.keys(), of: &c, min: new(1)}
}

// Text is a text; an empty description says nothing more than the name.
func Text(name, description string) Arg {
	return Arg{name: name, kind: kindText, text: description, min: new(1)}
}

// Time is a time as [Instant] reads it: RFC 3339, a day or an age. It is sent in RFC 3339, to the second: parts of
// the API take no more. ofDay is which moment of a day is meant.
func Time(name, description string, ofDay time.Duration) Arg {
	arg := Text(name, description)
	arg.moment = &ofDay
	return arg
}

// Texts is a list of texts.
func Texts(name, description string) Arg {
	return Arg{name: name, kind: kindTexts, text: description, min: new(1)}
}

// Whole is a whole number within bounds.
func Whole(name, description string, least, most int) Arg {
	return Arg{name: name, kind: kindWhole, text: description, min: &least, max: &most}
}

// Flag is true or false.
func Flag(name, description string) Arg { return Arg{name: name, kind: kindFlag, text: description} }

// Choice is one of some texts.
func Choice(name, description string, values ...string) Arg {
	return Arg{name: name, kind: kindText, text: description, enum: values}
}

// Each is a list of objects with these members. What is [Arg.Required] among them is in each.
func Each(name, description string, members ...Arg) Arg {
	return Arg{name: name, kind: kindObjects, text: description, members: members, min: new(1)}
}

// Required says that every call has the argument. Arguments of the path are required anyway.
func (a Arg) Required() Arg { a.required = true; return a }

// As is what the API calls the argument.
func (a Arg) As(name string) Arg { a.as = name; return a }

// Query sends the argument in the query, whatever the method is.
func (a Arg) Query() Arg { a.query = true; return a }

// Own is not sent: it is for the tool's Run.
func (a Arg) Own() Arg { a.own = true; return a }

func (a Arg) wireName() string {
	if a.as != "" {
		return a.as
	}
	return a.name
}

// key says what finds an item.
func (c Collection) key() string {
	if c.Key != "" {
		return c.Key
	}
	return "Id or exact name."
}

func (c Collection) keys() string {
	if c.Key != "" {
		return "Each: " + c.Key
	}
	return "Ids or exact names."
}

// schema is the argument's JSON schema, its members in a fixed order.
func (a Arg) schema() (sdk.Object, error) {
	var b builder
	switch a.kind {
	case kindTexts:
		b.put("type", "array")
		b.put("items", map[string]string{"type": "string"})
		b.put("minItems", a.min)
	case kindObjects:
		b.put("type", "array")
		items, err := objectSchema(a.members, nil)
		if err != nil {
			return nil, err
		}
		b.put("items", items)
		b.put("minItems", a.min)
	case kindWhole:
		b.put("type", a.kind)
		b.put("minimum", a.min)
		b.put("maximum", a.max)
	default:
		b.put("type", a.kind)
		switch {
		case a.enum != nil:
			b.put("enum", a.enum)
		case a.kind == kindText:
			b.put("minLength", a.min)
		}
	}
	if a.text != "" {
		b.put("description", a.text)
	}
	return b.object, b.err
}

// builder makes an object member by member, and keeps the first error.
type builder struct {
	object sdk.Object
	err    error
}

func (b *builder) put(name string, value any) {
	if b.err == nil {
		b.object, b.err = b.object.With(name, value)
	}
}

// objectSchema is the schema of a closed object with these members, and with those of body, which has a schema of
// its own.
func objectSchema(members []Arg, body []byte) (sdk.Object, error) {
	var properties, rest sdk.Object
	var required []string
	for _, m := range members {
		schema, err := m.schema()
		if err == nil {
			properties, err = properties.With(m.name, schema)
		}
		if err != nil {
			return nil, err
		}
		if m.required {
			required = append(required, m.name)
		}
	}
	if body != nil {
		given, err := sdk.ParseObject(body)
		if err != nil {
			return nil, err
		}
		more, needed, err := membersOf(given)
		if err != nil {
			return nil, err
		}
		for _, m := range more {
			if _, taken := properties.Get(m.Name); !taken {
				properties = append(properties, m)
			}
		}
		required = append(required, needed...)
		rest = given.Without("type", "properties", "required", "additionalProperties")
	}
	var b builder
	b.put("type", "object")
	b.put("properties", append(sdk.Object{}, properties...))
	if len(required) > 0 {
		slices.Sort(required)
		b.put("required", slices.Compact(required))
	}
	b.put("additionalProperties", false)
	b.object = append(b.object, rest...)
	return b.object, b.err
}
