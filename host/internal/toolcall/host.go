package toolcall

import (
	"context"
	"log/slog"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// hostService is what the host offers to one plugin's process.
type hostService struct {
	pluginv1.UnimplementedHostServer
	runner *Runner
	plugin string
}

func (h *hostService) RoundTrip(ctx context.Context, r *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse,
	error) {
	return h.runner.cfg.Gate.RoundTrip(ctx, h.plugin, r), nil
}

func (h *hostService) WriteFile(ctx context.Context, r *pluginv1.WriteFileRequest) (*pluginv1.WriteFileResponse,
	error) {
	return h.runner.cfg.Gate.WriteFile(ctx, h.plugin, r), nil
}

func (h *hostService) ReadFiles(_ context.Context, r *pluginv1.ReadFilesRequest) (*pluginv1.ReadFilesResponse,
	error) {
	return h.runner.cfg.Gate.ReadFiles(h.plugin, r), nil
}

func (h *hostService) Progress(_ context.Context, r *pluginv1.ProgressRequest) (*pluginv1.ProgressResponse, error) {
	if call, ok := h.runner.cfg.Gate.Find(r.GetCallId(), h.plugin); ok {
		call.Report(r.GetDone(), r.GetTotal(), r.GetNote())
	}
	return &pluginv1.ProgressResponse{}, nil
}

func (h *hostService) Log(ctx context.Context, r *pluginv1.LogRequest) (*pluginv1.LogResponse, error) {
	level := slog.LevelInfo
	switch r.GetLevel() {
	case pluginv1.LogRequest_LEVEL_DEBUG:
		level = slog.LevelDebug
	case pluginv1.LogRequest_LEVEL_WARN:
		level = slog.LevelWarn
	case pluginv1.LogRequest_LEVEL_ERROR:
		level = slog.LevelError
	}
	args := []any{"plugin", h.plugin}
	hide := h.runner.cfg.Gate.Text
	if call, ok := h.runner.cfg.Gate.Find(r.GetCallId(), h.plugin); ok {
		args = append(args, "tool", call.Tool(), "call", call.Number())
		hide = call.Redactor().Text
	}
	clean := func(text string) string {
		if id := r.GetCallId(); id != "" {
			text = strings.ReplaceAll(text, id, "(call)") // the plugin knows it, the log need not
		}
		return hide(text)
	}
	text := clean(r.GetMessage())
	var attributes []any // in a group, so that they do not pass for the host's
	for i := 0; i+1 < len(r.GetAttributes()); i += 2 {
		attributes = append(attributes, clean(r.GetAttributes()[i]), clean(r.GetAttributes()[i+1]))
	}
	args = append(args, slog.Group("attributes", attributes...))
	h.runner.cfg.Log.Log(ctx, level, text, args...)
	if h.runner.cfg.PluginLog != nil {
		h.runner.cfg.PluginLog(h.plugin, level, text)
	}
	return &pluginv1.LogResponse{}, nil
}
