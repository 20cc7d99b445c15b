// Command auth0-mcp is an MCP server with which an assistant manages an Auth0
// tenant. See ARCHITECTURE.md for the way of one tool call.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/cli"
)

// Set by the build with -ldflags -X. A plain go build trusts no bundled plugin.
var (
	version        = "0.1.0-dev"
	bundledPlugins = ""
)

func main() { start(0) }

// start runs the program; workFactor is that of cli.Environment.
func start(workFactor int) {
	// Before anything else runs: whatever writes to os.Stdout from here on, a
	// library or a stray print, cannot reach the MCP client, and no child process
	// can take the client's bytes from stdin.
	in, out := os.Stdin, os.Stdout
	os.Stdout = os.Stderr
	null, err := os.Open(os.DevNull)
	if err != nil {
		fmt.Fprintf(os.Stderr, "auth0-mcp: %v\n", err)
		os.Exit(1)
	}
	os.Stdin = null
	// A server waits for most of its life, several at a time on many machines.
	time.AfterFunc(time.Second, trimMemory)
	// A client that is gone shows as a write error, which ends the server in
	// order; the default would kill it with plugins running.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(cli.Main(os.Args[1:], cli.Environment{
		In: in, Out: out, Err: os.Stderr, Version: version, Bundled: bundledPlugins, WorkFactor: workFactor,
	}))
}
