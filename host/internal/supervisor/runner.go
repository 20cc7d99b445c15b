package supervisor

import (
	"bytes"
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
)

// processRunner is go-plugin's runner.Runner for a child process. go-plugin's own
// would give it the host's stdin, and could check a digest only on a path.
type processRunner struct {
	spec   Spec
	cmd    *exec.Cmd
	ctx    context.Context // ends the process
	stdout io.ReadCloser
	stderr io.ReadCloser
	tail   *tail
	hold   *os.File // write end of the lifeline: the child's stdin ends with it
}

func newRunner(ctx context.Context, spec Spec, env []string, dir string, stderr *tail) *processRunner {
	cmd := exec.CommandContext(ctx, spec.Path, spec.Args...) //nolint:gosec // launching plugins is the point; the digest is checked in Start
	// GOGC: a plugin lives for single calls; half the garbage is a tenth less memory.
	cmd.Env = slices.Concat(env, []string{"TMPDIR=" + dir, "LANG=C.UTF-8", "GOGC=50"})
	if root, ok := os.LookupEnv("SystemRoot"); ok {
		cmd.Env = append(cmd.Env, "SystemRoot="+root) // Windows: no sockets without it
	}
	// A neutral folder, so that nothing is found or written by accident where
	// the MCP client happens to run.
	cmd.Dir = dir
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	return &processRunner{spec: spec, cmd: cmd, ctx: ctx, tail: stderr}
}

// digestError says that an executable is not the one that was trusted.
type digestError struct {
	path      string
	want, got [32]byte
	remedy    string
}

func (e *digestError) Error() string {
	return fmt.Sprintf("%s has SHA-256 %x, not %x as it had when it was trusted", e.path, e.got[:8], e.want[:8])
}

// Start checks the digest on the open file and executes that very file.
func (r *processRunner) Start(context.Context) error {
	file, err := os.Open(r.spec.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := r.verify(file); err != nil {
		return err
	}
	lifeline, hold, err := os.Pipe()
	if err != nil {
		return err
	}
	defer lifeline.Close()
	r.cmd.Stdin = lifeline
	if r.stdout, err = r.cmd.StdoutPipe(); err == nil {
		var stderr io.ReadCloser
		if stderr, err = r.cmd.StderrPipe(); err == nil {
			r.stderr = teeCloser{io.TeeReader(stderr, r.tail), stderr}
			err = r.cmd.Start()
		}
	}
	if err != nil {
		return errors.Join(err, hold.Close())
	}
	r.hold = hold
	return nil
}

func (r *processRunner) verify(file *os.File) error {
	if !r.spec.Dev {
		h := sha256.New()
		if _, err := io.Copy(h, file); err != nil {
			return fmt.Errorf("reading %s: %w", r.spec.Path, err)
		}
		if got := [32]byte(h.Sum(nil)); got != r.spec.Digest {
			return &digestError{path: r.spec.Path, want: r.spec.Digest, got: got, remedy: r.spec.Remedy}
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

// Wait waits for the end of the process.
func (r *processRunner) Wait(context.Context) error {
	defer r.hold.Close()
	return r.cmd.Wait()
}

// Kill ends the process and whatever it forked.
func (r *processRunner) Kill(context.Context) error {
	if r.cmd.Process == nil {
		return nil
	}
	if err := killGroup(r.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
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

// Diagnose adds nothing: what the process said is in the tail of its stderr.
func (r *processRunner) Diagnose(context.Context) string { return "" }

// ID is the process id.
func (r *processRunner) ID() string {
	if r.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(r.cmd.Process.Pid)
}

// PluginToHost and HostToPlugin change nothing: both sides see the same files.
func (r *processRunner) PluginToHost(network, addr string) (string, string, error) {
	return network, addr, nil
}

// HostToPlugin is the other direction.
func (r *processRunner) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}

type teeCloser struct {
	io.Reader
	io.Closer
}

// tailBytes is how much of a plugin's stderr an error quotes at most.
const tailBytes = 4 << 10

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailBytes; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
