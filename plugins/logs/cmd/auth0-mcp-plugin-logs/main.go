// Command auth0-mcp-plugin-logs is the logs plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/logs"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(logs.Plugin()) }
