//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// program is a running host with a plugin; the test holds its pipes.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	lines  *bufio.Scanner
	plugin int // its process id
}

func startProgram(t *testing.T) *program {
	t.Helper()
	dev, home := t.TempDir(), t.TempDir()
	if err := copyPlugin(dev, "ok"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*patience)
	t.Cleanup(cancel)
	p := &program{t: t, cmd: exec.CommandContext(ctx, "auth0-mcp", "run", "--sandbox", "--log-level", "error",
		"--dev-plugin", dev)}
	p.cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home,
		"GORACE=atexit_sleep_ms=0")
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(p.out)
	p.lines.Buffer(nil, 1<<20)
	p.send(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-06-18",`+
		`"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		call("first", `{}`))
	p.want(`"id":"init","result"`)
	text := regexp.MustCompile(`"text":"(\d+)"`).FindStringSubmatch(p.want(`"id":"first","result"`))
	if p.plugin, err = strconv.Atoi(text[1]); err != nil {
		t.Fatal(err)
	}
	return p
}

func call(id, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":"tools/call","params":{"name":"auth0_ok_read","arguments":%s}}`,
		id, arguments)
}

func (p *program) send(lines ...string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, strings.Join(lines, "\n")+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// want waits for the next line, which must contain part.
func (p *program) want(part string) string {
	p.t.Helper()
	if !p.lines.Scan() || !strings.Contains(p.lines.Text(), part) {
		p.t.Fatalf("got %q (%v), want a line with %s", p.lines.Text(), p.lines.Err(), part)
	}
	return p.lines.Text()
}

// wantEnd waits until the program and its plugin have ended.
func (p *program) wantEnd(code int) {
	p.t.Helper()
	_ = p.cmd.Wait()
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("the program ended with %v", p.cmd.ProcessState)
	}
	wantGone(p.t, p.plugin)
}

// Whatever tells the program to end: what it accepted is answered, and no process is
// left.
func TestAcceptedCallsAreAnsweredAtTheEnd(t *testing.T) {
	for name, end := range map[string]func(p *program) error{
		"end of input": func(p *program) error { return p.in.Close() },
		"SIGTERM":      func(p *program) error { return p.cmd.Process.Signal(syscall.SIGTERM) },
		"SIGINT":       func(p *program) error { return p.cmd.Process.Signal(syscall.SIGINT) },
	} {
		t.Run(name, func(t *testing.T) {
			p := startProgram(t)
			for i := range 20 {
				p.send(call(fmt.Sprint("c", i), `{"do":"sleep","n":300}`))
			}
			p.send(`{"jsonrpc":"2.0","id":"accepted","method":"ping"}`)
			p.want(`"id":"accepted"`)
			if err := end(p); err != nil {
				t.Fatal(err)
			}
			answered := map[string]bool{}
			for p.lines.Scan() {
				var reply struct {
					ID     string
					Result json.RawMessage
				}
				if err := json.Unmarshal(p.lines.Bytes(), &reply); err != nil || reply.Result == nil || answered[reply.ID] {
					t.Errorf("got %s, %v", p.lines.Text(), err)
				}
				answered[reply.ID] = true
			}
			if len(answered) != 20 {
				t.Errorf("%d calls of 20 were answered", len(answered))
			}
			p.wantEnd(0)
		})
	}
}

func TestClosedStdoutEndsTheProgram(t *testing.T) {
	p := startProgram(t)
	p.send(call("waits", `{"do":"wait"}`))
	if err := p.out.Close(); err != nil {
		t.Fatal(err)
	}
	p.send(`{"jsonrpc":"2.0","id":"p","method":"ping"}`)
	p.wantEnd(1)
}

// A line without end costs the program no memory beyond the limit, and what follows it
// is served. The race detector takes its multiple of that.
func TestEndlessLine(t *testing.T) {
	p := startProgram(t)
	chunk := []byte(strings.Repeat("x", 1<<20))
	for range 256 {
		if _, err := p.in.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	p.send("", `{"jsonrpc":"2.0","id":"p","method":"ping"}`)
	p.want(`"id":null,"error":{"code":-32700,"message":"the line is longer than 10485760 bytes"}`)
	p.want(`"id":"p","result":{}`)
	if runtime.GOOS == "linux" {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
		if kB, err := strconv.Atoi(string(peak[1])); err != nil || kB > 230<<10 {
			t.Errorf("the program took %s kB at its most, %v", peak[1], err)
		} else {
			t.Logf("%d kB at its most", kB)
		}
	}
	if err := p.in.Close(); err != nil {
		t.Fatal(err)
	}
	p.wantEnd(0)
}
