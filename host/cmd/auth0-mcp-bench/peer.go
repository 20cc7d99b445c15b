package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peerPackage is Auth0's own MCP server, in the version that figures in the documentation refer to.
const peerPackage = "@auth0/auth0-mcp-server@0.1.0-beta.19"

// installPeer installs the peer into dir from npm's configured registry, without running install scripts. npm keeps
// what it downloads in its own cache.
func installPeer(ctx context.Context, dir string) (server, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return server{}, fmt.Errorf("the peer needs Node.js 18 or later: %w", err)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return server{}, fmt.Errorf("the peer is installed with npm: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return server{}, err
	}
	fmt.Fprintln(os.Stderr, "installing", peerPackage, "into", dir)
	// --prefix, because npm would look for a project in the folders above.
	if err := quietly(ctx, dir, "npm", "install", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund",
		"--loglevel", "error", peerPackage); err != nil {
		return server{}, err
	}
	if err := loadKeychain(ctx, dir, node); err != nil {
		return server{}, err
	}
	version, err := exec.CommandContext(ctx, node, "--version").Output() //nolint:gosec // node
	if err != nil {
		return server{}, fmt.Errorf("%s --version: %w", node, err)
	}
	program := filepath.Join(dir, "node_modules", "@auth0", "auth0-mcp-server", "dist", "index.js")
	return server{name: "peer", command: []string{node, program, "run"}, env: []string{"AUTH0_MCP_ANALYTICS=false"},
		lingers: true, about: "peer: " + peerPackage + " on Node.js " + strings.TrimSpace(string(version))}, nil
}

// loadKeychain makes sure that the peer's keychain module loads: without it the peer does not start. On Linux it
// needs libsecret, which a machine without a desktop may lack. Root gets it from Debian, as .ci/run does.
func loadKeychain(ctx context.Context, dir, node string) error {
	load := func() error { return quietly(ctx, dir, node, "-e", `require("@github/keytar")`) }
	err := load()
	if err == nil {
		return nil
	}
	apt, missing := exec.LookPath("apt-get")
	if missing != nil || os.Getuid() != 0 {
		return fmt.Errorf("the peer's keychain module does not load; on Debian: apt-get install libsecret-1-0\n%w", err)
	}
	fmt.Fprintln(os.Stderr, "the peer's keychain module does not load: installing Debian's libsecret-1-0, which stays")
	if err := errors.Join(quietly(ctx, dir, apt, "update", "-qq"),
		quietly(ctx, dir, apt, "install", "-y", "-qq", "--no-install-recommends", "libsecret-1-0")); err != nil {
		return err
	}
	return load()
}

// quietly runs a program and shows what it said only if it failed.
func quietly(ctx context.Context, dir, program string, arguments ...string) error {
	cmd := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // npm, node and apt-get
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}
