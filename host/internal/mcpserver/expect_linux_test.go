package mcpserver

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
)

// TestTheProgramIsMadeReady: the program that serves most tools is copied into sealed memory before anyone asks for it,
// and let go at the end.
func TestTheProgramIsMadeReady(t *testing.T) {
	program := []byte("#!/bin/sh\n# the plugin of " + t.TempDir() + "\n")
	digest := sha256.Sum256(program)
	name := fmt.Sprintf("memfd:auth0-mcp-plugin-%x", digest[:4])
	selection := installed(t, program)
	c := dial(t, catalog.Filter{}, func(cfg *Config) { cfg.Selection = selection }, "ok")
	awaitOpen(t, name, true)
	if err := c.in.Close(); err != nil {
		t.Fatal(err)
	}
	awaitOpen(t, name, false)
}

// awaitOpen waits until this process has a file of that name open, or has none.
func awaitOpen(t *testing.T, name string, want bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		descriptors, err := filepath.Glob("/proc/self/fd/*")
		if err != nil {
			t.Fatal(err)
		}
		open := slices.ContainsFunc(descriptors, func(path string) bool {
			file, err := os.Readlink(path)
			return err == nil && strings.Contains(file, name)
		})
		if open == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is open: %v, want %v", name, open, want)
		}
	}
}

// installed are the tools of a plugin that is this program.
func installed(t *testing.T, program []byte) *catalog.Selection {
	t.Helper()
	dir := t.TempDir()
	m := fakeplugin.Manifest("ok")
	m.Executable = "plugin"
	manifest, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"plugin": program, "manifest.json": manifest} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	lock := catalog.Lock{Plugins: map[string]catalog.LockEntry{m.Name: {Version: m.Version,
		Manifest: sha256.Sum256(manifest), Platforms: map[string]catalog.Pin{
			catalog.Platform(): {Binary: sha256.Sum256(program)}}}}}
	plugins, err := catalog.Load(catalog.Sources{PluginDirs: []string{dir}, Lock: lock})
	if err != nil {
		t.Fatal(err)
	}
	selection, err := plugins.Select(catalog.Filter{})
	if err != nil {
		t.Fatal(err, plugins.Refused())
	}
	return selection
}
