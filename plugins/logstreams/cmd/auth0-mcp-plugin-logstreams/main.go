// Command auth0-mcp-plugin-logstreams is the logstreams plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/logstreams"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(logstreams.Plugin()) }
