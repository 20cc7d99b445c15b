package mcpserver

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
)

// approvalKey names our one question among the input requests of a result.
const approvalKey = "approval"

// elicitation is the question in MCP's form. It asks for nothing but the decision: to
// accept is to approve.
// https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation
func elicitation(text string) mcp.ElicitationParams {
	return mcp.ElicitationParams{
		Message:         "Approve this change?\n\n" + text,
		RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
	}
}

// approver finds out from the parameters of a call how the client can ask its user.
func (s *Server) approver(p params) toolcall.Approver {
	if p.modern() {
		a := toolcall.Approver{Later: canElicit(p.capabilities.Elicitation), State: p.text("requestState")}
		if a.State != "" || !isAbsent(p.members["inputResponses"]) {
			var responses map[string]json.RawMessage
			_ = json.Unmarshal(p.members["inputResponses"], &responses) // that it is an object has been checked
			decision := readAnswer(responses[approvalKey])
			a.Answer = &decision
		}
		return a
	}
	if !canElicit(s.session.GetClientCapabilities().Elicitation) {
		return toolcall.Approver{}
	}
	return toolcall.Approver{Ask: ask}
}

// ask puts a question to the client's user, and waits.
func ask(ctx context.Context, text string) (decision toolcall.Decision, err error) {
	err = stdio.WaitForUser(ctx, func(ctx context.Context) error {
		result, err := stdio.FromContext(ctx).Request(ctx, string(mcp.MethodElicitationCreate), elicitation(text))
		if err == nil {
			decision = readAnswer(result)
		}
		return err
	})
	var busy *stdio.BusyError
	if errors.As(err, &busy) {
		err = &toolcall.BusyError{Err: err}
	}
	return decision, err
}

// canElicit reports whether a client shows forms; one that names no mode does.
func canElicit(c *mcp.ElicitationCapability) bool {
	return c != nil && (c.Form != nil || c.URL == nil)
}

// readAnswer takes nothing but the word accept for an approval.
func readAnswer(result json.RawMessage) toolcall.Decision {
	// By its exact name: a struct would take "Action" for it, too.
	var members map[string]json.RawMessage
	var action mcp.ElicitationResponseAction
	if json.Unmarshal(result, &members) != nil || json.Unmarshal(members["action"], &action) != nil {
		return toolcall.Dismissed
	}
	switch action {
	case mcp.ElicitationResponseActionAccept:
		return toolcall.Accepted
	case mcp.ElicitationResponseActionDecline:
		return toolcall.Declined
	}
	return toolcall.Dismissed
}
