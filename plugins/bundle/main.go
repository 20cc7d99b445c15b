// Command auth0-mcp-plugins is the first-party plugins in one binary: started
// five times it takes half the memory of five binaries, whose code the kernel
// could not share. Each is still a process and a module of its own.
//
//	auth0-mcp-plugins NAME             run as that plugin (the host does this)
//	auth0-mcp-plugins NAME describe    print its manifest
//	auth0-mcp-plugins manifests DIR    write NAME.manifest.json for each into DIR
//	auth0-mcp-plugins digests DIR      print the digests of DIR for the host's build
package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/plugins/actions"
	"github.com/auth0-mcp/auth0-mcp/plugins/applications"
	"github.com/auth0-mcp/auth0-mcp/plugins/forms"
	"github.com/auth0-mcp/auth0-mcp/plugins/logs"
	"github.com/auth0-mcp/auth0-mcp/plugins/resourceservers"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func plugins() []sdk.Plugin {
	return []sdk.Plugin{applications.Plugin(), resourceservers.Plugin(), actions.Plugin(), logs.Plugin(), forms.Plugin()}
}

const binary = "auth0-mcp-plugins"

func main() {
	args := os.Args[1:]
	if len(args) == 2 && args[1] != "describe" {
		if err := build(args[0], args[1]); err != nil {
			fmt.Fprintln(os.Stderr, binary+":", err)
			os.Exit(1)
		}
		return
	}
	var names []string
	for _, p := range plugins() {
		if len(args) > 0 && args[0] == p.Name {
			sdk.Serve(p)
		}
		names = append(names, p.Name)
	}
	fmt.Fprintf(os.Stderr, "%s: name one plugin: %s\n", binary, strings.Join(names, ", "))
	os.Exit(1)
}

// build serves make build.
func build(command, dir string) error {
	switch command {
	case "manifests":
		return writeManifests(dir)
	case "digests":
		text, err := digests(dir)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(os.Stdout, text) //nolint:forbidigo // the build reads it
		return err
	}
	return errors.New("unknown command " + command)
}

func manifestPath(dir, name string) string { return filepath.Join(dir, name+".manifest.json") }

func writeManifests(dir string) error {
	for _, p := range plugins() {
		m, err := p.Manifest()
		if err != nil {
			return err
		}
		m.Executable, m.Args = binary, []string{p.Name}
		data, err := m.Encode()
		if err != nil {
			return err
		}
		if err := os.WriteFile(manifestPath(dir, p.Name), data, 0o644); err != nil { //nolint:gosec // a manifest is public
			return err
		}
	}
	return nil
}

// digests is what the host's build takes: NAME@VERSION=BINARY,MANIFEST;…
func digests(dir string) (string, error) {
	sum := func(path string) (string, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("sha256:%x", sha256.Sum256(data)), nil
	}
	executable, err := sum(filepath.Join(dir, binary))
	if err != nil {
		return "", err
	}
	var entries []string
	for _, p := range plugins() {
		manifest, err := sum(manifestPath(dir, p.Name))
		if err != nil {
			return "", err
		}
		entries = append(entries, fmt.Sprintf("%s@%s=%s,%s", p.Name, p.Version, executable, manifest))
	}
	return strings.Join(entries, ";"), nil
}
