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

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

const (
	// maxBody is the largest request body that is read; more is a 413.
	maxBody = 1 << 20

	headerRequestID = "X-Auth0-Requestid"
)

// call is one request on its way through a handler. Path, query and body are valid.
type call struct {
	operation *managementapi.Operation
	params    map[string]string
	query     url.Values
	body      object
	value     any // the body, where it is no object
	claims    claims
	// seeding: the tenant makes the object of its seed, not a request.
	seeding bool
}

// handler answers one operation.
type handler func(*Tenant, *call) (result, error)

// handlers lists the operations that the tenant answers, by [managementapi.Operation.Name].
func handlers(tables *tables) map[string]handler {
	out := map[string]handler{}
	for name := range managementapi.Names() {
		if handle := tables.handler(name); handle != nil {
			out[name] = handle
		}
	}
	for name, handle := range specialHandlers() {
		method, path, _ := strings.Cut(name, " ")
		out[method+" "+apiPrefix+path] = handle
	}
	for path, byMethod := range map[string]map[string]handler{
		"logs":      {http.MethodGet: (*Tenant).listLogs},
		"logs/{id}": {http.MethodGet: (*Tenant).getLog},

		"clients":      {http.MethodGet: (*Tenant).listClients, http.MethodPost: (*Tenant).createClient},
		"clients/{id}": item((*Tenant).getClient, (*Tenant).updateClient, (*Tenant).deleteClient),

		"client-grants":      {http.MethodGet: (*Tenant).listGrants, http.MethodPost: (*Tenant).createGrant},
		"client-grants/{id}": item((*Tenant).getGrant, (*Tenant).updateGrant, (*Tenant).deleteGrant),

		"resource-servers":      {http.MethodGet: (*Tenant).listAPIs, http.MethodPost: (*Tenant).createAPI},
		"resource-servers/{id}": item((*Tenant).getAPI, (*Tenant).updateAPI, (*Tenant).deleteAPI),

		"actions/actions": {
			http.MethodGet: (*Tenant).listActions, http.MethodPost: (*Tenant).createAction,
		},
		"actions/actions/{id}": item((*Tenant).getAction, (*Tenant).updateAction, (*Tenant).deleteAction),

		"actions/actions/{id}/deploy": {http.MethodPost: (*Tenant).deployAction},

		"actions/actions/{actionId}/versions":             {http.MethodGet: (*Tenant).listVersions},
		"actions/actions/{actionId}/versions/{id}":        {http.MethodGet: (*Tenant).getVersion},
		"actions/actions/{actionId}/versions/{id}/deploy": {http.MethodPost: (*Tenant).deployVersion},
		"actions/triggers":                                {http.MethodGet: (*Tenant).listTriggers},
		"actions/triggers/{triggerId}/bindings": {
			http.MethodGet: (*Tenant).listBindings, http.MethodPatch: (*Tenant).updateBindings,
		},

		"actions/modules":               {http.MethodGet: (*Tenant).listModules, http.MethodPost: (*Tenant).createModule},
		"actions/modules/{id}":          item((*Tenant).getModule, (*Tenant).updateModule, (*Tenant).deleteModule),
		"actions/modules/{id}/actions":  {http.MethodGet: (*Tenant).listModuleActions},
		"actions/modules/{id}/rollback": {http.MethodPost: (*Tenant).rollbackModule},
		"actions/modules/{id}/versions": {
			http.MethodGet: (*Tenant).listModuleVersions, http.MethodPost: (*Tenant).publishModule,
		},
		"actions/modules/{id}/versions/{versionId}": {http.MethodGet: (*Tenant).getModuleVersion},

		"forms":      {http.MethodGet: (*Tenant).listForms, http.MethodPost: (*Tenant).createForm},
		"forms/{id}": item((*Tenant).getForm, (*Tenant).updateForm, (*Tenant).deleteForm),

		"flows":      {http.MethodGet: (*Tenant).listFlows, http.MethodPost: (*Tenant).createFlow},
		"flows/{id}": item((*Tenant).getFlow, (*Tenant).updateFlow, (*Tenant).deleteFlow),
	} {
		for method, handle := range byMethod {
			out[method+" "+apiPrefix+path] = handle
		}
	}
	return out
}

// item is what can be done with one object of a collection.
func item(get, update, remove handler) map[string]handler {
	return map[string]handler{http.MethodGet: get, http.MethodPatch: update, http.MethodDelete: remove}
}

// match finds the operation that a request calls, and what answers it.
func (t *Tenant) match(method, escapedPath string) (*call, handler, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	operation, params, known := managementapi.Lookup(method, escapedPath)
	if !known {
		return nil, nil, false
	}
	handle, answered := t.handlers[operation.Name()]
	return &call{operation: operation, params: params}, handle, answered
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
	if fault.Met != nil {
		fault.Met()
	}

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
	answered := encoded(t.run(r, token, tokenErr, bodyErr))
	if tokenErr == nil {
		t.logOperation(r, token, answered)
	}
	return answered
}

// encoded is an endpoint's answer as it is sent.
func encoded(found result, err error) response {
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
	if text, isRaw := found.body.(raw); isRaw {
		return response{
			status: found.status, body: []byte(text.body), header: http.Header{"Content-Type": {text.contentType}},
		}
	}
	return response{status: found.status, body: encode(found.body)}
}

// run answers a request. The checks come in the order of the real API: path, token, scope, then
// what the request says.
func (t *Tenant) run(r *Request, token claims, tokenErr, bodyErr error) (result, error) {
	c, handle, found := t.match(r.Method, r.Path)
	switch {
	case !found:
		return result{}, notFound("Not Found", "")
	case tokenErr != nil:
		return result{}, tokenErr
	case !token.allows(c.operation.Scopes):
		return result{}, refused(http.StatusForbidden,
			"Insufficient scope, expected any of: "+strings.Join(c.operation.Scopes, ","), "insufficient_scope")
	case bodyErr != nil:
		return result{}, bodyErr
	}
	c.query, c.claims = r.Query, token
	if err := checkPath(c.operation, c.params); err != nil {
		return result{}, err
	}
	if err := checkQuery(c.operation, r.Query); err != nil {
		return result{}, err
	}
	if c.operation.Body != nil {
		decode := decodeBody
		if c.operation.ContentType == managementapi.Multipart {
			decode = func(r *Request) (any, error) { return decodeForm(r, c.operation) }
		}
		body, err := decode(r)
		if err != nil {
			return result{}, err
		}
		if body != nil || c.operation.BodyRequired {
			if err := checkBody(c.operation, body); err != nil {
				return result{}, err
			}
		}
		c.body, _ = body.(object)
		c.value = body
	}
	if c.operation.Effect != managementapi.Read {
		t.seedDirectory() // it is made of what the tenant began with
	}
	if err := t.checkParents(c); err != nil {
		return result{}, err
	}
	return handle(t, c)
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

// decodeBody reads a body; without one it is null.
func decodeBody(r *Request) (any, error) {
	if media := r.Header.Get("Content-Type"); media != "" {
		parsed, _, err := mime.ParseMediaType(media)
		if err != nil || parsed != "application/json" {
			return nil, refused(http.StatusUnsupportedMediaType, "Unsupported Media Type", "")
		}
	}
	if len(bytes.TrimSpace(r.Body)) == 0 {
		return nil, nil
	}
	return decodeJSON(r.Body)
}

func decodeJSON(body []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, refused(http.StatusBadRequest, "Invalid request payload JSON format", "")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refused(http.StatusBadRequest, "Invalid request payload JSON format", "")
	}
	return value, nil
}
