package bundle

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/actions"
	"github.com/auth0-mcp/auth0-mcp/plugins/applications"
	"github.com/auth0-mcp/auth0-mcp/plugins/connections"
	"github.com/auth0-mcp/auth0-mcp/plugins/diagnosis"
	"github.com/auth0-mcp/auth0-mcp/plugins/export"
	"github.com/auth0-mcp/auth0-mcp/plugins/flows"
	"github.com/auth0-mcp/auth0-mcp/plugins/forms"
	"github.com/auth0-mcp/auth0-mcp/plugins/grants"
	"github.com/auth0-mcp/auth0-mcp/plugins/keys"
	"github.com/auth0-mcp/auth0-mcp/plugins/logs"
	"github.com/auth0-mcp/auth0-mcp/plugins/logstreams"
	"github.com/auth0-mcp/auth0-mcp/plugins/management"
	"github.com/auth0-mcp/auth0-mcp/plugins/onboarding"
	"github.com/auth0-mcp/auth0-mcp/plugins/organizations"
	"github.com/auth0-mcp/auth0-mcp/plugins/protection"
	"github.com/auth0-mcp/auth0-mcp/plugins/resourceservers"
	"github.com/auth0-mcp/auth0-mcp/plugins/roles"
	"github.com/auth0-mcp/auth0-mcp/plugins/tenant"
	"github.com/auth0-mcp/auth0-mcp/plugins/users"
)

// members are the plugins of the bundle. A distribution is built with a list of its own in place of this file.
func members() []member {
	return []member{
		{"applications", applications.Plugin},
		{"resourceservers", resourceservers.Plugin},
		{"actions", actions.Plugin},
		{"grants", grants.Plugin},
		{"keys", keys.Plugin},
		{"logs", logs.Plugin},
		{"protection", protection.Plugin},
		{"forms", forms.Plugin},
		{"flows", flows.Plugin},
		{"tenant", tenant.Plugin},
		{"management", management.Plugin},
		{"diagnosis", diagnosis.Plugin},
		{"roles", roles.Plugin},
		{"users", users.Plugin},
		{"export", export.Plugin},
		{"onboarding", onboarding.Plugin},
		{"organizations", organizations.Plugin},
		{"connections", connections.Plugin},
		{"logstreams", logstreams.Plugin},
	}
}
