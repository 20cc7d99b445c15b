package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// session is one server and the least client there is: a library's own cost must
// not be measured as the server's.
type session struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
	id    int
}

func start(ctx context.Context, binary string, env []string, flags ...string) (*session, error) {
	args := append([]string{"run", "--log-level", "error"}, flags...)
	cmd := exec.CommandContext(ctx, binary, args...) //nolint:gosec // the binary to measure
	cmd.Env, cmd.Stderr = env, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &session{cmd: cmd, in: in, lines: bufio.NewReaderSize(out, 1<<20)}, cmd.Start()
}

func (s *session) pid() int { return s.cmd.Process.Pid }

func (s *session) initialize() error {
	_, err := s.request("initialize",
		`{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}`)
	return err
}

func (s *session) send(method, params string) error {
	s.id++
	_, err := fmt.Fprintf(s.in, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", s.id, method, params)
	return err
}

// receive takes the next reply; one that is an error fails the measurement.
func (s *session) receive() ([]byte, error) {
	line, err := s.lines.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("the server ended: %w", err)
	}
	var reply struct {
		Error  json.RawMessage
		Result struct{ IsError bool }
	}
	if err := json.Unmarshal(line, &reply); err != nil {
		return nil, err
	}
	if reply.Error != nil || reply.Result.IsError {
		return nil, errors.New("the server answered " + string(line))
	}
	return line, nil
}

func (s *session) request(method, params string) ([]byte, error) {
	if err := s.send(method, params); err != nil {
		return nil, err
	}
	return s.receive()
}

func (s *session) call(params string) error {
	_, err := s.request("tools/call", params)
	return err
}

// callMany has n calls in flight at once.
func (s *session) callMany(params string, n int) error {
	sent := make(chan error, 1)
	go func() {
		for range n {
			if err := s.send("tools/call", params); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for range n {
		if _, err := s.receive(); err != nil {
			return err
		}
	}
	return <-sent
}

func (s *session) close() error {
	return errors.Join(s.in.Close(), s.cmd.Wait())
}

// pss is the memory of the host and its plugins together.
func (s *session) pss() string {
	total := 0
	for _, pid := range append(children(s.pid()), fmt.Sprint(s.pid())) {
		data, err := os.ReadFile(filepath.Join("/proc", pid, "smaps_rollup"))
		if err != nil {
			// The host is not dumpable: only root reads its memory map.
			return "unknown: needs Linux and root"
		}
		for line := range strings.Lines(string(data)) {
			var kilobytes int
			if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kilobytes); n == 1 {
				total += kilobytes
			}
		}
	}
	return fmt.Sprintf("%.1f MB", float64(total)/1024)
}

// children are the processes that a process has started.
func children(pid int) []string {
	var found []string
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, task := range tasks {
		if data, err := os.ReadFile(task); err == nil {
			found = append(found, strings.Fields(string(data))...)
		}
	}
	return found
}
