// Command auth0-mcp-plugin-export is the export plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/export"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(export.Plugin()) }
