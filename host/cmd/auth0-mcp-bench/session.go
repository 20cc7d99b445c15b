package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// server is a program that is measured.
type server struct {
	name    string // of its column
	about   string // a line about it, or empty
	command []string
	env     []string
	plugins int    // processes besides its own when every resource is in use
	lingers bool   // it does not end with its stdin
	stderr  string // the file that gets it
}

// prepare gives the server folders of its own and the tenant.
func (s *server) prepare(dir string, t *tenant) error {
	home := filepath.Join(dir, s.name)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	s.stderr = filepath.Join(home, "stderr")
	s.env = append(append(environment(home), "AUTH0_DOMAIN="+t.domain, "AUTH0_TOKEN="+t.token,
		"AUTH0_MCP_CA_FILE="+t.caFile, "NODE_EXTRA_CA_CERTS="+t.caFile), s.env...)
	return nil
}

// environment is what a program gets, and nothing of the caller's that could slow it down, redirect or configure it.
func environment(home string) []string {
	env := []string{"PATH=" + os.Getenv("PATH")}
	for _, folder := range []string{"HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"} {
		env = append(env, folder+"="+home)
	}
	return env
}

// command asks its process to end when the context does, so that it can remove its files.
func command(ctx context.Context, arguments, env []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, arguments[0], arguments[1:]...) //nolint:gosec // the program to measure
	cmd.Env = env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

// session is one process of a server and the least client there is: a library's own cost must not be measured as the
// server's.
type session struct {
	server

	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
	id    int
}

// with runs a process of the server for as long as use does.
func (s *server) with(ctx context.Context, use func(*session) error, flags ...string) error {
	stderr, err := os.Create(s.stderr)
	if err != nil {
		return err
	}
	defer stderr.Close()
	cmd := command(ctx, append(s.command[:len(s.command):len(s.command)], flags...), s.env)
	cmd.Stderr = stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	run := &session{server: *s, cmd: cmd, in: in, lines: bufio.NewReaderSize(out, 1<<20)}
	return errors.Join(use(run), run.close())
}

// close ends the process. The peer runs on for seconds after the end of its stdin, so it is killed.
func (s *session) close() error {
	_ = s.in.Close() // the process may have ended
	if s.lingers {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait() // it says that it was killed
		return nil
	}
	if err := s.cmd.Wait(); err != nil {
		return s.failed(err)
	}
	return nil
}

// failed is an error with the name of the server, and the end of what it has written to stderr.
func (s *session) failed(err error) error {
	said, _ := os.ReadFile(s.stderr) // it may be gone with the run
	if len(said) == 0 {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return fmt.Errorf("%s: %w; its stderr:\n%s", s.name, err, said[max(0, len(said)-2048):])
}

// initialize is the handshake. A client lists the tools next.
func (s *session) initialize() error {
	_, _, err := s.request("initialize",
		`{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}`)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n")
	return err
}

func (s *session) send(method, params string) error {
	s.id++
	_, err := fmt.Fprintf(s.in, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", s.id, method, params)
	if err != nil {
		return s.failed(err)
	}
	return nil
}

// reply is what is needed of an answer.
type reply struct {
	Error  json.RawMessage
	Result struct {
		IsError bool
		Content []struct{ Text string }
	}
}

// receive returns the next line as it is: decoding it is not the server's time.
func (s *session) receive() ([]byte, error) {
	line, err := s.lines.ReadBytes('\n')
	if err != nil {
		return nil, s.failed(fmt.Errorf("it ended before it had answered: %w", err))
	}
	return line, nil
}

// decode refuses an answer that is an error: it would be measured as a fast one.
func (s *session) decode(line []byte) (reply, error) {
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		return r, s.failed(fmt.Errorf("%w in %.300q", err, line))
	}
	if r.Error != nil || r.Result.IsError {
		return r, s.failed(fmt.Errorf("it answered %.600s", bytes.TrimSpace(line)))
	}
	return r, nil
}

// request returns the line of the answer, and the time until it was there.
func (s *session) request(method, params string) ([]byte, time.Duration, error) {
	begun := time.Now()
	if err := s.send(method, params); err != nil {
		return nil, 0, err
	}
	line, err := s.receive()
	if err != nil {
		return nil, 0, err
	}
	taken := time.Since(begun)
	_, err = s.decode(line)
	return line, taken, err
}

func (s *session) call(params string) (time.Duration, error) {
	_, taken, err := s.request("tools/call", params)
	return taken, err
}

// burst makes n calls with so many of them in flight, and returns the time for all.
func (s *session) burst(params string, inFlight, n int) (time.Duration, error) {
	begun := time.Now()
	lines := make([][]byte, 0, n)
	for sent := 0; len(lines) < n; {
		for ; sent < n && sent-len(lines) < inFlight; sent++ {
			if err := s.send("tools/call", params); err != nil {
				return 0, err
			}
		}
		line, err := s.receive()
		if err != nil {
			return 0, err
		}
		lines = append(lines, line)
	}
	taken := time.Since(begun)
	for _, line := range lines {
		if _, err := s.decode(line); err != nil {
			return 0, err
		}
	}
	return taken, nil
}
