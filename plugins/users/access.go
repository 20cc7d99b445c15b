package users

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

func accessTools(user resource.Arg) []resource.Tool {
	permissions := resource.Collection{Items: "permissions", What: "permission", ID: "permission_name",
		Untrusted: []string{"permission_name", "description", "resource_server_name", "resource_server_identifier",
			"sources"}}
	return []resource.Tool{
		{
			Name: "auth0_list_user_roles", Title: "List user roles",
			Description: "A user's roles, those in organizations aside.",
			Operation:   "GET /api/v2/users/{user}/roles", Scopes: []string{"read:users", "read:roles"},
			Of: resource.Roles(), Args: []resource.Arg{user},
		},
		{
			Name: "auth0_update_user_roles", Title: "Update user roles", Description: "Give a user roles, take others.",
			Operation: "POST /api/v2/users/{user}/roles", Scopes: []string{"update:users"}, Args: []resource.Arg{user},
			Edit: &resource.Edit{Member: "roles", Item: resource.Refs("", resource.Roles())},
		},
		{
			Name: "auth0_list_user_permissions", Title: "List user permissions",
			Description: "A user's permissions, with the roles that give them.",
			Operation:   "GET /api/v2/users/{user}/permissions", Scopes: []string{"read:users"}, Of: permissions,
			Args: []resource.Arg{user},
		},
		{
			Name: "auth0_update_user_permissions", Title: "Update user permissions",
			Description: "Give a user permissions directly, take others. Roles are easier to review.",
			Operation:   "POST /api/v2/users/{user}/permissions", Scopes: []string{"update:users"},
			Args: []resource.Arg{user},
			Edit: &resource.Edit{Member: "permissions", Item: resource.Each("", "",
				resource.Ref("api", resource.APIs()).As("resource_server_identifier").Required(),
				resource.Text("permission", "Such as read:orders.").As("permission_name").Required())},
		},
		{
			Name: "auth0_list_user_organizations", Title: "List user organizations",
			Description: "The organizations that a user is a member of.",
			Operation:   "GET /api/v2/users/{user}/organizations", Scopes: []string{"read:organizations", "read:users"},
			Of: resource.Organizations(), Args: []resource.Arg{user},
		},
	}
}

// unlinkIdentity makes an identity a user of its own.
const unlinkIdentity = "DELETE /api/v2/users/{user}/identities/{provider}/{identity}"

func identityTools(user resource.Arg) []resource.Tool {
	linked := resource.Collection{Untrusted: []string{"profileData", "identities"}}
	return []resource.Tool{
		{
			Name: "auth0_link_user_identity", Title: "Link user identity",
			Description: "Merge a second user into the first as an identity: the second user and its metadata are gone.",
			Operation:   "POST /api/v2/users/{user}/identities", Scopes: []string{"update:users"}, Of: linked,
			Effect: sdk.Destroy, Run: link,
			Args: []resource.Arg{user, resource.Ref("other", resource.Users()).Own().Required()},
		},
		{
			Name: "auth0_unlink_user_identity", Title: "Unlink user identity",
			Description: "Make an identity of a user a user of its own again. auth0_get_user shows identities.",
			Operation:   unlinkIdentity, Scopes: []string{"update:users"}, Of: linked, Run: unlink,
			Args: []resource.Arg{user, resource.Text("provider", "Such as google-oauth2."),
				resource.Text("identity", "The identity's user_id, without provider.")},
		},
	}
}

// link takes the other user's id apart: an identity is a provider and what stands behind the first "|".
func link(ctx context.Context, r *resource.Request) (any, error) {
	other := r.Text("other")
	if other == r.Text("user") {
		return nil, sdk.InvalidArgument("other: is the user itself: give the user to merge into it")
	}
	provider, id, _ := strings.Cut(other, "|")
	var identities json.RawMessage
	err := r.Call.Send(ctx, http.MethodPost, &identities, map[string]string{"provider": provider, "user_id": id},
		"users", r.Text("user"), "identities")
	return withIdentities(r, "linked", identities, err)
}

func unlink(ctx context.Context, r *resource.Request) (any, error) {
	var identities json.RawMessage
	err := r.Send(ctx, unlinkIdentity, nil, &identities, nil)
	return withIdentities(r, "unlinked", identities, err)
}

// withIdentities adds the identities that the user has then, which a dry run does not know.
func withIdentities(r *resource.Request, done string, identities json.RawMessage, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	answer, err := r.Done(done)
	if err != nil || r.Call.DryRun() {
		return answer, err
	}
	return answer.With("identities", identities)
}
