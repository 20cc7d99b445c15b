package cli

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

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
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
		if _, err := lockInstall(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another «auth0-mcp plugin install» holds "+path) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begun); took < installPatience || took > installPatience+time.Second {
			t.Errorf("it waited %v", took)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := lockInstall(ended, path); !errors.Is(err, account.ErrCancelled) {
			t.Errorf("given up: %v", err)
		}
	})
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err := lockInstall(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// What is not what was shown is not run, not even to describe itself.
func TestStageRunsOnlyWhatWasShown(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"plugin": "a binary that cannot run", "manifest.json": "{}"}
	digests := map[string]catalog.Digest{}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		digest, err := catalog.DigestFile(path)
		if err != nil {
			t.Fatal(err)
		}
		digests[name] = digest
	}
	for name := range files {
		p := &catalog.Plugin{Path: filepath.Join(dir, "plugin"), ManifestPath: filepath.Join(dir, "manifest.json"), ManifestDigest: digests["manifest.json"]}
		p.Executable = "plugin"
		shown := digests["plugin"]
		if name == "plugin" {
			shown = digests["manifest.json"]
		} else {
			p.ManifestDigest = digests["plugin"]
		}
		if err := stage(t.Context(), t.TempDir(), p, shown); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, name)+" changed while it was installed") {
			t.Errorf("another %s: %v", name, err)
		}
	}
}
