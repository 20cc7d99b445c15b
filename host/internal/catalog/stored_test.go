package catalog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// stored puts a plugin into a store as its lock entry names it.
func stored(t *testing.T, store, name string) (Lock, string) {
	t.Helper()
	source := t.TempDir()
	lock := lockOf(t, writePlugin(t, source, "manifest.json", aManifest(name, aTool("auth0_"+name, pluginv1.EffectRead))))
	entry := filepath.Join(store, lock.Plugins[name].StoreEntry(Platform()))
	if err := os.MkdirAll(store, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(source, entry); err != nil {
		t.Fatal(err)
	}
	return lock, entry
}

func TestStore(t *testing.T) {
	user := filepath.Join(t.TempDir(), "plugins")
	store := filepath.Join(user, "store")
	lock, entry := stored(t, store, "a")
	if name := filepath.Base(entry); !IsStoreEntry(name) || IsStoreEntry(name[:20]) ||
		IsStoreEntry(strings.ToUpper(name)) {
		t.Errorf("the entry is called %s", name)
	}
	src := Sources{UserDir: user, StoreDir: store, Lock: lock}
	check := func(t *testing.T, want string) *Catalog {
		t.Helper()
		c := load(t, src)
		if got := strings.TrimSpace(pluginNames(c) + " " + refusals(c)); got != want {
			t.Fatalf("got %q, want %q: %v", got, want, c.Refused())
		}
		return c
	}
	if p := check(t, "a").Plugins()[0]; p.Dir != entry || p.Origin != OriginUser {
		t.Errorf("got %+v", p)
	}
	// What an older version has installed beside it stands back, whatever its content.
	older := filepath.Join(user, lock.Plugins["a"].OlderFolder("a"))
	writePlugin(t, older, "manifest.json", aManifest("a", aTool("auth0_a", pluginv1.EffectRead)))
	writePlugin(t, filepath.Join(user, "a@0000000000000000"), "manifest.json", aManifest("a",
		aTool("auth0_z", pluginv1.EffectRead)))
	check(t, "a")
	// Without the store's entry it is what counts.
	if err := os.Rename(entry, entry+".away"); err != nil {
		t.Fatal(err)
	}
	if p := check(t, "a").Plugins()[0]; p.Dir != older {
		t.Errorf("got %+v", p)
	}
	if err := os.RemoveAll(older); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(user, "a@0000000000000000")); err != nil {
		t.Fatal(err)
	}
	if r := check(t, "a:missing").Refused()[0]; r.Remedy != "run auth0-mcp plugin sync" {
		t.Errorf("got %+v", r)
	}
	// A link to a sound entry is none.
	if err := os.Symlink(entry+".away", entry); err != nil {
		t.Fatal(err)
	}
	if r := check(t, "a:untrusted").Refused()[0]; !strings.Contains(r.Reason, entry+" is a symbolic link") {
		t.Errorf("got %+v", r)
	}
	// Nor is a store that is a link.
	if err := os.Remove(entry); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(entry+".away", entry); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(store, store+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(store+".away", store); err != nil {
		t.Fatal(err)
	}
	if r := check(t, "a:untrusted").Refused()[0]; !strings.Contains(r.Reason, store+" is a symbolic link") {
		t.Errorf("got %+v", r)
	}
}

// The manifest in the store is compared like any other, also its name.
func TestStoreEntryWithOtherContent(t *testing.T) {
	for name, m := range map[string]pluginv1.Manifest{
		"a:changed":   aManifest("a", aTool("auth0_a", pluginv1.EffectDestroy)),
		"a:untrusted": aManifest("b", aTool("auth0_a", pluginv1.EffectRead)),
	} {
		t.Run(name, func(t *testing.T) {
			store := filepath.Join(t.TempDir(), "store")
			lock, entry := stored(t, store, "a")
			writePlugin(t, entry, "manifest.json", m)
			c := load(t, Sources{StoreDir: store, Lock: lock})
			if got := pluginNames(c) + refusals(c); got != name {
				t.Fatalf("got %s: %v", got, c.Refused())
			}
		})
	}
}

func TestLockForOtherPlatforms(t *testing.T) {
	store := filepath.Join(t.TempDir(), "store")
	lock, _ := stored(t, store, "a")
	entry := lock.Plugins["a"]
	entry.Platforms = map[string]Pin{"plan9/arm": entry.Platforms[Platform()]}
	lock.Plugins["a"] = entry
	c := load(t, Sources{StoreDir: store, Lock: lock})
	if got := pluginNames(c) + refusals(c); got != "a:platform" {
		t.Fatalf("got %s", got)
	}
	r := c.Refused()[0]
	if !strings.Contains(r.Reason, "it is locked for plan9/arm, and this is "+Platform()) ||
		!strings.Contains(r.Remedy, "plugin update a") {
		t.Errorf("got %+v", r)
	}
	dir := t.TempDir()
	writePlugin(t, dir, "manifest.json", aManifest("a", aTool("auth0_a", pluginv1.EffectRead)))
	if c := load(t, Sources{PluginDirs: []string{dir}, StoreDir: store, Lock: lock}); refusals(c) != "a:platform" {
		t.Errorf("got %s, %s", pluginNames(c), refusals(c))
	}
}
