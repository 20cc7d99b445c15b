package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// decide makes a change happen only if a person agrees. The tool runs twice: first
// without a write leaving the host, which gives the plan that the person sees, then
// bound to that plan.
func (s *Server) decide(ctx context.Context, r callRequest, mode approval.Mode) *mcp.CallToolResult {
	if r.person.answer != nil {
		return s.resume(ctx, r)
	}
	result, call := s.attempt(ctx, r, egress.Grant{DryRun: true})
	if result.IsError || call == nil || len(call.Changes()) == 0 {
		return result // nothing to decide about: it failed, or only read
	}
	request := approval.Request{
		Profile: s.cfg.Profile, Tenant: s.cfg.Domain, Tool: r.tool.Name, Plugin: r.tool.Plugin.Name, PluginVersion: r.tool.Plugin.Version,
		PluginDigest: r.tool.Plugin.Binary, Arguments: r.arguments, Plan: plan.Plan{Changes: call.Changes()},
	}
	id, approved, err := s.cfg.Approvals.Consume(ctx, request)
	switch {
	case err != nil:
		return failed(err.Error())
	case approved:
		r.decided(audit.VerdictApproved, byTerminal, id)
		return s.apply(ctx, r, request.Plan)
	}
	asksHere := mode == approval.Elicit || r.person.atTerminal
	switch {
	case asksHere && r.person.later:
		r.decided(audit.VerdictPending, byElicitation, "")
		return s.askLater(ctx, r, request)
	case asksHere && r.person.ask != nil:
		return s.askNow(ctx, r, request)
	}
	return s.propose(ctx, r, request, "")
}

// apply carries out what was approved, and nothing else.
func (s *Server) apply(ctx context.Context, r callRequest, plan plan.Plan) *mcp.CallToolResult {
	result, call := s.attempt(ctx, r, egress.Grant{Plan: &plan})
	if call == nil {
		return result
	}
	if left := call.Unspent(); call.Deviation() == "" && len(left) > 0 && !result.IsError {
		result.Content = append(result.Content, mcp.NewTextContent(s.cfg.Redact.Text("Approved and not sent, as the tool did not ask for it this time: "+strings.Join(left, ", "))))
	}
	if call.Deviation() == "" {
		return result
	}
	done := "Nothing was changed"
	if n := len(call.Changes()); n > 0 {
		done = fmt.Sprintf("%d of the %d changes that were approved had been made before", n, len(plan.Changes))
	}
	return failed(s.cfg.Redact.Text(fmt.Sprintf("%s. %s", call.Deviation(), done)))
}

// askNow asks through the client, or the terminal that the call came from, and waits.
func (s *Server) askNow(ctx context.Context, r callRequest, request approval.Request) *mcp.CallToolResult {
	text, whole, err := request.Describe(s.cfg.Redact.JSON, !r.person.atTerminal)
	switch {
	case err != nil:
		return failed(err.Error())
	case !whole:
		return s.propose(ctx, r, request, tooLargeToAsk)
	}
	answer, err := r.person.ask(ctx, text)
	switch {
	case ctx.Err() != nil:
		return failed(context.Cause(ctx).Error())
	case err != nil:
		var busy busyError
		if errors.As(err, &busy) {
			return failed(err.Error())
		}
		return s.propose(ctx, r, request, fmt.Sprintf("The client could not ask a person (%v). ", err))
	}
	rule := byElicitation
	if r.person.atTerminal {
		rule = byTerminal
	}
	r.answered(answer, rule)
	if answer != accepted {
		return declinedResult(answer, r.person.atTerminal)
	}
	return s.apply(ctx, r, request.Plan)
}

// tooLargeToAsk is why a client does not ask: what a dialog cuts off, nobody has
// agreed to.
const tooLargeToAsk = "The change is too large to be shown whole in the client. "

// propose answers with the plan: a person approves it in a terminal.
func (s *Server) propose(ctx context.Context, r callRequest, request approval.Request, why string) *mcp.CallToolResult {
	text, _, err := request.Describe(s.cfg.Redact.JSON, false)
	if err != nil {
		return failed(err.Error())
	}
	proposal, err := s.cfg.Approvals.Propose(ctx, request, text)
	if err != nil {
		return failed(err.Error())
	}
	r.decided(audit.VerdictPending, byTerminal, proposal.ID)
	short, _, err := request.Describe(s.cfg.Redact.JSON, true)
	if err != nil {
		return failed(err.Error())
	}
	result := failed(fmt.Sprintf("Nothing was changed yet. %sThis needs the approval of a person, who runs «auth0-mcp approve %s» in a terminal within %v. "+
		"Tell them so; when they have approved, call %s again with the same arguments. The plan:\n\n%s",
		why, proposal.ID, time.Until(proposal.Expires).Round(time.Minute), request.Tool, short))
	result.Meta = &mcp.Meta{AdditionalFields: map[string]any{errorKind: "approval_required", "auth0-mcp/approval": map[string]any{
		"id": proposal.ID, "expires": proposal.Expires}}}
	return result
}

func declinedResult(a answer, atTerminal bool) *mcp.CallToolResult {
	what := "a person declined it"
	if a == dismissed {
		what = "nobody decided about it"
	}
	text := "Nothing was changed: " + what + ". Do not try again unless the person asks for it."
	if !atTerminal {
		text += " (Some clients decline without asking anybody: with --approve terminal, a person approves in a terminal instead.)"
	}
	result := failed(text)
	result.Meta = &mcp.Meta{AdditionalFields: map[string]any{errorKind: "approval_declined"}}
	return result
}

// reportChanges is what a call changed of what was there, as JSON for the model; ""
// if it changed nothing that was there, or what is not known.
func (s *Server) reportChanges(changes []plan.Change) string {
	type report struct {
		Request string            `json:"request"`
		Fields  []plan.Difference `json:"fields"`
		More    int               `json:"more_fields,omitempty"`
	}
	var reports []report
	room := maxReport
	for _, change := range changes {
		if change.Before == nil || change.After == nil && change.Method != http.MethodDelete {
			continue
		}
		differences, err := change.Reported(s.cfg.Redact.JSON)
		if err != nil {
			continue // the change was made: its report must not turn it into an error
		}
		one := report{Request: change.Method + " " + change.Path, Fields: []plan.Difference{}}
		for i, d := range differences {
			d.Before, d.After = clipped(d.Before), clipped(d.After)
			if room -= len(d.Field) + len(d.Before) + len(d.After); room < 0 {
				one.More = len(differences) - i
				break
			}
			one.Fields = append(one.Fields, d)
		}
		reports = append(reports, one)
	}
	if reports == nil {
		return ""
	}
	// It was redacted for a person's eyes; a model reads more than they see.
	told, _, err := s.cfg.Redact.Clean(encode(map[string]any{"changed": reports}))
	if err != nil {
		return ""
	}
	return string(told)
}

const (
	// maxReport bounds the values of a report of changes, in bytes, and maxReported one
	// of them: the answer above it has them whole.
	maxReport   = 4000
	maxReported = 400
)

func clipped(value json.RawMessage) json.RawMessage {
	if len(value) <= maxReported {
		return value
	}
	return encode(fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(string(value[:maxReported]), ""), len(value)))
}

// callRequest is one call of a tool with checked arguments.
type callRequest struct {
	tool      *catalog.Tool
	arguments json.RawMessage
	progress  *progress
	person    person
	client    mcp.Implementation
	record    *audit.Call
}

func (r callRequest) grant(mode egress.Grant) egress.Grant {
	mode.Plugin, mode.PluginVersion, mode.Tool = r.tool.Plugin.Name, r.tool.Plugin.Version, r.tool.ToolManifest
	mode.Audit = r.record
	mode.Waiting = r.progress.waiting
	return mode
}

func (r callRequest) wire(call *egress.Call, budget int, dryRun bool) *pluginv1.CallToolRequest {
	return &pluginv1.CallToolRequest{CallId: call.ID(), Tool: r.tool.Name, Arguments: r.arguments, AnswerBudgetBytes: int64(budget), DryRun: dryRun}
}
