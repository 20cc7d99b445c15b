package sandbox

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

const (
	// maxLoggedBody is the longest body, in bytes, that an event of an operation quotes.
	maxLoggedBody = 4 << 10
	// masked stands in a log event for a secret.
	masked = "*****"
)

// logOperation notes in the tenant's log that a request with a valid token called an operation that is no read, as
// Auth0 does: an event of type sapi, or fapi if the operation failed. It holds no secret and no file.
func (t *Tenant) logOperation(r *Request, token claims, answered response) {
	c, _, known := t.match(r.Method, r.Path)
	if !known || c.operation.Effect == managementapi.Read {
		return
	}
	event := object{
		"type": "sapi", "description": c.operation.Summary, "ip": "127.0.0.1", "client_id": token.client(),
		"client_name": "", "user_id": nil, "user_name": nil, "user_agent": "Other 0.0.0 / Other 0.0.0",
	}
	if client := t.clients.find(token.client()); client != nil {
		event["client_name"] = client["name"]
	}
	request, answer := loggedBody(c.operation.Body, r.Body), loggedBody(c.operation.Answer, answered.body)
	if answered.status >= http.StatusBadRequest {
		event["type"] = "fapi"
		answer = loggedProblem(answered.body, c.operation.Body, r.Body)
	}
	if answered.status == http.StatusBadRequest {
		request = nil // where it is not as its schema says, its secrets are not known
	}
	if answer == nil {
		answer = object{}
	}
	credentials := object{}
	if token.ID != "" {
		credentials["jti"] = token.ID
	}
	query := object{}
	for name, values := range r.Query {
		query[name] = strings.Join(values, ",")
	}
	event["details"] = object{
		"request": object{
			"auth": object{"credentials": credentials, "strategy": "jwt", "user": object{}},
			"body": request, "channel": "api", "ip": event["ip"], "method": strings.ToLower(r.Method), "path": r.Path,
			"query": query, "userAgent": r.Header.Get("User-Agent"),
		},
		"response": object{"body": answer, "statusCode": number(answered.status)},
	}
	t.appendLog(event, t.now())
}

// client is the application that a token was issued to.
func (c claims) client() string {
	if c.Party != "" {
		return c.Party
	}
	return strings.TrimSuffix(c.Subject, "@clients")
}

// loggedBody is a body without the secrets that its schema names. One that is no JSON, or too long, is left out.
func loggedBody(schema *managementapi.Schema, body []byte) any {
	if schema == nil || len(body) > maxLoggedBody {
		return nil
	}
	document, err := decodeJSON(body)
	if err != nil {
		return nil
	}
	for secret := range schema.Secrets(document) {
		if len(secret.Path) == 0 {
			return masked
		}
		mask(document, secret.Path)
	}
	return document
}

// mask masks the value at a path of managementapi.Found.
func mask(document any, path []string) {
	switch parent := document.(type) {
	case object:
		if len(path) == 1 {
			parent[path[0]] = masked
			return
		}
		mask(parent[path[0]], path[1:])
	case []any:
		at, err := strconv.Atoi(path[0])
		if err != nil {
			return
		}
		if len(path) == 1 {
			parent[at] = masked
			return
		}
		mask(parent[at], path[1:])
	}
}

// loggedProblem is the body of an error, which may quote secrets of the request.
func loggedProblem(problem []byte, schema *managementapi.Schema, request []byte) any {
	document, err := decodeJSON(problem)
	fields, isObject := document.(object)
	if err != nil || !isObject {
		return nil
	}
	message := text(fields["message"])
	if sent, err := decodeJSON(request); err == nil && schema != nil {
		for secret := range schema.Secrets(sent) {
			if value := text(secret.Value); value != "" {
				message = strings.ReplaceAll(message, value, masked)
			}
		}
	}
	fields["message"] = message
	return fields
}
