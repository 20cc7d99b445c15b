package supervisor

import (
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// processes are those of the given numbers that run, zombies excepted.
func processes(t *testing.T, pids ...string) []string {
	t.Helper()
	if runtime.GOOS == "windows" {
		return nil // a number there says nothing
	}
	var running []string
	for _, pid := range pids {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatalf("no process number: %q", pid)
		}
		if alive(n) {
			running = append(running, pid)
		}
	}
	return running
}

// eventually waits for what other processes and goroutines bring about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Errorf("not within two minutes: %s", what)
}

// nothingLeft closes a supervisor and looks for what it leaves: processes,
// goroutines, the run folder with its sockets.
func nothingLeft(t *testing.T, s *Supervisor, goroutines int, pids ...string) {
	t.Helper()
	s.mu.Lock()
	folder := s.folder
	s.mu.Unlock()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if left := processes(t, pids...); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	if folder != nil {
		if found, err := filepath.Glob(folder.path + "*"); err != nil || len(found) > 0 {
			t.Errorf("the run folder is left: %v %v", found, err)
		}
		if runtime.GOOS == "linux" {
			if found := markedProcesses(pluginv1.RunVariable + "=" + folder.path + "/"); len(found) > 0 {
				t.Errorf("processes with the mark are left: %v", found)
			}
		}
	}
	eventually(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// allBack runs subtests that run beside each other, and looks for what goroutines
// they leave together.
func allBack(t *testing.T, subtests func(*testing.T)) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Run("all", subtests)
	eventually(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= before })
}
