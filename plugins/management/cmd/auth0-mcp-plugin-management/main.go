// Command auth0-mcp-plugin-management is the management plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/management"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(management.Plugin()) }
