package egress

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// GuardError says that a request was not sent, whoever approves it: it would take from the session what it works with,
// or from the tenant its Management API or its last administrator.
type GuardError struct {
	// Request is "METHOD path"; Guard is the guard's name, such as "own application".
	Request, Guard string
	// Reason names the object, Dashboard the page on which an administrator can make the change.
	Reason, Dashboard string
}

func (e *GuardError) Error() string {
	return fmt.Sprintf("%s was not sent: the guard %q refuses it, because %s. An administrator of the tenant can do it "+
		"in the Auth0 dashboard (%s)", e.Request, e.Guard, e.Reason, e.Dashboard)
}

// The guards, and where in the dashboard an administrator can do what they refuse.
const (
	ownApplication, applicationsPage = "own application", "Applications"
	ownGrant, grantsPage             = "own client grant", "Applications > APIs > Auth0 Management API"
	ownUser, usersPage               = "own user", "User Management > Users"
	ownToken, keysPage               = "own token", "Settings > Signing Keys"
	ownConnection, connectionsPage   = "own connection", "Authentication"
	managementAPI, apisPage          = "Management API", "Applications > APIs"
	lastAdministrator, rolesPage     = "last administrator", "User Management > Roles"
)

// guard checks one write.
type guard struct {
	holder
	call    *Call
	ctx     context.Context
	request *pluginv1.RoundTripRequest
	// domain is the tenant's; signedIn is false if there is no session.
	domain   string
	signedIn bool
	// operation is the name of the request's operation, empty if there is none; effect is what it does.
	operation string
	effect    managementapi.Effect
	// ruledOut says that the token has none of the operation's scopes.
	ruledOut bool
	// kind and id are the first segments of the path, decoded: "users", "auth0|abc".
	kind, id string
	// before is the target as it is, nil if it could not be read; there is none if gone is set.
	before json.RawMessage
	gone   bool
	// body is the body's members; readable is false if it is not JSON that every reader understands alike.
	body     map[string]any
	items    []any
	readable bool
	// doubts say why the request needs approval: it may be what a guard refuses.
	doubts []string
}

// guardOf is the guard of a request, for the session that its call has now. Without one nothing is sent: what is sent
// is sent in the session that it was checked for.
func (c *Call) guardOf(ctx context.Context, r *pluginv1.RoundTripRequest) *guard {
	g := &guard{call: c, ctx: ctx, request: r}
	if sender, err := c.gate.sender(ctx); err == nil {
		g.holder, g.domain, g.signedIn = holderOf(sender.token), sender.domain, true
	}
	if o, _, ok := managementapi.Lookup(r.GetMethod(), r.GetPath()); ok {
		g.operation, g.effect = o.Name(), o.Effect
		g.ruledOut = len(g.scopes) > 0 && len(o.Scopes) > 0 && !slices.ContainsFunc(o.Scopes, g.has)
	}
	if path, err := pluginv1.ParsePath(r.GetPath()); err == nil {
		segments := path.Segments()
		g.kind = strings.ToLower(segments[0])
		if len(segments) > 1 {
			g.id = segments[1]
		}
	}
	value, err := jsondoc.Decode(r.GetBody())
	g.readable = len(r.GetBody()) == 0 || err == nil && isJSONType(r)
	if err == nil {
		g.body, _ = value.(map[string]any)
		g.items, _ = value.([]any)
	}
	return g
}

// refuse is the error of a guard.
func (g *guard) refuse(guard, dashboard, format string, args ...any) *GuardError {
	return &GuardError{Request: clipped(g.request.GetMethod() + " " + g.request.GetPath()), Guard: guard,
		Reason: clipped(fmt.Sprintf(format, args...)), Dashboard: dashboard}
}

// doubt notes that it is unknown whether a guard concerns the request. One that the token's scopes rule out will be
// rejected: no approval must be asked for it.
func (g *guard) doubt(format string, args ...any) {
	if g.ruledOut {
		return
	}
	g.doubts = append(g.doubts, clipped(fmt.Sprintf(format, args...)))
}

// withTarget takes the body that is sent, and the target as a read has shown it.
func (g *guard) withTarget(w *write, seen *pluginv1.RoundTripResponse) {
	if body, err := jsondoc.Decode(w.change.Body); err == nil {
		g.body, _ = body.(map[string]any)
	}
	g.before, g.gone = w.change.Before, seen.GetResponse().GetStatus() == http.StatusNotFound
}

// refuseGuarded ends a request that a guard refuses.
func (c *Call) refuseGuarded(e *GuardError) *pluginv1.RoundTripResponse {
	method, path, _ := strings.Cut(e.Request, " ")
	c.refuseRequest(method, path, audit.RuleGuard, e.Reason)
	c.mu.Lock()
	if c.guarded == nil {
		c.guarded = e
	}
	c.mu.Unlock()
	return c.fails(pluginv1.Failure_CODE_REFUSED, e.Error())
}

// stored is a member of the target.
func (g *guard) stored(name string) any {
	var value any
	if raw := jsondoc.ValueOf(g.before, name); raw != nil && decode(raw, &value) != nil {
		return nil
	}
	return value
}

func (g *guard) storedText(name string) string { return scalar(g.stored(name)) }

// changes returns the first of some members that the body changes; "" if it changes none. What cannot be compared
// counts as changed.
func (g *guard) changes(members ...string) string {
	if !g.readable {
		return "its body, which is not JSON that every reader understands alike"
	}
	for _, name := range members {
		if value, given := g.body[name]; given && (g.before == nil || !sameValue(value, g.stored(name))) {
			return name
		}
	}
	return ""
}

// lost are the texts of a list of the target that the body's list does not have; of objects in it, text is the member
// that counts. A body without the list loses none.
func (g *guard) lost(list, text string) (gone []string) {
	value, given := g.body[list]
	if !given {
		return nil
	}
	kept := textsOf(value, text)
	for _, one := range textsOf(g.stored(list), text) {
		if !slices.Contains(kept, one) {
			gone = append(gone, one)
		}
	}
	return gone
}

func textsOf(list any, member string) (texts []string) {
	items, _ := list.([]any)
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			item = object[member]
		}
		texts = append(texts, scalar(item))
	}
	return texts
}

// read reads something of the tenant; nil if it cannot be read.
func (g *guard) read(query string, segments ...string) (doc json.RawMessage, status int) {
	return g.call.look(g.ctx, query, segments...)
}

// look reads something of the tenant for the host itself; nil if it cannot be read. What Auth0 answers is no answer of
// the call: an error here is not what the call failed of.
func (c *Call) look(ctx context.Context, query string, segments ...string) (doc json.RawMessage, status int) {
	path, err := pluginv1.NewPath(segments...)
	if err != nil {
		return nil, 0
	}
	answer, _ := c.deliver(ctx, &write{quiet: true, RoundTripRequest: &pluginv1.RoundTripRequest{CallId: c.id,
		Method: http.MethodGet, Path: path.String(), Query: query}})
	return okJSON(answer), int(answer.GetResponse().GetStatus())
}

// textOf is a text member of an object; "" if there is none.
func textOf(doc json.RawMessage, name string) string {
	var text string
	if json.Unmarshal(jsondoc.ValueOf(doc, name), &text) != nil {
		return ""
	}
	return text
}
