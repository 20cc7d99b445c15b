package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// callParams are the parameters of tools/call, as far as they are ours to read.
type callParams struct {
	Arguments json.RawMessage `json:"arguments"`
	Meta      struct {
		ProgressToken      json.RawMessage        `json:"progressToken"`
		ProtocolVersion    string                 `json:"io.modelcontextprotocol/protocolVersion"`
		ClientInfo         mcp.Implementation     `json:"io.modelcontextprotocol/clientInfo"`
		ClientCapabilities mcp.ClientCapabilities `json:"io.modelcontextprotocol/clientCapabilities"`
	} `json:"_meta"`
	InputResponses map[string]json.RawMessage `json:"inputResponses"`
	RequestState   string                     `json:"requestState"`
}

// mcpCall is callTool in MCP's terms. The parameters come as the client sent them.
func (s *Server) mcpCall(ctx context.Context, tool *catalog.Tool) *mcp.CallToolResult {
	var params callParams
	raw, _ := ctx.Value(paramsKey{}).(json.RawMessage)
	if err := json.Unmarshal(raw, &params); err != nil {
		s.record(s.client(params.Meta.ProtocolVersion, params.Meta.ClientInfo), tool, nil).Refuse(audit.RuleArguments, "the parameters of tools/call are malformed")
		return failed("the parameters of tools/call are malformed")
	}
	report := &progress{}
	if token := params.Meta.ProgressToken; len(token) > 0 && string(token) != "null" {
		report.send = func(p Progress) {
			message := map[string]any{"progressToken": token, "progress": p.Done}
			if p.Total > 0 {
				message["total"] = p.Total
			}
			if p.Note != "" {
				message["message"] = p.Note
			}
			// A client that is gone has no use for progress.
			_ = stdio.Notify(ctx, "notifications/progress", message)
		}
	}
	return s.callTool(ctx, callRequest{tool: tool, arguments: params.Arguments, progress: report, person: s.clientPerson(params, report),
		client: s.client(params.Meta.ProtocolVersion, params.Meta.ClientInfo)})
}

// Caller is who calls a tool other than through MCP.
type Caller struct {
	// Progress hears how far the call has come.
	Progress func(Progress)
	// Ask shows somebody a change and returns their decision; nil: nobody is there.
	Ask func(ctx context.Context, text string) (approved bool, err error)
}

// Call runs one tool of the selection, by the same way as for a client. The first of
// the texts is the tool's answer, or what went wrong if isError is true.
func (s *Server) Call(ctx context.Context, tool *catalog.Tool, arguments json.RawMessage, caller Caller) (texts []string, isError bool) {
	r := callRequest{tool: tool, arguments: arguments, progress: &progress{send: caller.Progress},
		client: mcp.Implementation{Name: commandLine, Version: s.cfg.Version}}
	if caller.Ask != nil {
		r.person = person{atTerminal: true, ask: func(ctx context.Context, text string) (answer, error) {
			approved, err := caller.Ask(ctx, text)
			if approved && err == nil {
				return accepted, nil
			}
			return declined, err
		}}
	}
	result := s.callTool(ctx, r)
	for _, content := range result.Content {
		if content, ok := mcp.AsTextContent(content); ok {
			texts = append(texts, content.Text)
		}
	}
	return texts, result.IsError
}

// callTool is the way of one call: check the arguments, have a person decide where one
// must, open the gate, run the plugin, close the gate, redact, fit into the budget.
func (s *Server) callTool(ctx context.Context, r callRequest) *mcp.CallToolResult {
	r.record = s.record(r.client, r.tool, r.arguments)
	if err := r.tool.CheckArguments(r.arguments); err != nil {
		r.record.Refuse(audit.RuleArguments, "the arguments do not fit the tool's schema")
		return s.bounded(failed(err.Error()))
	}
	if len(r.arguments) == 0 || string(bytes.TrimSpace(r.arguments)) == "null" {
		r.arguments = json.RawMessage(`{}`)
	}
	var result *mcp.CallToolResult
	if mode := s.cfg.Approve.For(r.tool.Effect); mode != approval.None {
		result = s.decide(ctx, r, mode)
	} else {
		result, _ = s.attempt(ctx, r, egress.Grant{})
	}
	result = s.bounded(result)
	endRecord(ctx, r.record, result)
	if s.cfg.Observe != nil && !result.NeedsInput() {
		s.cfg.Observe(r.tool.Name, !result.IsError)
	}
	return result
}

// attempt runs the tool once, under a grant of that mode. The call is nil if none
// could be opened.
func (s *Server) attempt(ctx context.Context, r callRequest, mode egress.Grant) (*mcp.CallToolResult, *egress.Call) {
	tool := r.tool
	call, err := s.cfg.Gate.Open(ctx, r.grant(mode))
	if err != nil {
		return failed(err.Error()), nil
	}
	defer call.Close()
	logID := s.calls.add(call.ID(), tool.Plugin.Name, tool.Name, r.progress)
	defer s.calls.remove(call.ID())

	spec := supervisor.Spec{Manifest: tool.Plugin.Manifest, Path: tool.Plugin.Path, Digest: tool.Plugin.Binary, Dev: tool.Plugin.Dev, Remedy: remedy(tool.Plugin)}
	answer, err := s.supervisor.Call(ctx, spec, tool.ToolManifest, r.wire(call, s.cfg.MaxOutput, mode.DryRun))
	call.Close()
	// A plugin may hide that it was refused something, or not even know: the
	// person is told all the same.
	if refusals, all := call.Refusals(); all > 0 {
		s.cfg.Log.Warn("refused requests beyond what the tool declares", "plugin", tool.Plugin.Name, "tool", tool.Name, "call", logID, "count", all)
		text := fmt.Sprintf("plugin %s went beyond what %s declares: %s", tool.Plugin.Name, tool.Name, strings.Join(refusals, "; "))
		if more := all - len(refusals); more > 0 {
			text += fmt.Sprintf("; and %d more", more)
		}
		return failed(s.cfg.Redact.Text(withOutcome(text, call, answer.GetFailure()))), call
	}
	if text := call.NotRecorded(); text != "" {
		return failed(s.cfg.Redact.Text(withOutcome(text, call, answer.GetFailure()))), call
	}
	if err != nil {
		return failed(s.cfg.Redact.Text(interrupted(err, call.Wrote()).Error() + doubt(err, call.Wrote()))), call
	}
	if text := call.SignedOut(); text != "" {
		// Whatever the plugin makes of it: signing in again is what mends this, and
		// the kind is for clients that can lead a person through it.
		result := failed(s.cfg.Redact.Text(withOutcome(text, call, answer.GetFailure())))
		result.Meta = &mcp.Meta{AdditionalFields: map[string]any{errorKind: "sign_in_required"}}
		return result, call
	}
	if f := answer.GetFailure(); f != nil {
		if result := s.limited(call, f); result != nil {
			return result, call
		}
		// It quotes what the tenant or the plugin said.
		result := failed(call.Explain(f))
		result.Meta = &mcp.Meta{AdditionalFields: map[string]any{untrustedFields: []string{pluginv1.AnyField}}}
		return result, call
	}
	result := s.present(call, tool, answer.GetResult())
	if changed := s.reportChanges(call.Changes()); changed != "" && !mode.DryRun && !result.IsError {
		result.Content = append(result.Content, mcp.NewTextContent(changed))
	}
	return result, call
}

// limited is the answer to a call that failed by a rate limit; nil if it failed by
// something else. Its kind tells a client that the same call can work later; a call
// that has changed something has none.
func (s *Server) limited(call *egress.Call, f *pluginv1.Failure) *mcp.CallToolResult {
	limited := call.Limited()
	if limited == nil || (f.GetCode() == pluginv1.Failure_CODE_API && f.GetHttpStatus() != http.StatusTooManyRequests) {
		return nil
	}
	result, kind := failed(s.cfg.Redact.Text(withOutcome(limited.Text, call, f))), "rate_limited"
	if f.GetDone() != "" || call.Wrote() && len(call.Changes()) > 0 {
		return result // to repeat the call would repeat its changes
	}
	if limited.Busy {
		kind = "busy"
	}
	result.Meta = &mcp.Meta{AdditionalFields: map[string]any{errorKind: kind}}
	return result
}

// withOutcome is what went wrong with a call, in the host's words, and what it had
// changed before: as the tool has it, or else as the gate saw it. What the tool itself
// says of its failure may not be in the text.
func withOutcome(text string, call *egress.Call, f *pluginv1.Failure) string {
	text = egress.WithDone(text, f)
	if !call.Wrote() {
		return text
	}
	if changes := call.Changes(); f.GetDone() == "" && len(changes) > 0 {
		last := changes[len(changes)-1]
		text = fmt.Sprintf("%s. Requests that the call made before and that changed the tenant: %d, the last %s %s. Look before you try again", strings.TrimRight(text, "."), len(changes), last.Method, last.Path)
	}
	if call.Uncertain() {
		text = strings.TrimRight(text, ".") + maybeChanged
	}
	return text
}

const maybeChanged = ". The change may or may not have happened: look before you try again"

// doubt is what to say of a call that broke off after it had sent a write, as at the
// end of the drain. What interrupts a plugin says it by itself.
func doubt(err error, wrote bool) string {
	if supervisor.Interrupted(err) != nil || !wrote {
		return ""
	}
	return maybeChanged
}

func (s *Server) present(call *egress.Call, tool *catalog.Tool, result []byte) *mcp.CallToolResult {
	cleaned, stripped, err := s.cfg.Redact.Clean(result)
	if err != nil {
		return failed(s.cfg.Redact.Text(withOutcome(fmt.Sprintf("plugin %s answered %s with something that is not JSON", tool.Plugin.Name, tool.Name), call, nil)))
	}
	fitted, err := fit(cleaned, s.cfg.MaxOutput)
	if err != nil {
		return failed(s.cfg.Redact.Text(withOutcome(err.Error(), call, nil)))
	}
	answer := mcp.NewToolResultText(string(fitted))
	if note := stripped.String(); note != "" {
		// Of its own: the first content stays the answer's JSON and nothing else.
		answer.Content = append(answer.Content, mcp.NewTextContent(s.cfg.Redact.Text(note)))
	}
	if fields := untrusted(tool.Untrusted, fitted, len(fitted) != len(cleaned)); len(fields) > 0 {
		answer.Meta = &mcp.Meta{AdditionalFields: map[string]any{untrustedFields: fields}}
	}
	return answer
}

// errorKind is the member of _meta that tells one kind of error from the others.
const errorKind = "auth0-mcp/error"

func failed(text string) *mcp.CallToolResult { return mcp.NewToolResultError(text) }

// remedy is what to do about a binary that is not the one that was trusted.
func remedy(p *catalog.Plugin) string {
	if p.Origin == catalog.OriginBundled {
		return "It belongs to auth0-mcp itself: build it again with «make build», or install auth0-mcp again"
	}
	return fmt.Sprintf("If you changed it on purpose, install it again: auth0-mcp plugin install %s", p.Dir)
}

// Progress is how far a call has come.
type Progress struct {
	// Done grows with every report of a call; Total is 0 when unknown.
	Done, Total float64
	Note        string
}

// progress is where a call's progress goes.
type progress struct {
	send func(Progress) // nil: nobody asked for it

	mu   sync.Mutex
	last float64
}

func (p *progress) report(r Progress) {
	if p.send == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// The value must grow, and plugins count as they like.
	if r.Done <= p.last {
		r.Done = p.last + 1e-3
	}
	p.last = r.Done
	if r.Total > 0 {
		r.Total = max(r.Total, r.Done)
	}
	p.send(r)
}

// waiting reports that a request of the call waits, which is no step forward.
func (p *progress) waiting(note string) { p.report(Progress{Note: note}) }

// hostService is what the host offers to one plugin's process.
type hostService struct {
	pluginv1.UnimplementedHostServer
	server *Server
	plugin string
}

func (h *hostService) RoundTrip(ctx context.Context, r *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
	return h.server.cfg.Gate.RoundTrip(ctx, h.plugin, r), nil
}

func (h *hostService) Progress(_ context.Context, r *pluginv1.ProgressRequest) (*pluginv1.ProgressResponse, error) {
	if entry, ok := h.server.calls.find(r.GetCallId(), h.plugin); ok {
		entry.progress.report(Progress{Done: r.GetDone(), Total: r.GetTotal(), Note: h.server.cfg.Redact.Text(r.GetNote())})
	}
	return &pluginv1.ProgressResponse{}, nil
}
