// Command auth0-mcp-plugin-roles is the roles plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/roles"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(roles.Plugin()) }
