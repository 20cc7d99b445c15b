// Command auth0-mcp-plugin-resourceservers is the resourceservers plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/resourceservers"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(resourceservers.Plugin()) }
