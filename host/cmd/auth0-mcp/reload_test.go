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
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// devPlugin is a plugin whose builds are scripts that run the fake plugin in a role.
type devPlugin struct {
	t      *testing.T
	folder string
	binary string
}

func newDevPlugin(t *testing.T) devPlugin {
	t.Helper()
	programs := t.TempDir()
	if err := copyPlugin(programs, "ok"); err != nil {
		t.Fatal(err)
	}
	return devPlugin{t, t.TempDir(), filepath.Join(programs, "auth0-mcp-plugin-ok")}
}

// build replaces the executable, as a compiler does.
func (d devPlugin) build(script string) {
	d.t.Helper()
	next := filepath.Join(d.folder, "next")
	if err := os.WriteFile(next, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(d.folder, "auth0-mcp-plugin-dev")); err != nil {
		d.t.Fatal(err)
	}
}

func (d devPlugin) role(name string) { d.build(fmt.Sprintf("exec '%s' %s \"$@\"", d.binary, name)) }

// reloading is a server whose tools change, and its client.
type reloading struct {
	t     *testing.T
	in    io.Writer
	lines chan string // of stdout
	log   chan string
}

func startReloading(t *testing.T, folder string) reloading {
	t.Helper()
	home := t.TempDir()
	return startServer(t, []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home}, "--sandbox",
		"--tools", "auth0_*_read", "--dev-plugin", folder)
}

// startServer starts a server with variables and flags.
func startServer(t *testing.T, env []string, flags ...string) reloading {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "auth0-mcp", append([]string{"run"}, flags...)...)
	cmd.Env = slices.Concat(os.Environ(), env, []string{"GORACE=atexit_sleep_ms=0"})
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := reloading{t, in, make(chan string, 1000), make(chan string, 1000)}
	for from, to := range map[io.Reader]chan string{out: r.lines, said: r.log} {
		go func() {
			defer close(to)
			for s := bufio.NewScanner(from); s.Scan(); {
				to <- s.Text()
			}
		}()
	}
	t.Cleanup(func() {
		_ = in.Close()
		for range r.lines {
		}
		for range r.log {
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended: %v", err)
		}
	})
	return r
}

func (r reloading) send(line string) {
	r.t.Helper()
	if _, err := io.WriteString(r.in, line+"\n"); err != nil {
		r.t.Fatal(err)
	}
}

// want is the next line that holds a text. Those before it are dropped.
func (r reloading) want(lines chan string, text string) string {
	r.t.Helper()
	for line := range lines {
		if strings.Contains(line, text) {
			return line
		}
	}
	r.t.Fatalf("no line with %q came", text)
	return ""
}

// listed are the tools of tools/list.
func (r reloading) listed(id string) string {
	r.t.Helper()
	r.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":"tools/list"}`, id))
	var answer struct {
		Result struct{ Tools []struct{ Name string } }
	}
	if err := json.Unmarshal([]byte(r.want(r.lines, fmt.Sprintf(`"id":%q`, id))), &answer); err != nil {
		r.t.Fatal(err)
	}
	names := make([]string, len(answer.Result.Tools))
	for i, tool := range answer.Result.Tools {
		names[i] = tool.Name
	}
	return strings.Join(names, " ")
}

const listChanged = "notifications/tools/list_changed"

// A new build takes the place of the old one while the server runs: the client is told, filters apply anew, and calls in
// progress end on the old process, which then ends. A broken build changes nothing.
func TestReload(t *testing.T) {
	dev := newDevPlugin(t)
	dev.role("ok")
	r := startReloading(t, dev.folder)
	r.send(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-06-18",` +
		`"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	if line := r.want(r.lines, `"id":"init"`); !strings.Contains(line, `"listChanged":true`) {
		t.Errorf("the capability is missing: %s", line)
	}
	if tools := r.listed("before"); tools != "auth0_ok_read" {
		t.Errorf("listed %s", tools)
	}
	r.send(call("pid", `{}`))
	var pid int
	text := r.want(r.lines, `"id":"pid"`)
	if _, err := fmt.Sscanf(text[strings.Index(text, `"text":"`):], `"text":"%d"`, &pid); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	goOn := filepath.Join(t.TempDir(), "go-on")
	r.send(call("under way", fmt.Sprintf(`{"do":"until","file":%q}`, goOn)))

	dev.role("files")
	r.want(r.lines, listChanged)
	if tools := r.listed("after"); tools != "auth0_files_read" {
		t.Errorf("listed %s after the new build", tools)
	}
	r.send(call("gone", `{}`))
	if line := r.want(r.lines, `"id":"gone"`); !strings.Contains(line, "there is no tool") {
		t.Errorf("a tool that has vanished: %s", line)
	}
	r.send(strings.ReplaceAll(call("new", `{"do":"echo","file":"new"}`), "auth0_ok_read", "auth0_files_read"))
	if line := r.want(r.lines, `"id":"new"`); !strings.Contains(line, `said`) {
		t.Errorf("a call of the new build: %s", line)
	}
	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if line := r.want(r.lines, `"id":"under way"`); strings.Contains(line, "isError") {
		t.Errorf("the call under way: %s", line)
	}
	for deadline := time.Now().Add(patience); syscall.Kill(pid, 0) == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the process of the old build still runs")
		}
	}

	dev.build("echo broken >&2; exit 1")
	if line := r.want(r.log, "is refused"); !strings.Contains(line, "broken") {
		t.Errorf("the log: %s", line)
	}
	if tools := r.listed("broken"); tools != "auth0_files_read" {
		t.Errorf("listed %s after a broken build", tools)
	}
	dev.role("ok")
	r.want(r.lines, listChanged)
	if tools := r.listed("repaired"); tools != "auth0_ok_read" {
		t.Errorf("listed %s after the repair", tools)
	}
}
