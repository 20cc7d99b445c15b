// Package supervisor launches plugin processes, watches, restarts and kills
// them. It is the only importer of go-plugin, whose quirks end here.
package supervisor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
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
	// Reattach says where a plugin listens that its author has started: a file, or a pluginv1.Reattach in JSON. It is
	// read at each launch, which starts and ends no process.
	Reattach string
	// Remedy is what to do if the executable is not the one that was trusted.
	Remedy string
}

// What a zero field of [Config] means.
const (
	// DefaultCallTimeout is generous: an export of many pages takes a minute, and a
	// client that waits longer than this has usually gone.
	DefaultCallTimeout = 5 * time.Minute
	defaultHangGrace   = 10 * time.Second
)

// Config is what a Supervisor needs.
type Config struct {
	// Domain is the tenant's domain, told to plugins for their texts and URLs.
	Domain string
	// Profile names the account towards `auth0-mcp plugins status`.
	Profile string
	// Host makes the services that the host offers to one plugin process. The
	// name is the identity of the connection: a plugin cannot claim another.
	Host func(plugin string) pluginv1.HostServer
	// IdleTimeout stops a plugin that has not been called for so long; 0: never.
	IdleTimeout time.Duration
	// StartTimeout bounds a launch, to the end of Configure; 0: DefaultStartTimeout.
	StartTimeout time.Duration
	// CallTimeout bounds one call, launches and the retry of a read included; 0:
	// DefaultCallTimeout. Progress does not prolong it.
	CallTimeout time.Duration
	// HangGrace is how long a plugin may go on with a call that has ended, before its
	// process is replaced; 0: 10 s.
	HangGrace time.Duration
	// MemoryLimit is how much memory a plugin's process and what it forks may have
	// resident together, in bytes; 0: no limit.
	MemoryLimit uint64
	// Launched, if set, is called whenever a plugin has been launched.
	Launched func()
	Log      *slog.Logger
	// Watch is told of faults that the host puts up with.
	Watch Watch
	// Capabilities are announced to plugins beside those of this host, which they have to ignore.
	Capabilities []string
	// Redact hides what looks like a secret in what a plugin writes to the log;
	// nil: nothing.
	Redact func(string) string
}

// Watch is told of what a plugin does against its contract and the host puts up with, for a test of the contract. Its
// functions may be nil, and must not wait.
type Watch struct {
	// Stray is called with the number of bytes that a plugin wrote to stdout behind its handshake.
	Stray func(bytes int)
	// Overran is called for a call whose function has not returned within HangGrace after the call's end.
	Overran func(tool string)
}

// Supervisor runs plugins. A plugin starts at its first call.
type Supervisor struct {
	cfg    Config
	begun  time.Time
	ctx    context.Context // ends with Close: aborts launches
	cancel context.CancelFunc
	close  func() error
	report *report
	// programs are the executables that run.
	programs *programs
	// certificate is the host's towards all its plugins.
	certificate func() (tls.Certificate, error)
	// buffers are those of all connections.
	buffers mem.BufferPool

	mu     sync.Mutex
	slots  map[string]*slot
	folder *runFolder // made at the first launch, or by Announce, and again if it vanishes
	// lost are the run folders before, of which something may be left.
	lost   []*runFolder
	closed bool
	// settling are the calls that have ended without the plugin's answer.
	settling sync.WaitGroup
}

// New makes a Supervisor. It starts nothing.
func New(cfg Config) *Supervisor {
	if cfg.Redact == nil {
		cfg.Redact = func(text string) string { return text }
	}
	cfg.StartTimeout = orDefault(cfg.StartTimeout, DefaultStartTimeout)
	cfg.CallTimeout = orDefault(cfg.CallTimeout, DefaultCallTimeout)
	cfg.HangGrace = orDefault(cfg.HangGrace, defaultHangGrace)
	s := &Supervisor{cfg: cfg, begun: time.Now(), slots: map[string]*slot{}, programs: newPrograms(cfg.Log),
		certificate: sync.OnceValues(pluginv1.NewCertificate), buffers: pluginv1.NewBuffers()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.close = sync.OnceValue(s.shutDown)
	s.report = newReport(s.writeStatus)
	return s
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// Expect makes the executable of a plugin ready that may be called soon. It starts nothing.
func (s *Supervisor) Expect(spec Spec) { s.programs.expect(spec) }

// Call runs a tool. A crash of a reading tool is retried once, on a new process; a
// crash of a writing tool never is, nor one for want of memory: the same call would
// take the same memory again, and which of several calls took it is not known.
func (s *Supervisor) Call(ctx context.Context, spec Spec, tool pluginv1.ToolManifest, r *pluginv1.CallToolRequest,
) (*pluginv1.CallToolResponse, error) {
	sl, err := s.slot(spec)
	if err != nil {
		return nil, err
	}
	late := &TimeoutError{Interruption{Plugin: spec.Name, Tool: tool.Name}, s.cfg.CallTimeout}
	// Not a deadline: gRPC would tell it to the plugin, whose word could come before
	// ours, as an error of the connection.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer time.AfterFunc(s.cfg.CallTimeout, func() { cancel(late) }).Stop()
	for attempt := 1; ; attempt++ {
		answer, err := s.callOnce(ctx, sl, tool, r)
		var crash *CrashError
		if !errors.As(err, &crash) || crash.Limit > 0 || tool.Effect != pluginv1.EffectRead || attempt > 1 {
			return answer, err
		}
		s.cfg.Log.Warn("plugin ended during a reading call: trying once more", "plugin", spec.Name, "tool", tool.Name)
	}
}

func (s *Supervisor) callOnce(ctx context.Context, sl *slot, tool pluginv1.ToolManifest, r *pluginv1.CallToolRequest,
) (*pluginv1.CallToolResponse, error) {
	proc, err := sl.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer sl.release(proc)
	return s.callOn(ctx, sl, proc, tool, r)
}

// callOn is one call on one process.
func (s *Supervisor) callOn(ctx context.Context, sl *slot, proc *process, tool pluginv1.ToolManifest,
	r *pluginv1.CallToolRequest,
) (*pluginv1.CallToolResponse, error) {
	defer proc.host.begin(r.GetCallId())()
	answer, err := proc.plugin.CallTool(ctx, r,
		grpc.MaxCallRecvMsgSize(pluginv1.MaxMessageBytes), grpc.MaxCallSendMsgSize(pluginv1.MaxMessageBytes))
	whose := Interruption{Plugin: sl.spec.Name, Tool: tool.Name}
	switch {
	case err == nil:
		sl.answered()
		return answer, nil
	case ctx.Err() != nil:
		s.settle(sl, proc, tool.Name, r.GetCallId())
		return nil, context.Cause(ctx)
	case status.Code(err) == codes.Unavailable && proc.gone(exitPatience),
		// The connection to a process that has ended, or that Close ends, is closed from this side.
		status.Code(err) == codes.Canceled && (proc.gone(0) || s.ctx.Err() != nil && proc.gone(exitPatience)):
		crash := s.crash(proc, whose)
		sl.mu.Lock()
		kept := *crash // the caller may add to its own
		sl.leave(proc, &kept)
		sl.mu.Unlock()
		return nil, crash
	case status.Code(err) == codes.Unavailable:
		// Its connection is broken and its process goes on: it is of no more use.
		s.cfg.Log.Warn("plugin lost its connection: its process is replaced", "plugin", sl.spec.Name, "tool", tool.Name)
		sl.retire(proc)
	}
	return nil, &AnswerError{whose, errors.New(s.cfg.Redact(reason(err)))}
}

// crash words the end of a process.
func (s *Supervisor) crash(proc *process, whose Interruption) *CrashError {
	e := &CrashError{Interruption: whose, How: proc.runner.how(), Stderr: s.words(proc.stderr)}
	if had := proc.tooMuch.Load(); had > 0 {
		e.Limit, e.Resident = s.cfg.MemoryLimit, had
	}
	return e
}

// words is the end of what a plugin wrote to stderr, fit to be shown.
func (s *Supervisor) words(t *tail) string { return s.cfg.Redact(t.String()) }

// settle sees to it that a plugin stops working on a call which has ended without
// its answer. A plugin that goes on, or cannot tell, is replaced: the next call gets
// a new process, and the old one ends with the calls that it still has.
func (s *Supervisor) settle(sl *slot, proc *process, tool, callID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return // it is being killed
	}
	s.settling.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.cfg.HangGrace)
		defer cancel()
		if proc.awaits {
			if _, err := proc.plugin.AwaitEnd(ctx, &pluginv1.AwaitEndRequest{CallId: callID}); err == nil {
				return
			}
		}
		select {
		case <-ctx.Done():
		case <-proc.exited():
		}
		if s.ctx.Err() != nil || proc.gone(0) {
			return
		}
		if proc.awaits {
			if s.cfg.Watch.Overran != nil {
				s.cfg.Watch.Overran(tool)
			}
			s.cfg.Log.Warn("plugin goes on with a call that has ended: its process is replaced",
				"plugin", sl.spec.Name, "tool", tool, "after", s.cfg.HangGrace)
		}
		sl.retire(proc)
	})
}

// Renew makes another build of a plugin the one to launch, for plugins under development. A process of the old build
// ends with the calls that it has.
func (s *Supervisor) Renew(spec Spec) {
	s.mu.Lock()
	sl := s.slots[spec.Name]
	s.mu.Unlock()
	if sl != nil {
		sl.renew(spec)
	}
}

// Settle waits until each call that has ended without the plugin's answer has been seen to: its function has returned,
// or its process takes no more calls. No call may begin meanwhile.
func (s *Supervisor) Settle() { s.settling.Wait() }

func (s *Supervisor) slot(spec Spec) (*slot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	sl, ok := s.slots[spec.Name]
	if !ok {
		sl = newSlot(spec, s.cfg.IdleTimeout)
		sl.launch = s.launch
		sl.ended = func(proc *process) error {
			return s.crash(proc, Interruption{Plugin: spec.Name})
		}
		sl.changed = s.report.within
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
	if s.folder != nil && !s.folder.keep() {
		s.cfg.Log.Warn("the folder of the plugins' sockets has vanished and is made again", "folder", s.folder.path)
		s.lost = append(s.lost, s.folder)
		s.folder = nil
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
func (s *Supervisor) Close() error { return s.close() }

func (s *Supervisor) shutDown() error {
	s.mu.Lock()
	s.closed = true
	slots, folders := s.slots, s.lost
	if s.folder != nil {
		folders = append(folders, s.folder)
	}
	s.mu.Unlock()
	s.cancel()
	var wg sync.WaitGroup
	for _, sl := range slots {
		wg.Go(sl.close)
	}
	wg.Wait()
	s.settling.Wait()
	s.programs.close()
	s.report.stop()
	var errs []error
	for _, folder := range folders {
		if err := folder.remove(); err != nil {
			errs = append(errs, fmt.Errorf("removing the run folder: %w", err))
		}
	}
	return errors.Join(errs...)
}
