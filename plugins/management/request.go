package management

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

const basePath = "/api/v2/"

// streamText says why the operation that streams is not called.
const streamText = "it answers with a stream that does not end, which a tool cannot read: use the logs, or an event " +
	"stream"

// operationOf finds an operation by its name, with or without /api/v2.
func operationOf(name string) (*managementapi.Operation, error) {
	name = strings.Join(strings.Fields(name), " ")
	method, path, _ := strings.Cut(name, " ")
	method = strings.ToUpper(method)
	for _, prefix := range []string{"", strings.TrimSuffix(basePath, "/")} {
		if o, ok := managementapi.ByName(method + " " + prefix + path); ok {
			return o, nil
		}
	}
	if o, parameters, ok := managementapi.LookupSegments(method, segments(path)); ok {
		return nil, sdk.InvalidArgument("operation: write %q as it is, with its braces, and give the values in path: %s",
			o.Name(), quoteObject(parameters))
	}
	var near []string
	for _, o := range managementapi.Search(name, nil) {
		if len(near) == 3 {
			break
		}
		near = append(near, fmt.Sprintf("%q (%s)", o.Name(), o.Summary))
	}
	if len(near) == 0 {
		return nil, sdk.InvalidArgument("operation: %q is not an operation of the Management API: find one with %s", name,
			searchTool)
	}
	return nil, sdk.InvalidArgument("operation: %q is not an operation of the Management API. Near it: %s. Others are "+
		"found with %s", name, strings.Join(near, ", "), searchTool)
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func quoteObject(values map[string]string) string {
	text, _ := json.Marshal(values) // texts
	return string(text)
}

// request is a request that was checked against its operation's schema.
type request struct {
	operation *managementapi.Operation
	segments  []string
	query     url.Values
	body      []byte
	content   string
}

// newRequest checks the arguments of a call. It sends nothing.
func newRequest(in input, effect managementapi.Effect) (*request, error) {
	o, err := operationOf(in.Operation)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Effect != effect:
		return nil, sdk.InvalidArgument("operation: %s (%s) %s: call it with %s", o.Name(), o.Summary, does(o.Effect),
			toolFor(o))
	case o.AnswerType == managementapi.EventStream:
		return nil, sdk.InvalidArgument("operation: %s is not called: %s", o.Name(), streamText)
	}
	r := &request{operation: o, query: url.Values{}}
	p := &problems{operation: o}
	r.path(p, in.Path)
	r.queries(p, in.Query)
	r.payload(p, in.Body)
	return r, p.err()
}

func does(effect managementapi.Effect) string {
	switch effect {
	case managementapi.Read:
		return "only reads"
	case managementapi.Write:
		return "creates or changes something"
	default:
		return "deletes something or cannot be undone"
	}
}

func (r *request) path(p *problems, given map[string]json.RawMessage) {
	values := map[string]string{}
	for name, raw := range given {
		texts, ok := textsOf(raw)
		if !ok || len(texts) != 1 || bytes.HasPrefix(raw, []byte("[")) {
			p.add("path."+name, "must be a text or a number")
			continue
		}
		values[name] = texts[0]
	}
	p.found("path", r.operation.CheckPath(values), nil, parameterNames(r.operation.PathParameters))
	for segment := range strings.SplitSeq(strings.TrimPrefix(r.operation.Path, basePath), "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			segment = values[strings.TrimSuffix(name, "}")]
		}
		r.segments = append(r.segments, segment)
	}
}

func (r *request) queries(p *problems, given map[string]json.RawMessage) {
	for name, raw := range given {
		texts, ok := textsOf(raw)
		switch {
		case isPaging(r.operation, name):
			p.add("query."+name, "is not given: pages are asked for with limit and cursor")
		case !ok:
			p.add("query."+name, "must be a text, a number, true or false, or a list of these")
		default:
			r.query[name] = texts
		}
	}
	p.found("query", r.operation.CheckQuery(r.query), nil, parameterNames(callerQuery(r.operation)))
}

func parameterNames(all []managementapi.Parameter) (names []string) {
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

// textsOf are a value of a path or query as texts: an array has several.
func textsOf(raw json.RawMessage) ([]string, bool) {
	var one any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&one) != nil {
		return nil, false
	}
	items, ok := one.([]any)
	if !ok {
		items = []any{one}
	}
	texts := make([]string, len(items))
	for i, item := range items {
		switch item.(type) {
		case string, json.Number, bool:
			texts[i] = fmt.Sprint(item)
		default:
			return nil, false
		}
	}
	return texts, true
}

func (r *request) payload(p *problems, body json.RawMessage) {
	o := r.operation
	switch {
	case len(body) == 0 && o.Body != nil && o.BodyRequired:
		p.add("body", "is missing: "+describeTool+" shows what it holds")
		return
	case len(body) == 0:
		return
	case o.Body == nil:
		p.add("body", "is not given: the operation takes none")
		return
	}
	r.body, r.content = body, managementapi.JSON
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		p.add("body", "is not JSON: "+err.Error())
		return
	}
	if o.ContentType == managementapi.Multipart {
		value = asParts(o.Body, value)
	}
	p.found("body", o.Body.Check(value), value, nil)
	if o.ContentType == managementapi.Multipart && len(p.texts) == 0 {
		r.body, r.content = multipartBody(o.Body, value)
	}
}

// send sends the request, and returns the body of the answer and its status.
func (r *request) send(ctx context.Context, c *sdk.Call, query url.Values) ([]byte, int, error) {
	path := c.Path(r.segments...)
	target := "https://" + c.Domain() + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	request, err := http.NewRequestWithContext(ctx, r.operation.Method, target, body)
	if err != nil {
		return nil, 0, fmt.Errorf("%s was not sent: %w", r.operation.Name(), err)
	}
	if r.body != nil {
		request.Header.Set("Content-Type", r.content)
	}
	response, err := c.HTTPClient().Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	answer, err := sdk.ReadBody(response)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", r.operation.Name(), err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, 0, &sdk.APIError{Method: r.operation.Method, Path: path, StatusCode: response.StatusCode}
	}
	return answer, response.StatusCode, nil
}
