// Command auth0-mcp-plugin-tenant is the tenant plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/tenant"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(tenant.Plugin()) }
