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

const (
	// startGCPercent is GOGC until the first call has been made, or the server waits: nothing is collected below 16 MB,
	// which few servers reach before that.
	startGCPercent = 400
	// firstCall is about how long a call takes from when its plugin has been started.
	firstCall = 50 * time.Millisecond
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
	// Writing to a client that has gone then fails, and the server stops its plugins
	// and ends. By default the signal would kill it at once.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(cli.Main(os.Args[1:], cli.Environment{
		In: in, Out: out, Err: os.Stderr, Version: version, Bundled: bundledPlugins,
		Distribution: distribution, WorkFactor: workFactor, Serving: spare,
	}))
}

// spare lets a server start sooner, and take less memory while it waits.
func spare() cli.Hooks {
	collect := func() {}
	if os.Getenv("GOGC") == "" {
		percent := debug.SetGCPercent(startGCPercent)
		collect = sync.OnceFunc(func() { debug.SetGCPercent(percent) })
	}
	idle := trim.WhenIdle(func() { collect(); trim.Memory() })
	idle.Work(true) // the start
	return cli.Hooks{Initialized: trim.Program, Working: idle.Work, Launched: func() {
		idle.Started()
		time.AfterFunc(firstCall, collect)
	}}
}
