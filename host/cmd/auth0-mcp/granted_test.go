//go:build unix

package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// signInAs signs a machine in to a tenant with some scopes, as another terminal would.
func signInAs(t *testing.T, env []string, tenant string, machine sandbox.Credentials, dev, scopes string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "auth0-mcp", "init", "--auth0-domain", tenant, "--auth0-client-id",
		machine.ClientID, "--dev-plugin", dev, "--scopes", scopes, "--no-interaction")
	cmd.Env = slices.Concat(os.Environ(), env, []string{"AUTH0_CLIENT_SECRET=" + machine.ClientSecret})
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("init --scopes %s: %v\n%s", scopes, err, out)
	}
}

// The list has no tool that the token cannot use. A sign-in in another terminal changes it while the server runs, and
// the client is told in the protocol versions that have such a notification.
func TestGrantedScopesDecideTheList(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tenant := sandbox.New(sandbox.Options{Domain: listener.Addr().String()})
	served, err := sandbox.Serve(listener, tenant)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = served.Close() })
	machine, err := tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	ca := filepath.Join(home, "ca.pem")
	if err := os.WriteFile(ca, served.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home + "/c", "XDG_DATA_HOME=" + home + "/d",
		"XDG_STATE_HOME=" + home + "/s", "AUTH0_MCP_STORE=file", "AUTH0_MCP_PASSPHRASE=canary", "AUTH0_MCP_CA_FILE=" + ca}
	dev := newDevPlugin(t)
	dev.role("ok")
	signInAs(t, env, served.Addr, machine, dev.folder, "read:logs")
	if recorded, err := os.ReadFile(home + "/s/auth0-mcp/granted/default.json"); err != nil ||
		!strings.Contains(string(recorded), `"read:logs"`) || strings.Contains(string(recorded), "eyJ") {
		t.Errorf("recorded %s, %v", recorded, err)
	}

	r := startServer(t, env, "--dev-plugin", dev.folder)
	r.send(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-06-18",` +
		`"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	begun := r.want(r.lines, `"id":"init"`)
	for _, want := range []string{`"listChanged":true`,
		"Not listed, because the token lacks their scopes: auth0_ok_destroy, auth0_ok_read"} {
		if !strings.Contains(begun, want) {
			t.Errorf("no %s in %s", want, begun)
		}
	}
	r.send(`{"jsonrpc":"2.0","id":"discover","method":"server/discover","params":{"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`)
	if line := r.want(r.lines, `"id":"discover"`); strings.Contains(line, "listChanged") {
		t.Errorf("a client of 2026-07-28 would wait for a notification that never comes: %s", line)
	}
	if tools := r.listed("before"); strings.Contains(tools, "auth0_ok_read") || tools == "" {
		t.Errorf("listed %s", tools)
	}
	r.send(call("unlisted", `{}`))
	line := r.want(r.lines, `"id":"unlisted"`)
	for _, want := range []string{"-32602", "lacks the scope read:clients", "auth0-mcp init"} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}

	signInAs(t, env, served.Addr, machine, dev.folder, "read:logs,read:clients")
	r.want(r.lines, listChanged)
	if tools := r.listed("more"); !strings.Contains(tools, "auth0_ok_read") {
		t.Errorf("listed %s after a sign-in with more scopes", tools)
	}
	r.send(call("listed", `{}`))
	if line := r.want(r.lines, `"id":"listed"`); strings.Contains(line, "isError") {
		t.Errorf("a call of the tool: %s", line)
	}
	signInAs(t, env, served.Addr, machine, dev.folder, "read:clients")
	r.want(r.lines, listChanged)
	if tools := r.listed("less"); strings.Contains(tools, "auth0_ok_narrow") {
		t.Errorf("listed %s after a sign-in with other scopes", tools)
	}
}
