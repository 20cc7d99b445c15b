// Command auth0-mcp-plugin-applications is the applications plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/applications"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(applications.Plugin()) }
