// Command auth0-mcp-plugin-protection is the protection plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/protection"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(protection.Plugin()) }
