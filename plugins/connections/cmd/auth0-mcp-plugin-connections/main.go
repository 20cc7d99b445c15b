// Command auth0-mcp-plugin-connections is the connections plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/connections"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(connections.Plugin()) }
