// Command auth0-mcp-plugin-grants is the grants plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/grants"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(grants.Plugin()) }
