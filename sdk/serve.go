package sdk

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/proto/trim"
)

// configureTimeout ends a plugin whose host never configures it: a host that
// died between launch and Configure.
const configureTimeout = 15 * time.Second

// processors is how many threads run a plugin's code at once, at most. A plugin mostly waits for the host, and Go keeps
// memory for each processor. A tool that computes can set more (runtime.GOMAXPROCS).
const processors = 2

// handshakeOut is the real stdout, taken before any code of the author runs: the
// handshake is the first line on it, and a stray print would break the launch.
// Outside a launch stdout is left alone.
var handshakeOut = claimStdout()

func claimStdout() *os.File {
	out := os.Stdout //nolint:forbidigo // the handshake goes to the real stdout
	if os.Getenv(pluginv1.MagicCookieKey) == pluginv1.MagicCookieValue {
		os.Stdout = os.Stderr //nolint:forbidigo // so that nothing but the handshake does
	}
	return out
}

// Serve runs the plugin and does not return. With the argument "describe" it
// prints the manifest and exits; with "debug" it serves hosts that are told to attach to
// it (auth0-mcp run --reattach), until it is interrupted.
//
// The process ends when its stdin does (the host holds the other end), when the
// connection to the host is lost, or when the host does not configure it within
// 15 seconds: no plugin outlives its host.
func Serve(p Plugin) {
	s, err := newServer(p)
	if err != nil {
		fmt.Fprintf(os.Stderr, "plugin %s: %v\n", p.Name, err)
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[len(os.Args)-1] == "describe" {
		if _, err := handshakeOut.Write(s.manifest); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[len(os.Args)-1] == "debug" {
		if err := serveDebug(p); err != nil {
			fmt.Fprintf(os.Stderr, "plugin %s: %v\n", p.Name, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(pluginv1.MagicCookieKey) != pluginv1.MagicCookieValue {
		fmt.Fprintf(os.Stderr, "%s is a plugin of auth0-mcp, which starts it by itself. To see what it offers: %s describe\n",
			p.Name, os.Args[0])
		os.Exit(1)
	}
	config, own, err := certified()
	if err == nil {
		runtime.GOMAXPROCS(min(processors, runtime.GOMAXPROCS(0)))
		s.idle = trim.WhenIdle(trim.Memory)
		go exitAfter(s)
		err = s.serveLaunched(config, own)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "plugin %s: %v\n", p.Name, err)
		os.Exit(1)
	}
	os.Exit(0) // the host has asked for the end
}

// exitAfter ends the process when the host is gone, however it went.
func exitAfter(s *server) {
	lifeline := make(chan struct{})
	go func(stdin io.Reader) {
		_, _ = io.Copy(io.Discard, stdin)
		close(lifeline)
	}(os.Stdin)
	select {
	case <-s.configured:
	case <-lifeline:
		tidy()
		os.Exit(0)
	case <-time.After(configureTimeout):
		fmt.Fprintln(os.Stderr, "no Configure from the host: exiting")
		os.Exit(1)
	}
	s.idle.Started()
	select {
	case <-s.lost:
		// A host that ends this process alone closes the connection and keeps the
		// lifeline; one that was killed loses both, in either order.
		select {
		case <-lifeline:
			tidy()
		case <-time.After(100 * time.Millisecond):
		}
	case <-lifeline:
		tidy()
	}
	os.Exit(0)
}

// tidy removes what a host that was killed could not: the folder of this process's
// sockets, and with the last plugin the host's own, of which nothing but a lock and a
// status file is left then.
func tidy() {
	dir := os.Getenv(pluginv1.RunVariable)
	host := filepath.Dir(dir)
	if !filepath.IsAbs(dir) || !strings.HasPrefix(filepath.Base(host), pluginv1.RunFolderPrefix) {
		return // not launched by a host
	}
	_ = os.RemoveAll(dir)
	if left, err := os.ReadDir(host); err != nil || slices.ContainsFunc(left, fs.DirEntry.IsDir) {
		return // another plugin is still about it
	}
	_ = os.RemoveAll(host)
}

// watch reports the loss of the connection to the host.
func (s *server) watch(conn *grpc.ClientConn) {
	defer close(s.lost)
	// The connection lives as long as the process: there is no context to obey.
	ctx := context.Background()
	for state := conn.GetState(); state != connectivity.TransientFailure &&
		state != connectivity.Shutdown; state = conn.GetState() {
		if state == connectivity.Idle {
			conn.Connect()
		}
		conn.WaitForStateChange(ctx, state)
	}
}
