package toolcall

import (
	"context"
	"encoding/json"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// record begins the audit record of a call.
func (r *Runner) record(client Client, tool *catalog.Tool, arguments json.RawMessage) *audit.Call {
	subject := audit.Subject{
		Client: client.Name, ClientVersion: client.Version, Tool: tool.Name, Effect: string(tool.Effect),
		Plugin: tool.Plugin.Name, PluginVersion: tool.Plugin.Version,
	}
	if !tool.Plugin.Binary.IsZero() {
		subject.PluginDigest = tool.Plugin.Binary.String()
	}
	return r.cfg.Audit.Begin(subject, arguments)
}

// Refuse records a call that is not carried out: of a tool that is not offered, or with
// parameters that are malformed.
func (r *Runner) Refuse(client Client, tool string, arguments json.RawMessage, rule audit.Rule, reason string) {
	if r.cfg.Audit == nil {
		return
	}
	r.cfg.Audit.Begin(audit.Subject{Client: client.Name, ClientVersion: client.Version, Tool: tool}, arguments).Refuse(rule, reason)
}

// How an approval is given, in the audit log.
const (
	byElicitation audit.Rule = "approval:elicit"
	byTerminal    audit.Rule = "approval:terminal"
)

// decided notes the decision about the call, or that one is needed.
func (c call) decided(verdict audit.Verdict, rule audit.Rule, approval string) {
	c.record.Decide(audit.Decision{Verdict: verdict, Rule: rule, Approval: approval})
}

// answered notes the user's answer.
func (c call) answered(d Decision, rule audit.Rule) {
	verdict := audit.VerdictExpired
	switch d {
	case Accepted:
		verdict = audit.VerdictApproved
	case Declined:
		verdict = audit.VerdictDeclined
	case Dismissed:
	}
	c.decided(verdict, rule, "")
}

// endRecord writes it, as a view of the outcome. Why a tool failed is not recorded: its
// words are the tenant's or the plugin's, and quote what they please.
func endRecord(ctx context.Context, record *audit.Call, result Result) {
	reason := ""
	if result.IsError && ctx.Err() != nil {
		reason = "the call was cancelled"
	}
	record.End(result.Outcome.Recorded(result.IsError), reason)
}
