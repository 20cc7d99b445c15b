package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Path is the escaped path of a resource, such as "/api/v2/users/auth0%7Cabc" for "users"
// and "auth0|abc": each segment below /api/v2/ is taken as it is, whatever it holds, so
// that an id never becomes another path. A path that no id can have, such as one with an
// empty segment or with "..", is refused when it is requested.
func (c *Call) Path(segments ...string) string {
	escaped := make([]string, len(segments))
	for i, segment := range segments {
		escaped[i] = url.PathEscape(segment)
	}
	return pluginv1.BasePath + strings.Join(escaped, "/")
}

// Get reads a resource of the Management API into out: c.Get(ctx, &role, "roles", id).
// The segments are those below /api/v2/, unescaped. out is a *[json.RawMessage] or an
// *[Object], which keep all that Auth0 sent, a pointer to anything else that
// encoding/json can decode, or nil. An error answer is an *[APIError].
func (c *Call) Get(ctx context.Context, out any, segments ...string) error {
	return c.WithQuery(nil).Get(ctx, out, segments...)
}

// Send sends a body and reads the answer into out, as in [Call.Get]. The body is sent
// unchanged if it is a [json.RawMessage], encoded as JSON otherwise, and left out if it
// is nil. An answer without a body leaves out as it is.
func (c *Call) Send(ctx context.Context, method string, out, body any, segments ...string) error {
	return c.WithQuery(nil).Send(ctx, method, out, body, segments...)
}

// Request is a request of a call, with a query.
type Request struct {
	call  *Call
	query url.Values
}

// WithQuery is for requests with a query:
//
//	c.WithQuery(url.Values{"client_id": {id}}).Get(ctx, &grants, "client-grants")
func (c *Call) WithQuery(query url.Values) Request { return Request{c, query} }

// Get is [Call.Get] with the query.
func (r Request) Get(ctx context.Context, out any, segments ...string) error {
	return r.Send(ctx, http.MethodGet, out, nil, segments...)
}

// Send is [Call.Send] with the query.
func (r Request) Send(ctx context.Context, method string, out, body any, segments ...string) error {
	path := r.call.Path(segments...)
	payload, err := requestBody(body)
	if err != nil {
		return fmt.Errorf("%s %s was not sent: %w", method, path, err)
	}
	target := "https://" + r.call.Domain() + path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(payload))
	if err != nil {
		return fmt.Errorf("%s %s was not sent: %w", method, path, err)
	}
	if len(payload) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := r.call.HTTPClient().Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := ReadBody(response)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return newAPIError(method, path, response.StatusCode, answer)
	}
	return decodeAnswer(method, path, answer, out)
}

func requestBody(body any) (json.RawMessage, error) {
	switch body := body.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		return body, nil
	default:
		return encode(body)
	}
}

func decodeAnswer(method, path string, answer []byte, out any) (err error) {
	if len(answer) == 0 {
		return nil
	}
	switch out := out.(type) {
	case *Object:
		*out, err = ParseObject(answer)
	case *[]Object:
		*out, err = ParseObjects(answer)
	default:
		if !jsontext.Value(answer).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
			return fmt.Errorf("%s %s was answered with something that is not JSON", method, path)
		}
		if raw, ok := out.(*json.RawMessage); ok {
			*raw = answer
		} else if out != nil {
			err = json.Unmarshal(answer, out)
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s was answered with something unexpected: %w", method, path, err)
	}
	return nil
}

// APIError is an error answer of the Management API. The host saw the answer itself and
// words it for the caller: a tool returns the error as it is, or wrapped.
type APIError struct {
	Method, Path string
	// StatusCode is the HTTP status, 400 or more.
	StatusCode int
	// ErrorCode is Auth0's, such as "inexistent_client"; empty if it gave none.
	ErrorCode string
	// Message is Auth0's, and may hold text of others; empty if it gave none.
	Message string
}

func newAPIError(method, path string, status int, answer []byte) *APIError {
	e := &APIError{Method: method, Path: path, StatusCode: status}
	var body Object
	if json.Unmarshal(answer, &body) == nil {
		e.ErrorCode, e.Message = body.Text("errorCode"), body.Text("message")
	}
	return e
}

func (e *APIError) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.StatusCode, http.StatusText(e.StatusCode))
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Status is the HTTP status of the answer.
func (e *APIError) Status() int { return e.StatusCode }
