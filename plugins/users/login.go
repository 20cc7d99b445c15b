package users

import (
	"context"
	"net/http"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Requests of tools that send several.
const (
	getUser       = "GET /api/v2/users/{user}"
	updateUser    = "PATCH /api/v2/users/{user}"
	liftBlocks    = "DELETE /api/v2/user-blocks/{user}"
	deleteFactors = "DELETE /api/v2/users/{user}/authentication-methods"
	forgetBrowser = "POST /api/v2/users/{user}/multifactor/actions/invalidate-remember-browser"
)

func loginTools(user resource.Arg) []resource.Tool {
	application := resource.Ref("application", resource.Applications()).As("client_id")
	write := []string{"update:users"}
	return []resource.Tool{
		{
			Name: "auth0_get_user_blocks", Title: "Get user blocks",
			Description: "Whether too many failed logins block a user, from which addresses. auth0_unblock_user lifts it.",
			Operation:   "GET /api/v2/user-blocks/{user}", Scopes: []string{"read:users"}, Args: []resource.Arg{user},
			Of: resource.Collection{Untrusted: []string{"blocked_for"}},
		},
		{
			Name: "auth0_block_user", Title: "Block user",
			Description: "Keep a user from logging in. Sessions go on: auth0_revoke_user_access ends them.",
			Operation:   updateUser, Scopes: write, Args: []resource.Arg{user}, Run: block,
			Of: resource.Collection{Untrusted: []string{"user.name"}},
		},
		{
			Name: "auth0_unblock_user", Title: "Unblock user",
			Description: "Let a user log in again: lifts an administrator's block and those after failed logins.",
			Operation:   updateUser, Also: []string{getUser, liftBlocks}, Scopes: write, Args: []resource.Arg{user},
			Run: unblock, Of: resource.Collection{Untrusted: []string{"user.name"}},
		},
		{
			Name: "auth0_send_verification_email", Title: "Send verification e-mail",
			Description: "Send a user the e-mail that verifies the address. The job that is answered sends it.",
			Operation:   "POST /api/v2/jobs/verification-email", Scopes: write,
			Of:   resource.Collection{Untrusted: []string{"user.name"}},
			Args: []resource.Arg{user.As("user_id").Required(), application},
		},
		{
			Name: "auth0_create_password_ticket", Title: "Create password ticket",
			Description: "A link with which a user sets a new password. You see a marker: a person gets the link itself.",
			Operation:   "POST /api/v2/tickets/password-change", Scopes: []string{"create:user_tickets"},
			Of: resource.Collection{Untrusted: []string{"user.name"}},
			Args: []resource.Arg{user.As("user_id").Required(), application,
				resource.Text("result_url", "Where the user goes afterwards."),
				resource.Whole("ttl_sec", "Seconds; default 5 days.", 0, 2592000),
				resource.Flag("mark_email_as_verified", "")},
		},
	}
}

func block(ctx context.Context, r *resource.Request) (any, error) {
	if err := r.Send(ctx, updateUser, nil, nil, map[string]bool{"blocked": true}); err != nil {
		return nil, err
	}
	return r.Done("blocked")
}

// unblock lifts both kinds of blocks. An administrator's is lifted only where there is one, so that a plan shows what
// changes.
func unblock(ctx context.Context, r *resource.Request) (any, error) {
	var stored struct {
		Blocked bool `json:"blocked"`
	}
	if err := r.Send(ctx, getUser, nil, &stored, nil); err != nil {
		return nil, err
	}
	if stored.Blocked {
		if err := r.Send(ctx, updateUser, nil, nil, map[string]bool{"blocked": false}); err != nil {
			return nil, err
		}
	}
	if err := r.Send(ctx, liftBlocks, nil, nil, nil); err != nil {
		if stored.Blocked {
			return nil, sdk.Partly("The administrator's block was lifted, those after failed logins were not.", err)
		}
		return nil, err
	}
	answer, err := r.Done("unblocked")
	if err != nil {
		return nil, err
	}
	return answer.With("was_blocked_by_administrator", stored.Blocked)
}

func mfaTools(user resource.Arg) []resource.Tool {
	methods := resource.Collection{Items: "authenticators", As: "authentication_methods", What: "authentication method",
		Untrusted: []string{"name", "phone_number", "email", "user_agent", "relying_party_identifier"}}
	return []resource.Tool{
		{
			Name: "auth0_list_user_authentication_methods", Title: "List user authentication methods",
			Description: "How a user proves who they are beside the password: MFA factors and passkeys.",
			Operation:   "GET /api/v2/users/{user}/authentication-methods",
			Scopes:      []string{"read:authentication_methods", "read:users"}, Of: methods, Args: []resource.Arg{user},
		},
		{
			Name: "auth0_reset_user_mfa", Title: "Reset user MFA",
			Description: "Remove all MFA factors and passkeys of a user, or one. The user enrols anew at the next login.",
			Operation:   deleteFactors, Also: []string{deleteFactors + "/{method}", forgetBrowser},
			Scopes: []string{"delete:authentication_methods", "update:users"}, Run: resetMFA,
			Of: resource.Collection{Untrusted: []string{"user.name"}},
			Args: []resource.Arg{user,
				resource.Text("method", "Only the authentication method with this id.").Own()},
		},
	}
}

// resetMFA also forgets the browsers that are not asked for a factor, since a lost device may be one of them.
func resetMFA(ctx context.Context, r *resource.Request) (any, error) {
	segments := []string{"users", r.Text("user"), "authentication-methods"}
	if r.Has("method") {
		segments = append(segments, r.Text("method"))
	}
	if err := r.Call.Send(ctx, http.MethodDelete, nil, nil, segments...); err != nil {
		return nil, err
	}
	if err := r.Send(ctx, forgetBrowser, nil, nil, nil); err != nil {
		return nil, sdk.Partly("The factors were removed. Browsers that the user had asked to remember still skip MFA.",
			err)
	}
	return r.Done("reset")
}
