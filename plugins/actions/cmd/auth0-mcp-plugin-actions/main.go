// Command auth0-mcp-plugin-actions is the actions plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/actions"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(actions.Plugin()) }
