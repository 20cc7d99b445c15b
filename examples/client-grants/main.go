package main

import (
	"context"
	"net/url"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

type input struct {
	Audience string `json:"audience" jsonschema:"The API's identifier."`
}

func list(ctx context.Context, c *sdk.Call, in input) (grants []sdk.Object, err error) {
	err = c.WithQuery(url.Values{"audience": {in.Audience}}).Get(ctx, &grants, "client-grants")
	return grants, err
}

func plugin() sdk.Plugin {
	return sdk.Plugin{Name: "client-grants", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool("auth0_list_client_grants", sdk.Read, "The applications that may call an API by themselves.", list,
			sdk.Scopes("read:client_grants"), sdk.Paths("GET /api/v2/client-grants"))}}
}

func main() { sdk.Serve(plugin()) }
