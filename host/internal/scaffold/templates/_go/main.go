// Command auth0-mcp-plugin-[[.Name]] is a plugin of auth0-mcp.
package main

import "github.com/auth0-mcp/auth0-mcp/sdk"

func main() { sdk.Serve(plugin()) }

func plugin() sdk.Plugin {
	return sdk.Plugin{
		Name: "[[.Name]]", Version: "0.1.0",
		Display: sdk.Display{Description: "Client grants: the APIs and scopes that applications may use by themselves."},
		Tools: []sdk.Tool{
			sdk.NewTool("auth0_list_client_grants", sdk.Read,
				"The APIs and scopes that applications may use by themselves, 50 a page.", list,
				sdk.Title("List client grants"), sdk.Scopes("read:client_grants"), sdk.Paths("GET /api/v2/client-grants"),
				sdk.Untrusted("client_grants[].audience", "client_grants[].scope")),
			sdk.NewTool("auth0_update_client_grant", sdk.Write,
				"Set which scopes of an API an application may use.", update, sdk.Idempotent(),
				sdk.Title("Update a client grant"), sdk.Scopes("update:client_grants"),
				sdk.Paths("PATCH /api/v2/client-grants/{id}"), sdk.Untrusted("audience", "scope")),
		},
	}
}
