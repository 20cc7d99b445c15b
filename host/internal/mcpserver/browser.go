package mcpserver

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
)

// signInKey names a page to sign in on among the input requests of a result.
const signInKey = "sign_in"

// pageElicitation is a page to open in MCP's form. The URL is for the client alone: a model never sees it.
// https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation
func pageElicitation(page toolcall.Page) mcp.ElicitationParams {
	return mcp.ElicitationParams{Mode: mcp.ElicitationModeURL, Message: page.Text, ElicitationID: page.ID, URL: page.URL}
}

// browser finds out from the parameters of a call how the client can send its user to a page.
func (s *Server) browser(p params) toolcall.Browser {
	if p.modern() {
		b := toolcall.Browser{Wait: waitForUser, Later: canOpen(p.capabilities.Elicitation)}
		if answer, ok := p.inputResponses()[signInKey]; ok {
			decision := readAnswer(answer)
			b.Answer, b.State = &decision, p.text("requestState")
		}
		return b
	}
	// Clients of older versions do not know the mode, whatever they declare.
	if s.session.ProtocolVersion() < mcp.ProtocolVersion20251125 ||
		!canOpen(s.session.GetClientCapabilities().Elicitation) {
		return toolcall.Browser{}
	}
	return toolcall.Browser{
		Ask: func(ctx context.Context, page toolcall.Page) (toolcall.Decision, error) {
			return elicit(ctx, pageElicitation(page))
		},
		Wait: waitForUser, Done: s.session.elicitationComplete,
	}
}

// canOpen reports whether a client opens pages.
func canOpen(c *mcp.ElicitationCapability) bool { return c != nil && c.URL != nil }

// elicitationComplete tells the client that it can stop showing that a page is open.
func (s *session) elicitationComplete(page toolcall.Page) {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	// A client that is gone has no use for it.
	_ = conn.Notify(string(mcp.MethodNotificationElicitationComplete), map[string]any{"elicitationId": page.ID})
}
