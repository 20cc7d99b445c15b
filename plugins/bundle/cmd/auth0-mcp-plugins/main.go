// Command auth0-mcp-plugins is the first-party plugins in one binary.
//
//	auth0-mcp-plugins NAME             run as that plugin (the host does this)
//	auth0-mcp-plugins NAME describe    print its manifest
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/plugins/bundle"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() {
	if len(os.Args) > 1 {
		if p, ok := bundle.Plugin(os.Args[1]); ok {
			sdk.Serve(p)
		}
	}
	fmt.Fprintf(os.Stderr, "%s: name one plugin: %s\n", bundle.Binary, strings.Join(bundle.Names(), ", "))
	os.Exit(1)
}
