package supervisor

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// pluginLogger carries what go-plugin and the plugin's stderr say into the
// host's log, with the level that the plugin gave.
//
// A plugin says what it likes: what looks like a secret is hidden by redact.
func pluginLogger(log *slog.Logger, plugin string, redact func(string) string) hclog.Logger {
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.Trace, Output: io.Discard})
	logger.RegisterSink(&sink{log.With("plugin", plugin), redact})
	return logger
}

type sink struct {
	log    *slog.Logger
	redact func(string) string
}

func (s *sink) Accept(_ string, level hclog.Level, msg string, args ...any) {
	levels := map[hclog.Level]slog.Level{hclog.Info: slog.LevelInfo, hclog.Warn: slog.LevelWarn, hclog.Error: slog.LevelError}
	l, ok := levels[level]
	if !ok {
		l = slog.LevelDebug
	}
	clean := make([]any, len(args))
	for i, arg := range args {
		clean[i] = s.redact(text(arg))
	}
	// A log line belongs to no call.
	s.log.Log(context.Background(), l, s.redact(msg), clean...)
}

func text(v any) string {
	if bytes, ok := v.([]byte); ok {
		return string(bytes)
	}
	return fmt.Sprint(v)
}
