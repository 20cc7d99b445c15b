package diagnosis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// reader reads the tenant, each resource once, and notes what was read and what could not be.
type reader struct {
	api    *auth0v1.API
	read   map[string]reading
	lists  map[string]listing
	looked []look
	gaps   []gap
	// err is what ended the call: after it nothing is read any more.
	err error
}

type reading struct {
	raw   json.RawMessage
	state state
}

type listing struct {
	items []sdk.Object
	state state
}

// state is whether something was found.
type state int

const (
	unread state = iota // it could not be looked at: a gap says why
	absent
	found
)

// look is something that was read.
type look struct {
	What  string `json:"what"`
	ID    string `json:"id,omitempty"`
	Found *bool  `json:"found,omitempty"`
	Count *int   `json:"count,omitempty"`
}

// gap is something that could not be read.
type gap struct {
	What string `json:"what"`
	ID   string `json:"id,omitempty"`
	Why  string `json:"why"`
	// Scope is the one that the operation needs.
	Scope string `json:"scope,omitempty"`
}

func newReader(api *auth0v1.API) *reader {
	return &reader{api: api, read: map[string]reading{}, lists: map[string]listing{}}
}

// resource is something of the tenant that can be read.
type resource struct {
	what, scope string
	query       url.Values
	path        []string
}

func (r resource) id() string {
	for _, segment := range r.path[1:] {
		if strings.ContainsAny(segment, "|_.0123456789@:") {
			return segment
		}
	}
	return ""
}

// into reads a resource into out, and reports whether there is one.
func (r *reader) into(ctx context.Context, res resource, out any) state {
	if r.err != nil {
		return unread
	}
	key := strings.Join(res.path, "\x00") + "?" + res.query.Encode()
	was, ok := r.read[key]
	if !ok {
		was = r.get(ctx, res)
		r.read[key] = was
	}
	if was.state == found && len(was.raw) > 0 {
		if err := json.Unmarshal(was.raw, out); err != nil {
			r.err = fmt.Errorf("%s is not what the Management API describes: %w", res.what, err)
		}
	}
	return was.state
}

func (r *reader) get(ctx context.Context, res resource) reading {
	raw, err := r.api.Get(ctx, res.query, res.path...)
	is := r.note(ctx, res, err)
	if is != unread {
		there := is == found
		r.looked = append(r.looked, look{What: res.what, ID: res.id(), Found: &there})
	}
	return reading{raw, is}
}

// note is what an error means: there is no such resource, or it could not be read.
func (r *reader) note(ctx context.Context, res resource, err error) state {
	refused, answered := errors.AsType[*sdk.APIError](err)
	switch {
	case err == nil:
		return found
	case auth0v1.Answered(err, http.StatusNotFound):
		return absent
	case sdk.IsInvalidArgument(err): // no path can hold the id
		return absent
	case ctx.Err() != nil || !answered:
		r.err = err
	default:
		g := gap{What: res.what, ID: res.id(), Why: fmt.Sprintf("Auth0 answered %d %s", refused.StatusCode,
			http.StatusText(refused.StatusCode))}
		if refused.StatusCode == http.StatusForbidden {
			g.Scope = res.scope
		}
		r.gaps = append(r.gaps, g)
	}
	return unread
}

// list reads the items of a list as far as the API reaches.
func (r *reader) list(ctx context.Context, scope string, c auth0v1.Collection, query url.Values) ([]sdk.Object, state) {
	if r.err != nil {
		return nil, unread
	}
	key := strings.Join(c.Path, "\x00") + "?" + query.Encode()
	if was, ok := r.lists[key]; ok {
		return was.items, was.state
	}
	items, complete, err := r.api.Filter(ctx, c, query, func(sdk.Object) bool { return true })
	res := resource{what: c.What + "s", scope: scope, path: c.Path}
	is := r.note(ctx, res, err)
	if is == found {
		count := len(items)
		r.looked = append(r.looked, look{What: res.what, Count: &count})
		if !complete {
			r.gaps = append(r.gaps, gap{What: res.what, Why: fmt.Sprintf("only the first %d were read", count)})
		}
	}
	r.lists[key] = listing{items, is}
	return items, is
}
