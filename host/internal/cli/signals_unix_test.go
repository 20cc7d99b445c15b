//go:build unix

package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A command that a signal keeps from its end says so by its status, as shells have it,
// also while it waits for an answer that never comes.
func TestSignalIsTheExitStatus(t *testing.T) {
	for want, sent := range map[int]syscall.Signal{130: syscall.SIGINT, 143: syscall.SIGTERM} {
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
		t.Setenv("XDG_DATA_HOME", t.TempDir())
		t.Setenv("HOME", t.TempDir())
		folder := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "auth0-mcp")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "config.toml"), []byte("[profiles.dev]\ndomain = \"a.example\"\n"),
			0o600); err != nil {
			t.Fatal(err)
		}
		in, never, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := os.Create(filepath.Join(folder, "out"))
		if err != nil {
			t.Fatal(err)
		}
		status := make(chan int, 1)
		go func() {
			status <- execute([]string{"profiles", "remove", "dev"},
				Environment{In: in, Out: out, Err: io.Discard, Version: "test"}, func(int) {})
		}()
		// When the command asks, it listens to signals. One is sent: more could reach what is tested next.
		for {
			if info, err := os.Stat(out.Name()); err != nil || info.Size() > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if err := syscall.Kill(os.Getpid(), sent); err != nil {
			t.Fatal(err)
		}
		if got := <-status; got != want {
			t.Errorf("%v: status %d, want %d", sent, got, want)
		}
		for _, file := range []*os.File{never, in, out} {
			_ = file.Close()
		}
	}
}

// The second Ctrl-C ends the program at once, whatever the first one waits for.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	for want, second := range map[int]syscall.Signal{130: syscall.SIGINT, 143: syscall.SIGTERM} {
		exited := make(chan int, 1)
		ctx, stop := untilSignal(t.Context(), func(status int) {
			select {
			case exited <- status:
			default:
			}
		})
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		var by *signalError
		if !errors.As(context.Cause(ctx), &by) || by.signal != syscall.SIGINT || len(exited) > 0 {
			t.Errorf("after the first: %v", context.Cause(ctx))
		}
		if err := syscall.Kill(os.Getpid(), second); err != nil {
			t.Fatal(err)
		}
		if got := <-exited; got != want {
			t.Errorf("status %d, want %d", got, want)
		}
		stop()
	}
}
