// Package resourceservers is the plugin for an Auth0 tenant's APIs, which Auth0
// and OAuth call resource servers.
package resourceservers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Plugin is the resource servers plugin: list, get, create, update and delete APIs.
func Plugin() sdk.Plugin {
	deletion := resource.Tool{
		Name: "auth0_delete_resource_server", Title: "Delete resource server",
		Description: "Delete an API, with the grants and permissions for it.",
		Operation:   "DELETE /api/v2/resource-servers/{id}", Scopes: []string{"delete:resource_servers"},
		Args: []resource.Arg{resource.Ref("id", collection())},
	}
	return sdk.Plugin{Name: "resourceservers", Version: "0.1.0",
		Display: sdk.Display{Description: "APIs (resource servers): scopes, tokens."},
		Tools: append([]sdk.Tool{
			sdk.NewTool("auth0_list_resource_servers", sdk.Read, "APIs (resource servers). scopes is a number; fields shows "+
				"them.",
				listResourceServers, sdk.OutputSchema(sdk.PageSchema("resource_servers", shape)),
				sdk.Title("List resource servers"), sdk.Scopes("read:resource_servers"),
				sdk.Paths("GET /api/v2/"+segment), sdk.Idempotent(),
				sdk.Untrusted(written("resource_servers[].")...)),
			sdk.NewTool("auth0_get_resource_server", sdk.Read, "One API, with all its settings.",
				getResourceServer, sdk.OutputSchema(shape),
				sdk.Title("Get resource server"), sdk.Scopes("read:resource_servers"),
				sdk.Paths("GET /api/v2/"+segment+"/{id}", "GET /api/v2/"+segment), sdk.Idempotent(),
				sdk.Untrusted(written("")...)),
			sdk.NewTool("auth0_create_resource_server", sdk.Write, "Create an API.",
				createResourceServer, sdk.InputSchema(createSchema), sdk.OutputSchema(shape),
				sdk.Title("Create resource server"),
				sdk.Scopes("create:resource_servers"),
				sdk.Paths("POST /api/v2/"+segment), sdk.Untrusted(written("")...)),
			sdk.NewTool("auth0_update_resource_server", sdk.Write,
				"Change an API. Lists and objects are replaced whole; null clears.",
				updateResourceServer, sdk.InputSchema(updateSchema), sdk.OutputSchema(shape),
				sdk.Title("Update resource server"),
				sdk.Scopes("update:resource_servers"),
				sdk.Paths("PATCH /api/v2/"+segment+"/{id}", "GET /api/v2/"+segment, "GET /api/v2/"+segment+"/{id}"),
				sdk.Idempotent(),
				sdk.Untrusted(written("")...)),
		}, resource.Tools(deletion)...)}
}

// shape is what every answer says of an API: other members can be null.
const shape = `{"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},` +
	`"identifier":{"type":"string","description":"The audience."}}}`

// written are the fields below prefix with words that other administrators and
// the tenant's applications choose.
func written(prefix string) []string {
	return []string{prefix + "name", prefix + "identifier", prefix + "scopes", prefix + "authorization_details"}
}

// segment is the path segment of the Management API.
const segment = "resource-servers"

func collection() auth0v1.Collection {
	return auth0v1.Collection{Path: []string{segment}, Items: "resource_servers", What: "resource server",
		Keys: []string{"identifier"}, Brief: url.Values{"fields": {"id,name,identifier"}, "include_fields": {"true"}},
		Narrow: "give their identifiers"}
}

func listResourceServers(ctx context.Context, c *sdk.Call, in listInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	page, err := api.Page(ctx, collection(), in.PageOf, url.Values{"identifiers": in.Identifiers})
	if err != nil {
		return nil, err
	}
	return present(page, in.FieldsOf)
}

// members are all that a resource server is known to have.
func members() []string {
	return []string{"id", "name", "is_system", "identifier", "scopes", "signing_alg", "signing_secret",
		"allow_offline_access", "allow_online_access", "allow_online_access_with_ephemeral_sessions",
		"skip_consent_for_verifiable_first_party_clients", "token_lifetime", "token_lifetime_for_web", "enforce_policies",
		"token_dialect", "token_encryption", "consent_policy", "authorization_details", "proof_of_possession",
		"subject_type_authorization", "authorization_policy", "client_id", "token_lifetime_for_anonymous_access_tokens"}
}

// present projects the items to what was asked for. Unasked, the scopes are
// counted: those of one API can be longer than all the rest of the list.
func present(page sdk.Page, f auth0v1.FieldsOf) (sdk.Page, error) {
	items := page.Items
	page = f.Project(page, members(), []string{"id", "name", "identifier", "is_system", "signing_alg"}, "id", "name")
	if f.Excludes() || slices.Contains(f.Fields, "scopes") {
		return page, nil
	}
	for i, item := range items {
		var scopes []json.RawMessage
		if raw, ok := item.Get("scopes"); ok {
			if err := json.Unmarshal(raw, &scopes); err != nil {
				return page, fmt.Errorf("the scopes of resource server %s are not a list: %w", item.Text("id"), err)
			}
		}
		row, err := page.Items[i].With("scopes", len(scopes))
		if err != nil {
			return page, err
		}
		page.Items[i] = row
	}
	return page, nil
}

func getResourceServer(ctx context.Context, c *sdk.Call, in getInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	return api.Find(ctx, collection(), in.ID)
}

func createResourceServer(ctx context.Context, c *sdk.Call, in createInput) (any, error) {
	if in.SigningSecret != "" && in.SigningAlg != hs256 {
		return nil, errUnusedSecret()
	}
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	return api.Send(ctx, http.MethodPost, c.Arguments(), segment)
}

func updateResourceServer(ctx context.Context, c *sdk.Call, in updateInput) (any, error) {
	if in.SigningSecret != "" && in.SigningAlg != "" && in.SigningAlg != hs256 {
		return nil, errUnusedSecret()
	}
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	if in.TokenEncryption == nil || in.TokenEncryption.Key.PEM != "" {
		return api.Update(ctx, c, collection(), in.ID, "id")
	}
	id, err := keepsKey(ctx, api, in)
	if err != nil {
		return nil, err
	}
	return api.Update(ctx, c, collection(), id, "id", "token_encryption")
}

// keepsKey is the id of the API whose stored encryption the arguments repeat, as a read
// shows it: without the key's PEM, which no read shows and every change needs.
func keepsKey(ctx context.Context, api *auth0v1.API, in updateInput) (id string, err error) {
	raw, err := api.Find(ctx, collection(), in.ID)
	if err != nil {
		return "", err
	}
	var stored struct {
		ID              string          `json:"id"`
		TokenEncryption tokenEncryption `json:"token_encryption"`
	}
	if err := json.Unmarshal(raw, &stored); err != nil {
		return "", fmt.Errorf("Auth0 answered something other than a resource server for %s: %w", in.ID, err)
	}
	stored.TokenEncryption.Key.PEM = ""
	if stored.TokenEncryption != *in.TokenEncryption {
		return "", sdk.InvalidArgument("token_encryption differs from what is stored, so it needs the key: give " +
			"encryption_key.pem, which Auth0 does not show")
	}
	return stored.ID, nil
}

// hs256 is the only algorithm that signs with a secret.
const hs256 = "HS256"

// errUnusedSecret refuses what Auth0 would drop without a word: the caller
// would believe that the tokens are signed with the secret.
func errUnusedSecret() error {
	return sdk.InvalidArgument("signing_secret goes with signing_alg %s only, and the default is RS256: give "+
		"signing_alg %s, or leave signing_secret out", hs256, hs256)
}
