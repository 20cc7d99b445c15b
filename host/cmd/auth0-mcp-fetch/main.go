// Command auth0-mcp-fetch gets plugins from where they are published and checks them, for auth0-mcp, which runs it. It
// is a program of its own so that what comes from outside is parsed where there is no token, and so that a server does
// not carry the code for it.
package main

import (
	"context"
	"os"
	"os/signal"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fetch"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := fetch.Main(ctx, os.Stdin, os.Stdout, os.Stderr) //nolint:forbidigo // the reply goes there
	stop()
	os.Exit(status)
}
