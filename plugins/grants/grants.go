// Package grants is the plugin for client grants: which application may get tokens of which API, with which scopes.
package grants

import (
	"context"
	_ "embed"
	"net/url"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// createSchema and updateSchema are all that the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_create_application_grant.json
	createSchema []byte
	//go:embed schemas/auth0_update_application_grant.json
	updateSchema []byte
)

// Plugin is the grants plugin.
func Plugin() sdk.Plugin {
	client, api := resource.Ref("client_id", resource.Applications()), resource.Ref("audience", resource.APIs())
	grant := resource.Ref("id", clientGrants())
	return sdk.Plugin{Name: "grants", Version: "0.1.0",
		Display: sdk.Display{Description: "Client grants: the APIs and scopes that applications may use."},
		Tools: resource.Tools([]resource.Tool{
			{
				Name: "auth0_list_application_grants", Title: "List application grants",
				Description: "Which applications may get tokens of which APIs, with which scopes.",
				Operation:   "GET /api/v2/client-grants", Of: clientGrants(),
				Scopes: []string{"read:client_grants", "read:clients", "read:resource_servers"},
				Args:   []resource.Arg{client, api, resource.Choice("subject_type", "", "client", "user", "anonymous_user")},
			},
			{
				Name: "auth0_get_application_grant", Title: "Get application grant", Description: "One client grant.",
				Operation: "GET /api/v2/client-grants/{id}", Of: clientGrants(),
				Scopes: []string{"read:client_grants", "read:clients"},
				Args:   []resource.Arg{grant},
			},
			{
				Name: "auth0_create_application_grant", Title: "Create application grant",
				Description: "Let an application get tokens of an API: give scope or allow_all_scopes. " +
					"auth0_get_resource_server has the API's scopes.",
				Operation: "POST /api/v2/client-grants", Scopes: []string{"create:client_grants"}, Of: clientGrants(),
				Args: []resource.Arg{client, api.Required()}, Body: createSchema,
			},
			{
				Name: "auth0_update_application_grant", Title: "Update application grant",
				Description: "Change what an application may do with an API. Its tokens keep their scopes until they expire.",
				Operation:   "PATCH /api/v2/client-grants/{id}", Scopes: []string{"update:client_grants"}, Of: clientGrants(),
				Args: []resource.Arg{grant}, Body: updateSchema,
			},
			{
				Name: "auth0_delete_application_grant", Title: "Delete application grant",
				Description: "Take from an application what it may do with an API. Its tokens last until they expire.",
				Operation:   "DELETE /api/v2/client-grants/{id}", Scopes: []string{"delete:client_grants"},
				Args: []resource.Arg{grant},
			},
		}...)}
}

// clientGrants are the tenant's. A grant has no name: the application that it is for stands for its only grant.
func clientGrants() resource.Collection {
	c := resource.Collection{Path: []string{"client-grants"}, Items: "client_grants", As: "application_grants",
		What: "application grant", Name: "audience", Checkpoint: true, Scope: "read:clients",
		IsID:      resource.Prefix("cgr_"),
		Key:       "Grant id, or id or exact name of an application that has one grant.",
		Untrusted: []string{"audience", "scope", "authorization_details_types"}}
	list := c
	c.CandidatePaths = []string{"GET /api/v2/client-grants", "GET /api/v2/clients", "GET /api/v2/clients/{id}"}
	c.Candidates = func(ctx context.Context, call *sdk.Call, key string) ([]sdk.Object, error) {
		client, err := resource.Applications().IDOf(ctx, call, key)
		if err != nil {
			return nil, err
		}
		found, _, err := list.Filter(ctx, call, url.Values{"client_id": {client}}, func(sdk.Object) bool { return true })
		return found, err
	}
	return c
}
