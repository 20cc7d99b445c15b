// Package supervisor launches plugin processes, watches, restarts and kills
// them. It is the only importer of go-plugin, whose quirks end here.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Spec is one plugin that may be launched.
type Spec struct {
	pluginv1.Manifest
	// Path is the executable, absolute.
	Path string
	// Digest is the SHA-256 that the executable must have at every launch.
	Digest [32]byte
	// Dev plugins are launched without a check of the digest.
	Dev bool
	// Remedy is what to do if the executable is not the one that was trusted.
	Remedy string
}

// Config is what a Supervisor needs.
type Config struct {
	// Domain is the tenant's domain, told to plugins for their texts and URLs.
	Domain string
	// Host makes the services that the host offers to one plugin process. The
	// name is the identity of the connection: a plugin cannot claim another.
	Host func(plugin string) pluginv1.HostServer
	// IdleTimeout stops a plugin that has not been called for so long; 0: never.
	IdleTimeout time.Duration
	Log         *slog.Logger
	// Redact hides what looks like a secret in what a plugin writes to the log;
	// nil: nothing.
	Redact func(string) string
}

// Supervisor runs plugins. A plugin starts at its first call.
type Supervisor struct {
	cfg    Config
	ctx    context.Context // ends with Close: aborts launches
	cancel context.CancelFunc

	mu     sync.Mutex
	slots  map[string]*slot
	folder *runFolder // made at the first launch
	closed bool
}

// New makes a Supervisor. It starts nothing.
func New(cfg Config) *Supervisor {
	if cfg.Redact == nil {
		cfg.Redact = func(text string) string { return text }
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Supervisor{cfg: cfg, ctx: ctx, cancel: cancel, slots: map[string]*slot{}}
}

// CrashError says that a plugin's process ended during a call.
type CrashError struct {
	Plugin, Tool string
	Effect       pluginv1.Effect
	// Stderr is the end of what the process wrote to stderr.
	Stderr string
}

func (e *CrashError) Error() string {
	what := "nothing was changed"
	if e.Effect != pluginv1.EffectRead {
		what = "the change may or may not have happened: look before you try again"
	}
	return fmt.Sprintf("plugin %s ended unexpectedly during %s; %s. Its last words: %s", e.Plugin, e.Tool, what, orNone(e.Stderr))
}

// LaunchError says that a plugin could not be started.
type LaunchError struct {
	Plugin, Path string
	Remedy       string
	Stderr       string
	Err          error
}

func (e *LaunchError) Error() string {
	text := fmt.Sprintf("plugin %s (%s) did not start: %v", e.Plugin, e.Path, e.Err)
	if e.Stderr != "" {
		text += ". It said: " + e.Stderr
	}
	if e.Remedy != "" {
		text += ". " + e.Remedy
	}
	return text
}

func (e *LaunchError) Unwrap() error { return e.Err }

// ErrClosed says that the supervisor is shutting down.
var ErrClosed = errors.New("the server is shutting down")

// Call runs a tool. A crash of a reading tool is retried once, on a new process;
// a crash of a writing tool never is.
func (s *Supervisor) Call(ctx context.Context, spec Spec, tool pluginv1.ToolManifest, r *pluginv1.CallToolRequest) (*pluginv1.CallToolResponse, error) {
	sl, err := s.slot(spec)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		answer, err := s.callOnce(ctx, sl, tool, r)
		var crash *CrashError
		if !errors.As(err, &crash) || tool.Effect != pluginv1.EffectRead || attempt > 1 {
			return answer, err
		}
		s.cfg.Log.Warn("plugin ended during a reading call: trying once more", "plugin", spec.Name, "tool", tool.Name)
	}
}

func (s *Supervisor) callOnce(ctx context.Context, sl *slot, tool pluginv1.ToolManifest, r *pluginv1.CallToolRequest) (*pluginv1.CallToolResponse, error) {
	proc, err := sl.acquire(ctx, func() (*process, error) { return s.start(sl.spec) })
	if err != nil {
		return nil, err
	}
	defer sl.release(proc)
	answer, err := proc.plugin.CallTool(ctx, r,
		grpc.MaxCallRecvMsgSize(pluginv1.MaxMessageBytes), grpc.MaxCallSendMsgSize(pluginv1.MaxMessageBytes))
	switch {
	case err == nil:
		sl.answered()
		return answer, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case status.Code(err) != codes.Unavailable || !proc.gone(time.Second):
		return nil, fmt.Errorf("plugin %s, tool %s: %w", sl.spec.Name, tool.Name, err)
	}
	crash := &CrashError{Plugin: sl.spec.Name, Tool: tool.Name, Effect: tool.Effect, Stderr: proc.stderr.String()}
	sl.crashed(proc, crash)
	return nil, crash
}

// start launches a process for a slot.
func (s *Supervisor) start(spec Spec) (*process, error) {
	proc, err := s.launch(spec)
	if proc != nil && s.ctx.Err() != nil {
		proc.kill() // Close looked before this process was there to be seen.
		return nil, ErrClosed
	}
	return proc, err
}

func (s *Supervisor) slot(spec Spec) (*slot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	sl, ok := s.slots[spec.Name]
	if !ok {
		sl = &slot{spec: spec, idleTimeout: s.cfg.IdleTimeout}
		s.slots[spec.Name] = sl
	}
	return sl, nil
}

func (s *Supervisor) runFolder() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", ErrClosed
	}
	if s.folder == nil {
		folder, err := newRunFolder()
		if err != nil {
			return "", err
		}
		s.folder = folder
	}
	return s.folder.path, nil
}

// Close aborts launches, kills every process in parallel and removes the run folder.
func (s *Supervisor) Close() error {
	s.mu.Lock()
	s.closed = true
	slots, folder := s.slots, s.folder
	s.folder = nil
	s.mu.Unlock()
	s.cancel()
	var wg sync.WaitGroup
	for _, sl := range slots {
		wg.Go(sl.close)
	}
	wg.Wait()
	if folder == nil {
		return nil
	}
	return folder.remove()
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
