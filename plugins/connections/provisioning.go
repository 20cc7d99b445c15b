package connections

import (
	"context"
	"encoding/json"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

const (
	scim      = one + "/scim-configuration"
	directory = one + "/directory-provisioning"
)

func scimTools(connection resource.Arg) []resource.Tool {
	configuration := resource.Collection{Untrusted: []string{"mapping", "connection_name"}}
	tokens := resource.Collection{Items: "tokens", What: "SCIM token", ID: "token_id", Unpaged: true,
		Untrusted: []string{"scopes"}}
	return []resource.Tool{
		{
			Name: "auth0_get_connection_provisioning", Title: "Get connection provisioning",
			Description: "How accounts of an enterprise connection are provisioned: SCIM, directory synchronization.",
			Operation:   "GET " + scim, Also: []string{"GET " + directory}, Run: getProvisioning,
			Scopes: []string{"read:scim_config", "read:directory_provisionings"}, Args: []resource.Arg{connection},
			Of: resource.Collection{Untrusted: []string{"scim", "directory"}},
		},
		{
			Name: "auth0_set_connection_scim", Title: "Set up SCIM",
			Description: "Turn on SCIM for a connection, or change its mapping. Next: auth0_create_scim_token.",
			Operation:   "POST " + scim, Also: []string{"GET " + scim, "PATCH " + scim},
			Scopes: []string{"create:scim_config", "update:scim_config", "read:scim_config"}, Of: configuration,
			Args: []resource.Arg{connection, resource.Text("user_id_attribute", "Default externalId."),
				resource.Each("mapping", "In place of the default.",
					resource.Text("scim", "Attribute of SCIM.").Required(),
					resource.Text("auth0", "Attribute of the user.").Required())},
			Run: set(scim), Options: []sdk.Option{sdk.Idempotent()},
		},
		{
			Name: "auth0_delete_connection_scim", Title: "Delete SCIM",
			Description: "Turn off SCIM for a connection. Its tokens are gone, users stay.",
			Operation:   "DELETE " + scim, Scopes: []string{"delete:scim_config"}, Args: []resource.Arg{connection},
		},
		{
			Name: "auth0_list_scim_tokens", Title: "List SCIM tokens",
			Description: "The tokens by which a directory sends users, without their values.",
			Operation:   "GET " + scim + "/tokens", Scopes: []string{"read:scim_token"}, Of: tokens,
			Args: []resource.Arg{connection},
		},
		{
			Name: "auth0_create_scim_token", Title: "Create SCIM token",
			Description: "Create a SCIM token. You see a marker: a person gets the token itself.",
			Operation:   "POST " + scim + "/tokens", Scopes: []string{"create:scim_token"}, Of: tokens,
			Args: []resource.Arg{connection, resource.Texts("scopes", "Such as get:users; default all."),
				resource.Whole("token_lifetime", "Seconds; default unlimited.", 900, 1<<31-1)},
		},
		{
			Name: "auth0_revoke_scim_token", Title: "Revoke SCIM token", Description: "Revoke a SCIM token.",
			Operation: "DELETE " + scim + "/tokens/{token}", Scopes: []string{"delete:scim_token"}, Done: "revoked",
			Args: []resource.Arg{connection, resource.Text("token", "Its token_id.")},
		},
	}
}

func directoryTools(connection resource.Arg) []resource.Tool {
	configuration := resource.Collection{Untrusted: []string{"mapping", "connection_name", "last_synchronization_error"}}
	return []resource.Tool{
		{
			Name: "auth0_set_connection_directory", Title: "Set up directory provisioning",
			Description: "Turn on synchronization from a directory such as Google Workspace, or change it.",
			Operation:   "POST " + directory, Also: []string{"GET " + directory, "PATCH " + directory},
			Scopes: []string{"create:directory_provisionings", "update:directory_provisionings",
				"read:directory_provisionings"}, Of: configuration,
			Args: []resource.Arg{connection, resource.Flag("synchronize_automatically", ""),
				resource.Each("mapping", "In place of the default.",
					resource.Text("auth0", "Attribute of the user.").Required(),
					resource.Text("idp", "Attribute of the directory.").Required())},
			Run: set(directory), Options: []sdk.Option{sdk.Idempotent()},
		},
		{
			Name: "auth0_delete_connection_directory", Title: "Delete directory provisioning",
			Description: "Turn off directory synchronization of a connection. Users stay.",
			Operation:   "DELETE " + directory, Scopes: []string{"delete:directory_provisionings"},
			Args: []resource.Arg{connection},
		},
		{
			Name: "auth0_synchronize_connection_directory", Title: "Synchronize directory",
			Description: "Begin a synchronization now. auth0_get_connection_provisioning tells how the last one ended.",
			Operation:   "POST " + directory + "/synchronizations", Of: configuration,
			Scopes: []string{"create:directory_provisionings"}, Args: []resource.Arg{connection},
		},
	}
}

// getProvisioning answers null for what is not set up.
func getProvisioning(ctx context.Context, r *resource.Request) (any, error) {
	answer := sdk.Object{}
	for _, part := range []struct{ name, path string }{{"scim", scim}, {"directory", directory}} {
		var found json.RawMessage
		if err := r.Send(ctx, "GET "+part.path, nil, &found, nil); resource.Absent(err) {
			found = json.RawMessage("null")
		} else if err != nil {
			return nil, err
		}
		answer = append(answer, sdk.Member{Name: part.name, Value: found})
	}
	return answer, nil
}

// set creates a configuration at that path, or changes it: what is not given stays as it is.
func set(path string) func(context.Context, *resource.Request) (any, error) {
	return func(ctx context.Context, r *resource.Request) (any, error) {
		var stored sdk.Object
		var answer json.RawMessage
		err := r.Send(ctx, "GET "+path, nil, &stored, nil)
		body := r.Body()
		switch {
		case resource.Absent(err):
			err = r.Send(ctx, "POST "+path, nil, &answer, body)
			return answer, err
		case err != nil:
			return nil, err
		case len(body) == 0:
			return nil, sdk.InvalidArgument("nothing to change: it is set up already; give a setting")
		}
		if path == scim { // which Auth0 takes whole
			body = merged(stored.Pick("user_id_attribute", "mapping"), body)
		}
		err = r.Send(ctx, "PATCH "+path, nil, &answer, body)
		return answer, err
	}
}
