//go:build unix

package supervisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
)

// describer is an executable that runs a shell script, with $DIR as its folder.
func describer(t *testing.T, script string) (path, dir string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, "plugin")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nDIR="+dir+"\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path, dir
}

func TestDescribe(t *testing.T) {
	t.Setenv("AUTH0_TOKEN", "canary-token")
	data, err := fakeplugin.Manifest("ok").Encode()
	if err != nil {
		t.Fatal(err)
	}
	path, dir := describer(t, `echo "$@" > $DIR/args
set > $DIR/env
while IFS= read -r line; do printf '%s\n' "$line"; done < $DIR/manifest`)
	if err := os.WriteFile(filepath.Join(dir, "manifest"), append(data, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Describe(t.Context(), path, []string{"one"}, time.Minute)
	if err != nil || m.Name != "ok" || len(m.Tools) != 4 {
		t.Errorf("got %s with %d tools, %v", m.Name, len(m.Tools), err)
	}
	if args, err := os.ReadFile(filepath.Join(dir, "args")); string(args) != "one describe\n" {
		t.Errorf("its arguments: %q, %v", args, err)
	}
	if env, err := os.ReadFile(filepath.Join(dir, "env")); err != nil || strings.Contains(string(env), "canary") {
		t.Errorf("its environment: %s, %v", env, err)
	}
}

// Whatever a program does instead of describing itself, the host goes on, soon, with an
// error that says what and that no terminal obeys.
func TestDescribeFaults(t *testing.T) {
	before := runtime.NumGoroutine()
	line := strings.Repeat("x", 1000)
	tests := map[string]struct {
		script  string
		timeout time.Duration
		want    []string
	}{
		"hangs":                 {"exec /bin/sleep 300", time.Second, []string{"within 1s", "took too long"}},
		"writes without end":    {"while :; do echo " + line + "; done", time.Minute, []string{"over 1024 KiB", "author"}},
		"complains without end": {"while :; do echo " + line + " >&2; done", time.Second, []string{"within 1s", "xxx"}},
		"fails": {`printf '\033[31mno \342\200\256database\n' >&2; exit 3`, time.Minute,
			[]string{"exit status 3", "no database"}},
		"is no plugin": {"echo hello", time.Minute, []string{"author"}},
		"is silent":    {"exit 0", time.Minute, []string{"author"}},
		"forks":        {"/bin/sleep 300 & echo $! > $DIR/child; exit 4", time.Minute, []string{"exit status 4"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path, dir := describer(t, tt.script)
			peak := heapPeak(func() {
				_, err := Describe(t.Context(), path, nil, tt.timeout)
				var failed *DescribeError
				if !errors.As(err, &failed) || failed.Path != path {
					t.Fatalf("got %v", err)
				}
				for _, want := range append(tt.want, path+" describe: ") {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the error lacks %q: %v", want, err)
					}
				}
				if len(err.Error()) > 6<<10 || strings.ContainsAny(err.Error(), "\x1b\u202e") {
					t.Errorf("the error is %q", err)
				}
			})
			if peak > 8<<20 {
				t.Errorf("the heap grew by %d MiB", peak>>20)
			}
			if child, err := os.ReadFile(filepath.Join(dir, "child")); err == nil {
				pid := strings.TrimSpace(string(child))
				eventually(t, "what it forked ends", func() bool { return len(processes(t, pid)) == 0 })
			}
		})
	}
	eventually(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= before })
}

func TestDescribeIsCancelled(t *testing.T) {
	path, dir := describer(t, ": > $DIR/here; exec /bin/sleep 300")
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("Ctrl-C")
	ended := make(chan error, 1)
	go func() {
		_, err := Describe(ctx, path, nil, time.Hour)
		ended <- err
	}()
	eventually(t, "it runs", func() bool { _, err := os.Stat(filepath.Join(dir, "here")); return err == nil })
	cancel(cause)
	if err := <-ended; !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

// What cannot be executed is explained as for a launch.
func TestDescribeOfNoProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Describe(t.Context(), path, nil, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "chmod +x "+path) {
		t.Errorf("got %v", err)
	}
}
