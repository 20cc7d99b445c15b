package bundle

import (
	"github.com/auth0-mcp/auth0-mcp/plugins/actions"
	"github.com/auth0-mcp/auth0-mcp/plugins/applications"
	"github.com/auth0-mcp/auth0-mcp/plugins/forms"
	"github.com/auth0-mcp/auth0-mcp/plugins/logs"
	"github.com/auth0-mcp/auth0-mcp/plugins/resourceservers"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Plugins returns the plugins of the bundle.
func Plugins() []sdk.Plugin {
	return []sdk.Plugin{applications.Plugin(), resourceservers.Plugin(), actions.Plugin(), logs.Plugin(), forms.Plugin()}
}
