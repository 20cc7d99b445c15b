package resource

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Request is a call of a [Tool] whose arguments have ids in place of names.
type Request struct {
	Call *sdk.Call

	tool   *Tool
	given  sdk.Object // the arguments
	chosen []choice
}

// choice is the object that a [Ref] chose.
type choice struct {
	argument, id string
	name         string // empty: the argument was the id
}

func (t *Tool) request(ctx context.Context, c *sdk.Call) (*Request, error) {
	r := &Request{Call: c, tool: t}
	if err := json.Unmarshal(c.Arguments(), &r.given); err != nil {
		return nil, err
	}
	return r, r.resolve(ctx)
}

// Has reports whether the caller gave an argument.
func (r *Request) Has(argument string) bool {
	_, ok := r.given.Get(argument)
	return ok
}

// Text is the value of a text argument, and of a [Ref] its id; "" if it was not given.
func (r *Request) Text(argument string) string { return r.given.Text(argument) }

// Texts are the values of a [Texts], and of a [Refs] their ids.
func (r *Request) Texts(argument string) []string {
	var texts []string
	r.Read(argument, &texts)
	return texts
}

// Flag is the value of a [Flag]; false if it was not given.
func (r *Request) Flag(argument string) bool {
	var flag bool
	r.Read(argument, &flag)
	return flag
}

// Read reads the value of an argument into out, which fits the argument's schema, and leaves out as it is if there is
// none.
func (r *Request) Read(argument string, out any) {
	if value, ok := r.given.Get(argument); ok {
		_ = json.Unmarshal(value, out) // the host has checked the arguments
	}
}

// Send sends a request of the tool, such as "DELETE /api/v2/roles/{role}", and reads the answer into out, as
// [sdk.Call.Send] does.
func (r *Request) Send(ctx context.Context, operation string, query url.Values, out, body any) error {
	method, path, _ := strings.Cut(operation, " ")
	return r.Call.WithQuery(query).Send(ctx, method, out, body, r.segments(path)...)
}

// segments are a path's below /api/v2/, with the arguments in place.
func (r *Request) segments(path string) []string {
	segments := strings.Split(strings.TrimPrefix(path, pluginv1.BasePath), "/")
	return r.fill(segments)
}

func (r *Request) fill(segments []string) []string {
	filled := slices.Clone(segments)
	for i, segment := range segments {
		if name, ok := argumentOf(segment); ok {
			filled[i] = r.Text(name)
		}
	}
	return filled
}

// Done is the answer of a call that Auth0 answers with nothing: what was done, and to which objects.
func (r *Request) Done(what string) (sdk.Object, error) {
	b := builder{object: sdk.Object{}}
	b.put("result", what)
	for _, one := range r.chosen {
		object := builder{}
		object.put("id", one.id)
		if one.name != "" {
			object.put("name", one.name)
		}
		if object.err != nil {
			return nil, object.err
		}
		b.put(one.argument, object.object)
	}
	return b.object, b.err
}

// resolve puts ids in place of the names that arguments hold.
func (r *Request) resolve(ctx context.Context) error {
	for _, a := range r.tool.Args {
		value, ok := r.given.Get(a.name)
		if !ok {
			continue
		}
		resolved, err := r.resolved(ctx, a, value)
		if err != nil {
			return err
		}
		for i := range r.given {
			if r.given[i].Name == a.name {
				r.given[i].Value = resolved
			}
		}
	}
	return nil
}

// resolved is the value of an argument with ids in place of names, and times in RFC 3339.
func (r *Request) resolved(ctx context.Context, a Arg, value json.RawMessage) (json.RawMessage, error) {
	switch {
	case a.kind == kindObjects:
		return r.eachResolved(ctx, a, value)
	case a.moment != nil:
		at, err := Instant(a.name, r.Text(a.name), time.Now(), *a.moment)
		if err != nil {
			return nil, err
		}
		return json.Marshal(at.UTC().Format(time.RFC3339))
	case a.of == nil:
		return value, nil
	case a.kind == kindTexts:
		var keys []string
		if err := json.Unmarshal(value, &keys); err != nil {
			return nil, err
		}
		for i, key := range keys {
			one, err := r.choose(ctx, *a.of, key)
			if err != nil {
				return nil, err
			}
			keys[i] = one.id
		}
		return json.Marshal(keys)
	}
	var key string
	if err := json.Unmarshal(value, &key); err != nil {
		return nil, err
	}
	one, err := r.choose(ctx, *a.of, key)
	if err != nil {
		return nil, err
	}
	one.argument = a.name
	r.chosen = append(r.chosen, one)
	return json.Marshal(one.id)
}

func (r *Request) eachResolved(ctx context.Context, a Arg, value json.RawMessage) (json.RawMessage, error) {
	items, err := sdk.ParseObjects(value)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		for _, member := range a.members {
			for i := range item {
				if item[i].Name != member.name {
					continue
				}
				if member.of != nil {
					one, err := r.choose(ctx, *member.of, item.Text(member.name))
					if err != nil {
						return nil, err
					}
					if item[i].Value, err = json.Marshal(one.id); err != nil {
						return nil, err
					}
				}
				item[i].Name = member.wireName()
				break
			}
		}
	}
	return json.Marshal(items)
}

// choose is the object that a key means. A key that has the form of an id is one: whether it exists, the operation
// itself finds out.
func (r *Request) choose(ctx context.Context, c Collection, key string) (choice, error) {
	if c.IsID != nil && c.IsID(key) {
		return choice{id: key}, nil
	}
	c.Path = r.fill(c.Path)
	if c.IsID == nil && c.Candidates == nil {
		raw, err := c.byID(ctx, r.Call, key, nil)
		switch {
		case err == nil:
			item, err := sdk.ParseObject(raw)
			return choice{id: cmp.Or(item.Text(c.id()), key), name: item.Text(c.nameMember())}, err
		case answered(err, http.StatusForbidden):
			return choice{id: key}, nil
		case !notAnID(err):
			return choice{}, err
		}
	}
	item, err := c.ByName(ctx, r.Call, key)
	if err != nil {
		return choice{}, err
	}
	return choice{id: item.Text(c.id()), name: item.Text(c.nameMember())}, nil
}

// query and body are what a request sends of the arguments.
func (r *Request) query() url.Values {
	query := url.Values{}
	for _, a := range r.tool.Args {
		if value, ok := r.given.Get(a.name); ok && r.tool.inQuery(a) {
			query[a.wireName()] = textsOf(value)
		}
	}
	return query
}

// textsOf are a value as it stands in a query: an array has several.
func textsOf(value json.RawMessage) []string {
	var texts []string
	if json.Unmarshal(value, &texts) == nil {
		return texts
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return []string{text}
	}
	return []string{string(value)}
}

func (t *Tool) inQuery(a Arg) bool {
	switch {
	case a.own, slices.Contains(names(t.Operation), a.name):
		return false
	case a.query:
		return true
	}
	return t.method() == http.MethodGet || t.method() == http.MethodDelete
}

// inBody reports whether an argument goes into the request's body.
func (t *Tool) inBody(a Arg) bool {
	return !a.own && !slices.Contains(names(t.Operation), a.name) && !t.inQuery(a)
}

// Body are the arguments that the request's body is made of, in the order in which the caller gave them.
func (r *Request) Body() sdk.Object {
	body := sdk.Object{}
	for _, m := range r.given {
		at := slices.IndexFunc(r.tool.Args, func(a Arg) bool { return a.name == m.Name })
		if at >= 0 {
			a := r.tool.Args[at]
			if !r.tool.inBody(a) {
				continue
			}
			m.Name = a.wireName()
		}
		body = append(body, m)
	}
	return body
}

func (t Tool) run(ctx context.Context, c *sdk.Call) (any, error) {
	r, err := t.request(ctx, c)
	switch {
	case err != nil:
		return nil, err
	case t.Run != nil:
		return t.Run(ctx, r)
	case t.Edit != nil:
		return r.edit(ctx)
	case t.lists():
		return r.list(ctx)
	}
	return r.exchange(ctx)
}

// list is one page.
func (r *Request) list(ctx context.Context) (any, error) {
	var in struct {
		PageOf
		FieldsOf
	}
	if err := json.Unmarshal(r.Call.Arguments(), &in); err != nil {
		return nil, err
	}
	c := r.tool.Of
	_, path, _ := strings.Cut(r.tool.Operation, " ")
	c.Path = r.segments(path)
	query := r.query()
	if r.tool.Query != nil {
		made, err := r.tool.Query(r)
		if err != nil {
			return nil, err
		}
		maps.Copy(query, made)
	}
	page, err := c.Page(ctx, r.Call, in.PageOf, query)
	if err != nil {
		return nil, err
	}
	if r.tool.Present != nil {
		if page, err = r.tool.Present(ctx, r, page); err != nil {
			return nil, err
		}
	}
	if c.Show != nil {
		page = in.Project(page, nil, c.Show, c.id(), c.nameMember())
	}
	for _, one := range r.chosen {
		if one.name != "" {
			page = page.WithNote(fmt.Sprintf("%s %s is %s", one.argument, short(one.name), one.id))
		}
	}
	return page, nil
}

// exchange sends the tool's one request.
func (r *Request) exchange(ctx context.Context) (any, error) {
	var body any
	if method := r.tool.method(); method != http.MethodGet && method != http.MethodDelete {
		object := r.Body()
		if len(object) == 0 && method == http.MethodPatch {
			return nil, sdk.InvalidArgument("nothing to update: give at least one setting that can be changed")
		}
		// Auth0 wants an object where it takes one, also if nothing of it is given.
		if r.tool.Body != nil || slices.ContainsFunc(r.tool.Args, r.tool.inBody) {
			body = object
		}
	}
	var answer json.RawMessage
	if err := r.Send(ctx, r.tool.Operation, r.query(), &answer, body); err != nil {
		return nil, err
	}
	if len(answer) > 0 && string(answer) != "{}" && r.tool.method() != http.MethodDelete {
		return answer, nil
	}
	done := r.tool.Done
	switch {
	case done != "":
	case r.tool.method() == http.MethodDelete:
		done = "deleted"
	default:
		done = "done"
	}
	return r.Done(done)
}

// edit adds what add holds, then removes what remove holds.
func (r *Request) edit(ctx context.Context) (any, error) {
	_, path, _ := strings.Cut(r.tool.Operation, " ")
	steps := []struct{ argument, operation string }{
		{addArgument, r.tool.Operation}, {removeArgument, http.MethodDelete + " " + path}}
	if !r.Has(addArgument) && !r.Has(removeArgument) {
		return nil, sdk.InvalidArgument("nothing to change: give add, remove, or both")
	}
	counts := map[string]int{}
	for _, step := range steps {
		value, ok := r.given.Get(step.argument)
		if !ok {
			continue
		}
		body, err := sdk.Object{}.With(r.tool.Edit.Member, value)
		if err != nil {
			return nil, err
		}
		if err := r.Send(ctx, step.operation, nil, nil, body); err != nil {
			return nil, Partial(counts[addArgument], 0, err)
		}
		var items []json.RawMessage
		if err := json.Unmarshal(value, &items); err != nil {
			return nil, err
		}
		counts[step.argument] = len(items)
	}
	return r.Edited(counts[addArgument], counts[removeArgument])
}

// Edited is the answer of a call that added and removed so many members.
func (r *Request) Edited(added, removed int) (sdk.Object, error) {
	done, err := r.Done("done")
	b := builder{done, err}
	b.put("added", added)
	b.put("removed", removed)
	return b.object, b.err
}

// Partial is the error of a call that had added and removed so many members before err.
func Partial(added, removed int, err error) error {
	if added+removed == 0 {
		return err
	}
	return sdk.Partly(fmt.Sprintf("Before that, %d were added and %d removed. To go on, leave these out.", added, removed),
		err)
}
