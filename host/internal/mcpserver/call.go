package mcpserver

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
)

// Members of a result's _meta that are ours.
const (
	// errorKind tells one kind of error from the others.
	errorKind = "auth0-mcp/error"
	// untrustedFields lists the fields which others than the caller can have written.
	untrustedFields = "auth0-mcp/untrusted"
	// effect is what a call did to the tenant and to files: "changed" or "unknown"; absent: nothing.
	effect = "auth0-mcp/effect"
	// approvalMember names what waits for approval.
	approvalMember = "auth0-mcp/approval"
)

// sender is who sends a request: by the handshake, or by what a request that carries
// its version says of itself.
func (s *Server) sender(p params) mcp.Implementation {
	if p.modern() {
		return p.client
	}
	return s.session.GetClientInfo()
}

func (s *Server) client(p params) toolcall.Client {
	client := s.sender(p)
	return toolcall.Client{Name: client.Name, Version: client.Version}
}

// called is the tool that a tools/call names. One that is not listed for want of scopes can be called where the user
// can consent to them within the call.
func (s *Server) called(p params) (*catalog.Tool, error) {
	find := s.selection.Load().Find
	if s.cfg.Calls.SignIn != nil && s.browser(p).CanAsk() {
		find = s.selection.Load().FindConsenting
	}
	return find(p.text("name"))
}

// callTool answers tools/call. It does not go through mcp-go, which decodes arguments
// into floats and loses what does not fit. That the tool is offered has been checked.
func (s *Server) callTool(ctx context.Context, r stdio.Request, p params) []byte {
	tool, err := s.called(p)
	if err != nil { // it has vanished since it was checked
		return refusal(r, mcp.INVALID_PARAMS, err.Error(), nil)
	}
	q := toolcall.Request{Tool: tool, Arguments: p.members["arguments"], Client: s.client(p), Approver: s.approver(p),
		Browser: s.browser(p)}
	if p.progressToken != nil {
		q.Progress = func(progress toolcall.Progress) {
			message := map[string]any{"progressToken": p.progressToken, "progress": progress.Done}
			if progress.Total > 0 {
				message["total"] = progress.Total
			}
			if progress.Note != "" {
				message["message"] = progress.Note
			}
			// A client that is gone has no use for progress.
			_ = stdio.Notify(ctx, "notifications/progress", message)
		}
	}
	result := s.calls.Call(ctx, q)
	return encode(mcp.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(r.ID),
		Result: s.wire(result, tool, p)})
}

// wire is a tool's result in MCP's terms. p are the parameters of its request.
func (s *Server) wire(r toolcall.Result, tool *catalog.Tool, p params) any {
	meta := map[string]any{}
	if p.modern() {
		meta[mcp.MetaKeyServerInfo] = mcp.Implementation{Name: serverName, Version: s.cfg.Version}
	}
	if q := r.Question; q != nil {
		return &mcp.CallToolResult{
			Result: mcp.Result{ResultType: mcp.ResultTypeInputRequired, Meta: &mcp.Meta{AdditionalFields: meta}},
			MultiRoundTripResult: mcp.MultiRoundTripResult{
				InputRequests: inputRequests(q),
				RequestState:  q.State,
			},
		}
	}
	result := callResult{Meta: meta, Content: make([]textContent, len(r.Texts)), IsError: r.IsError}
	if p.modern() {
		result.ResultType = mcp.ResultTypeComplete
	}
	for i, text := range r.Texts {
		result.Content[i] = textContent{Type: mcp.ContentTypeText, Text: text}
	}
	if r.Kind != "" {
		meta[errorKind] = r.Kind
	}
	if len(r.Untrusted) > 0 {
		meta[untrustedFields] = r.Untrusted
	}
	if did := r.Effect(); did != "" {
		meta[effect] = did
	}
	if p := r.Proposal; p != nil {
		meta[approvalMember] = map[string]any{"id": p.ID, "expires": p.Expires}
	}
	s.structure(r, tool, p, &result)
	return result
}

// callResult is an mcp.CallToolResult whose contents are texts. That type encodes its members one after the other and
// copies the outcome, with six bytes for each < and &.
type callResult struct {
	Meta              map[string]any  `json:"_meta,omitempty"`
	Content           []textContent   `json:"content"`
	StructuredContent json.RawMessage `json:"structuredContent,omitempty"`
	IsError           bool            `json:"isError,omitempty"`
	ResultType        mcp.ResultType  `json:"resultType,omitempty"`
}

type textContent struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// isAbsent tells whether a value stands for a member that is not there.
func isAbsent(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }
