// Command auth0-mcp is an MCP server with which an assistant manages an Auth0
// tenant. ARCHITECTURE.md follows one tool call through the code.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/auth0-mcp/auth0-mcp/host/internal/cli"
	"github.com/auth0-mcp/auth0-mcp/proto/trim"
)

// Set by the build with -ldflags -X. A plain go build trusts no bundled plugin.
var (
	version        = "0.0.0-dev"
	bundledPlugins = ""
	distribution   = ""
)

func main() { start(0) }

// start runs the program; workFactor is that of cli.Environment.
func start(workFactor int) {
	// Before anything else runs: from here on nothing that writes to os.Stdout, such
	// as a library, can reach the MCP client, and no child process can read the
	// client's bytes from stdin.
	in, out := os.Stdin, os.Stdout
	os.Stdout = os.Stderr
	null, err := os.Open(os.DevNull)
	if err != nil {
		fmt.Fprintf(os.Stderr, "auth0-mcp: %v\n", err)
		os.Exit(1)
	}
	os.Stdin = null
	idle := trim.WhenIdle(trim.Memory)
	// Writing to a client that has gone then fails, and the server stops its plugins
	// and ends. By default the signal would kill it at once.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(cli.Main(os.Args[1:], cli.Environment{
		In: in, Out: out, Err: os.Stderr, Version: version, Bundled: bundledPlugins,
		Distribution: distribution, WorkFactor: workFactor, Started: trim.Program,
		Launched: idle.Started, Working: idle.Work,
	}))
}
