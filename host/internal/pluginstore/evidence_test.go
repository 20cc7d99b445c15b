package pluginstore

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

func minisignKey(t *testing.T, name string) source.Key {
	t.Helper()
	public, _, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := public.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return source.Key{Name: name, Minisign: string(text)}
}

// Whether an installed plugin is still signed by a key that the user trusts is verified from what the store has kept.
func TestSignatureIsVerifiedAgain(t *testing.T) {
	key := minisignKey(t, "example")
	now := time.Now()
	edit := func(old, replacement string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			t.Helper()
			lock, err := w.Lock()
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(w.Store, evidenceName(lock.Plugins["roles"]))
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.Replace(string(data), old, replacement, 1)
			if changed == string(data) {
				t.Fatalf("%s is not in %s", old, data)
			}
			if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	keys := func(change func(*source.Key)) func(*testing.T, *world) {
		return func(_ *testing.T, w *world) {
			changed := key
			change(&changed)
			w.Keys = source.Keys{minisignKey(t, "other"), changed}
		}
	}
	locked := func(change func(*catalog.LockEntry)) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			t.Helper()
			lock, err := w.Lock()
			if err != nil {
				t.Fatal(err)
			}
			entry := lock.Plugins["roles"]
			change(&entry)
			lock.Plugins["roles"] = entry
			if err := lock.Write(w.LockPath); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		change        func(*testing.T, *world)
		problem, note string
	}{
		"sound":         {func(*testing.T, *world) {}, "", ""},
		"another name":  {keys(func(k *source.Key) { k.Name = "ours" }), "", ""},
		"revoked since": {keys(func(k *source.Key) { k.Revoked = now }), "which you revoked on", ""},
		"expired since": {keys(func(k *source.Key) { k.Expires = now.Add(-time.Hour) }), "", "expired on"},
		"key removed":   {func(_ *testing.T, w *world) { w.Keys = nil }, "", "none of your keys any more"},
		"required key removed": {func(t *testing.T, w *world) {
			t.Helper()
			locked(func(e *catalog.LockEntry) { e.Key = "example" })(t, w)
			w.Keys = nil
		}, "which is none of your keys", ""},
		"no signature": {func(t *testing.T, w *world) {
			t.Helper()
			if err := os.RemoveAll(filepath.Join(w.Store, releasesName)); err != nil {
				t.Fatal(err)
			}
		}, "its signature is not in the store: run auth0-mcp plugin sync", ""},
		"another document":  {edit(`"document":"ew`, `"document":"ex`), "its signature cannot be verified", ""},
		"unknown member":    {edit(`{"document"`, `{"x":1,"document"`), "its signature cannot be verified", ""},
		"another signature": {edit(`"kind":"minisign","data":"`, `"kind":"minisign","data":"Zm9y`), "does not verify", ""},
		"another platform in the lock file": {locked(func(e *catalog.LockEntry) {
			e.Platforms["plan9/arm"] = catalog.Pin{Archive: digest("x"), Binary: digest("x")}
		}), "the signed release has another list of platforms than the lock file", ""},
		"another binary in the lock file": {locked(func(e *catalog.LockEntry) {
			e.Platforms["plan9/386"] = catalog.Pin{Archive: digest("x"), Binary: digest("x")}
		}), "the signed release has another binary for plan9/386", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Keys = source.Keys{key}
			w.mustInstall(t, published{version: "1.2.0", signer: key.Signer(), others: map[string]string{"plan9/386": "theirs"}})
			tt.change(t, w)
			found, err := w.Verify(t.Context(), nil)
			if err != nil || len(found) != 1 {
				t.Fatalf("%+v, %v", found, err)
			}
			problem := ""
			if found[0].Err != nil {
				problem = found[0].Err.Error()
			}
			for _, got := range [][2]string{{problem, tt.problem}, {found[0].Warning, tt.note}} {
				if (got[0] == "") != (got[1] == "") || !strings.Contains(got[0], got[1]) {
					t.Errorf("got %q, want %q", got[0], got[1])
				}
			}
		})
	}
}

// A plugin whose signature the store has lost is fetched again, as it is locked.
func TestSyncGetsTheSignatureAgain(t *testing.T) {
	key := minisignKey(t, "example")
	w := newWorld(t)
	w.Keys = source.Keys{key}
	w.mustInstall(t, published{version: "1.2.0", signer: key.Signer()})
	if err := os.RemoveAll(filepath.Join(w.Store, releasesName)); err != nil {
		t.Fatal(err)
	}
	candidates, err := w.ToSync(t.Context(), nil)
	if err != nil || len(candidates) != 1 {
		t.Fatalf("%d candidates, %v", len(candidates), err)
	}
	if err := w.Apply(t.Context(), Change{Install: candidates}); err != nil {
		t.Fatal(err)
	}
	w.works(t, "1.2.0")
	// Nothing of a plugin that was removed stays.
	if err := w.Apply(t.Context(), Change{Remove: []string{"roles"}}); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(w.Store, releasesName)); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}
