// Package supervisor launches plugin processes, watches, restarts and kills
// them. It is the only importer of go-plugin, whose quirks end here.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
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
}

// Config is what a Supervisor needs.
type Config struct {
	// Domain is the tenant's domain, told to plugins for their texts and URLs.
	Domain string
	// Host makes the services that the host offers to one plugin process. The
	// name is the identity of the connection: a plugin cannot claim another.
	Host func(plugin string) pluginv1.HostServer
	Log  *slog.Logger
}

// Supervisor runs plugins. A plugin starts at its first call.
type Supervisor struct {
	cfg    Config
	ctx    context.Context // ends with Close: aborts launches
	cancel context.CancelFunc

	mu     sync.Mutex
	slots  map[string]*slot
	runDir string
	closed bool
}

// slot is one plugin's place. Its lock is never held across a launch or a kill.
type slot struct {
	spec Spec

	mu       sync.Mutex
	cur      *process
	starting *startup
}

// startup is a launch in progress; the first caller makes it, the others wait.
type startup struct {
	done chan struct{}
	proc *process
	err  error
}

// New makes a Supervisor. It starts nothing.
func New(cfg Config) *Supervisor {
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
	for attempt := 1; ; attempt++ {
		proc, err := s.running(ctx, spec)
		if err != nil {
			return nil, err
		}
		answer, err := proc.plugin.CallTool(ctx, r,
			grpc.MaxCallRecvMsgSize(pluginv1.MaxMessageBytes), grpc.MaxCallSendMsgSize(pluginv1.MaxMessageBytes))
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if status.Code(err) != codes.Unavailable || !proc.gone(time.Second) {
			return nil, fmt.Errorf("plugin %s, tool %s: %w", spec.Name, tool.Name, err)
		}
		s.discard(spec.Name, proc)
		if tool.Effect != pluginv1.EffectRead || attempt > 1 {
			return nil, &CrashError{Plugin: spec.Name, Tool: tool.Name, Effect: tool.Effect, Stderr: proc.stderr.String()}
		}
		s.cfg.Log.Warn("plugin ended during a reading call: trying once more", "plugin", spec.Name, "tool", tool.Name)
	}
}

// running is the plugin's live process; the first caller launches it.
func (s *Supervisor) running(ctx context.Context, spec Spec) (*process, error) {
	sl, err := s.slot(spec)
	if err != nil {
		return nil, err
	}
	sl.mu.Lock()
	if sl.cur != nil && !sl.cur.gone(0) {
		defer sl.mu.Unlock()
		return sl.cur, nil
	}
	start := sl.starting
	if start == nil {
		start = &startup{done: make(chan struct{})}
		sl.starting = start
		// The launch belongs to the plugin, not to the caller that came first:
		// its cancellation must not fail the others.
		go s.launchInto(sl, start)
	}
	sl.mu.Unlock()
	select {
	case <-start.done:
		return start.proc, start.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *Supervisor) launchInto(sl *slot, start *startup) {
	proc, err := s.launch(sl.spec)
	sl.mu.Lock()
	stale := sl.cur
	sl.cur, sl.starting = proc, nil
	start.proc, start.err = proc, err
	sl.mu.Unlock()
	if stale != nil {
		stale.kill()
	}
	if proc != nil && s.ctx.Err() != nil {
		proc.kill() // Close looked before this process was there to be seen.
	}
	close(start.done)
}

func (s *Supervisor) slot(spec Spec) (*slot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	sl, ok := s.slots[spec.Name]
	if !ok {
		sl = &slot{spec: spec}
		s.slots[spec.Name] = sl
	}
	return sl, nil
}

// discard forgets a dead process, unless another generation is there already.
func (s *Supervisor) discard(name string, proc *process) {
	s.mu.Lock()
	sl := s.slots[name]
	s.mu.Unlock()
	sl.mu.Lock()
	if sl.cur == proc {
		sl.cur = nil
	}
	sl.mu.Unlock()
	proc.kill()
}

// maxTempDir is how long the folder above the run folder may be: a socket's path
// is limited to 104 bytes on some systems, and go-plugin adds 51 below it at most
// (a0-N/plugin-dirN/pluginN). A longer one fails without an error.
const maxTempDir = 51

// runFolder is where the sockets live: private and short. Made at the first launch.
func (s *Supervisor) runFolder() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", ErrClosed
	}
	if s.runDir != "" {
		return s.runDir, nil
	}
	errs := []error{errors.New("no folder for the plugins' sockets")}
	for _, base := range []string{os.TempDir(), os.Getenv("XDG_RUNTIME_DIR"), "/tmp"} {
		if base == "" || (runtime.GOOS != "windows" && len(base) > maxTempDir) {
			continue
		}
		dir, err := os.MkdirTemp(base, "a0-")
		if err == nil {
			s.runDir = dir
			return dir, nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(append(errs, fmt.Errorf("set TMPDIR to a writable folder whose path has at most %d characters", maxTempDir))...)
}

// Close aborts launches, kills every process in parallel and removes the run folder.
func (s *Supervisor) Close() error {
	s.mu.Lock()
	s.closed = true
	slots := s.slots
	dir := s.runDir
	s.mu.Unlock()
	s.cancel()
	var wg sync.WaitGroup
	for _, sl := range slots {
		wg.Go(func() {
			sl.mu.Lock()
			start := sl.starting
			sl.mu.Unlock()
			if start != nil {
				<-start.done
			}
			sl.mu.Lock()
			proc := sl.cur
			sl.cur = nil
			sl.mu.Unlock()
			if proc != nil {
				proc.kill()
			}
		})
	}
	wg.Wait()
	if dir == "" {
		return nil
	}
	return os.RemoveAll(dir)
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
