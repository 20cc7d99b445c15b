package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// callTool is the way of one call: check the arguments, open the gate, run the
// plugin, close the gate, redact, fit into the budget.
func (s *Server) callTool(ctx context.Context, tool *catalog.Tool) *mcp.CallToolResult {
	var params struct {
		Arguments json.RawMessage `json:"arguments"`
		Meta      struct {
			ProgressToken json.RawMessage `json:"progressToken"`
		} `json:"_meta"`
	}
	raw, _ := ctx.Value(paramsKey{}).(json.RawMessage)
	if err := json.Unmarshal(raw, &params); err != nil {
		return failed("the parameters of tools/call are malformed")
	}
	if err := tool.CheckArguments(params.Arguments); err != nil {
		return failed(err.Error())
	}
	if len(params.Arguments) == 0 {
		params.Arguments = json.RawMessage(`{}`)
	}
	call, err := s.cfg.Gate.Open(ctx, egress.Grant{Plugin: tool.Plugin.Name, PluginVersion: tool.Plugin.Version, Tool: tool.ToolManifest})
	if err != nil {
		return failed(err.Error())
	}
	defer call.Close()
	s.calls.add(call.ID(), tool.Plugin.Name, &progress{ctx: ctx, token: params.Meta.ProgressToken})
	defer s.calls.remove(call.ID())

	spec := supervisor.Spec{Manifest: tool.Plugin.Manifest, Path: tool.Plugin.Path, Digest: tool.Plugin.Binary, Dev: tool.Plugin.Dev}
	answer, err := s.supervisor.Call(ctx, spec, tool.ToolManifest,
		&pluginv1.CallToolRequest{CallId: call.ID(), Tool: tool.Name, Arguments: params.Arguments})
	call.Close()
	// A plugin may hide that it was refused something, or not even know: the
	// person is told all the same.
	if refusals := call.Refusals(); len(refusals) > 0 {
		s.cfg.Log.Warn("refused requests beyond what the tool declares", "plugin", tool.Plugin.Name, "tool", tool.Name, "count", len(refusals))
		return failed(s.cfg.Gate.RedactText(fmt.Sprintf("plugin %s went beyond what %s declares: %s", tool.Plugin.Name, tool.Name, strings.Join(refusals, "; "))))
	}
	if err != nil {
		return failed(s.cfg.Gate.RedactText(err.Error()))
	}
	if f := answer.GetFailure(); f != nil {
		return failed(call.Explain(f))
	}
	return s.present(tool, answer.GetResult())
}

func (s *Server) present(tool *catalog.Tool, result []byte) *mcp.CallToolResult {
	redacted, err := s.cfg.Gate.Redact(result)
	if err != nil {
		return failed(fmt.Sprintf("plugin %s answered %s with something that is not JSON", tool.Plugin.Name, tool.Name))
	}
	fitted, err := fit(redacted, s.cfg.MaxOutput)
	if err != nil {
		return failed(err.Error())
	}
	return mcp.NewToolResultText(string(fitted))
}

func failed(text string) *mcp.CallToolResult { return mcp.NewToolResultError(text) }

// progress is where a call's progress goes.
type progress struct {
	ctx   context.Context
	token json.RawMessage // as the client sent it; nil: it asked for none

	mu   sync.Mutex
	last float64
}

func (p *progress) report(done, total float64, note string) {
	if len(p.token) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// The value must grow, and plugins count as they like.
	if done <= p.last {
		done = p.last + 1e-3
	}
	p.last = done
	params := map[string]any{"progressToken": p.token, "progress": done}
	if total > 0 {
		params["total"] = max(total, done)
	}
	if note != "" {
		params["message"] = note
	}
	// A client that is gone has no use for progress.
	_ = stdio.Notify(p.ctx, "notifications/progress", params)
}

// callTable finds a call in progress by its id, for the plugin it belongs to.
type callTable struct {
	mu    sync.Mutex
	calls map[string]tableEntry
}

type tableEntry struct {
	plugin   string
	progress *progress
}

func newCallTable() *callTable { return &callTable{calls: map[string]tableEntry{}} }

func (t *callTable) add(id, plugin string, p *progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls[id] = tableEntry{plugin, p}
}

func (t *callTable) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.calls, id)
}

func (t *callTable) find(id, plugin string) *progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.calls[id]; ok && e.plugin == plugin {
		return e.progress
	}
	return nil
}

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
	if p := h.server.calls.find(r.GetCallId(), h.plugin); p != nil {
		p.report(r.GetDone(), r.GetTotal(), h.server.cfg.Gate.RedactText(r.GetNote()))
	}
	return &pluginv1.ProgressResponse{}, nil
}

func (h *hostService) Log(ctx context.Context, r *pluginv1.LogRequest) (*pluginv1.LogResponse, error) {
	level, mcpLevel := slog.LevelInfo, mcp.LoggingLevelInfo
	switch r.GetLevel() {
	case pluginv1.LogRequest_LEVEL_DEBUG:
		level, mcpLevel = slog.LevelDebug, mcp.LoggingLevelDebug
	case pluginv1.LogRequest_LEVEL_WARN:
		level, mcpLevel = slog.LevelWarn, mcp.LoggingLevelWarning
	case pluginv1.LogRequest_LEVEL_ERROR:
		level, mcpLevel = slog.LevelError, mcp.LoggingLevelError
	}
	text := h.server.cfg.Gate.RedactText(r.GetMessage())
	args := []any{"plugin", h.plugin, "call", r.GetCallId()}
	for i := 0; i+1 < len(r.GetAttributes()); i += 2 {
		args = append(args, r.GetAttributes()[i], h.server.cfg.Gate.RedactText(r.GetAttributes()[i+1]))
	}
	h.server.cfg.Log.Log(ctx, level, text, args...)
	h.server.session.log(mcpLevel, h.plugin, text)
	return &pluginv1.LogResponse{}, nil
}
