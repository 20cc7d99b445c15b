package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/procgroup"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// drainGrace bounds the wait for the last output of a process whose pipes do not end:
// a child that got away may hold them open.
const drainGrace = 500 * time.Millisecond

// processRunner is go-plugin's runner.Runner for a child process. go-plugin's own
// would give it the host's stdin, could check a digest only on a path, and would
// wait for the pipes before it waits for the process: a forked child that holds
// them would make a dead plugin look alive.
type processRunner struct {
	spec     Spec
	programs *programs
	// command makes the command of one attempt to start.
	command func() *exec.Cmd
	cmd     *exec.Cmd
	mark    string
	stdout  *handshakeReader
	stderr  *stderrReader
	tail    *tail
	stray   func(bytes int) // see Watch
	begun   func()          // called when the process runs
	hold    *os.File        // write end of the lifeline: the child's stdin ends with it
	// exited is closed when the process has been waited for, what it forked is killed
	// as far as it can be found, and its last words are in tail.
	exited chan struct{}

	mu       sync.Mutex
	attached bool     // to a process that was not started here: see attach
	alive    bool     // started, and not yet waited for: its number is its own
	family   []member // as last seen
}

// runnerConfig is what a runner needs besides the plugin.
type runnerConfig struct {
	programs    *programs
	env         []string
	dir         string // the plugin's own folder
	memoryLimit uint64 // in bytes; 0: none
	stderr      *tail
	stray       func(bytes int) // see Watch
	begun       func()          // called when the process runs
}

func newRunner(ctx context.Context, spec Spec, cfg runnerConfig) *processRunner {
	r := &processRunner{spec: spec, programs: cfg.programs, tail: cfg.stderr, begun: cfg.begun, stray: cfg.stray,
		exited: make(chan struct{}), mark: pluginv1.RunVariable + "=" + cfg.dir + "\x00"}
	env := environment(cfg.env, cfg.dir, cfg.memoryLimit)
	r.command = func() *exec.Cmd {
		cmd := exec.CommandContext(ctx, spec.Path, spec.Args...) //nolint:gosec // Start checks the digest
		cmd.Env = env
		// A neutral folder, so that nothing is found or written by accident where
		// the MCP client happens to run.
		cmd.Dir = cfg.dir
		procgroup.Own(cmd)
		cmd.Cancel = r.killNow
		return cmd
	}
	r.cmd = r.command()
	if spec.Reattach != "" {
		context.AfterFunc(ctx, func() { _ = r.killNow() }) // as the command's own context would
	}
	return r
}

// environment is all that a plugin sees of one.
func environment(base []string, dir string, memoryLimit uint64) []string {
	// GOGC: what is live in a plugin is small beside what a list allocates, so that each collection costs more than it
	// frees. A plugin that waits returns all of it (package trim).
	env := slices.Concat(base, []string{"TMPDIR=" + dir, "LANG=C.UTF-8", "GOGC=200", pluginv1.RunVariable + "=" + dir})
	if memoryLimit > 0 {
		// Below the limit, because Go counts neither its own program nor C's memory: a
		// plugin near it collects garbage harder before it is killed.
		env = append(env, fmt.Sprintf("GOMEMLIMIT=%dB", memoryLimit/10*8))
	}
	if root, ok := os.LookupEnv("SystemRoot"); ok {
		env = append(env, "SystemRoot="+root) // Windows: no sockets without it
	}
	return env
}

// Start starts the executable after its digest was checked: on Linux the very bytes
// that were checked, see [programs].
func (r *processRunner) Start(context.Context) (err error) {
	defer func() {
		if err != nil {
			close(r.exited)
		}
	}()
	if r.spec.Reattach != "" {
		return r.attach()
	}
	prog, err := r.programs.open(r.spec)
	if err != nil {
		return err
	}
	err = r.execute(prog)
	if prog.sealed && errors.Is(err, fs.ErrPermission) {
		// A security module may allow the file and not the memory.
		why := err
		if prog, err = openUnsealed(r.spec); err != nil {
			return err
		}
		if err = r.execute(prog); err == nil {
			r.programs.cannotExecute(why)
		}
	}
	return err
}

// execute starts a program, and releases it with the end of its process, or at once if
// it does not start.
func (r *processRunner) execute(prog *program) (err error) {
	defer func() {
		if err != nil {
			prog.release()
		}
	}()
	var in, out, said pipe
	for _, p := range []*pipe{&in, &out, &said} {
		defer p.close()
		if p.read, p.write, err = os.Pipe(); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock() // a kill must find the process or nothing, not half of it
	r.cmd = r.command()
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = in.read, out.write, said.write
	prog.executed(r.cmd)
	if err := startProgram(r.cmd); err != nil {
		if missing(r.cmd.Dir) {
			return &unfitError{fmt.Sprintf("the folder of its sockets, %s, has vanished", r.cmd.Dir), retryRemedy}
		}
		return err
	}
	r.alive = true
	r.hold, r.stdout = in.write, &handshakeReader{ReadCloser: out.read, stray: r.stray}
	r.stderr = &stderrReader{ReadCloser: said.read, tail: r.tail, ended: make(chan struct{})}
	go r.reap(prog, out.read, said.read)
	in.write, out.read, said.read = nil, nil, nil // closed by reap
	r.begun()
	return nil
}

// pipe is both ends of one, for as long as they are in one hand.
type pipe struct{ read, write *os.File }

func (p *pipe) close() {
	_ = p.read.Close() // of nil, an error and nothing else
	_ = p.write.Close()
}

// reap waits for the process and ends what is left of it.
func (r *processRunner) reap(prog *program, stdout, stderr *os.File) {
	defer close(r.exited)
	defer prog.release() // before: a start after this end reads the file again
	if awaitExit(r.cmd.Process) {
		r.mu.Lock()
		_ = r.endFamily() // what it forked into its group, while the group's number is its own
		r.alive = false
		r.mu.Unlock()
	}
	// Not under the lock: Wait waits for a kill in progress, which wants it. How the
	// process ended is in ProcessState.
	_ = r.cmd.Wait()
	r.mu.Lock()
	if r.alive { // a system that cannot tell of an end without reaping
		_ = r.endFamily()
		r.alive = false
	}
	r.mu.Unlock()
	_ = r.hold.Close()
	endMarked(r.mark)
	// What is in the pipes is still read; a child that could not be found must not
	// hold them for ever. Where a pipe knows no deadline, closing it must do.
	deadline := time.Now().Add(drainGrace)
	_ = stdout.SetReadDeadline(deadline)
	_ = stderr.SetReadDeadline(deadline)
	select {
	case <-r.stderr.ended:
	case <-time.After(2 * drainGrace):
	}
	_ = stdout.Close()
	_ = stderr.Close()
}

// endFamily kills the process with all that it forked. The caller holds r.mu.
func (r *processRunner) endFamily() error {
	now, _ := family(r.cmd.Process.Pid)
	err := procgroup.Kill(r.cmd.Process)
	end(append(now, r.family...))
	return err
}

// killNow ends the process, if it runs, and whatever it forked.
func (r *processRunner) killNow() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.spec.Reattach != "" {
		return r.detach()
	}
	if !r.alive {
		return os.ErrProcessDone
	}
	return r.endFamily()
}

// resident is the memory of the process and its descendants, in bytes.
func (r *processRunner) resident() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.alive {
		return 0
	}
	members, bytes := family(r.cmd.Process.Pid)
	r.family = members
	return bytes
}

// how is the way the process ended, once it has exited.
func (r *processRunner) how() string {
	if r.cmd.ProcessState == nil {
		return "never started"
	}
	return r.cmd.ProcessState.String()
}

// Wait waits for the end of the process, and of what it forked.
func (r *processRunner) Wait(context.Context) error {
	<-r.exited
	if r.cmd.ProcessState == nil || r.cmd.ProcessState.Success() {
		return nil
	}
	return &exec.ExitError{ProcessState: r.cmd.ProcessState}
}

// Kill ends the process and whatever it forked.
func (r *processRunner) Kill(context.Context) error {
	if err := r.killNow(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Stdout carries the handshake.
func (r *processRunner) Stdout() io.ReadCloser { return r.stdout }

// Stderr carries the plugin's log.
func (r *processRunner) Stderr() io.ReadCloser { return r.stderr }

// Name is the plugin's name, for go-plugin's log.
func (r *processRunner) Name() string { return r.spec.Name }

// Diagnose adds nothing: our own errors say more.
func (r *processRunner) Diagnose(context.Context) string { return "" }

// ID is the process id; empty if it never started.
func (r *processRunner) ID() string {
	if pid := r.pid(); pid != 0 {
		return strconv.Itoa(pid)
	}
	return ""
}

func (r *processRunner) pid() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd.Process == nil {
		return 0
	}
	return r.cmd.Process.Pid
}

// PluginToHost and HostToPlugin change nothing: both sides see the same files.
func (r *processRunner) PluginToHost(network, addr string) (string, string, error) {
	return network, addr, nil
}

// HostToPlugin is the other direction.
func (r *processRunner) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}

// stderrReader keeps the end of what go-plugin reads.
type stderrReader struct {
	io.ReadCloser
	tail  *tail
	once  sync.Once
	ended chan struct{} // closed when there is no more
}

func (s *stderrReader) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	_, _ = s.tail.Write(p[:n])
	if err != nil {
		s.once.Do(func() { close(s.ended) })
	}
	return n, endOfPipe(err)
}

// endOfPipe makes the end that we set to a pipe an ordinary one.
func endOfPipe(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, os.ErrClosed) {
		return io.EOF
	}
	return err
}
