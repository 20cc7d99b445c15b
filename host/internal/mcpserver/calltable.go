package mcpserver

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// callTable finds a call in progress by its id, for the plugin it belongs to.
type callTable struct {
	mu    sync.Mutex
	calls map[string]tableEntry
	last  uint64
}

type tableEntry struct {
	plugin, tool string
	// logID names the call in the log: the call's own id lets requests through, and
	// is nobody's to read.
	logID    uint64
	progress *progress
}

func newCallTable() *callTable { return &callTable{calls: map[string]tableEntry{}} }

// add enters a call and returns its number in the log.
func (t *callTable) add(id, plugin, tool string, p *progress) (logID uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	t.calls[id] = tableEntry{plugin, tool, t.last, p}
	return t.last
}

func (t *callTable) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.calls, id)
}

// find returns the entry of a call in progress, if it is this plugin's.
func (t *callTable) find(id, plugin string) (tableEntry, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.calls[id]
	return e, ok && e.plugin == plugin
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
	args := []any{"plugin", h.plugin}
	if entry, ok := h.server.calls.find(r.GetCallId(), h.plugin); ok {
		args = append(args, "tool", entry.tool, "call", entry.logID)
	}
	clean := func(text string) string {
		if id := r.GetCallId(); id != "" {
			text = strings.ReplaceAll(text, id, "(call)") // the plugin knows it, the log need not
		}
		return h.server.cfg.Redact.Text(text)
	}
	text := clean(r.GetMessage())
	for i := 0; i+1 < len(r.GetAttributes()); i += 2 {
		args = append(args, clean(r.GetAttributes()[i]), clean(r.GetAttributes()[i+1]))
	}
	h.server.cfg.Log.Log(ctx, level, text, args...)
	h.server.session.log(mcpLevel, h.plugin, text)
	return &pluginv1.LogResponse{}, nil
}

// interrupted adds to the error of a call what the gate knows of it. The gate must
// be closed: nothing may be sent after it was asked.
func interrupted(err error, wrote bool) error {
	if i := supervisor.Interrupted(err); i != nil {
		i.NothingSent = !wrote
	}
	return err
}
