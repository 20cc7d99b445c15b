// Package organizations is the plugin for an Auth0 tenant's organizations: their members, invitations, connections and
// domains.
package organizations

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// createSchema and updateSchema are all that the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_create_organization.json
	createSchema []byte
	//go:embed schemas/auth0_update_organization.json
	updateSchema []byte
)

// Plugin is the organizations plugin.
func Plugin() sdk.Plugin {
	organization := resource.Ref("organization", resource.Organizations())
	return sdk.Plugin{Name: "organizations", Version: "0.1.0",
		Display: sdk.Display{Description: "Organizations: members, roles, invitations, connections, domains."},
		Tools: resource.Tools(slices.Concat(
			itself(organization), memberTools(organization), invitationTools(organization), connectionTools(organization),
			domainTools(organization))...)}
}

// itself are the tools for an organization by itself.
func itself(organization resource.Arg) []resource.Tool {
	list := resource.Organizations()
	list.Show = []string{"id", "name", "display_name"}
	read := []string{"read:organizations"}
	return []resource.Tool{
		{
			Name: "auth0_list_organizations", Title: "List organizations", Description: "The tenant's organizations.",
			Operation: "GET /api/v2/organizations", Scopes: read, Of: list,
			Args: []resource.Arg{resource.Choice("sort", "", "name:1", "name:-1", "display_name:1", "created_at:-1")},
		},
		{
			Name: "auth0_get_organization", Title: "Get organization", Description: "One organization.",
			Operation: "GET /api/v2/organizations/{organization}", Scopes: read, Of: resource.Organizations(),
			Args: []resource.Arg{organization},
		},
		{
			Name: "auth0_create_organization", Title: "Create organization",
			Description: "Create an organization. Next: auth0_set_organization_connection, so that members can log in.",
			Operation:   "POST /api/v2/organizations", Scopes: []string{"create:organizations"},
			Of: resource.Organizations(), Body: createSchema,
		},
		{
			Name: "auth0_update_organization", Title: "Update organization",
			Description: "Change an organization. Branding and metadata are replaced whole.",
			Operation:   "PATCH /api/v2/organizations/{organization}", Scopes: []string{"update:organizations"},
			Of: resource.Organizations(), Args: []resource.Arg{organization}, Body: updateSchema,
		},
		{
			Name: "auth0_delete_organization", Title: "Delete organization",
			Description: "Delete an organization. Its members stay users of the tenant.",
			Operation:   "DELETE /api/v2/organizations/{organization}", Scopes: []string{"delete:organizations"},
			Args: []resource.Arg{organization},
		},
	}
}

func memberTools(organization resource.Arg) []resource.Tool {
	members := resource.Collection{Items: "members", What: "member", ID: "user_id", Checkpoint: true,
		Untrusted: []string{"email", "name", "picture"}}
	return []resource.Tool{
		{
			Name: "auth0_list_organization_members", Title: "List organization members",
			Description: "The members of an organization. auth0_list_organization_member_roles has one's roles.",
			Operation:   "GET /api/v2/organizations/{organization}/members",
			Scopes:      []string{"read:organization_members"}, Of: members, Args: []resource.Arg{organization},
		},
		{
			Name: "auth0_update_organization_members", Title: "Update organization members",
			Description: "Make users members of an organization, or end that. Who has no account: invite them.",
			Operation:   "POST /api/v2/organizations/{organization}/members",
			Scopes:      []string{"create:organization_members", "delete:organization_members"},
			Args:        []resource.Arg{organization},
			Edit:        &resource.Edit{Member: "members", Item: resource.Refs("", resource.Users())},
		},
		{
			Name: "auth0_list_organization_member_roles", Title: "List organization member roles",
			Description: "A member's roles in an organization.",
			Operation:   "GET /api/v2/organizations/{organization}/members/{user}/roles",
			Scopes:      []string{"read:organization_member_roles"}, Of: resource.Roles(),
			Args: []resource.Arg{organization, resource.Ref("user", resource.Users())},
		},
		{
			Name: "auth0_update_organization_member_roles", Title: "Update organization member roles",
			Description: "Give a member roles that count in this organization alone, take others.",
			Operation:   "POST /api/v2/organizations/{organization}/members/{user}/roles",
			Scopes:      []string{"create:organization_member_roles", "delete:organization_member_roles"},
			Args:        []resource.Arg{organization, resource.Ref("user", resource.Users())},
			Edit:        &resource.Edit{Member: "roles", Item: resource.Refs("", resource.Roles())},
		},
	}
}

func domainTools(organization resource.Arg) []resource.Tool {
	domains := resource.Collection{Path: []string{"organizations", "{organization}", "discovery-domains"},
		Items: "domains", What: "domain", Name: "domain", CheckpointOnly: true, Key: "Id or domain.",
		IsID: func(key string) bool { return !strings.Contains(key, ".") }, Untrusted: []string{"domain"}}
	domain := resource.Ref("domain", domains)
	verified := resource.Choice("status", "Auth0 does not check: verify verification_txt in the DNS first.", "pending",
		"verified")
	discovery := resource.Flag("use_for_organization_discovery", "Whether it finds the organization at login.")
	return []resource.Tool{
		{
			Name: "auth0_list_organization_domains", Title: "List organization domains",
			Description: "The e-mail domains by which an organization is found at login.",
			Operation:   "GET /api/v2/organizations/{organization}/discovery-domains",
			Scopes:      []string{"read:organization_discovery_domains"}, Of: domains,
			Args: []resource.Arg{organization},
		},
		{
			Name: "auth0_create_organization_domain", Title: "Create organization domain",
			Description: "Add a domain. The answer has the TXT record that proves who owns it.",
			Operation:   "POST /api/v2/organizations/{organization}/discovery-domains",
			Scopes:      []string{"create:organization_discovery_domains"}, Of: domains,
			Args: []resource.Arg{organization, resource.Text("domain", "").Required(), verified, discovery},
		},
		{
			Name: "auth0_update_organization_domain", Title: "Update organization domain",
			Description: "Mark a domain as verified, or use it for discovery.",
			Operation:   "PATCH /api/v2/organizations/{organization}/discovery-domains/{domain}",
			Scopes:      []string{"update:organization_discovery_domains"}, Of: domains,
			Args: []resource.Arg{organization, domain, verified, discovery},
		},
		{
			Name: "auth0_delete_organization_domain", Title: "Delete organization domain",
			Description: "Remove a domain from an organization.",
			Operation:   "DELETE /api/v2/organizations/{organization}/discovery-domains/{domain}",
			Scopes:      []string{"delete:organization_discovery_domains"}, Args: []resource.Arg{organization, domain},
		},
	}
}
