package catalog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// An install that hangs does not make the next one hang.
func TestInstallLockIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	other := flock.New(path)
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if _, err := lockInstalls(t.Context(), path); err == nil ||
			!strings.Contains(err.Error(), "another `auth0-mcp plugin install` holds "+path) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begun); took < installPatience || took > installPatience+time.Second {
			t.Errorf("it waited %v", took)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := lockInstalls(ended, path); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
	})
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err := lockInstalls(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// What is not what was shown is not run, not even to describe itself.
func TestStageRunsOnlyWhatWasShown(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"plugin": "a binary that cannot run", "manifest.json": "{}"}
	digests := map[string]Digest{}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		digest, err := DigestFile(path)
		if err != nil {
			t.Fatal(err)
		}
		digests[name] = digest
	}
	for name := range files {
		p := &Plugin{Dir: dir, Path: filepath.Join(dir, "plugin"), ManifestPath: filepath.Join(dir, "manifest.json"),
			ManifestDigest: digests["manifest.json"]}
		p.Executable = "plugin"
		shown := digests["plugin"]
		if name == "plugin" {
			shown = digests["manifest.json"]
		} else {
			p.ManifestDigest = digests["plugin"]
		}
		ran := func(context.Context, string, []string) (pluginv1.Manifest, error) { panic("it was run") }
		err := Install{Plugin: p, Binary: shown, Describe: ran}.stage(t.Context(), t.TempDir())
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, name)+" changed during the installation") {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

// source writes a plugin whose manifest and binary hold the given words.
func source(t *testing.T, description, binary string) Install {
	t.Helper()
	dir := t.TempDir()
	manifest := `{"manifest":1,"name":"roles","version":"0.1.0","protocols":[1],"executable":"run","tools":[{"name":"auth0_list_roles","display":{"description":"` + description +
		`"},"effect":"read","inputSchema":{"type":"object","additionalProperties":false}}]}`
	for name, text := range map[string]string{"manifest.json": manifest, "run": binary} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p, err := ReadPlugin(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	digest, err := DigestFile(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	return Install{Plugin: p, Binary: digest,
		Describe: func(context.Context, string, []string) (pluginv1.Manifest, error) { return p.Manifest, nil }}
}

// checkWorks checks that exactly one plugin is loaded, with a binary that has the
// locked digest and the words in it, and that nothing is refused.
func checkWorks(t *testing.T, userDir, lockPath, binary string) {
	t.Helper()
	lock, err := ReadLock(lockPath)
	if err != nil {
		t.Fatal(err)
	}
	found, err := Load(Sources{UserDir: userDir, Lock: lock})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Plugins()) != 1 || len(found.Refused()) > 0 {
		t.Fatalf("%d plugins are loaded, refused: %v", len(found.Plugins()), found.Refused())
	}
	p := found.Plugins()[0]
	data, err := os.ReadFile(p.Path)
	if err != nil || string(data) != binary {
		t.Errorf("the binary is %q (%v), want %q", data, err, binary)
	}
	if digest, err := DigestFile(p.Path); err != nil || digest != p.Binary {
		t.Errorf("the binary is not the one that is locked: it would not start (%v)", err)
	}
}

// Wherever an install fails or is killed, the plugin that was installed before works,
// or the new one does.
func TestInstallIsAllOrNothing(t *testing.T) {
	for _, tt := range []struct {
		name, description, binary string
	}{{"another binary", "Old.", "new"}, {"another manifest", "New.", "old"}, {"both", "New.", "new"}} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			user, lockPath := filepath.Join(dir, "plugins"), filepath.Join(dir, "config", "plugins.lock.json")
			install := func(i Install) (string, error) {
				i.Folder, i.LockPath = user, lockPath
				return i.Do(t.Context())
			}
			oldFolder, err := install(source(t, "Old.", "old"))
			if err != nil {
				t.Fatal(err)
			}
			checkWorks(t, user, lockPath, "old")

			// It fails before anything is replaced.
			next := source(t, tt.description, tt.binary)
			refused := next
			refused.Describe = func(context.Context, string, []string) (pluginv1.Manifest, error) {
				return pluginv1.Manifest{}, errors.New("it does not start")
			}
			if _, err := install(refused); err == nil {
				t.Fatal("a plugin that does not start was installed")
			}
			checkWorks(t, user, lockPath, "old")

			// It fails, or is killed, between the folder and the lock file.
			config := filepath.Dir(lockPath)
			broken := next
			broken.Describe = func(ctx context.Context, path string, args []string) (pluginv1.Manifest, error) {
				if err := errors.Join(os.Rename(config, config+".away"), os.WriteFile(config, nil, 0o600)); err != nil {
					t.Error(err)
				}
				return next.Describe(ctx, path, args)
			}
			if _, err := install(broken); err == nil {
				t.Fatal("it was installed without a lock file")
			}
			if err := errors.Join(os.Remove(config), os.Rename(config+".away", config)); err != nil {
				t.Fatal(err)
			}
			checkWorks(t, user, lockPath, "old")

			// It is killed after the lock file: the old folder is still there.
			kept := filepath.Join(dir, "kept")
			if err := os.CopyFS(kept, os.DirFS(oldFolder)); err != nil {
				t.Fatal(err)
			}
			newFolder, err := install(next)
			if err != nil {
				t.Fatal(err)
			}
			checkWorks(t, user, lockPath, tt.binary)
			if err := os.Rename(kept, oldFolder); err != nil {
				t.Fatal(err)
			}
			checkWorks(t, user, lockPath, tt.binary)

			// The next install cleans up, also what older versions have left.
			for _, left := range []string{"roles", ".install-1"} {
				if err := os.MkdirAll(filepath.Join(user, left), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if folder, err := install(next); err != nil || folder != newFolder {
				t.Fatalf("%s, %v", folder, err)
			}
			if entries, err := os.ReadDir(user); err != nil || len(entries) != 1 {
				t.Errorf("%v is left (%v)", entries, err)
			}
			checkWorks(t, user, lockPath, tt.binary)

			// What is there and intact is not touched, what is damaged is replaced.
			before, err := os.Stat(newFolder)
			if err != nil {
				t.Fatal(err)
			}
			for _, damage := range []bool{false, true} {
				if damage {
					writeFile(t, filepath.Join(newFolder, "run"), "damaged", 0o700)
				}
				if _, err := install(next); err != nil {
					t.Fatal(err)
				}
				checkWorks(t, user, lockPath, tt.binary)
				after, err := os.Stat(newFolder)
				if err != nil || os.SameFile(before, after) == damage {
					t.Errorf("damaged: %v, replaced: %v (%v)", damage, !os.SameFile(before, after), err)
				}
			}
		})
	}
}

// A plugin that an older version installed, in a folder that has the plugin's name,
// is loaded until it is replaced.
func TestInstallOverAnOlderLayout(t *testing.T) {
	dir := t.TempDir()
	user, lockPath := filepath.Join(dir, "plugins"), filepath.Join(dir, "plugins.lock.json")
	old := source(t, "Old.", "old")
	if err := os.CopyFS(filepath.Join(user, "roles"), os.DirFS(old.Plugin.Dir)); err != nil {
		t.Fatal(err)
	}
	entry := hereOnly("0.1.0", old.Binary, old.Plugin.ManifestDigest)
	if err := (Lock{Plugins: map[string]LockEntry{"roles": entry}}).Write(lockPath); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(user, "roles", "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	checkWorks(t, user, lockPath, "old")
	next := source(t, "Old.", "new")
	next.Folder, next.LockPath = user, lockPath
	if _, err := next.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkWorks(t, user, lockPath, "new")
}
