package host_test

import (
	"os/exec"
	"strings"
	"testing"
)

const self = "github.com/auth0-mcp/auth0-mcp/host"

// Who may import what, and why: the architecture as a test. The key is a package
// of the host, the value what it must not depend on with the reason.
func TestImports(t *testing.T) {
	const (
		goPlugin = "github.com/hashicorp/go-plugin"
		mcpGo    = "github.com/mark3labs/mcp-go/server"
		sdk      = "github.com/auth0-mcp/auth0-mcp/sdk"
		goAuth0  = "github.com/auth0/go-auth0/management"
	)
	rules := map[string]map[string]string{
		self + "/cmd/auth0-mcp": {
			sdk:     "the host must serve plugins in any language: it knows the contract, not the SDK",
			goAuth0: "the host sends what plugins ask for and knows no resource",
		},
		self + "/internal/catalog": {
			goPlugin:   "the catalog is pure: it starts nothing",
			mcpGo:      "the catalog does not know how tools are offered",
			"net/http": "the catalog is pure: it dials nothing",
			"os/exec":  "the catalog is pure: it starts nothing",
		},
		self + "/internal/stdio": {
			mcpGo: "the transport knows lines and ids, not what a method means",
		},
		self + "/internal/egress": {
			goPlugin:  "the gate knows calls and requests, not processes",
			mcpGo:     "the gate knows calls and requests, not MCP",
			"os/exec": "the holder of the token starts nothing",
		},
		self + "/internal/approval": {
			goPlugin:                "it knows what a call would change, not who carries it out",
			mcpGo:                   "it knows what a person decides, not how they are asked",
			self + "/internal/auth": "what is kept for a person to decide about must not be able to hold a session",
		},
		self + "/internal/audit": {
			goPlugin:                  "a record names a plugin, it does not know it",
			mcpGo:                     "a record names a client, it does not know the protocol",
			"net/http":                "it writes files and dials nothing",
			"os/exec":                 "it writes files and starts nothing",
			self + "/internal/auth":   "what is kept for years must not be able to hold a session",
			self + "/internal/egress": "what is kept for years must not be able to hold a token",
		},
		self + "/internal/clients": {
			"net/http":                "it edits files and dials nothing",
			"os/exec":                 "it edits files and starts nothing",
			self + "/internal/auth":   "what writes other programs' files knows no session",
			self + "/internal/egress": "what writes other programs' files knows no token",
		},
		self + "/internal/auth": {
			goPlugin: "it knows tokens, not plugins",
			mcpGo:    "it knows tokens, not who calls",
		},
		self + "/internal/analytics": {
			self + "/internal/auth":    "what is sent elsewhere must not be able to hold a session",
			self + "/internal/egress":  "what is sent elsewhere must not be able to hold a token",
			self + "/internal/catalog": "an event names a tool, it does not know it",
		},
		self + "/internal/supervisor": {
			mcpGo:                     "the supervisor does not know who calls",
			self + "/internal/egress": "the supervisor must not be able to reach the token",
		},
	}
	for pkg, forbidden := range rules {
		// Our own packages and what they import themselves: the contract's generated
		// code brings grpc, and with it nearly all of the standard library.
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
			`{{with .Module}}{{if eq .Path "`+self+`"}}{{$.ImportPath}} {{join $.Imports " "}}{{end}}{{end}}`, pkg).Output()
		if err != nil {
			t.Fatalf("go list %s: %v", pkg, err)
		}
		deps := strings.Fields(string(out))
		for _, dep := range deps {
			if reason, ok := forbidden[dep]; ok {
				t.Errorf("%s depends on %s: %s", pkg, dep, reason)
			}
		}
	}
}
