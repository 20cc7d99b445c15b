package auth0v1

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Window is how many items page and per_page reach.
const Window = resource.Window

// DefaultPerPage is the size of a page when none is asked for.
const DefaultPerPage = resource.DefaultPerPage

type (
	// Collection is the SDK's.
	Collection = resource.Collection
	// PageOf is the SDK's.
	PageOf = resource.PageOf
	// FieldsOf is the SDK's.
	FieldsOf = resource.FieldsOf
)

// Page is [resource.Collection.Page].
func (a *API) Page(ctx context.Context, c Collection, p PageOf, query url.Values) (sdk.Page, error) {
	return c.Page(ctx, a.call, p, query)
}

// Filter is [resource.Collection.Filter].
func (a *API) Filter(ctx context.Context, c Collection, query url.Values,
	keep func(sdk.Object) bool) (found []sdk.Object, complete bool, err error) {
	return c.Filter(ctx, a.call, query, keep)
}

// Search is [resource.Collection.Search].
func (a *API) Search(ctx context.Context, c Collection, p PageOf, query url.Values,
	keep func(sdk.Object) bool) (sdk.Page, error) {
	return c.Search(ctx, a.call, p, query, keep)
}

// Find is [resource.Collection.Find].
func (a *API) Find(ctx context.Context, c Collection, key string) (json.RawMessage, error) {
	return c.Find(ctx, a.call, key)
}

// FindPart is [resource.Collection.FindPart].
func (a *API) FindPart(ctx context.Context, c Collection, key string, query url.Values) (json.RawMessage, error) {
	return c.FindPart(ctx, a.call, key, query)
}

// ID is [resource.Collection.IDOf].
func (a *API) ID(ctx context.Context, c Collection, key string) (string, error) {
	return c.IDOf(ctx, a.call, key)
}

// ByName is [resource.Collection.ByName].
func (a *API) ByName(ctx context.Context, c Collection, name string) (sdk.Object, error) {
	return c.ByName(ctx, a.call, name)
}

// Update is [resource.Collection.Update].
func (a *API) Update(ctx context.Context, call *sdk.Call, c Collection, key string, without ...string) (json.RawMessage,
	error) {
	return c.Update(ctx, call, key, without...)
}
