// Command auth0-mcp-plugin-client-grants is a whole third-party plugin: one tool
// for a resource that auth0-mcp does not cover.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

type input struct {
	ClientID string `json:"client_id" jsonschema:"The application whose grants to list."`
}

func plugin() sdk.Plugin {
	return sdk.Plugin{Name: "client-grants", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool("auth0_list_client_grants", sdk.Read, "The APIs and scopes that an application may use by itself.", list,
			sdk.Scopes("read:client_grants"), sdk.Paths("GET /api/v2/client-grants")),
	}}
}

func list(ctx context.Context, c *sdk.Call, in input) (json.RawMessage, error) {
	target := url.URL{Scheme: "https", Host: c.Domain(), Path: "/api/v2/client-grants", RawQuery: url.Values{"client_id": {in.ClientID}}.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := c.HTTPClient().Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("listing grants: %s", response.Status) // the host adds Auth0's own words
	}
	return io.ReadAll(response.Body)
}

func main() { sdk.Serve(plugin()) }
