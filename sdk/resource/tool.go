package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Tool is a tool as data: an operation of the Management API, with what the tool takes and answers.
//
// A GET whose path does not end in an argument lists Of: it takes page, per_page and, if Of has Show, fields. Other
// operations answer what Auth0 answers. Where Auth0 answers nothing, the tool says what it did, and to what.
type Tool struct {
	Name, Title, Description string

	// Operation is what the tool calls: "GET /api/v2/roles/{role}/users". Arguments are in braces.
	Operation string
	// Scopes are those that the operations need.
	Scopes []string
	// Of is what the operation lists, or answers one of.
	Of Collection
	// Args are the arguments, beside those of Body. What is in no path goes into the query of a GET or DELETE, and into
	// the body of other requests.
	Args []Arg
	// Body is the schema of the arguments that make the request's body, as tools/pluginschemas writes it; they are sent
	// as they were given. nil: Args have all.
	Body []byte
	// Edit: the tool adds to a set of members, and removes from it. Operation is then the request that adds.
	Edit *Edit
	// Effect is that of the methods if it is empty.
	Effect sdk.Effect
	// Run sends the requests in place of one of Operation: those of Also too. It is not given to a tool that lists.
	Run  func(ctx context.Context, r *Request) (any, error)
	Also []string
	// Query makes the query of a list of arguments that are [Arg.Own]: it is sent with what the others give. nil: none.
	Query func(r *Request) (url.Values, error)
	// Present adds to the page of a list what Auth0 keeps elsewhere, with requests of Also. nil: nothing.
	Present func(ctx context.Context, r *Request, page sdk.Page) (sdk.Page, error)
	// Done says in one word what a call without an answer did; empty: "deleted" of a DELETE, else "done".
	Done string
	// Options are more of the tool's declaration.
	Options []sdk.Option
}

// Edit is a set of members that a tool changes: those under the argument add are sent with the tool's Operation,
// those under remove with a DELETE of the same path, both as {Member: [...]}.
type Edit struct {
	Member string
	// Item is a [Refs], [Texts] or [Each], without a name.
	Item Arg
}

// Tools are the tools of a plugin.
func Tools(tools ...Tool) []sdk.Tool {
	out := make([]sdk.Tool, len(tools))
	for i := range tools {
		out[i] = tools[i].tool()
	}
	return out
}

// raw are arguments that the kit reads itself.
type raw struct{}

func (t Tool) tool() sdk.Tool {
	t.Args = t.arguments()
	schema, err := t.inputSchema()
	options := slices.Concat([]sdk.Option{sdk.Title(t.Title), sdk.Scopes(t.scopes()...), sdk.Paths(t.paths()...),
		sdk.InputSchema(schema), sdk.Untrusted(t.untrusted()...)}, t.Options)
	if t.lists() {
		options = append(options, sdk.OutputSchema(sdk.PageSchema(t.Of.name(), `{"type":"object"}`)))
	}
	if t.method() != http.MethodPost || t.Edit != nil {
		options = append(options, sdk.Idempotent())
	}
	if err = errors.Join(err, t.fault()); err != nil {
		return sdk.InvalidTool(t.Name, err)
	}
	return sdk.NewTool(t.Name, t.effect(), t.Description,
		func(ctx context.Context, c *sdk.Call, _ raw) (any, error) { return t.run(ctx, c) }, options...)
}

// fault is a mistake in the row. The paths of Run are its own.
func (t Tool) fault() error {
	if t.Run != nil {
		return nil
	}
	for _, name := range names(t.Operation) {
		if !slices.ContainsFunc(t.Args, func(a Arg) bool { return a.name == name }) {
			return fmt.Errorf("%s: no argument is called %s", t.Operation, name)
		}
	}
	return nil
}

// arguments are the tool's, those of an edit and of the paging included.
func (t Tool) arguments() (all []Arg) {
	inPath := names(t.Operation)
	for _, a := range t.Args {
		a.required = a.required || slices.Contains(inPath, a.name)
		all = append(all, a)
	}
	if t.Edit != nil {
		add, remove := t.Edit.Item, t.Edit.Item
		add.name, remove.name, remove.text = addArgument, removeArgument, ""
		all = append(all, add.Own(), remove.Own())
	}
	return all
}

const (
	addArgument    = "add"
	removeArgument = "remove"
)

func (t Tool) method() string {
	method, _, _ := strings.Cut(t.Operation, " ")
	return method
}

func (t Tool) lists() bool {
	return t.method() == http.MethodGet && t.Of.Items != "" && t.Run == nil && !strings.HasSuffix(t.Operation, "}")
}

func (t Tool) effect() sdk.Effect {
	if t.Effect != "" {
		return t.Effect
	}
	for _, effect := range []sdk.Effect{sdk.Read, sdk.Write} {
		if !slices.ContainsFunc(t.requests(), func(operation string) bool {
			method, _, _ := strings.Cut(operation, " ")
			return !slices.Contains(effect.Methods(), method)
		}) {
			return effect
		}
	}
	return sdk.Destroy
}

// requests are the operations that the tool calls beside its lookups.
func (t Tool) requests() []string {
	all := append([]string{t.Operation}, t.Also...)
	if t.Edit != nil {
		_, path, _ := strings.Cut(t.Operation, " ")
		all = append(all, http.MethodDelete+" "+path)
	}
	return all
}

// paths are all requests, those of lookups included.
func (t Tool) paths() []string {
	all := t.requests()
	var add func(args []Arg)
	add = func(args []Arg) {
		for _, a := range args {
			if a.of != nil {
				all = append(all, a.of.rules()...)
			}
			add(a.members)
		}
	}
	add(t.Args)
	var distinct []string
	for _, rule := range all {
		if !slices.Contains(distinct, rule) {
			distinct = append(distinct, rule)
		}
	}
	return distinct
}

// scopes are the tool's, and those of its lookups if it only reads: a writing tool can be given ids.
func (t Tool) scopes() []string {
	all := slices.Clone(t.Scopes)
	if t.effect() != sdk.Read {
		return all
	}
	for _, a := range t.Args {
		if a.of != nil && a.of.Scope != "" && !slices.Contains(all, a.of.Scope) {
			all = append(all, a.of.Scope)
		}
	}
	return all
}

// rules are the requests of a lookup.
func (c Collection) rules() []string {
	if c.Candidates != nil {
		return c.CandidatePaths
	}
	list := http.MethodGet + " " + pluginv1.BasePath + strings.Join(c.Path, "/")
	if c.IsID != nil {
		return []string{list}
	}
	return []string{list, list + "/{id}"}
}

func (t Tool) untrusted() (fields []string) {
	if t.lists() {
		for _, field := range t.Of.Untrusted {
			fields = append(fields, t.Of.name()+"[]."+field)
		}
		return append(fields, "note")
	}
	fields = append(fields, t.Of.Untrusted...)
	if t.method() != http.MethodGet {
		for _, a := range t.Args {
			if a.of != nil && a.kind == kindText {
				fields = append(fields, a.name+".name")
			}
		}
	}
	return fields
}

// The arguments of a list, in the words of all other lists.
const (
	pageSchema    = `{"type":"integer","minimum":0,"fold":true}`
	perPageSchema = `{"type":"integer","minimum":1,"maximum":100,"default":20,"fold":true}`
	fieldsSchema  = `{"type":"array","items":{"type":"string"},"fold":true,"description":"Members to show too."}`
)

func (t Tool) inputSchema() ([]byte, error) {
	schema, err := objectSchema(t.Args, t.Body)
	if err != nil {
		return nil, err
	}
	if t.lists() {
		properties, _ := schema.Get("properties")
		listed, err := sdk.ParseObject(properties)
		if err != nil {
			return nil, err
		}
		b := builder{object: listed}
		b.put("page", json.RawMessage(pageSchema))
		b.put("per_page", json.RawMessage(perPageSchema))
		if t.Of.Show != nil {
			b.put("fields", json.RawMessage(fieldsSchema))
		}
		if b.err != nil {
			return nil, b.err
		}
		for i := range schema {
			if schema[i].Name == "properties" {
				schema[i].Value, err = b.object.MarshalJSON()
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return schema.MarshalJSON()
}

// membersOf are the properties of an object's schema, and the names of those that are required.
func membersOf(schema sdk.Object) (properties sdk.Object, required []string, err error) {
	if value, ok := schema.Get("properties"); ok {
		if properties, err = sdk.ParseObject(value); err != nil {
			return nil, nil, err
		}
	}
	if value, ok := schema.Get("required"); ok {
		err = json.Unmarshal(value, &required)
	}
	return properties, required, err
}

// names are those in the braces of a path.
func names(path string) (found []string) {
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := argumentOf(segment); ok {
			found = append(found, name)
		}
	}
	return found
}

// argumentOf is the argument that a segment of a path stands for.
func argumentOf(segment string) (name string, ok bool) {
	name, ok = strings.CutPrefix(segment, "{")
	return strings.TrimSuffix(name, "}"), ok
}
