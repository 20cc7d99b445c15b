package mcpserver

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// commandLine is the client of a call that a person made by hand.
const commandLine = "auth0-mcp call"

// client is who sends a request: by the handshake, or by what a request that carries
// its version says of itself.
func (s *Server) client(version string, own mcp.Implementation) mcp.Implementation {
	if mcp.IsModernProtocol(version) {
		return own
	}
	return s.session.GetClientInfo()
}

// record begins the audit record of a call.
func (s *Server) record(client mcp.Implementation, tool *catalog.Tool, arguments json.RawMessage) *audit.Call {
	subject := audit.Subject{
		Client: client.Name, ClientVersion: client.Version, Tool: tool.Name, Effect: string(tool.Effect),
		Plugin: tool.Plugin.Name, PluginVersion: tool.Plugin.Version,
	}
	if !tool.Plugin.Binary.IsZero() {
		subject.PluginDigest = tool.Plugin.Binary.String()
	}
	return s.cfg.Audit.Begin(subject, arguments)
}

// How a person decides, in the audit log.
const (
	byElicitation audit.Rule = "approval:elicit"
	byTerminal    audit.Rule = "approval:terminal"
)

// decided notes what a person decided about the call, or that one must.
func (r callRequest) decided(verdict audit.Verdict, rule audit.Rule, approval string) {
	r.record.Decide(audit.Decision{Verdict: verdict, Rule: rule, Approval: approval})
}

// answered notes what came back from a person.
func (r callRequest) answered(a answer, rule audit.Rule) {
	verdict := audit.VerdictExpired
	switch a {
	case accepted:
		verdict = audit.VerdictApproved
	case declined:
		verdict = audit.VerdictDeclined
	case dismissed:
	}
	r.decided(verdict, rule, "")
}

// endRecord writes it. Why a tool failed is not recorded: its words are the
// tenant's or the plugin's, and quote what they please.
func endRecord(ctx context.Context, record *audit.Call, result *mcp.CallToolResult) {
	outcome, reason := audit.OK, ""
	if result.IsError {
		outcome = audit.Error
		if ctx.Err() != nil {
			reason = "the call was cancelled"
		}
	}
	record.End(outcome, reason)
}

// recordUnknown records the call of a tool that is not offered.
func (s *Server) recordUnknown(client mcp.Implementation, name string, arguments json.RawMessage, rule audit.Rule, reason string) {
	if s.cfg.Audit == nil {
		return
	}
	s.cfg.Audit.Begin(audit.Subject{Client: client.Name, ClientVersion: client.Version, Tool: name}, arguments).Refuse(rule, reason)
}
