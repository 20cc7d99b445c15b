package catalog

import (
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const emptySchema = `{"type":"object","additionalProperties":false}`

// aTool is a sound tool with the given effect; change what a test is about.
func aTool(name string, effect pluginv1.Effect) pluginv1.ToolManifest {
	return pluginv1.ToolManifest{Name: name, Effect: effect, InputSchema: json.RawMessage(emptySchema),
		Display: pluginv1.Display{Description: "Does " + name + "."}}
}

// aManifest is a sound manifest whose executable is called "run".
func aManifest(name string, tools ...pluginv1.ToolManifest) pluginv1.Manifest {
	return pluginv1.Manifest{ManifestVersion: 1, Name: name, Version: "1.2.3", Protocols: []int{1}, Executable: "run",
		Tools: tools}
}

// writePlugin writes a manifest and its executable and returns the manifest's
// path.
func writePlugin(t testing.TB, dir, file string, m pluginv1.Manifest) string {
	t.Helper()
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "run"), "#!/bin/sh\n", 0o755)
	path := filepath.Join(dir, file)
	writeFile(t, path, string(data), 0o600)
	return path
}

func writeFile(t testing.TB, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// lockOf trusts the manifests at the given paths, as they are now.
func lockOf(t testing.TB, paths ...string) Lock {
	t.Helper()
	lock := Lock{Plugins: map[string]LockEntry{}}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := pluginv1.ParseManifest(data)
		if err != nil {
			t.Fatal(err)
		}
		lock.Plugins[m.Name] = hereOnly(m.Version, digestOf("binary of "+m.Name), sha256.Sum256(data))
	}
	return lock
}

func digestOf(s string) Digest {
	return sha256.Sum256([]byte(s))
}

func load(t testing.TB, src Sources) *Catalog {
	t.Helper()
	c, err := Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pluginNames(c *Catalog) string {
	var names []string
	for _, p := range c.Plugins() {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

func refusals(c *Catalog) string {
	var texts []string
	for _, r := range c.Refused() {
		texts = append(texts, r.Name+":"+string(r.Kind))
	}
	return strings.Join(texts, " ")
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}
