package clients

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

var cursor = Target{Client: "cursor"}

const other = `{"mcpServers":{"x":{}}}`

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
		t.Errorf("%s: mode %v, %v, want %v", path, info.Mode().Perm(), err, want)
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in %s: %s", dir, diff)
	}
}

func TestApplyMakesAFile(t *testing.T) {
	for _, c := range All() {
		for _, s := range c.Scopes {
			p := placesOn(t, "linux")
			target := Target{Client: c.Name, Scope: s.Name}
			if s.Project {
				target.Folder = t.TempDir()
			}
			change := planAndApply(t, p, target, ours())
			if got := readBack(t, change.Path); got != string(change.After) {
				t.Errorf("%s: got %s", c.Name, got)
			}
			wantMode(t, change.Path, 0o600)
			if again, err := Plan(p, target, ours(), false); err != nil || !again.NoOp() || !again.Exists {
				t.Errorf("%s: a second time: %v", c.Name, err)
			}
		}
	}
}

func TestApplyLeavesNothingBehind(t *testing.T) {
	p := placesOn(t, "linux")
	change := planAndApply(t, p, cursor, ours())
	wantMode(t, filepath.Dir(change.Path), 0o700)
	wantFiles(t, filepath.Dir(change.Path), "mcp.json")
	// Nothing to do: nothing is written, no backup of what stays.
	planAndApply(t, p, cursor, ours())
	wantFiles(t, filepath.Dir(change.Path), "mcp.json")
}

func TestApplyKeepsModeAndBackup(t *testing.T) {
	p, path := fileOf(t, "cursor", other)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	change := planAndApply(t, p, cursor, ours())
	wantMode(t, path, 0o644)
	wantMode(t, path+".auth0-mcp.bak", 0o600)
	if got := readBack(t, path+".auth0-mcp.bak"); got != other {
		t.Errorf("the backup holds %s", got)
	}
	wantFiles(t, filepath.Dir(path), "mcp.json", "mcp.json.auth0-mcp.bak")
	gone, err := Remove(p, cursor, "auth0")
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := readBack(t, path); got != other {
		t.Errorf("removed: %s", got)
	}
	if got := readBack(t, path+".auth0-mcp.bak"); got != string(change.After) {
		t.Errorf("the backup holds %s", got)
	}
}

func TestApplyFollowsASymbolicLink(t *testing.T) {
	p := placesOn(t, "linux")
	file := filepath.Join(p.Home, "dotfiles", "cursor.json")
	writeFile(t, file, other, 0o640)
	link := filepath.Join(p.Home, ".cursor", "mcp.json")
	if err := os.Mkdir(filepath.Dir(link), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..", "dotfiles", "cursor.json"), link); err != nil {
		t.Fatal(err)
	}
	change := planAndApply(t, p, cursor, ours())
	if change.Path != link {
		t.Errorf("got %s", change.Path)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if got := readBack(t, file); got != string(change.After) {
		t.Errorf("got %s", got)
	}
	wantMode(t, file, 0o640)
	wantFiles(t, filepath.Dir(link), "mcp.json")
	wantFiles(t, filepath.Dir(file), "cursor.json", "cursor.json.auth0-mcp.bak")
}

func TestPathsThatAreNoFile(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(path string) error
		want string
	}{
		"link to itself": {func(path string) error { return os.Symlink(path, path) }, "mcp.json"},
		"link to nothing": {func(path string) error { return os.Symlink("none", path) },
			"symbolic link to a file that does not exist"},
		"folder":         {func(path string) error { return os.Mkdir(path, 0o700) }, "not a regular file"},
		"link to folder": {func(path string) error { return os.Symlink(".", path) }, "not a regular file"},
		"too large": {func(path string) error { return os.WriteFile(path, make([]byte, maxFileBytes+1), 0o600) },
			"larger than 16 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			p := placesOn(t, "linux")
			path := filepath.Join(p.Home, ".cursor", "mcp.json")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := tt.make(path); err != nil {
				t.Fatal(err)
			}
			_, err := Plan(p, cursor, ours(), false)
			wantError(t, err, path, tt.want)
			_, err = List(p, "")
			wantError(t, err, path, tt.want)
			wantFiles(t, filepath.Dir(path), "mcp.json")
		})
	}
}

func TestReadOnlyFileIsRefused(t *testing.T) {
	p, path := fileOf(t, "cursor", other)
	change, err := Plan(p, cursor, ours(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	_, err = Plan(p, cursor, ours(), false)
	wantError(t, err, path, "read-only", "writable")
	wantError(t, change.Apply(t.Context()), path, "read-only", "writable")
	if got := readBack(t, path); got != other {
		t.Errorf("got %s", got)
	}
	wantFiles(t, filepath.Dir(path), "mcp.json")
}

func TestApplyRefusesWhatChanged(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"content": func(path string) error { return os.WriteFile(path, []byte("{}"), 0o600) },
		"gone":    os.Remove,
		"now a link": func(path string) error {
			return errors.Join(os.Rename(path, path+".moved"), os.Symlink(path+".moved", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, path := fileOf(t, "cursor", other)
			planned, err := Plan(p, cursor, ours(), false)
			if err != nil {
				t.Fatal(err)
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			err = planned.Apply(t.Context())
			wantError(t, err, path, "run the command again")
			if !errors.Is(err, ErrChanged) {
				t.Errorf("got %v", err)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Errorf("got %s", after)
			}
		})
	}
	// A file that was not there when the change was planned.
	p := placesOn(t, "linux")
	planned, err := Plan(p, cursor, ours(), false)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, planned.Path, other, 0o600)
	if err := planned.Apply(t.Context()); !errors.Is(err, ErrChanged) || readBack(t, planned.Path) != other {
		t.Errorf("got %v", err)
	}
}

func TestApplyWithoutABackupChangesNothing(t *testing.T) {
	p, path := fileOf(t, "cursor", other)
	writeFile(t, filepath.Join(path+".auth0-mcp.bak", "occupied"), "", 0o600)
	change, err := Plan(p, cursor, ours(), false)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, change.Apply(t.Context()), "backup", path, "nothing was changed")
	if got := readBack(t, path); got != other {
		t.Errorf("got %s", got)
	}
	wantFiles(t, filepath.Dir(path), "mcp.json", "mcp.json.auth0-mcp.bak")
}

func TestApplyWaitsForTheLock(t *testing.T) {
	p, path := fileOf(t, "cursor", other)
	change, err := Plan(p, cursor, ours(), false)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, change.lock, "", 0o600)
	release, err := atomicfile.TryLock(change.lock)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = change.Apply(ctx)
	wantError(t, err, change.lock)
	if !errors.Is(err, context.DeadlineExceeded) || readBack(t, path) != other {
		t.Errorf("got %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if err := change.Apply(t.Context()); err != nil {
		t.Error(err)
	}
}

// Everybody who adds an entry at the same time gets it in, or an error.
func TestApplyFromManySides(t *testing.T) {
	p, path := fileOf(t, "cursor", other)
	const sides = 8
	var wg sync.WaitGroup
	for i := range sides {
		wg.Go(func() {
			for {
				change, err := Plan(p, cursor, Entry{Command: ourCommand, Profile: fmt.Sprintf("p%d", i)}, false)
				if err != nil {
					t.Error(err)
					return
				}
				switch err := change.Apply(t.Context()); {
				case errors.Is(err, ErrChanged):
					continue
				case err != nil:
					t.Error(err)
				}
				return
			}
		})
	}
	wg.Wait()
	all, err := List(p, "")
	if err != nil || len(all) != sides {
		t.Errorf("%d entries, %v, in %s", len(all), err, readBack(t, path))
	}
	if !strings.Contains(readBack(t, path), `"x":{}`) {
		t.Error("the other server is gone")
	}
}
