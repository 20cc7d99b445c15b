// Command auth0-mcp-plugin-diagnosis is the diagnosis plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/diagnosis"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(diagnosis.Plugin()) }
