// Package users is the plugin for an Auth0 tenant's users: who they are, what keeps them from logging in, and what they
// may do.
package users

import (
	_ "embed"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// createSchema and updateSchema are all that the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_create_user.json
	createSchema []byte
	//go:embed schemas/auth0_update_user.json
	updateSchema []byte
)

// Plugin is the users plugin.
func Plugin() sdk.Plugin {
	user := resource.Ref("user", resource.Users())
	return sdk.Plugin{Name: "users", Version: "0.1.0",
		Display: sdk.Display{Description: "Users: profile, blocks, MFA, sessions, roles, identities."},
		Tools: resource.Tools(slices.Concat(profileTools(user),
			loginTools(user), mfaTools(user), sessionTools(user), accessTools(user), identityTools(user))...)}
}

func profileTools(user resource.Arg) []resource.Tool {
	found := resource.Users()
	found.Show = []string{"user_id", "email", "name", "username", "blocked", "last_login", "logins_count"}
	found.Narrow = "narrow the search"
	read := []string{"read:users"}
	return []resource.Tool{
		{
			Name: "auth0_list_users", Title: "List users",
			Description: "Search users, 1000 at most. New users and changes appear after seconds; auth0_get_user is current.",
			Operation:   "GET /api/v2/users", Scopes: read, Of: found, Args: filters(), Query: searchQuery,
		},
		{
			Name: "auth0_get_user", Title: "Get user", Description: "One user, with identities and metadata.",
			Operation: "GET /api/v2/users/{user}", Scopes: read, Of: resource.Users(), Args: []resource.Arg{user},
		},
		{
			Name: "auth0_create_user", Title: "Create user",
			Description: "Create a user of a database or passwordless connection.",
			Operation:   "POST /api/v2/users", Scopes: []string{"create:users"}, Of: resource.Users(), Body: createSchema,
		},
		{
			Name: "auth0_update_user", Title: "Update user",
			Description: "Change a user. Metadata is merged at its first level; null removes a member.",
			Operation:   "PATCH /api/v2/users/{user}", Scopes: []string{"update:users"}, Of: resource.Users(),
			Args: []resource.Arg{user}, Body: updateSchema,
		},
		{
			Name: "auth0_delete_user", Title: "Delete user",
			Description: "Delete a user for good. To keep them out for a while: auth0_block_user.",
			Operation:   "DELETE /api/v2/users/{user}", Scopes: []string{"delete:users"}, Args: []resource.Arg{user},
		},
		{
			Name: "auth0_list_user_logs", Title: "List user logs",
			Description: "What happened with a user, newest first. auth0_list_logs searches more.",
			Operation:   "GET /api/v2/users/{user}/logs", Scopes: []string{"read:logs", "read:users"}, Of: events(),
			Args: []resource.Arg{user},
		},
	}
}

func events() resource.Collection {
	return resource.Collection{Items: "logs", What: "log event", ID: "log_id",
		Show: []string{"log_id", "date", "type", "description", "connection", "client_name", "ip"},
		Untrusted: []string{"description", "details", "connection", "client_name", "client_id", "ip", "user_agent",
			"user_id", "user_name", "hostname", "audience", "scope", "auth0_client", "strategy", "organization_name"},
		Narrow: "use auth0_list_logs with user_id"}
}

func sessionTools(user resource.Arg) []resource.Tool {
	sessions := resource.Collection{Items: "sessions", What: "session", CheckpointOnly: true,
		Untrusted: []string{"device", "clients", "authentication", "cookie", "session_metadata", "actor"}}
	return []resource.Tool{
		{
			Name: "auth0_list_user_sessions", Title: "List user sessions", Description: "Where a user is logged in.",
			Operation: "GET /api/v2/users/{user}/sessions", Scopes: []string{"read:sessions", "read:users"}, Of: sessions,
			Args: []resource.Arg{user},
		},
		{
			Name: "auth0_revoke_user_access", Title: "Revoke user access",
			Description: "End a user's sessions and refresh tokens, or one session. Access tokens last until they expire.",
			Operation:   "POST /api/v2/users/{user}/revoke-access", Effect: sdk.Destroy,
			Scopes: []string{"delete:sessions", "delete:refresh_tokens"}, Done: "revoked",
			Args: []resource.Arg{user, resource.Text("session", "Only this session's id.").As("session_id"),
				resource.Flag("keep_refresh_tokens", "").As("preserve_refresh_tokens")},
			Options: []sdk.Option{sdk.Idempotent()},
		},
	}
}
