//go:build unix

package supervisor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
)

// Cleaners of temporary files take the run folder, or what is old in it: what runs goes
// on, the next start makes a folder, and the end of the host leaves nothing.
func TestRunFolderVanishes(t *testing.T) {
	for name, vanish := range map[string]func(folder string) error{
		"as a whole":    os.RemoveAll,
		"its lock file": func(folder string) error { return os.Remove(filepath.Join(folder, RunFolderLock)) },
		"and is another's": func(folder string) error {
			lock := filepath.Join(folder, RunFolderLock)
			return errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o755), os.WriteFile(lock, nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startWith(t, Config{})
			first, err := call(t.Context(), s, spec(t, "first"), read, `{}`)
			if err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			folder := s.folder.path
			s.mu.Unlock()
			if err := vanish(folder); err != nil {
				t.Fatal(err)
			}
			if got, err := call(t.Context(), s, spec(t, "first"), read, `{}`); err != nil || got != first {
				t.Errorf("what ran: %s, then %s, %v", first, got, err)
			}
			second, err := call(t.Context(), s, spec(t, "second"), read, `{}`)
			if err != nil {
				t.Errorf("the next start: %v", err)
			}
			s.mu.Lock()
			now := s.folder.path
			s.mu.Unlock()
			if free, err := flock.New(filepath.Join(now, RunFolderLock)).TryLock(); free || err != nil {
				t.Errorf("the lock of the folder is free: %v", err)
			}
			if same := name == "its lock file"; same != (now == folder) {
				t.Errorf("the folder was %s and is %s", folder, now)
			}
			nothingLeft(t, s, 1<<20, first, second)
			_, err = os.Stat(folder)
			if others := strings.HasSuffix(name, "another's"); others != (err == nil) {
				t.Errorf("the old folder afterwards: %v", err)
			}
			_ = os.RemoveAll(folder)
		})
	}
}

// A folder that vanishes while a plugin starts, or that cannot be written, fails that
// start and no other.
func TestRunFolderVanishesDuringALaunch(t *testing.T) {
	s := startWith(t, Config{})
	folder, err := s.runFolder()
	if err != nil {
		t.Fatal(err)
	}
	// go-plugin finds a file where it would make its folder.
	if err := errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	proc, err := s.launchIn(spec(t, "ok"), folder)
	var launch *LaunchError
	if proc != nil || !errors.As(err, &launch) || !strings.Contains(err.Error(), "folder of its sockets") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := call(t.Context(), s, spec(t, "ok"), read, `{}`); err != nil {
		t.Errorf("the next start: %v", err)
	}
	// The plugin's own folder goes between its making and the start of the process.
	sp := spec(t, fakeplugin.Hangs)
	gone := filepath.Join(t.TempDir(), "gone")
	r := newRunner(t.Context(), sp, runnerConfig{programs: s.programs, dir: gone, stderr: &tail{}})
	var unfit *unfitError
	if err := r.Start(t.Context()); !errors.As(err, &unfit) || !strings.Contains(err.Error(), "has vanished") {
		t.Errorf("without a folder of its own: %v", err)
	}
}
