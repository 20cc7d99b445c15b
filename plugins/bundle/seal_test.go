package bundle

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The binary is data: one that no machine can run is hashed like any other, and the
// manifests are the same for every platform.
func TestManifestsAreTheSameOnAllPlatforms(t *testing.T) {
	folders := map[string]string{}
	for _, file := range []string{Binary, Binary + ".exe"} {
		folder := t.TempDir()
		path := filepath.Join(folder, file)
		content := "not an executable: " + file
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		digests, err := Seal(path)
		if err != nil {
			t.Fatal(err)
		}
		entries := strings.Split(digests, ";")
		if len(entries) != len(Plugins()) {
			t.Errorf("%s: %d entries for %d plugins", file, len(entries), len(Plugins()))
		}
		for i, p := range Plugins() {
			manifest, err := os.ReadFile(filepath.Join(folder, p.Name+".manifest.json"))
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("%s@%s=sha256:%x,sha256:%x",
				p.Name, p.Version, sha256.Sum256([]byte(content)), sha256.Sum256(manifest))
			if entries[i] != want {
				t.Errorf("%s: entry %q, want %q", file, entries[i], want)
			}
			if !strings.Contains(string(manifest), `"executable": "`+Binary+`"`) {
				t.Errorf("%s: the manifest of %s names another executable:\n%s", file, p.Name, manifest)
			}
			if other, ok := folders[p.Name]; ok && other != string(manifest) {
				t.Errorf("the manifest of %s differs between platforms", p.Name)
			}
			folders[p.Name] = string(manifest)
		}
	}
}

func TestSealRefusesAnotherName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plugins.exe")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Seal(path); err == nil || !strings.Contains(err.Error(), Binary) {
		t.Errorf("error %v, want the name %s", err, Binary)
	}
}

// TestPluginByName: a process serves the plugin that its argument names.
func TestPluginByName(t *testing.T) {
	for i, p := range Plugins() {
		if got, ok := Plugin(p.Name); !ok || got.Name != p.Name || Names()[i] != p.Name {
			t.Errorf("Plugin(%q) is %q, %v; Names has %q", p.Name, got.Name, ok, Names()[i])
		}
	}
	if _, ok := Plugin(""); ok {
		t.Error("there is a plugin without a name")
	}
}
