package toolcall

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// record begins the audit record of a call.
func (r *Runner) record(client Client, tool *catalog.Tool, arguments json.RawMessage) *audit.Call {
	return r.cfg.Audit.Begin(subjectOf(client, tool), arguments)
}

func subjectOf(client Client, tool *catalog.Tool) audit.Subject {
	subject := audit.Subject{
		Client: client.Name, ClientVersion: client.Version, Tool: tool.Name, Effect: string(tool.Effect),
		Plugin: tool.Plugin.Name, PluginVersion: tool.Plugin.Version,
	}
	if !tool.Plugin.Binary.IsZero() {
		subject.PluginDigest = tool.Plugin.Binary.String()
	}
	return subject
}

// Refuse records a call that is not carried out, for why: an error of
// [catalog.Selection.Find], or else that its parameters are malformed.
func (r *Runner) Refuse(client Client, tool string, arguments json.RawMessage, why error) {
	if r.cfg.Audit == nil {
		return
	}
	rule := audit.RuleArguments
	var excluded *catalog.ExcludedError
	var unknown *catalog.UnknownToolError
	switch {
	case errors.As(why, &excluded):
		rule = audit.RuleFilter
	case errors.As(why, &unknown):
		rule = audit.RuleUnknown
	}
	r.cfg.Audit.Begin(audit.Subject{Client: client.Name, ClientVersion: client.Version, Tool: tool},
		arguments).Refuse(rule, why.Error())
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

// signInRule is how a sign-in is decided about: by the user, in a browser.
const signInRule audit.Rule = "sign_in:browser"

// signedIn records how a sign-in for the call ended. Why it failed is not recorded: it can quote what others answered.
func (c call) signedIn(scopes []string, err error) {
	verdict, outcome := audit.VerdictApproved, audit.OK
	switch {
	case err == nil:
	case errors.Is(err, ErrSignInDeclined):
		verdict, outcome = audit.VerdictDeclined, audit.Refused
	case errors.Is(err, errSignInLate), errors.Is(err, context.Canceled):
		verdict, outcome = audit.VerdictExpired, audit.Refused
	default:
		verdict, outcome = audit.VerdictAllowed, audit.Error
	}
	c.record.SignIn(scopes, audit.Decision{Verdict: verdict, Rule: signInRule}, outcome)
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
