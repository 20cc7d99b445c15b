// Command auth0-mcp-plugin-organizations is the organizations plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/organizations"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(organizations.Plugin()) }
