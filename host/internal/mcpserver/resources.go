package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// resourceKind is a kind of objects of the tenant that clients can read by an address, auth0://NAME/{id}.
type resourceKind struct {
	name, title, description string
	// read is the tool that reads one, by the argument.
	read, argument string
	// list is the tool that lists them, under the name, with their ids in a member; empty: ids are not completed.
	list, id string
}

func resourceKinds() []resourceKind {
	return []resourceKind{
		{"applications", "Application", "An application of the tenant, by its client_id or exact name.",
			"auth0_get_application", "client_id", "auth0_list_applications", "client_id"},
		{"resource_servers", "API", "An API of the tenant, by its id, identifier or exact name.",
			"auth0_get_resource_server", "id", "auth0_list_resource_servers", "id"},
		{"actions", "Action", "An Action with its code, by its id or exact name.",
			"auth0_get_action", "id", "auth0_list_actions", "id"},
		{"forms", "Form", "A form, by its id or exact name.", "auth0_get_form", "id", "auth0_list_forms", "id"},
		{"logs", "Log event", "A log event, by its log_id.", "auth0_get_log", "id", "", ""},
	}
}

const (
	resourceScheme = "auth0://"
	idVariable     = "id"
	mimeJSON       = "application/json"
	mimeText       = "text/plain"
)

func (k resourceKind) template() string { return resourceScheme + k.name + "/{" + idVariable + "}" }

// offersReading reports whether a selection has a tool, and it only reads.
func offersReading(selection *catalog.Selection, name string) bool {
	tool, ok := selection.Lookup(name)
	return ok && tool.Effect == pluginv1.EffectRead
}

// offeredKinds are those whose reading tool is offered.
func offeredKinds(selection *catalog.Selection) (kinds []resourceKind) {
	for _, kind := range resourceKinds() {
		if offersReading(selection, kind.read) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// listResources answers with none: the addresses of objects follow from the templates. A list would open the session
// and ask the tenant whenever a client starts, as many clients read it then.
func (s *Server) listResources(r stdio.Request, p params) []byte {
	return s.reply(r, p, map[string]any{"resources": []any{}}, s.listTTL())
}

func (s *Server) listTemplates(r stdio.Request, p params) []byte {
	templates := []map[string]any{}
	for _, kind := range offeredKinds(s.selection.Load()) {
		template := map[string]any{"uriTemplate": kind.template(), "name": kind.name, "description": kind.description,
			"mimeType": mimeJSON}
		if s.protocol(p) >= mcp.ProtocolVersion20250618 {
			template["title"] = kind.title
		}
		templates = append(templates, template)
	}
	return s.reply(r, p, map[string]any{"resourceTemplates": templates}, s.listTTL())
}

// parseAddress reads the address of an object. Its id is one segment, percent-encoded.
func parseAddress(kinds []resourceKind, address string) (kind resourceKind, id string, err error) {
	name, segment, _ := strings.Cut(strings.TrimPrefix(address, resourceScheme), "/")
	id, unescapeErr := url.PathUnescape(segment)
	for _, kind := range kinds {
		if strings.HasPrefix(address, resourceScheme) && kind.name == name && unescapeErr == nil && id != "" &&
			!strings.ContainsAny(segment, "/?#") {
			return kind, id, nil
		}
	}
	return resourceKind{}, "", fmt.Errorf("there is no resource %q: addresses are made by the templates that "+
		"resources/templates/list answers with, such as auth0://applications/{id}", clip(address))
}

// readResource reads an object by its tool: with its checks, redaction, budget and audit record.
func (s *Server) readResource(ctx context.Context, r stdio.Request, p params) []byte {
	address := p.text("uri")
	kind, id, err := parseAddress(offeredKinds(s.selection.Load()), address)
	if err != nil {
		return refusal(r, notFound(p), err.Error(), nil)
	}
	result := s.callReading(ctx, p, kind.read, map[string]any{kind.argument: id})
	switch {
	case result.IsError && result.Outcome.NotFound():
		return refusal(r, notFound(p), result.Texts[0], nil)
	case result.IsError:
		return refusal(r, mcp.INTERNAL_ERROR, result.Texts[0], nil)
	}
	contents := make([]map[string]any, len(result.Texts))
	for i, text := range result.Texts {
		contents[i] = map[string]any{"uri": address, "mimeType": mimeText, "text": text}
	}
	contents[0]["mimeType"] = mimeJSON
	if len(result.Untrusted) > 0 {
		contents[0]["_meta"] = map[string]any{untrustedFields: result.Untrusted}
	}
	return s.reply(r, p, map[string]any{"contents": contents}, 0)
}

// callReading calls a tool for a request that is not tools/call. It may have left the list just now.
func (s *Server) callReading(ctx context.Context, p params, name string, arguments map[string]any) toolcall.Result {
	tool, err := s.selection.Load().Find(name)
	if err != nil {
		return toolcall.Result{Texts: []string{err.Error()}, IsError: true}
	}
	return s.calls.Call(ctx, toolcall.Request{Tool: tool, Arguments: encode(arguments), Client: s.client(p)})
}

// notFound is the code of an address that names nothing.
func notFound(p params) int {
	if p.modern() {
		return mcp.INVALID_PARAMS
	}
	return mcp.RESOURCE_NOT_FOUND
}

// protocol is the protocol version of a request.
func (s *Server) protocol(p params) string {
	if p.modern() {
		return p.version
	}
	return s.session.ProtocolVersion()
}

// uncached is for results that have no cache hints.
const uncached = -1

// reply is a result of ours, with what protocol version 2026-07-28 has in each. ttl is how long it may be kept, in
// milliseconds.
func (s *Server) reply(r stdio.Request, p params, result map[string]any, ttl int64) []byte {
	if p.modern() {
		result["resultType"] = mcp.ResultTypeComplete
		result["_meta"] = map[string]any{
			mcp.MetaKeyServerInfo: mcp.Implementation{Name: serverName, Version: s.cfg.Version}}
		if ttl != uncached {
			result["ttlMs"], result["cacheScope"] = ttl, mcp.CacheScopePrivate
		}
	}
	return encode(mcp.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(r.ID), Result: result})
}

// listTTL is how long lists may be kept.
func (s *Server) listTTL() int64 { return listTTL(s.cfg) }

// serveOwn answers the methods that are not mcp-go's: nil for others, and for those that are not offered.
func (s *Server) serveOwn(ctx context.Context, r stdio.Request, p params) []byte {
	if r.Notification {
		return nil
	}
	selection := s.selection.Load()
	if len(offeredKinds(selection)) > 0 {
		switch mcp.MCPMethod(r.Method) {
		case mcp.MethodResourcesList:
			return s.listResources(r, p)
		case mcp.MethodResourcesTemplatesList:
			return s.listTemplates(r, p)
		case mcp.MethodResourcesRead:
			return s.readResource(ctx, r, p)
		}
	}
	if len(offeredPrompts(selection)) > 0 {
		switch mcp.MCPMethod(r.Method) {
		case mcp.MethodPromptsList:
			return s.listPrompts(r, p)
		case mcp.MethodPromptsGet:
			return s.getPrompt(r, p)
		}
	}
	if r.Method == string(mcp.MethodCompletionComplete) && completes(selection) {
		return s.complete(ctx, r, p)
	}
	return nil
}

// callsTools reports whether a request of another method than tools/call calls a tool, so that it needs a place in a
// pool.
func callsTools(method string) bool {
	return method == string(mcp.MethodResourcesRead) || method == string(mcp.MethodCompletionComplete)
}

// stringsOf are the members of an object that are strings.
func stringsOf(raw json.RawMessage) map[string]string {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(raw, &members) // that it is an object has been checked
	texts := map[string]string{}
	for name, value := range members {
		var text string
		if json.Unmarshal(value, &text) == nil {
			texts[name] = text
		}
	}
	return texts
}
