// Package roles is the plugin for an Auth0 tenant's roles: their permissions, and the users who have them.
package roles

import (
	"context"
	"net/http"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Plugin is the roles plugin.
func Plugin() sdk.Plugin {
	role := resource.Ref("role", resource.Roles())
	return sdk.Plugin{Name: "roles", Version: "0.1.0",
		Display: sdk.Display{Description: "Roles: permissions and members."},
		Tools:   resource.Tools(slices.Concat(itself(role), permissionTools(role), memberTools(role))...)}
}

// itself are the tools for a role by itself.
func itself(role resource.Arg) []resource.Tool {
	description := resource.Text("description", "What who has it may do.")
	return []resource.Tool{
		{
			Name: "auth0_list_roles", Title: "List roles", Description: "The tenant's roles.",
			Operation: "GET /api/v2/roles", Scopes: []string{"read:roles"}, Of: resource.Roles(),
			Args: []resource.Arg{resource.Text("name", "Part of the name.").As("name_filter")},
		},
		{
			Name: "auth0_get_role", Title: "Get role", Description: "One role. Others list its permissions and members.",
			Operation: "GET /api/v2/roles/{role}", Scopes: []string{"read:roles"}, Of: resource.Roles(),
			Args: []resource.Arg{role},
		},
		{
			Name: "auth0_create_role", Title: "Create role",
			Description: "Create a role. It has no permissions yet: add them with auth0_update_role_permissions.",
			Operation:   "POST /api/v2/roles", Scopes: []string{"create:roles"}, Of: resource.Roles(),
			Args: []resource.Arg{resource.Text("name", "").Required(), description},
		},
		{
			Name: "auth0_update_role", Title: "Update role", Description: "Rename or describe a role.",
			Operation: "PATCH /api/v2/roles/{role}", Scopes: []string{"update:roles"}, Of: resource.Roles(),
			Args: []resource.Arg{role, resource.Text("name", "The new name."), description},
		},
		{
			Name: "auth0_delete_role", Title: "Delete role",
			Description: "Delete a role: who has it loses its permissions. See auth0_list_role_members first.",
			Operation:   "DELETE /api/v2/roles/{role}", Scopes: []string{"delete:roles"},
			Args: []resource.Arg{role},
		},
	}
}

func permissionTools(role resource.Arg) []resource.Tool {
	return []resource.Tool{
		{
			Name: "auth0_list_role_permissions", Title: "List role permissions",
			Description: "The permissions that a role gives, with their APIs.",
			Operation:   "GET /api/v2/roles/{role}/permissions", Scopes: []string{"read:roles"}, Of: permissions(),
			Args: []resource.Arg{role},
		},
		{
			Name: "auth0_update_role_permissions", Title: "Update role permissions",
			Description: "Add permissions to a role, remove others. They must be scopes of the API.",
			Operation:   "POST /api/v2/roles/{role}/permissions", Scopes: []string{"update:roles"},
			Args: []resource.Arg{role},
			Edit: &resource.Edit{Member: "permissions", Item: resource.Each("", "",
				resource.Ref("api", resource.APIs()).As("resource_server_identifier").Required(),
				resource.Text("permission", "Such as read:orders.").As("permission_name").Required())},
		},
	}
}

func memberTools(role resource.Arg) []resource.Tool {
	return []resource.Tool{
		{
			Name: "auth0_list_role_members", Title: "List role members",
			Description: "The users who have a role directly. Roles in organizations: auth0_list_organization_members.",
			Operation:   "GET /api/v2/roles/{role}/users", Scopes: []string{"read:users", "read:roles"}, Of: members(),
			Args: []resource.Arg{role},
		},
		{
			Name: "auth0_update_role_members", Title: "Update role members",
			Description: "Give a role to users, take it from others.",
			Operation:   "POST /api/v2/roles/{role}/users", Also: []string{removeMember},
			Scopes: []string{"update:roles", "update:users"},
			Args: []resource.Arg{role, resource.Refs("add", resource.Users()),
				resource.Refs("remove", resource.Users())},
			Run: updateMembers, Options: []sdk.Option{sdk.Idempotent()},
		},
	}
}

func permissions() resource.Collection {
	return resource.Collection{Items: "permissions", What: "permission", ID: "permission_name",
		Untrusted: []string{"permission_name", "description", "resource_server_name", "resource_server_identifier"}}
}

func members() resource.Collection {
	return resource.Collection{Items: "users", What: "user", ID: "user_id", Checkpoint: true,
		Untrusted: []string{"email", "name", "picture"}}
}

// removeMember takes a role from one user: the API has no request for several.
const removeMember = "DELETE /api/v2/users/{user}/roles"

func updateMembers(ctx context.Context, r *resource.Request) (any, error) {
	role, added, removed := r.Text("role"), r.Texts("add"), r.Texts("remove")
	if len(added)+len(removed) == 0 {
		return nil, sdk.InvalidArgument("nothing to change: give add, remove, or both")
	}
	if len(added) > 0 {
		body := map[string][]string{"users": added}
		if err := r.Call.Send(ctx, http.MethodPost, nil, body, "roles", role, "users"); err != nil {
			return nil, err
		}
	}
	for i, user := range removed {
		body := map[string][]string{"roles": {role}}
		if err := r.Call.Send(ctx, http.MethodDelete, nil, body, "users", user, "roles"); err != nil {
			return nil, resource.Partial(len(added), i, err)
		}
	}
	return r.Edited(len(added), len(removed))
}
