package pluginstore

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// steps are those of an update of roles in a world, which must succeed.
func steps(t *testing.T) (names []string) {
	t.Helper()
	w := updatable(t, t.TempDir())
	w.before = func(name string) error {
		names = append(names, name)
		return nil
	}
	if err := update(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	w.works(t, "2.0.0")
	return names
}

// updatable has version 1.0.0 installed, damaged files where 2.0.0 will be, what another version of auth0-mcp has
// installed, and a plugins.toml.
func updatable(t *testing.T, dir string) *world {
	t.Helper()
	w := worldIn(dir)
	w.mustInstall(t, published{version: "1.0.0"})
	w.offers[rolesURL] = published{version: "2.0.0"}
	c, err := w.Get(t.Context(), Wanted{Source: rolesURL})
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(w.Store, c.Entry.StoreEntry(catalog.Platform()))
	older := filepath.Join(w.Older, "roles@0123456789abcdef")
	if err := errors.Join(c.Discard(), os.Mkdir(place, 0o700), os.Mkdir(older, 0o700),
		os.WriteFile(filepath.Join(place, manifestName), []byte("{}"), 0o600),
		os.WriteFile(w.Declaration, []byte("[plugins.other]\nsource = './other'\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	return w
}

// update installs the offer like `plugin install --replace roles`.
func update(ctx context.Context, w *world) error {
	c, err := w.Get(ctx, Wanted{Source: rolesURL})
	if err != nil {
		return err
	}
	return errors.Join(w.Apply(ctx, Change{Install: []*Candidate{c}, Declare: true}), c.Discard())
}

// Whatever step fails, what was installed works, or the new version does; and files that count are as they were.
func TestInstallIsAllOrNothing(t *testing.T) {
	names := steps(t)
	if len(names) < 8 {
		t.Fatalf("the steps are %q", names)
	}
	for i, name := range names {
		t.Run(strconv.Itoa(i)+" "+name, func(t *testing.T) {
			t.Parallel()
			w := updatable(t, t.TempDir())
			config := filepath.Dir(w.LockPath)
			before := tree(t, config)
			at := 0
			w.before = func(string) error {
				if at++; at-1 == i {
					return errors.New("the disk is full")
				}
				return nil
			}
			err := update(t.Context(), w)
			w.before = nil
			switch {
			case err == nil && strings.HasPrefix(name, "remove "):
				w.works(t, "2.0.0")
			case err == nil:
				t.Fatal("nothing failed")
			case !strings.Contains(err.Error(), "the disk is full"):
				t.Errorf("another failure: %v", err)
			default:
				w.works(t, "1.0.0")
				if after := tree(t, config); !sameTree(before, after) {
					t.Errorf("the configuration was %v, is %v", before, after)
				}
			}
			// The next try succeeds and leaves nothing behind.
			if err := update(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			w.works(t, "2.0.0")
			checkTidy(t, w, 1)
		})
	}
}

// checkTidy checks how many plugins the store holds, and that it holds nothing else.
func checkTidy(t *testing.T, w *world, plugins int) {
	t.Helper()
	entries, err := os.ReadDir(w.Store)
	if err != nil {
		t.Fatal(err)
	}
	var other []string
	for _, e := range entries {
		switch {
		case catalog.IsStoreEntry(e.Name()):
			plugins--
		case e.Name() != locksName && e.Name() != releasesName && e.Name() != ".lock":
			other = append(other, e.Name())
		}
	}
	if plugins != 0 || len(other) > 0 {
		t.Errorf("the store holds %v", entries)
	}
	if older, err := os.ReadDir(w.Older); err != nil || len(older) != 1 {
		t.Errorf("the user's plugin folder holds %v (%v)", older, err)
	}
}

const killVariable = "PLUGINSTORE_KILL"

// A process that is killed before any step leaves a plugin that works, and the next one cleans up.
func TestKilledInstall(t *testing.T) {
	if where := os.Getenv(killVariable); where != "" {
		dir, step, _ := strings.Cut(where, "|")
		kill, err := strconv.Atoi(step)
		if err != nil {
			t.Fatal(err)
		}
		w := worldIn(dir)
		w.offers[rolesURL] = published{version: "2.0.0"}
		w.before = func(string) error {
			if kill--; kill < 0 {
				self, err := os.FindProcess(os.Getpid())
				if err != nil {
					return err
				}
				if err := self.Kill(); err != nil {
					return err
				}
				select {}
			}
			return nil
		}
		_ = update(t.Context(), w)
		return
	}
	for i, name := range steps(t) {
		t.Run(strconv.Itoa(i)+" "+name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			w := updatable(t, dir)
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledInstall$")
			cmd.Env = append(os.Environ(), killVariable+"="+dir+"|"+strconv.Itoa(i))
			if err := cmd.Run(); err == nil {
				t.Fatal("it was not killed")
			}
			if strings.HasPrefix(name, "remove ") {
				w.works(t, "2.0.0")
			} else {
				w.works(t, "1.0.0")
			}
			if err := update(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			w.works(t, "2.0.0")
			checkTidy(t, w, 1)
		})
	}
}

func TestStoreIsTheUsersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it has no modes")
	}
	w := newWorld(t)
	if err := os.MkdirAll(w.Store, 0o755); err != nil {
		t.Fatal(err)
	}
	w.mustInstall(t, published{version: "1.0.0"})
	for path, mode := range tree(t, w.Store) {
		if !strings.HasPrefix(mode, "-rw-------") && !strings.HasPrefix(mode, "-rwx------") &&
			!strings.HasSuffix(path, ".lock") {
			t.Errorf("%s has the mode %s", path, mode[:10])
		}
	}
	if info, err := os.Stat(w.Store); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the store has the mode %v (%v)", info.Mode(), err)
	}
	if err := os.Chmod(w.Store, 0o702); err != nil {
		t.Fatal(err)
	}
	_, err := w.Get(t.Context(), Wanted{Source: rolesURL})
	if err == nil || !strings.Contains(err.Error(), "can be changed by others") {
		t.Errorf("got %v", err)
	}
}

// What two lock files name stays until both have let go of it, and what none names goes.
func TestLockFilesShareTheStore(t *testing.T) {
	w := newWorld(t)
	w.mustInstall(t, published{version: "1.0.0"})
	project := *w.Plugins
	project.LockPath = filepath.Join(t.TempDir(), "plugins.lock.json")
	project.Declaration = filepath.Join(filepath.Dir(project.LockPath), "plugins.toml")
	other := &world{Plugins: &project, offers: w.offers}
	other.mustInstall(t, published{version: "1.0.0"})
	checkTidy(t, w, 1)
	if err := w.Apply(t.Context(), Change{Remove: []string{"roles"}}); err != nil {
		t.Fatal(err)
	}
	other.works(t, "1.0.0")
	// A lock file that can't be read may name anything.
	data, err := os.ReadFile(project.LockPath)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(project.LockPath, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Apply(t.Context(), Change{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(project.LockPath, data, 0o600); err != nil {
		t.Fatal(err)
	}
	other.works(t, "1.0.0")
	// One that is gone names nothing.
	if err := os.Remove(project.LockPath); err != nil {
		t.Fatal(err)
	}
	if err := w.Apply(t.Context(), Change{}); err != nil {
		t.Fatal(err)
	}
	checkTidy(t, w, 0)
}

// What an older auth0-mcp has installed works, and moves into the store without being fetched again.
func TestOlderInstallMoves(t *testing.T) {
	w := newWorld(t)
	w.mustInstall(t, published{version: "1.0.0"})
	lock, err := w.Lock()
	if err != nil {
		t.Fatal(err)
	}
	entry := lock.Plugins["roles"]
	older := filepath.Join(w.Older, entry.OlderFolder("roles"))
	// As version 1 of the lock file is read: without a source and permissions.
	lock.Plugins["roles"] = catalog.LockEntry{Version: entry.Version, Manifest: entry.Manifest,
		Platforms: map[string]catalog.Pin{catalog.Platform(): {Binary: entry.Platforms[catalog.Platform()].Binary}}}
	if err := errors.Join(os.Rename(filepath.Join(w.Store, entry.StoreEntry(catalog.Platform())), older),
		lock.Write(w.LockPath)); err != nil {
		t.Fatal(err)
	}
	w.works(t, "1.0.0")
	clear(w.offers)
	candidates, err := w.ToSync(t.Context(), nil)
	if err != nil || len(candidates) != 1 {
		t.Fatalf("%d candidates, %v", len(candidates), err)
	}
	if err := errors.Join(w.Apply(t.Context(), Change{Install: candidates}), Discard(candidates)); err != nil {
		t.Fatal(err)
	}
	w.works(t, "1.0.0")
	checkTidy(t, w, 1)
	if candidates, err := w.ToSync(t.Context(), nil); err != nil || len(candidates) != 0 {
		t.Errorf("%d candidates, %v", len(candidates), err)
	}
}

// A command that hangs does not make the next one hang.
func TestAnotherCommandHoldsTheStore(t *testing.T) {
	w := newWorld(t)
	if err := w.open(); err != nil {
		t.Fatal(err)
	}
	other := flock.New(filepath.Join(w.Store, ".lock"))
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		_, err := w.exclusive(t.Context())
		var busy *BusyError
		if took := time.Since(begun); !errors.As(err, &busy) || took < patience || took > patience+time.Second {
			t.Errorf("after %v: %v", took, err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.exclusive(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
	})
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err := w.exclusive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// Two changes that were compared with the same lock file do not both happen.
func TestChangesThatCross(t *testing.T) {
	w := newWorld(t)
	w.mustInstall(t, published{version: "1.0.0"})
	w.offers[rolesURL] = published{version: "1.1.0"}
	c, err := w.Get(t.Context(), Wanted{Source: rolesURL})
	if err != nil {
		t.Fatal(err)
	}
	w.mustInstall(t, published{version: "1.2.0"})
	err = errors.Join(w.Apply(t.Context(), Change{Install: []*Candidate{c}}), c.Discard())
	if !errors.Is(err, ErrChangedMeanwhile) {
		t.Errorf("got %v", err)
	}
	w.works(t, "1.2.0")
}
