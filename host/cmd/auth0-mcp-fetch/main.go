// Command auth0-mcp-fetch gets plugins from where they are published and checks them, for auth0-mcp, which runs it. It
// is a program of its own so that what comes from outside is parsed where there is no token, and so that a server does
// not carry the code for it.
package main

import (
	"context"
	"os"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fetch"
)

func main() {
	os.Exit(fetch.Main(context.Background(), os.Stdin, os.Stdout, os.Stderr)) //nolint:forbidigo // the reply goes there
}
