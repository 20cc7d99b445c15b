package sdk

import (
	"context"
	"log/slog"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// logHandler sends records to the host, which decides what is shown.
type logHandler struct {
	host   pluginv1.HostClient
	callID string
	group  string
	attrs  []string
}

func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	attrs := slices.Clone(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, h.group+a.Key, a.Value.Resolve().String())
		return true
	})
	_, err := h.host.Log(ctx, &pluginv1.LogRequest{CallId: h.callID, Level: logLevel(r.Level), Message: r.Message,
		Attributes: attrs})
	return err
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clone := *h
	clone.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		clone.attrs = append(clone.attrs, h.group+a.Key, a.Value.Resolve().String())
	}
	return &clone
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	clone := *h
	clone.group = h.group + name + "."
	return &clone
}

func logLevel(l slog.Level) pluginv1.LogRequest_Level {
	switch {
	case l >= slog.LevelError:
		return pluginv1.LogRequest_LEVEL_ERROR
	case l >= slog.LevelWarn:
		return pluginv1.LogRequest_LEVEL_WARN
	case l >= slog.LevelInfo:
		return pluginv1.LogRequest_LEVEL_INFO
	}
	return pluginv1.LogRequest_LEVEL_DEBUG
}
