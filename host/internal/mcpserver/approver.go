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
		a := toolcall.Approver{Later: canElicit(p.capabilities.Elicitation)}
		responses := p.inputResponses()
		if _, page := responses[signInKey]; !page && (p.text("requestState") != "" || responses != nil) {
			decision := readAnswer(responses[approvalKey])
			a.Answer, a.State = &decision, p.text("requestState")
		}
		return a
	}
	if !canElicit(s.session.GetClientCapabilities().Elicitation) {
		return toolcall.Approver{}
	}
	return toolcall.Approver{Ask: ask}
}

// inputResponses are the answers that a request brings; nil: none.
func (p params) inputResponses() (responses map[string]json.RawMessage) {
	_ = json.Unmarshal(p.members["inputResponses"], &responses) // that it is an object has been checked
	return responses
}

// inputRequests is a question as the result of a call has it.
func inputRequests(q *toolcall.Question) mcp.InputRequests {
	if q.Page != nil {
		return mcp.InputRequests{signInKey: mcp.NewElicitationInputRequest(pageElicitation(*q.Page))}
	}
	return mcp.InputRequests{approvalKey: mcp.NewElicitationInputRequest(elicitation(q.Text))}
}

// ask puts a question to the client's user, and waits.
func ask(ctx context.Context, text string) (decision toolcall.Decision, err error) {
	err = waitForUser(ctx, func(ctx context.Context) error {
		decision, err = elicit(ctx, elicitation(text))
		return err
	})
	return decision, err
}

// elicit sends an elicitation, and waits for its answer.
func elicit(ctx context.Context, params mcp.ElicitationParams) (toolcall.Decision, error) {
	result, err := stdio.FromContext(ctx).Request(ctx, string(mcp.MethodElicitationCreate), params)
	if err != nil {
		return toolcall.Dismissed, err
	}
	return readAnswer(result), nil
}

// waitForUser is stdio's, with an error that toolcall knows.
func waitForUser(ctx context.Context, wait func(context.Context) error) error {
	err := stdio.WaitForUser(ctx, wait)
	var busy *stdio.BusyError
	if errors.As(err, &busy) {
		err = &toolcall.BusyError{Err: err}
	}
	return err
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
