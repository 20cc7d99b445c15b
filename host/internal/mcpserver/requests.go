package mcpserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
)

// What a request is refused for before mcp-go sees it: that takes what MCP does
// not allow, such as calls before the handshake, and words what it refuses by Go's
// types.

// acceptsBatch is stdio's question whether several messages may come in one line:
// one protocol version has that, the next took it out again.
func (s *Server) acceptsBatch() error {
	const version = mcp.ProtocolVersion20250326
	switch s.session.ProtocolVersion() {
	case version:
		return nil
	case "":
		return fmt.Errorf("a batch came before initialize: only protocol version %s has batches, and only after initialize",
			version)
	default:
		return fmt.Errorf("batches are not accepted, only protocol version %s has them: send each message on a line of "+
			"its own", version)
	}
}

// params are what is read of any request's parameters.
type params struct {
	members map[string]json.RawMessage
	// wrong says what is wrong with them; empty if nothing is.
	wrong string
	// version is what _meta says, empty if nothing: from 2026-07-28 on each request
	// carries its own, and there is no handshake.
	version string
	// client and capabilities are what such a request says of who sends it.
	client       mcp.Implementation
	capabilities mcp.ClientCapabilities
	// withoutCapabilities says that a request which must carry them does not.
	withoutCapabilities bool
	// progressToken is what progress is reported under; nil: it is not wanted.
	progressToken json.RawMessage
}

// kinds are the members that MCP's requests share, and those of the requests that
// are served, by what JSON they must be. Arguments are the tool's, and checked by
// its schema.
var kinds = map[string]kind{
	"_meta": object, "name": text, "cursor": text, "level": text,
	"protocolVersion": text, "capabilities": object, "clientInfo": object,
	"arguments": anything, "task": anything, "inputResponses": object, "requestState": text,
	"uri": text, "ref": object, "argument": object, "context": object,
}

type kind string

const (
	object   kind = "an object"
	text     kind = "a string"
	anything kind = ""
)

// is tells whether a value is of a kind. Null stands for an absent member.
func (k kind) is(value json.RawMessage) bool {
	switch {
	case string(value) == "null" || k == anything:
		return true
	case k == object:
		return value[0] == '{'
	default:
		return value[0] == '"'
	}
}

// parseParams reads a request's parameters, given by their exact names.
func parseParams(members map[string]json.RawMessage) params {
	p := params{members: members}
	// What _meta says of the client counts also if something else is wrong.
	wrongMeta := p.parseMeta()
	if p.wrong = p.checkKinds(); p.wrong == "" {
		p.wrong = wrongMeta
	}
	return p
}

// checkKinds says which member is not what MCP has under its name.
func (p params) checkKinds() (wrong string) {
	for _, name := range slices.Sorted(maps.Keys(p.members)) {
		want, known := kinds[name]
		if !known {
			// Go's decoders would take it for the member that it resembles.
			for other := range kinds {
				if strings.EqualFold(name, other) {
					return fmt.Sprintf("the params have the member %q: it is spelt %q", name, other)
				}
			}
		} else if !want.is(p.members[name]) {
			return fmt.Sprintf("the member %q of the params must be %s", name, want)
		}
	}
	return ""
}

func (p *params) parseMeta() (wrong string) {
	var meta map[string]json.RawMessage
	if raw := p.members["_meta"]; raw != nil && json.Unmarshal(raw, &meta) != nil {
		return "the member \"_meta\" of the params must be an object"
	}
	_ = json.Unmarshal(meta[mcp.MetaKeyClientInfo], &p.client) // mcp-go refuses what is none
	if version := meta[mcp.MetaKeyProtocolVersion]; version != nil && json.Unmarshal(version, &p.version) != nil {
		return fmt.Sprintf("the member %q of _meta must be a string", mcp.MetaKeyProtocolVersion)
	}
	if capabilities := meta[mcp.MetaKeyClientCapabilities]; p.modern() &&
		(isAbsent(capabilities) || json.Unmarshal(capabilities, &p.capabilities) != nil) {
		p.withoutCapabilities = true
	}
	if token := meta["progressToken"]; token != nil &&
		(token[0] == '{' || token[0] == '[' || token[0] == 't' || token[0] == 'f') {
		return "the progressToken must be a string or a number"
	} else if !isAbsent(token) {
		p.progressToken = token
	}
	return ""
}

func (p params) text(name string) string {
	var s string
	_ = json.Unmarshal(p.members[name], &s) // its kind has been checked
	return s
}

// modern tells whether the request carries its protocol version itself.
func (p params) modern() bool { return mcp.IsModernProtocol(p.version) }

// refuse answers a request that is not to be served; nil lets it through.
func (s *Server) refuse(r stdio.Request, p params) []byte {
	if r.Notification {
		return nil
	}
	method, wrong := mcp.MCPMethod(r.Method), p.wrong
	switch {
	case wrong != "":
	case p.version != "" && !mcp.IsValidProtocolVersion(p.version):
		e := mcp.UnsupportedProtocolVersionError{Version: p.version,
			Supported: mcp.ValidProtocolVersions}.JSONRPCError().Error
		return refusal(r, e.Code, e.Message, e.Data)
	case !p.modern() && !s.session.ready() && !beforeHandshake(method):
		return refusal(r, mcp.INVALID_REQUEST, fmt.Sprintf("%s came before initialize: send initialize first, or name the "+
			"protocol version %s in _meta", clip(r.Method), mcp.LATEST_PROTOCOL_VERSION), nil)
	case method == mcp.MethodInitialize && !p.modern() && p.text("protocolVersion") == "":
		wrong = "initialize needs protocolVersion: a string such as " + mcp.LATEST_LEGACY_PROTOCOL_VERSION
	case method == mcp.MethodToolsList && p.text("cursor") != "":
		wrong = "unknown cursor: tools/list gives none, it answers with all tools at once"
	case method == mcp.MethodSubscriptionsListen && p.modern():
		return refusal(r, mcp.METHOD_NOT_FOUND, "subscriptions/listen is not supported: call tools/list again to see "+
			"whether the tools have changed", nil)
	case method == mcp.MethodToolsCall && p.withoutCapabilities:
		wrong = "missing or invalid _meta field " + mcp.MetaKeyClientCapabilities
	case method == mcp.MethodToolsCall && p.text("name") == "":
		wrong = "tools/call needs the name of a tool: a text"
	case method == mcp.MethodToolsCall:
		if _, err := s.called(p); err != nil {
			s.calls.Refuse(s.client(p), p.text("name"), p.members["arguments"], err)
			return refusal(r, mcp.INVALID_PARAMS, err.Error(), nil)
		}
	}
	if wrong == "" {
		return nil
	}
	if method == mcp.MethodToolsCall {
		s.calls.Refuse(s.client(p), "", nil, errors.New(wrong))
	}
	return refusal(r, mcp.INVALID_PARAMS, wrong, nil)
}

// beforeHandshake tells whether a client may send a method before it is initialized.
// server/discover is answered with what it lacks.
func beforeHandshake(method mcp.MCPMethod) bool {
	return method == mcp.MethodInitialize || method == mcp.MethodPing || method == mcp.MethodServerDiscover
}

// reword gives back mcp-go's answer, unless that is about the shape of a request:
// that the message as a whole is sound has been checked by stdio.
func reword(r stdio.Request, answer mcp.JSONRPCMessage) []byte {
	if e, ok := answer.(mcp.JSONRPCError); ok && e.Error.Code == mcp.INVALID_REQUEST {
		return refusal(r, mcp.INVALID_PARAMS,
			fmt.Sprintf("the params of %s are not as MCP's schema has them", clip(r.Method)), nil)
	}
	return encode(answer)
}

func refusal(r stdio.Request, code int, message string, data any) []byte {
	return encode(mcp.JSONRPCError{JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(r.ID),
		Error: mcp.NewJSONRPCErrorDetails(code, message, data)})
}

// clip keeps a client's word from filling an answer.
func clip(word string) string {
	const most = 64
	if len(word) > most {
		return strings.ToValidUTF8(word[:most], "") + "…"
	}
	return word
}
