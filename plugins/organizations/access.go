package organizations

import (
	"context"
	"encoding/json"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Requests of tools that send several.
const (
	invite           = "POST /api/v2/organizations/{organization}/invitations"
	enabled          = "/api/v2/organizations/{organization}/enabled_connections"
	getConnection    = "GET " + enabled + "/{connection}"
	updateConnection = "PATCH " + enabled + "/{connection}"
	addConnection    = "POST " + enabled
)

func invitationTools(organization resource.Arg) []resource.Tool {
	invitations := resource.Collection{Items: "invitations", What: "invitation",
		Untrusted: []string{"inviter", "invitee", "user_metadata", "app_metadata"}}
	return []resource.Tool{
		{
			Name: "auth0_list_organization_invitations", Title: "List organization invitations",
			Description: "Invitations that wait for an answer.",
			Operation:   "GET /api/v2/organizations/{organization}/invitations",
			Scopes:      []string{"read:organization_invitations"}, Of: invitations, Args: []resource.Arg{organization},
		},
		{
			Name: "auth0_create_organization_invitation", Title: "Create organization invitation",
			Description: "Invite someone by e-mail. You see a marker in place of the link.",
			Operation:   invite, Scopes: []string{"create:organization_invitations"}, Of: invitations, Run: inviteUser,
			Args: []resource.Arg{organization, resource.Text("email", "Who is invited.").Own().Required(),
				resource.Text("inviter", "The name in the e-mail.").Own().Required(),
				resource.Ref("application", resource.Applications()).As("client_id").Required(),
				resource.Ref("connection", resource.Connections()).As("connection_id"),
				resource.Refs("roles", resource.Roles()),
				resource.Whole("ttl_sec", "Seconds; default 7 days.", 0, 2592000),
				resource.Flag("send_invitation_email", "Default true.")},
		},
		{
			Name: "auth0_revoke_organization_invitation", Title: "Revoke organization invitation",
			Description: "Make an invitation's link useless.",
			Operation:   "DELETE /api/v2/organizations/{organization}/invitations/{invitation}", Done: "revoked",
			Scopes: []string{"delete:organization_invitations"},
			Args:   []resource.Arg{organization, resource.Text("invitation", "Id of an invitation.")},
		},
	}
}

func inviteUser(ctx context.Context, r *resource.Request) (any, error) {
	body, err := r.Body().With("invitee", map[string]string{"email": r.Text("email")})
	if err != nil {
		return nil, err
	}
	if body, err = body.With("inviter", map[string]string{"name": r.Text("inviter")}); err != nil {
		return nil, err
	}
	var answer json.RawMessage
	err = r.Send(ctx, invite, nil, &answer, body)
	return answer, err
}

func connectionTools(organization resource.Arg) []resource.Tool {
	connections := resource.Collection{Items: "enabled_connections", As: "connections", What: "connection",
		ID: "connection_id", Untrusted: []string{"connection"}}
	connection := resource.Ref("connection", resource.Connections())
	return []resource.Tool{
		{
			Name: "auth0_list_organization_connections", Title: "List organization connections",
			Description: "The connections by which members of an organization log in.",
			Operation:   "GET " + enabled, Scopes: []string{"read:organization_connections"}, Of: connections,
			Args: []resource.Arg{organization},
		},
		{
			Name: "auth0_set_organization_connection", Title: "Set organization connection",
			Description: "Let members log in by a connection, or change how.",
			Operation:   addConnection, Also: []string{getConnection, updateConnection},
			Scopes: []string{"create:organization_connections", "update:organization_connections"},
			Of:     connections, Run: setConnection, Options: []sdk.Option{sdk.Idempotent()},
			Args: []resource.Arg{organization, connection.Own().Required(),
				resource.Flag("assign_membership_on_login", "Who logs in becomes a member."),
				resource.Flag("show_as_button", "For enterprise connections."),
				resource.Flag("is_signup_enabled", "For database connections.")},
		},
		{
			Name: "auth0_remove_organization_connection", Title: "Remove organization connection",
			Description: "Members can no longer log in by this connection. The connection itself stays.",
			Operation:   "DELETE " + enabled + "/{connection}", Done: "removed",
			Scopes: []string{"delete:organization_connections"}, Args: []resource.Arg{organization, connection},
		},
	}
}

// setConnection adds the connection if the organization does not have it, and changes it otherwise.
func setConnection(ctx context.Context, r *resource.Request) (any, error) {
	var answer json.RawMessage
	err := r.Send(ctx, getConnection, nil, nil, nil)
	body := r.Body()
	switch {
	case resource.Absent(err):
		if body, err = body.With("connection_id", r.Text("connection")); err != nil {
			return nil, err
		}
		err = r.Send(ctx, addConnection, nil, &answer, body)
		return answer, err
	case err != nil:
		return nil, err
	case len(body) == 0:
		return nil, sdk.InvalidArgument("nothing to change: the organization has the connection; give a setting")
	}
	err = r.Send(ctx, updateConnection, nil, &answer, body)
	return answer, err
}
