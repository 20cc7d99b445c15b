// Command auth0-mcp-plugin-users is the users plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/users"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(users.Plugin()) }
