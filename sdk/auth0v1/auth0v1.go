// Package auth0v1 is go-auth0 v1 for plugins: its Management client for paths,
// escaping and requests, with raw JSON in and out, so that no field, null, empty
// array or big number is lost on the way. It is a module of its own because the
// SDK leaves the choice of an Auth0 library to the author.
package auth0v1

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0/go-auth0/management"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// placeholderToken satisfies go-auth0, which insists on a token source. The host
// drops it and sets the real one, which no plugin ever sees.
const placeholderToken = "set-by-the-host" //nolint:gosec // it opens nothing

// API is the tenant's Management API within one call.
type API struct {
	call       *sdk.Call
	management *management.Management
}

// New makes the API of a call. It sends nothing and costs next to nothing: make
// one for each call.
func New(ctx context.Context, c *sdk.Call) (*API, error) {
	m, err := management.New(c.Domain(),
		management.WithClient(c.HTTPClient()),
		management.WithStaticToken(placeholderToken),
		management.WithNoRetries(), // the host retries what may be retried
	)
	if err != nil {
		return nil, fmt.Errorf("management client for %s: %w", c.Domain(), err)
	}
	return &API{c, m}, ctx.Err()
}

// Answered reports whether err is an answer of the Management API with that status.
func Answered(err error, status int) bool {
	answer, ok := errors.AsType[*sdk.APIError](err)
	return ok && answer.StatusCode == status
}

// Get fetches a resource. The segments are those below /api/v2/, unescaped.
func (a *API) Get(ctx context.Context, query url.Values, segments ...string) (json.RawMessage, error) {
	return a.send(ctx, http.MethodGet, nil, query, segments)
}

// Send sends a body, which goes out and whose answer comes back unchanged. A nil
// body sends none.
func (a *API) Send(ctx context.Context, method string, body json.RawMessage, segments ...string) (json.RawMessage,
	error) {
	return a.send(ctx, method, body, nil, segments)
}

func (a *API) send(ctx context.Context, method string, body json.RawMessage, query url.Values,
	segments []string) (json.RawMessage, error) {
	answer, err := a.exchange(ctx, method, body, query, segments)
	if err == nil && len(answer) > 0 && !jsontext.Value(answer).IsValid(jsontext.AllowDuplicateNames(true),
		jsontext.AllowInvalidUTF8(true)) {
		return nil, fmt.Errorf("%s %s answered something that is not JSON", method, a.path(segments))
	}
	return answer, err
}

// path is the escaped path of a resource.
func (a *API) path(segments []string) string {
	target, err := url.Parse(a.management.URI(segments...))
	if err != nil {
		return strings.Join(segments, "/")
	}
	return target.EscapedPath()
}

// exchange sends a request. Its answer was not checked.
func (a *API) exchange(ctx context.Context, method string, body json.RawMessage, query url.Values,
	segments []string) (json.RawMessage, error) {
	var payload any
	if body != nil {
		payload = body
	}
	request, err := a.management.NewRequest(ctx, method, a.management.URI(segments...), payload)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	request.URL.RawQuery = query.Encode()
	if body != nil {
		// NewRequest encodes the body anew: <, > and & of a template or a script
		// would arrive as escapes, the same JSON but not the text that was given.
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	response, err := a.management.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return nil, &sdk.APIError{Method: method, Path: request.URL.EscapedPath(), StatusCode: response.StatusCode}
	}
	answer, err := sdk.ReadBody(response)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, request.URL.EscapedPath(), err)
	}
	return answer, nil
}
