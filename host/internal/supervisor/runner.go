package supervisor

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// drainGrace is how long the last words of a process are waited for when its
	// pipes do not end: a child that got away may hold them open.
	drainGrace = 500 * time.Millisecond
)

// processRunner is go-plugin's runner.Runner for a child process. go-plugin's own
// would give it the host's stdin, could check a digest only on a path, and would
// wait for the pipes before it waits for the process: a forked child that holds
// them would make a dead plugin look alive.
type processRunner struct {
	spec   Spec
	cmd    *exec.Cmd
	mark   string
	stdout *handshakeReader
	stderr *stderrReader
	tail   *tail
	begun  func()   // called when the process runs
	hold   *os.File // write end of the lifeline: the child's stdin ends with it
	// exited is closed when the process has been waited for, what it forked is killed
	// as far as it can be found, and its last words are in tail.
	exited chan struct{}

	mu     sync.Mutex
	alive  bool     // started, and not yet waited for: its number is its own
	family []member // as last seen
}

func newRunner(ctx context.Context, spec Spec, env []string, dir string, memoryLimit uint64, stderr *tail, begun func()) *processRunner {
	cmd := exec.CommandContext(ctx, spec.Path, spec.Args...) //nolint:gosec // launching plugins is the point; the digest is checked in Start
	// GOGC: a plugin lives for single calls; half the garbage is a tenth less memory.
	cmd.Env = slices.Concat(env, []string{"TMPDIR=" + dir, "LANG=C.UTF-8", "GOGC=50", pluginv1.RunVariable + "=" + dir})
	if memoryLimit > 0 {
		// Below the limit, because Go counts neither its own program nor C's memory: a
		// plugin near it collects garbage harder before it is killed.
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMEMLIMIT=%dB", memoryLimit/10*8))
	}
	if root, ok := os.LookupEnv("SystemRoot"); ok {
		cmd.Env = append(cmd.Env, "SystemRoot="+root) // Windows: no sockets without it
	}
	// A neutral folder, so that nothing is found or written by accident where
	// the MCP client happens to run.
	cmd.Dir = dir
	ownGroup(cmd)
	r := &processRunner{spec: spec, cmd: cmd, tail: stderr, begun: begun, exited: make(chan struct{}), mark: pluginv1.RunVariable + "=" + dir + "\x00"}
	cmd.Cancel = r.killNow
	return r
}

// digestError says that an executable is not the one that was trusted.
type digestError struct {
	path      string
	want, got [32]byte
}

func (e *digestError) Error() string {
	return fmt.Sprintf("%s has SHA-256 %x, not %x as it had when it was trusted", e.path, e.got[:8], e.want[:8])
}

// Start checks the digest on the open file and executes that very file.
func (r *processRunner) Start(context.Context) (err error) {
	defer func() {
		if err != nil {
			close(r.exited)
		}
	}()
	file, err := os.Open(r.spec.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := r.verify(file); err != nil {
		return err
	}
	var in, out, said pipe
	for _, p := range []*pipe{&in, &out, &said} {
		defer p.close()
		if p.read, p.write, err = os.Pipe(); err != nil {
			return err
		}
	}
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = in.read, out.write, said.write
	r.mu.Lock()
	defer r.mu.Unlock() // a kill must find the process or nothing, not half of it
	if err := r.cmd.Start(); err != nil {
		return err
	}
	r.alive = true
	r.hold, r.stdout = in.write, &handshakeReader{ReadCloser: out.read}
	r.stderr = &stderrReader{ReadCloser: said.read, tail: r.tail, ended: make(chan struct{})}
	go r.reap(out.read, said.read)
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
func (r *processRunner) reap(stdout, stderr *os.File) {
	defer close(r.exited)
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
	err := killGroup(r.cmd.Process)
	end(append(now, r.family...))
	return err
}

// killNow ends the process, if it runs, and whatever it forked.
func (r *processRunner) killNow() error {
	r.mu.Lock()
	defer r.mu.Unlock()
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

func (r *processRunner) verify(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &unfitError{"it is not a regular file", "Install the plugin again"}
	}
	if !r.spec.Dev {
		h := sha256.New()
		if _, err := io.Copy(h, file); err != nil {
			return fmt.Errorf("reading %s: %w", r.spec.Path, err)
		}
		if got := [32]byte(h.Sum(nil)); got != r.spec.Digest {
			return &digestError{path: r.spec.Path, want: r.spec.Digest, got: got}
		}
	}
	// Executing the path would give whoever replaces the file between check and
	// exec a window. The child gets the open file as descriptor 3 and executes
	// that: passing our own number would not do, as it can be taken for another
	// file on the way into the child.
	if runtime.GOOS == "linux" {
		r.cmd.ExtraFiles = []*os.File{file}
		r.cmd.Path = "/proc/self/fd/3"
	}
	return nil
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
