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
	// logPeriod: MCP clients keep that log in files, which a plugin in an endless loop
	// would fill.
	logLines  = 100
	logPeriod = 10 * time.Second
	// logBytes is how much of one line is kept.
	logBytes = 4 << 10
)

// logLimit bounds what one plugin process writes to the host's log, by whatever way. It
// is safe for concurrent use.
type logLimit struct {
	log    *slog.Logger
	rate   rateLimit
	mu     sync.Mutex
	missed int       // lines that were left out and not told of yet
	told   time.Time // when the log was told last
}

func newLogLimit(log *slog.Logger, plugin string) *logLimit {
	return &logLimit{log: log.With("plugin", plugin), rate: rateLimit{most: logLines, period: logPeriod}}
}

// admits reports whether a line may be written now. Once in a period it tells the log
// how many could not.
func (l *logLimit) admits() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if !l.rate.admits(now) {
		l.missed++
		return false
	}
	if l.missed > 0 && now.Sub(l.told) >= logPeriod {
		l.log.Warn("the plugin wrote more than the log takes: lines are left out", "lines", l.missed)
		l.missed, l.told = 0, now
	}
	return true
}

// drop counts a line that was admitted, and could not be written after all.
func (l *logLimit) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missed++
}

// pluginLogger carries what go-plugin and the plugin's stderr say into the host's log,
// with the level that the plugin gave. What looks like a secret is hidden by redact.
func pluginLogger(limit *logLimit, redact func(string) string) hclog.Logger {
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.Trace, Output: io.Discard})
	logger.RegisterSink(&sink{limit: limit, redact: redact})
	return logger
}

type sink struct {
	limit  *logLimit
	redact func(string) string
}

func (s *sink) Accept(_ string, level hclog.Level, msg string, args ...any) {
	levels := map[hclog.Level]slog.Level{
		hclog.Info: slog.LevelInfo, hclog.Warn: slog.LevelWarn, hclog.Error: slog.LevelError,
	}
	l, ok := levels[level]
	if !ok {
		l = slog.LevelDebug
	}
	// A log line belongs to no call.
	ctx := context.Background()
	// A flood must not cost a search for secrets in lines that are not written.
	if !s.limit.log.Enabled(ctx, l) || !s.limit.admits() {
		return
	}
	clean := make([]any, len(args))
	for i, arg := range args {
		clean[i] = s.clean(text(arg))
	}
	// In a group they do not pass for the host's.
	s.limit.log.Log(ctx, l, s.clean(msg), slog.Group("attributes", clean...))
}

func (s *sink) clean(text string) string { return s.redact(plain(cut(text, logBytes))) }

func text(v any) string {
	if bytes, ok := v.([]byte); ok {
		return string(bytes)
	}
	return fmt.Sprint(v)
}
