// Command auth0-mcp is an MCP server with which an assistant manages an Auth0
// tenant. ARCHITECTURE.md follows one tool call through the code.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/cli"
	"github.com/auth0-mcp/auth0-mcp/proto/trim"
)

// Set by the build with -ldflags -X. A plain go build trusts no bundled plugin.
var (
	version        = "0.0.0-dev"
	bundledPlugins = ""
	distribution   = ""
)

// startGCPercent is GOGC during a start: nothing is collected below 16 MB, which a start does not reach.
const startGCPercent = 400

// firstCall is about how long a call takes from when its plugin has been started.
const firstCall = 50 * time.Millisecond

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
	// What a start allocates is nearly all kept. Garbage is collected as usual from when the first call has been made, or
	// the process waits.
	percent := debug.SetGCPercent(startGCPercent)
	started := sync.OnceFunc(func() { debug.SetGCPercent(percent) })
	idle := trim.WhenIdle(func() { started(); trim.Memory() })
	launched := func() {
		idle.Started()
		time.AfterFunc(firstCall, started)
	}
	// Writing to a client that has gone then fails, and the server stops its plugins
	// and ends. By default the signal would kill it at once.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(cli.Main(os.Args[1:], cli.Environment{
		In: in, Out: out, Err: os.Stderr, Version: version, Bundled: bundledPlugins,
		Distribution: distribution, WorkFactor: workFactor, Started: trim.Program,
		Launched: launched, Working: idle.Work,
	}))
}
