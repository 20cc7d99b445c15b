package pluginstore

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// A removal that leaves files behind is an error that names them. The trust in the plugin is gone all the same.
func TestRemovalThatLeavesFiles(t *testing.T) {
	w := newWorld(t)
	w.mustInstall(t, published{version: "1.2.0"})
	lock, err := w.Lock()
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(w.Store, lock.Plugins["roles"].StoreEntry(catalog.Platform()))
	w.before = func(step string) error {
		if strings.HasPrefix(step, "remove ") {
			return errors.New("the file system is read-only")
		}
		return nil
	}
	err = w.Apply(t.Context(), Change{Remove: []string{"roles"}})
	left, ok := errors.AsType[*LeftoverError](err)
	if !ok || len(left.Paths) != 1 || left.Paths[0] != place || !strings.Contains(err.Error(), "is read-only") {
		t.Fatalf("got %v, want an error that names %s", err, place)
	}
	if lock, err := w.Lock(); err != nil || len(lock.Plugins) > 0 {
		t.Errorf("the lock file still has %v (%v)", lock.Plugins, err)
	}
}

// Files that another lock file needs stay, and are no leftovers.
func TestRemovalFromOneOfTwoLockFiles(t *testing.T) {
	w := newWorld(t)
	w.mustInstall(t, published{version: "1.2.0"})
	other := *w.Plugins
	other.LockPath = filepath.Join(t.TempDir(), "plugins.lock.json")
	o := &world{Plugins: &other, offers: w.offers}
	o.mustInstall(t, published{version: "1.2.0"})
	if used, err := w.HasSource(rolesURL); err != nil || !used {
		t.Errorf("used %v, %v", used, err)
	}
	for _, p := range []*Plugins{&other, w.Plugins} {
		if err := p.Apply(t.Context(), Change{Remove: []string{"roles"}}); err != nil {
			t.Fatal(err)
		}
		used, err := w.HasSource(rolesURL)
		if want := p == &other; err != nil || used != want {
			t.Errorf("used %v, want %v (%v)", used, want, err)
		}
	}
	checkTidy(t, w, 0)
}
