// Command auth0-mcp-plugin-keys is the keys plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/keys"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(keys.Plugin()) }
