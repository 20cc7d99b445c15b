package wrap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/procgroup"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// Program is the file name of the program that runs wrapped servers, without .exe. It lies beside the bundled plugins.
const Program = "auth0-mcp-wrap"

const (
	// listTimeout is how long a server may take to start and list its tools; one in an interpreter on a slow disk takes
	// seconds.
	listTimeout    = time.Minute
	prepareTimeout = 5 * time.Minute // hashes up to a gigabyte
	maxOutputBytes = 32 << 20
	maxStderrBytes = 4 << 10
)

// Bridge is the program at a path.
type Bridge struct{ Path string }

// Prepared is a launch with its pins, and what the user should know about them.
type Prepared struct {
	Launch
	Warnings []string `json:"warnings"`
}

// Prepare finds what a command would run and pins it. It executes nothing of it, and refuses what other users can
// change.
func (b Bridge) Prepare(ctx context.Context, command []string, env map[string]string, pin []string) (Prepared, error) {
	var found Prepared
	request := struct {
		Command []string          `json:"command"`
		Env     map[string]string `json:"env"`
		Pin     []string          `json:"pin"`
	}{command, env, pin}
	run := bridgeRun{mode: "prepare", timeout: prepareTimeout, env: []string{"PATH=" + os.Getenv("PATH")}}
	if err := b.run(ctx, run, request, &found); err != nil {
		return Prepared{}, err
	}
	for _, pin := range found.Pins {
		if err := atomicfile.CheckWriters(pin.Path); err != nil {
			return Prepared{}, err
		}
	}
	return found, nil
}

// List starts the server once and asks it for its tools.
func (b Bridge) List(ctx context.Context, launch Launch) (listing Listing, err error) {
	dir, err := os.MkdirTemp("", "auth0-mcp-wrap-")
	if err != nil {
		return Listing{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	run := bridgeRun{mode: "list", timeout: listTimeout, dir: dir, env: []string{"TMPDIR=" + dir}}
	err = b.run(ctx, run, launch, &listing)
	return listing, err
}

// bridgeRun is one run of the program.
type bridgeRun struct {
	mode    string
	timeout time.Duration
	dir     string
	env     []string
}

var errTooLong = errors.New("its answer is too long")

func (b Bridge) run(ctx context.Context, r bridgeRun, request, answer any) error {
	if err := atomicfile.CheckWriters(b.Path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the program that runs other MCP servers is missing: %s. Install auth0-mcp again, with all its "+
			"files", b.Path)
	} else if err != nil {
		return err
	}
	input, err := json.Marshal(request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.timeout, fmt.Errorf("it did not finish within %v", r.timeout))
	defer cancel()
	cmd := exec.CommandContext(ctx, b.Path, r.mode) //nolint:gosec // our own program
	cmd.Dir, cmd.Env, cmd.Stdin = r.dir, slices.Concat(r.env, []string{"LANG=C.UTF-8"}), bytes.NewReader(input)
	if root, ok := os.LookupEnv("SystemRoot"); ok {
		cmd.Env = append(cmd.Env, "SystemRoot="+root)
	}
	out, said := &head{limit: maxOutputBytes}, &tail{}
	cmd.Stdout, cmd.Stderr = out, said
	cmd.WaitDelay = time.Second
	procgroup.Own(cmd)
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil && out.over:
		err = errTooLong
	case err == nil:
		err = json.Unmarshal(out.data.Bytes(), answer)
	}
	text := strings.TrimPrefix(redact.Text(strings.TrimSpace(string(said.data))), Program+": ")
	if _, failed := errors.AsType[*exec.ExitError](err); failed && text != "" {
		return errors.New(text)
	}
	if err != nil && text != "" {
		return fmt.Errorf("%w. It said: %s", err, text)
	}
	return err
}

// head keeps the beginning of what is written.
type head struct {
	data  bytes.Buffer
	limit int
	over  bool
}

func (h *head) Write(p []byte) (int, error) {
	room := h.limit - h.data.Len()
	h.over = h.over || len(p) > room
	_, _ = h.data.Write(p[:min(len(p), room)])
	return len(p), nil
}

// tail keeps the end: a server may log much before the program says what is wrong.
type tail struct{ data []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	t.data = t.data[max(0, len(t.data)-maxStderrBytes):]
	return len(p), nil
}
