package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/procgroup"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// maxManifestBytes bounds a plugin's description of itself: a manifest file may have
	// as many.
	maxManifestBytes = 1 << 20
	// describeGrace is how long the output of a describe that has ended is read, if
	// something that it forked keeps its pipes open.
	describeGrace = 5 * time.Second
)

// DescribeError says why `PLUGIN describe` gave no manifest.
type DescribeError struct {
	// Path is the executable.
	Path string
	// Remedy is how to fix it; may be empty.
	Remedy string
	// Stderr is the end of what it wrote to stderr, without control characters.
	Stderr string
	Err    error
}

func (e *DescribeError) Error() string {
	text := fmt.Sprintf("%s describe: %v", e.Path, e.Err)
	if e.Stderr != "" {
		text += ". It wrote: " + e.Stderr
	}
	if e.Remedy != "" {
		text += ". " + e.Remedy
	}
	return text
}

func (e *DescribeError) Unwrap() error { return e.Err }

var errManifestSize = fmt.Errorf("its manifest is over %d KiB", maxManifestBytes>>10)

// Describe runs `PLUGIN describe`, with nothing of this process's environment, and
// returns the manifest that it writes to stdout. timeout bounds it; 0:
// [DefaultStartTimeout]. An error is a [*DescribeError], which wraps [ErrSlow] if the
// time was up, or the cause of ctx's end. What the plugin forked into its process group ends with it.
func Describe(ctx context.Context, path string, args []string, timeout time.Duration) (pluginv1.Manifest, error) {
	timeout = orDefault(timeout, DefaultStartTimeout)
	stderr := &tail{}
	fail := func(remedy string, err error) (pluginv1.Manifest, error) {
		return pluginv1.Manifest{}, &DescribeError{Path: path, Remedy: remedy, Stderr: stderr.String(), Err: err}
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return fail("", err)
	}
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer time.AfterFunc(timeout, func() { stop(ErrSlow) }).Stop()
	out := &boundedBuffer{limit: maxManifestBytes, over: func() { stop(errManifestSize) }}
	err = runDescribe(describeCommand(run, path, args, out, stderr))
	cause := context.Cause(run)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return pluginv1.Manifest{}, context.Cause(ctx)
	case errors.Is(cause, ErrSlow):
		return fail("", fmt.Errorf("it did not finish within %v: %w", timeout, ErrSlow))
	case errors.Is(cause, errManifestSize):
		return fail(authorRemedy, cause)
	case errors.As(err, &exit):
		return fail("", err)
	case errors.Is(err, exec.ErrWaitDelay):
		return fail(authorRemedy, errors.New("it ended, and something that it started keeps its output open"))
	case err != nil:
		return fail(notStarted(path, err))
	}
	m, err := pluginv1.ParseManifest(out.data.Bytes())
	if err != nil {
		return fail(authorRemedy, err)
	}
	return m, nil
}

func describeCommand(ctx context.Context, path string, args []string, out *boundedBuffer, stderr *tail) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, append(slices.Clip(args), "describe")...) //nolint:gosec // the user named it
	cmd.Env = []string{"LANG=C.UTF-8"}
	if root, ok := os.LookupEnv("SystemRoot"); ok {
		cmd.Env = append(cmd.Env, "SystemRoot="+root)
	}
	cmd.Stdout, cmd.Stderr = out, stderr
	cmd.WaitDelay = describeGrace
	procgroup.Own(cmd)
	return cmd
}

func runDescribe(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	if awaitExit(cmd.Process) {
		_ = procgroup.Kill(cmd.Process) // before Wait: until then the number is its own
	}
	return cmd.Wait()
}

// boundedBuffer keeps up to limit bytes, and calls over once there are more.
type boundedBuffer struct {
	limit int
	over  func()
	data  bytes.Buffer
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	room := b.limit - b.data.Len()
	if len(p) > room {
		b.over()
	}
	b.data.Write(p[:min(len(p), room)])
	return len(p), nil // a write that fails would look like an error of the pipe
}
