// Package bundle lists the first-party plugins that are shipped in one binary, and
// writes the files that the host needs beside it. Five processes of one binary take
// half the memory of five binaries, because the kernel shares their code. Each plugin
// is still a process and a module of its own.
package bundle

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Binary is the name of the shared binary in the manifests, on every platform: on
// Windows its file name also has the suffix .exe.
const Binary = "auth0-mcp-plugins"

// member is a plugin of the bundle. A process makes its own alone: to make one takes time and memory, for its schemas.
type member struct {
	name string
	make func() sdk.Plugin
}

// Plugins returns the plugins of the bundle.
func Plugins() []sdk.Plugin {
	var plugins []sdk.Plugin
	for _, m := range members() {
		plugins = append(plugins, m.make())
	}
	return plugins
}

// Plugin returns the plugin of that name, and whether the bundle has one.
func Plugin(name string) (sdk.Plugin, bool) {
	for _, m := range members() {
		if m.name == name {
			return m.make(), true
		}
	}
	return sdk.Plugin{}, false
}

// Names returns the names of the plugins, in the order of Plugins.
func Names() []string {
	var names []string
	for _, m := range members() {
		names = append(names, m.name)
	}
	return names
}

// Seal writes NAME.manifest.json for each plugin into the folder of the shared binary
// and returns the digests that are compiled into the host:
//
//	NAME@VERSION=sha256:BINARY,sha256:MANIFEST;…
//
// It reads the binary and never runs it, so the binary may be for any platform.
func Seal(binary string) (string, error) {
	if name := strings.TrimSuffix(filepath.Base(binary), ".exe"); name != Binary {
		return "", fmt.Errorf("%s: the shared binary is called %s or %s.exe", binary, Binary, Binary)
	}
	code, err := os.ReadFile(binary)
	if err != nil {
		return "", err
	}
	var entries []string
	for _, p := range Plugins() {
		m, err := p.Manifest()
		if err != nil {
			return "", err
		}
		m.Executable, m.Args = Binary, []string{p.Name}
		manifest, err := m.Encode()
		if err != nil {
			return "", err
		}
		path := filepath.Join(filepath.Dir(binary), p.Name+".manifest.json")
		if err := os.WriteFile(path, manifest, 0o644); err != nil { //nolint:gosec // a manifest is public
			return "", err
		}
		entries = append(entries, fmt.Sprintf("%s@%s=sha256:%x,sha256:%x",
			p.Name, p.Version, sha256.Sum256(code), sha256.Sum256(manifest)))
	}
	return strings.Join(entries, ";"), nil
}
