package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// named is an object of the tenant with what identifies it.
type named struct {
	id, name string
	object   map[string]any
}

// read reads all objects of a kind. What the token may not read becomes a gap.
func (x *exporter) read(ctx context.Context, k kind) ([]named, error) {
	if k.needsNames && len(x.applications) == 0 {
		x.readApplications(ctx)
	}
	objects, err := k.load(x, ctx)
	refused, answered := errors.AsType[*sdk.APIError](err)
	switch {
	case err == nil:
	case answered && ctx.Err() == nil && refused.StatusCode == http.StatusNotFound:
		return nil, nil // a setting that does not exist, such as the email provider
	case answered && ctx.Err() == nil && refused.StatusCode < http.StatusInternalServerError:
		g := gap{Kind: k.name, Why: fmt.Sprintf("Auth0 answered %d %s", refused.StatusCode,
			http.StatusText(refused.StatusCode))}
		if refused.StatusCode == http.StatusForbidden {
			g.Scope = k.scope
		}
		x.lack(g)
	default:
		return nil, err
	}
	return objects, nil
}

// lack notes what could not be read, once.
func (x *exporter) lack(g gap) {
	if !slices.Contains(x.out.NotExported, g) {
		x.out.NotExported = append(x.out.NotExported, g)
	}
}

// get reads one document; numbers keep their text.
func (x *exporter) get(ctx context.Context, segments ...string) (any, error) {
	raw, err := x.api.Get(ctx, nil, segments...)
	if err != nil {
		return nil, err
	}
	return decode(raw)
}

func decode(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// list loads the items of a list, each by the members that hold its id and name.
func list(c auth0v1.Collection, id, name string) func(*exporter, context.Context) ([]named, error) {
	return func(x *exporter, ctx context.Context) ([]named, error) {
		items, complete, err := x.api.Filter(ctx, c, nil, func(sdk.Object) bool { return true })
		if err != nil {
			return nil, err
		}
		if !complete {
			x.lack(gap{Kind: c.What, Why: fmt.Sprintf("only the first %d were listed", len(items))})
		}
		all := make([]named, 0, len(items))
		for _, item := range items {
			raw, err := item.MarshalJSON()
			if err != nil {
				return nil, err
			}
			v, err := decode(raw)
			if err != nil {
				return nil, err
			}
			all = append(all, named{item.Text(id), item.Text(name), v.(map[string]any)})
		}
		return all, nil
	}
}

// bare loads a list that the API gives as a whole, as an array.
func bare(id, name string, path ...string) func(*exporter, context.Context) ([]named, error) {
	return func(x *exporter, ctx context.Context) ([]named, error) {
		v, err := x.get(ctx, path...)
		if err != nil {
			return nil, err
		}
		items, _ := v.([]any)
		var all []named
		for _, item := range items {
			if o, ok := item.(map[string]any); ok {
				all = append(all, named{text(o, id), text(o, name), o})
			}
		}
		return all, nil
	}
}

// single loads an object that exists once. What is not an object becomes one, under the name wrap.
func single(name, wrap string, path ...string) func(*exporter, context.Context) ([]named, error) {
	return func(x *exporter, ctx context.Context) ([]named, error) {
		v, err := x.get(ctx, path...)
		if err != nil {
			return nil, err
		}
		o, ok := v.(map[string]any)
		if !ok {
			o = map[string]any{wrap: v}
		}
		return []named{{name, name, o}}, nil
	}
}

func text(o map[string]any, name string) string {
	s, _ := o[name].(string)
	return s
}

// readApplications reads the names of applications, by which files refer to them. Without them, ids are used.
func (x *exporter) readApplications(ctx context.Context) {
	maps.Copy(x.applications, x.namesOf(ctx, clients(), "client_id"))
}

// application is how files refer to an application: by its name, if that means one.
func (x *exporter) application(id string) string {
	if name := x.applications[id]; name != "" {
		return name
	}
	return id
}
