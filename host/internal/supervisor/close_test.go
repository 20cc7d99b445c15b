//go:build unix

package supervisor

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// A plugin that is no more than asked to end, and does not.
func TestHangsOnShutdown(t *testing.T) {
	allBack(t, func(t *testing.T) {
		for name, tt := range map[string]struct{ role, args string }{
			"ignores the request": {fakeplugin.Stays, `{}`},
			"is frozen":           {"ok", `{"do":"stop","file":"MARK"}`},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s, sp := startWith(t, Config{}), spec(t, tt.role)
				pid, err := call(t.Context(), s, sp, read, `{}`)
				if err != nil {
					t.Fatal(err)
				}
				mark := filepath.Join(t.TempDir(), "mark")
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() {
					_, err := call(ctx, s, sp, read, strings.ReplaceAll(tt.args, "MARK", mark))
					ended <- err
				}()
				if strings.Contains(tt.args, "MARK") {
					eventually(t, "the plugin is frozen", func() bool { _, err := os.Stat(mark); return err == nil })
					cancel()
				}
				if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("the call: %v", err)
				}
				cancel()
				nothingLeft(t, s, 1<<20, pid)
			})
		}
	})
}

// Shutdown cannot race a launch, however far it has come.
func TestCloseDuringLaunch(t *testing.T) {
	for _, role := range []string{fakeplugin.Hangs, fakeplugin.HangsInDescribe, fakeplugin.HangsInConfigure} {
		t.Run(role, func(t *testing.T) {
			before := runtime.NumGoroutine()
			s, sp := startWith(t, Config{}), spec(t, role)
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					if _, err := call(t.Context(), s, sp, read, `{}`); !errors.Is(err, ErrClosed) {
						t.Errorf("a call during Close: %v", err)
					}
				})
			}
			eventually(t, "the launch hangs", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.folder == nil {
					return false
				}
				found, _ := filepath.Glob(filepath.Join(s.folder.path, "*", fakeplugin.HereFile))
				return len(found) == 1
			})
			nothingLeft(t, s, 1<<20)
			wg.Wait()
			eventually(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

// First calls and shutdown at all distances from each other.
func TestCloseWhileCallsBegin(t *testing.T) {
	sp := spec(t, "ok")
	before := runtime.NumGoroutine()
	for round := range 12 {
		s := startWith(t, Config{})
		var mu sync.Mutex
		pids := map[string]bool{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				pid, err := call(t.Context(), s, sp, read, `{}`)
				var crash *CrashError
				switch {
				case err == nil:
					mu.Lock()
					pids[pid] = true
					mu.Unlock()
				case errors.As(err, &crash), errors.Is(err, ErrClosed):
				default:
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		time.Sleep(time.Duration(round) * 10 * time.Millisecond) // any moment will do
		nothingLeft(t, s, 1<<20)
		wg.Wait()
		if len(pids) > 1 {
			t.Errorf("round %d: processes %v", round, pids)
		}
		for pid := range pids {
			if left := processes(t, pid); len(left) > 0 {
				t.Errorf("round %d: %v is left", round, left)
			}
		}
	}
	eventually(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= before })
}

// acquired is a process that a call has been given.
func acquired(t *testing.T) (*Supervisor, *slot, *process) {
	t.Helper()
	s := start(t)
	sl, err := s.slot(spec(t, "ok"))
	if err != nil {
		t.Fatal(err)
	}
	proc, err := sl.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sl.release(proc) })
	return s, sl, proc
}

// wantCrash makes a call on a process that ends.
func wantCrash(t *testing.T, s *Supervisor, sl *slot, proc *process) {
	t.Helper()
	tool := sl.spec.Tools[write]
	_, err := s.callOn(t.Context(), sl, proc, tool,
		&pluginv1.CallToolRequest{CallId: rand.Text(), Tool: tool.Name, Arguments: []byte(`{}`)})
	var crash *CrashError
	if !errors.As(err, &crash) {
		t.Errorf("%T: %v", err, err)
	}
}

// A call that begins when Close has closed the connection already, and the process has not ended yet, is not the
// plugin's fault.
func TestCallOfAProcessThatCloseEnds(t *testing.T) {
	t.Parallel()
	s, sl, proc := acquired(t)
	connection, err := proc.client.Client()
	if err != nil {
		t.Fatal(err)
	}
	s.cancel()
	if err := connection.Close(); err != nil { // as Kill does
		t.Fatal(err)
	}
	wantCrash(t, s, sl, proc)
}

// A process that ends just when a call begins: its connection is already closed on the
// host's side, and the call tells of the end all the same.
func TestCallOfAProcessThatHasEnded(t *testing.T) {
	t.Parallel()
	s, sl, proc := acquired(t)
	proc.kill()
	wantCrash(t, s, sl, proc)
}
