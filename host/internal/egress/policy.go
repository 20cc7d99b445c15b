package egress

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// policy says why a request may not be sent; "" if it may, and then to which path.
func (c *Call) policy(r *pluginv1.RoundTripRequest) (path pluginv1.Path, reason string) {
	method, tool := r.GetMethod(), c.grant.Tool
	reading := slices.Contains(pluginv1.EffectRead.Methods(), method)
	path, reason = requestPath(r)
	switch {
	case reason != "":
		return path, reason
	case tool.External:
		return path, tool.Name + " declares that it works outside of the tenant"
	case c.gate.cfg.ReadOnly && !reading:
		return path, "the server is read-only"
	case c.undoes(method, path.String()):
	case !slices.Contains(tool.Effect.Methods(), method):
		return path, fmt.Sprintf("%s declares the effect %q", tool.Name, tool.Effect)
	case tool.Effect == pluginv1.EffectWrite && destroys(method, path):
		return path, fmt.Sprintf("it deletes something or cannot be undone, which takes a tool with the effect %q, and %s "+
			"declares the effect %q", pluginv1.EffectDestroy, tool.Name, tool.Effect)
	case len(c.rules) > 0 && !slices.ContainsFunc(c.rules, func(rule pluginv1.PathRule) bool {
		return rule.Match(method,
			path)
	}):
		return path, tool.Name + " does not declare it"
	}
	if _, err := url.ParseQuery(r.GetQuery()); err != nil || strings.ContainsFunc(r.GetQuery(), outsideQuery) {
		return path, "its query is malformed"
	}
	for _, header := range r.GetHeaders() {
		if slices.ContainsFunc(header.GetValues(),
			func(value string) bool { return strings.ContainsFunc(value, outsideHeader) }) && describesBody(header) {
			return path, fmt.Sprintf("its header %s is malformed", http.CanonicalHeaderKey(header.GetName()))
		}
	}
	return path, ""
}

// destroys reports whether a request is an operation that deletes, revokes, rotates or cannot be undone, whatever its
// method is.
func destroys(method string, path pluginv1.Path) bool {
	o, _, ok := managementapi.Lookup(method, path.String())
	return ok && o.Effect == managementapi.Destroy
}

// describesBody reports whether a plugin's header is sent: everything about
// identity is the host's.
func describesBody(header *pluginv1.Header) bool {
	name := http.CanonicalHeaderKey(header.GetName())
	return name == "Content-Type" || name == "Accept"
}

// outsideHeader reports whether a character cannot stand in a header: a line end
// would begin another one.
func outsideHeader(r rune) bool { return r < ' ' || r > '~' }

// outsideQuery reports whether a character cannot stand in a query as it is: a
// space would end the request line, and what is behind "#" is never sent.
func outsideQuery(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }

// rule is what policy refused a request by, in the audit log.
func (c *Call) rule(r *pluginv1.RoundTripRequest) audit.Rule {
	if c.gate.cfg.ReadOnly && !isRead(r) {
		return audit.RuleReadOnly
	}
	return audit.RulePolicy
}

func isRead(r *pluginv1.RoundTripRequest) bool {
	return slices.Contains(pluginv1.EffectRead.Methods(), r.GetMethod())
}
