package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const (
	// maxBody is the largest request body that is read; more is a 413.
	maxBody = 1 << 20

	headerRequestID = "X-Auth0-Requestid"
)

// call is one request on its way through a handler.
type call struct {
	params map[string]string
	query  url.Values
	body   object
	claims claims
}

// route is one endpoint. A segment in braces is a parameter.
type route struct {
	method   string
	segments []string
	// scopes are the scopes of which the token must have one.
	scopes  []string
	handle  func(*Tenant, *call) (result, error)
	hasBody bool
}

func at(method, path string, handle func(*Tenant, *call) (result, error), scopes ...string) route {
	return route{
		method:   method,
		segments: strings.Split(path, "/"),
		scopes:   scopes,
		handle:   handle,
		hasBody:  method == http.MethodPost || method == http.MethodPatch,
	}
}

func bodiless(r route) route {
	r.hasBody = false
	return r
}

// routes lists the endpoints, below /api/v2/.
func routes() []route {
	const (
		get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	)
	return []route{
		at(get, "logs", (*Tenant).listLogs, "read:logs", "read:logs_users"),
		at(get, "logs/{id}", (*Tenant).getLog, "read:logs", "read:logs_users"),

		at(get, "clients", (*Tenant).listClients, "read:clients"),
		at(post, "clients", (*Tenant).createClient, "create:clients"),
		at(get, "clients/{id}", (*Tenant).getClient, "read:clients"),
		at(patch, "clients/{id}", (*Tenant).updateClient, "update:clients"),
		at(del, "clients/{id}", (*Tenant).deleteClient, "delete:clients"),

		at(get, "client-grants", (*Tenant).listGrants, "read:client_grants"),
		at(post, "client-grants", (*Tenant).createGrant, "create:client_grants"),
		at(get, "client-grants/{id}", (*Tenant).getGrant, "read:client_grants"),
		at(patch, "client-grants/{id}", (*Tenant).updateGrant, "update:client_grants"),
		at(del, "client-grants/{id}", (*Tenant).deleteGrant, "delete:client_grants"),

		at(get, "resource-servers", (*Tenant).listAPIs, "read:resource_servers"),
		at(post, "resource-servers", (*Tenant).createAPI, "create:resource_servers"),
		at(get, "resource-servers/{id}", (*Tenant).getAPI, "read:resource_servers"),
		at(patch, "resource-servers/{id}", (*Tenant).updateAPI, "update:resource_servers"),
		at(del, "resource-servers/{id}", (*Tenant).deleteAPI, "delete:resource_servers"),

		at(get, "actions/actions", (*Tenant).listActions, "read:actions"),
		at(post, "actions/actions", (*Tenant).createAction, "create:actions"),
		at(get, "actions/actions/{id}", (*Tenant).getAction, "read:actions"),
		at(patch, "actions/actions/{id}", (*Tenant).updateAction, "update:actions"),
		at(del, "actions/actions/{id}", (*Tenant).deleteAction, "delete:actions"),
		bodiless(at(post, "actions/actions/{id}/deploy", (*Tenant).deployAction, "create:actions", "update:actions")),
		at(get, "actions/actions/{id}/versions", (*Tenant).listVersions, "read:actions"),
		at(get, "actions/actions/{id}/versions/{version}", (*Tenant).getVersion, "read:actions"),
		at(get, "actions/triggers", (*Tenant).listTriggers, "read:actions"),
		at(get, "actions/triggers/{trigger}/bindings", (*Tenant).listBindings, "read:actions"),
		at(patch, "actions/triggers/{trigger}/bindings", (*Tenant).updateBindings, "update:actions"),

		at(get, "forms", (*Tenant).listForms, "read:forms"),
		at(post, "forms", (*Tenant).createForm, "create:forms"),
		at(get, "forms/{id}", (*Tenant).getForm, "read:forms"),
		at(patch, "forms/{id}", (*Tenant).updateForm, "update:forms"),
		at(del, "forms/{id}", (*Tenant).deleteForm, "delete:forms"),

		at(get, "flows", (*Tenant).listFlows, "read:flows"),
		at(get, "flows/{id}", (*Tenant).getFlow, "read:flows"),
	}
}

// match finds the endpoint for a path as it was sent. Splitting happens before
// decoding: an identifier such as https%3A%2F%2Fapi.example.com%2F is one segment.
func (t *Tenant) match(method, escapedPath string) (route, map[string]string, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	rest, inside := strings.CutPrefix(escapedPath, "/api/v2/")
	if !inside {
		return route{}, nil, false
	}
	segments := strings.Split(rest, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "" {
			return route{}, nil, false
		}
		segments[i] = decoded
	}
	for _, r := range t.routes {
		if params, fits := r.fits(method, segments); fits {
			return r, params, true
		}
	}
	return route{}, nil, false
}

func (r route) fits(method string, segments []string) (map[string]string, bool) {
	if r.method != method || len(r.segments) != len(segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, want := range r.segments {
		if strings.HasPrefix(want, "{") {
			params[strings.Trim(want, "{}")] = segments[i]
		} else if want != segments[i] {
			return nil, false
		}
	}
	return params, true
}

// newRecord notes what a request says, apart from its body.
func newRecord(r *http.Request) Request {
	record := Request{
		Method:   r.Method,
		Host:     r.Host,
		Path:     r.URL.EscapedPath(),
		RawQuery: r.URL.RawQuery,
		Query:    r.URL.Query(),
		Header:   r.Header.Clone(),
	}
	if record.Host == "" {
		record.Host = r.URL.Host
	}
	if record.Header == nil {
		record.Header = http.Header{}
	}
	if !onOAuthPath(record.Path) {
		record.Header.Del("Authorization")
	}
	return record
}

// serve takes a request through the fault rules, the token check, the endpoint
// and the recording. It fails only where the connection shall break.
func (t *Tenant) serve(r *http.Request) (response, error) {
	record := newRecord(r)
	fault, faulty := t.takeFault(record.Method, record.Path)
	body, bodyErr := readBody(r)
	record.Body = body

	var answer response
	err := wait(r.Context(), t.latency+fault.Latency)
	switch {
	case err != nil:
	case fault.Drop == DropBefore:
		err = errDropped
	case fault.Status != 0 && fault.Drop == DropNever:
		answer.status, answer.body = fault.answer(record.Path)
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	limit := t.takeToken(record.Path)
	if err == nil && answer.status == 0 && limit.exceeded {
		answer.status, answer.body = FaultRule{Status: http.StatusTooManyRequests}.answer(record.Path)
	}
	t.oauth.count(&record)
	token, tokenErr := t.authenticate(r)
	record.Authorized = tokenErr == nil
	if err == nil && answer.status == 0 {
		answer = t.process(&record, token, tokenErr, bodyErr)
		record.Processed = answer.status
	}
	if err == nil && fault.Drop == DropAfter {
		err = errDropped
	}
	if err == nil {
		own := answer.header
		answer.header = t.headers(limit, fault.Skew)
		maps.Copy(answer.header, own)
		if faulty {
			fault.tamper(&answer, t.now())
		}
		record.Status = answer.status
	}
	t.recorder.add(record)
	if t.observe != nil {
		t.observe(record)
	}
	return answer, err
}

// process runs the endpoint and encodes its answer. The checks come in the order
// of the real API: path, token, scope, body.
func (t *Tenant) process(r *Request, token claims, tokenErr, bodyErr error) response {
	if onOAuthPath(r.Path) {
		return t.processOAuth(r, bodyErr)
	}
	found, err := t.run(r, token, tokenErr, bodyErr)
	var problem *apiError
	if errors.As(err, &problem) {
		return response{status: problem.status, body: encode(problem.body())}
	}
	if err != nil {
		problem = &apiError{status: http.StatusInternalServerError, message: err.Error()}
		return response{status: problem.status, body: encode(problem.body())}
	}
	if found.body == nil {
		return response{status: found.status}
	}
	return response{status: found.status, body: encode(found.body)}
}

func (t *Tenant) run(r *Request, token claims, tokenErr, bodyErr error) (result, error) {
	endpoint, params, found := t.match(r.Method, r.Path)
	switch {
	case !found:
		return result{}, notFound("Not Found", "")
	case tokenErr != nil:
		return result{}, tokenErr
	case !token.allows(endpoint.scopes):
		return result{}, refused(http.StatusForbidden,
			"Insufficient scope, expected any of: "+strings.Join(endpoint.scopes, ","), "insufficient_scope")
	case bodyErr != nil:
		return result{}, bodyErr
	}
	c := &call{params: params, query: r.Query, claims: token}
	if endpoint.hasBody {
		var err error
		if c.body, err = decodeBody(r); err != nil {
			return result{}, err
		}
	}
	return endpoint.handle(t, c)
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, refused(http.StatusBadRequest, "Invalid request payload", "")
	}
	if len(body) > maxBody {
		return body[:maxBody], refused(http.StatusRequestEntityTooLarge,
			fmt.Sprintf("Payload content length greater than maximum allowed: %d", maxBody), "")
	}
	return body, nil
}

func decodeBody(r *Request) (object, error) {
	if media := r.Header.Get("Content-Type"); media != "" {
		parsed, _, err := mime.ParseMediaType(media)
		if err != nil || parsed != "application/json" {
			return nil, refused(http.StatusUnsupportedMediaType, "Unsupported Media Type", "")
		}
	}
	if len(bytes.TrimSpace(r.Body)) == 0 {
		return nil, badBody("'Expected type object but found type null'")
	}
	decoder := json.NewDecoder(bytes.NewReader(r.Body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, refused(http.StatusBadRequest, "Invalid request payload JSON format", "")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refused(http.StatusBadRequest, "Invalid request payload JSON format", "")
	}
	body, isObject := value.(object)
	if !isObject {
		return nil, badBody("'Expected type object but found type %s'", typeName(value))
	}
	return body, nil
}
