package supervisor

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

const (
	// logLines is how many lines a plugin may write to the host's log in each
	// logPeriod: MCP clients keep that log in files, which a plugin that goes round in
	// circles would fill.
	logLines  = 100
	logPeriod = 10 * time.Second
	// logBytes is how much of one line is kept.
	logBytes = 4 << 10
)

// pluginLogger carries what go-plugin and the plugin's stderr say into the
// host's log, with the level that the plugin gave.
//
// A plugin says what it likes, and as much: what looks like a secret is hidden by
// redact, and what is too much is left out and counted.
func pluginLogger(log *slog.Logger, plugin string, redact func(string) string) hclog.Logger {
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.Trace, Output: io.Discard})
	logger.RegisterSink(&sink{log: log.With("plugin", plugin), redact: redact})
	return logger
}

type sink struct {
	log    *slog.Logger
	redact func(string) string

	mu      sync.Mutex
	period  time.Time // the beginning of the current one
	lines   int       // in it
	dropped int
}

func (s *sink) Accept(_ string, level hclog.Level, msg string, args ...any) {
	levels := map[hclog.Level]slog.Level{hclog.Info: slog.LevelInfo, hclog.Warn: slog.LevelWarn, hclog.Error: slog.LevelError}
	l, ok := levels[level]
	if !ok {
		l = slog.LevelDebug
	}
	// A log line belongs to no call.
	ctx := context.Background()
	if !s.log.Enabled(ctx, l) {
		return // a flood must not cost a search for secrets that nobody reads
	}
	room, dropped := s.room(time.Now())
	if dropped > 0 {
		s.log.Log(ctx, slog.LevelWarn, "the plugin wrote more than the log takes: lines are left out", "lines", dropped)
	}
	if !room {
		return
	}
	clean := make([]any, len(args))
	for i, arg := range args {
		clean[i] = s.clean(text(arg))
	}
	s.log.Log(ctx, l, s.clean(msg), clean...)
}

// room reports whether a line may be written now, and how many were left out in the
// period before.
func (s *sink) room(now time.Time) (room bool, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.period) >= logPeriod {
		dropped = s.dropped
		s.period, s.lines, s.dropped = now, 0, 0
	}
	s.lines++
	if s.lines > logLines {
		s.dropped++
		return false, dropped
	}
	return true, dropped
}

func (s *sink) clean(text string) string { return s.redact(plain(text[:min(len(text), logBytes)])) }

func text(v any) string {
	if bytes, ok := v.([]byte); ok {
		return string(bytes)
	}
	return fmt.Sprint(v)
}
