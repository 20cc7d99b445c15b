// Command auth0-mcp-plugin-onboarding is the onboarding plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/onboarding"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(onboarding.Plugin()) }
