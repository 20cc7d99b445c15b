package managementapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// An Effect is what an operation does to the tenant.
type Effect string

// The effects, whatever the HTTP method is.
const (
	Read    Effect = "read"    // changes nothing
	Write   Effect = "write"   // changes, and can be changed back
	Destroy Effect = "destroy" // deletes, revokes, rotates, or ends what nothing brings back
)

// A Lifecycle is the stage at which Auth0 offers an operation.
type Lifecycle string

// The stages, as Auth0 publishes them; "" where it publishes none.
const (
	GA   Lifecycle = "GA"   // generally available
	EA   Lifecycle = "EA"   // early access
	Beta Lifecycle = "beta" // may change, may need to be asked for
)

// The content types of bodies and answers.
const (
	JSON        = "application/json"
	Multipart   = "multipart/form-data" // the import of users
	EventStream = "text/event-stream"   // the events of a tenant
)

// A Parameter is a parameter of an operation's path or query.
type Parameter struct {
	Name     string
	Required bool
	// Schema of the value before it is encoded. An array in a query is its items, each with the
	// parameter's name: name=a&name=b.
	Schema *Schema
}

// Paging says how the pages of a list are asked for. The zero value: there are none.
type Paging struct {
	// Offset: query parameters page (from 0) and per_page.
	Offset bool `json:"offset,omitempty"`
	// Totals: with include_totals=true the answer is an object with start, limit,
	// total and the items, else the array alone.
	Totals bool `json:"totals,omitempty"`
	// Checkpoint: query parameters take and from.
	Checkpoint bool `json:"checkpoint,omitempty"`
	// Items is the member that holds the items where the answer is an object, and Next the one
	// that holds the next page's from. Without Next it is the id of the last item.
	Items string `json:"items,omitempty"`
	Next  string `json:"next,omitempty"`
}

// Any says whether the operation has pages.
func (p Paging) Any() bool { return p.Offset || p.Checkpoint }

// An Operation is one operation of the Management API. Operations are shared: do not
// modify one.
type Operation struct {
	Method string // GET, POST, PUT, PATCH, DELETE
	Path   string // with parameters: /api/v2/clients/{id}
	Group  string // the documentation's group, such as "clients"

	// Summary says in one line what the operation does. Phrases, separated by commas, and Words are those by which
	// users ask for it.
	Summary, Phrases, Words string

	// Scopes: any one of them suffices. Answers can hold more with more of them
	// (secrets), and writing some members needs another.
	Scopes    []string
	Lifecycle Lifecycle

	Effect Effect
	// OnlyAdds: nothing that exists is changed, replaced or used up, such as a plain create.
	OnlyAdds bool

	PathParameters []Parameter // in the order of the path
	Query          []Parameter

	// Body is the schema of the request's body, nil if it takes none. It has ContentType;
	// a file in a Multipart body is a string of format "binary".
	Body         *Schema
	BodyRequired bool
	ContentType  string

	// Answer is the schema of the body of a 2xx, nil if it has none. It has AnswerType; of an
	// EventStream it is the schema of one event. Answers hold members that it does not know.
	Answer     *Schema
	AnswerType string

	Paging Paging

	// Merges names the members of a PATCH body, as paths from its root, whose objects are known
	// to be merged member by member into what is stored. Other members that are given replace the
	// stored value as a whole, as far as is known. A caller that protects secrets allows for both.
	Merges []string
	// Once names the members of the answer, as paths from its root, that are for a person and that no later
	// request repeats: tickets, recovery codes, new secrets. Links of invitations are among them, which can be
	// read again, but are hidden from a model then as well.
	Once []string
}

// Name is what identifies the operation: "GET /api/v2/clients/{id}".
func (o *Operation) Name() string { return o.Method + " " + o.Path }

// wire is how an operation is written in operations.txt, behind its name and a tab.
type wire struct {
	Group     string      `json:"group"`
	Summary   string      `json:"summary"`
	Phrases   string      `json:"phrases,omitempty"`
	Words     string      `json:"words,omitempty"`
	Scopes    []string    `json:"scopes"`
	Lifecycle Lifecycle   `json:"lifecycle,omitempty"`
	Effect    Effect      `json:"effect"`
	OnlyAdds  bool        `json:"adds,omitempty"`
	InPath    []parameter `json:"in,omitempty"`
	Query     []parameter `json:"query,omitempty"`
	Body      string      `json:"body,omitempty"`
	Optional  bool        `json:"optional,omitempty"` // the body
	Content   string      `json:"content,omitempty"`
	Answer    string      `json:"answer,omitempty"`
	Answers   string      `json:"answers,omitempty"` // its content type
	Paging    *Paging     `json:"paging,omitempty"`
	Merges    []string    `json:"merges,omitempty"`
	Once      []string    `json:"once,omitempty"`
}

type parameter struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
	Schema   string `json:"schema"`
}

// Encode writes the operation as a line of operations.txt, for the generator.
func (o *Operation) Encode() (string, error) {
	w := wire{
		Group: o.Group, Summary: o.Summary, Phrases: o.Phrases, Words: o.Words,
		Scopes: o.Scopes, Lifecycle: o.Lifecycle, Effect: o.Effect, OnlyAdds: o.OnlyAdds,
		InPath: toWire(o.PathParameters), Query: toWire(o.Query), Merges: o.Merges, Once: o.Once,
	}
	if o.Body != nil {
		w.Body, w.Optional = o.Body.String(), !o.BodyRequired
		if o.ContentType != JSON {
			w.Content = o.ContentType
		}
	}
	if o.Answer != nil {
		w.Answer = o.Answer.String()
		if o.AnswerType != JSON {
			w.Answers = o.AnswerType
		}
	}
	if o.Paging != (Paging{}) {
		w.Paging = &o.Paging
	}
	data, err := json.Marshal(w)
	return o.Name() + "\t" + string(data), err
}

func toWire(parameters []Parameter) (out []parameter) {
	for _, p := range parameters {
		out = append(out, parameter{Name: p.Name, Required: p.Required, Schema: p.Schema.String()})
	}
	return out
}

func fromWire(parameters []parameter) ([]Parameter, error) {
	var out []Parameter
	for _, p := range parameters {
		schema, err := ParseSchema(p.Schema)
		if err != nil {
			return nil, err
		}
		out = append(out, Parameter{Name: p.Name, Required: p.Required, Schema: schema})
	}
	return out, nil
}

// decode reads a line of operations.txt.
func decode(line string) (*Operation, error) {
	name, data, _ := strings.Cut(line, "\t")
	method, path, _ := strings.Cut(name, " ")
	var w wire
	if err := json.Unmarshal([]byte(data), &w); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	o := &Operation{
		Method: method, Path: path, Group: w.Group, Summary: w.Summary, Phrases: w.Phrases, Words: w.Words,
		Scopes: w.Scopes, Lifecycle: w.Lifecycle,
		Effect: w.Effect, OnlyAdds: w.OnlyAdds, Merges: w.Merges, Once: w.Once,
	}
	if w.Paging != nil {
		o.Paging = *w.Paging
	}
	var err error
	if o.PathParameters, err = fromWire(w.InPath); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if o.Query, err = fromWire(w.Query); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if w.Body != "" {
		o.BodyRequired, o.ContentType = !w.Optional, w.Content
		if o.ContentType == "" {
			o.ContentType = JSON
		}
		if o.Body, err = ParseSchema(w.Body); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if w.Answer != "" {
		o.AnswerType = w.Answers
		if o.AnswerType == "" {
			o.AnswerType = JSON
		}
		if o.Answer, err = ParseSchema(w.Answer); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return o, nil
}

// entry is an operation that is decoded when it is first asked for.
type entry struct {
	name     string // "GET /api/v2/clients/{id}"
	segments []string
	get      func() *Operation
}

func newEntry(line string) *entry {
	name, _, _ := strings.Cut(line, "\t")
	_, path, _ := strings.Cut(name, " ")
	return &entry{name: name, segments: strings.Split(path, "/")[1:], get: sync.OnceValue(func() *Operation {
		o, err := decode(line)
		if err != nil {
			panic("managementapi: " + err.Error()) // a test decodes every operation
		}
		return o
	})}
}

// QueryParameter returns the query parameter of that name.
func (o *Operation) QueryParameter(name string) (Parameter, bool) {
	at := slices.IndexFunc(o.Query, func(p Parameter) bool { return p.Name == name })
	if at < 0 {
		return Parameter{}, false
	}
	return o.Query[at], true
}
