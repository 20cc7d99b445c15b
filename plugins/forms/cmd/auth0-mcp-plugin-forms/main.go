// Command auth0-mcp-plugin-forms is the forms plugin as a binary of its own.
package main

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/forms"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() { sdk.Serve(forms.Plugin()) }
