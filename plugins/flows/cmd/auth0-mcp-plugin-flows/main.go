// Command auth0-mcp-plugin-flows is the flows plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/flows"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(flows.Plugin()) }
