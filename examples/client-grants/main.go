// Command auth0-mcp-plugin-client-grants is a whole third-party plugin: one tool
// for a resource that auth0-mcp does not cover.
package main

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

type input struct {
	ClientID string `json:"client_id" jsonschema:"The application whose grants to list."`
}

func list(ctx context.Context, c *sdk.Call, in input) (grants json.RawMessage, err error) {
	err = c.WithQuery(url.Values{"client_id": {in.ClientID}, "per_page": {"100"}}).Get(ctx, &grants, "client-grants")
	return grants, err
}

func plugin() sdk.Plugin {
	return sdk.Plugin{Name: "client-grants", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool("auth0_list_client_grants", sdk.Read, "The APIs and scopes that an application may use by itself.", list,
			sdk.Scopes("read:client_grants"), sdk.Paths("GET /api/v2/client-grants")),
	}}
}

func main() { sdk.Serve(plugin()) }
