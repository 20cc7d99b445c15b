//go:build unix

package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Whatever of a plugin others can change, it is refused with what is wrong and the
// command that fixes it; plugins beside it are loaded.
func TestPluginsThatOthersCanChange(t *testing.T) {
	for name, file := range map[string]string{"the manifest": "open/manifest.json", "the executable": "open/run",
		"the folder": "open"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			lock := lockOf(t, writePlugin(t, filepath.Join(dir, "open"), "manifest.json", reader("open")),
				writePlugin(t, filepath.Join(dir, "safe"), "manifest.json", reader("safe")))
			path := filepath.Join(dir, file)
			if err := os.Chmod(path, 0o703); err != nil {
				t.Fatal(err)
			}
			c := load(t, Sources{PluginDirs: []string{dir}, Lock: lock})
			if got := pluginNames(c) + "; " + refusals(c); got != "safe; open:untrusted" {
				t.Fatalf("got %s", got)
			}
			r := c.Refused()[0]
			if !strings.Contains(r.Reason, path+" can be changed by others: every user") || r.Remedy != "chmod o-w "+path {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// A dev plugin is its author's affair.
func TestDevPluginThatOthersCanChange(t *testing.T) {
	dir := t.TempDir()
	writePlugin(t, dir, "manifest.json", reader("a"))
	if err := os.Chmod(filepath.Join(dir, "run"), 0o707); err != nil {
		t.Fatal(err)
	}
	c := load(t, Sources{Dev: []DevPlugin{{Manifest: aManifest("a", aTool("auth0_a", pluginv1.EffectRead)), Dir: dir}}})
	if got := pluginNames(c) + "; " + refusals(c); got != "a; " {
		t.Errorf("got %s", got)
	}
}

func TestLockThatOthersCanChange(t *testing.T) {
	for _, name := range []string{"lock.json", "."} {
		dir := t.TempDir()
		if err := (Lock{}).Write(filepath.Join(dir, "lock.json")); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.Chmod(path, 0o702); err != nil {
			t.Fatal(err)
		}
		_, err := ReadLock(filepath.Join(dir, "lock.json"))
		var writers *atomicfile.WritersError
		if !errors.As(err, &writers) || writers.Path != path || !strings.Contains(err.Error(), "chmod o-w "+path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
