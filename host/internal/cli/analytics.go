package cli

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/analytics"
)

// newAnalytics is nil, which sends nothing, unless the user named an endpoint
// and did not switch analytics off.
func newAnalytics(ctx context.Context, env Environment, transport http.RoundTripper,
	log *slog.Logger) (*analytics.Client, error) {
	if value := account.Variable("AUTH0_MCP_ANALYTICS"); value != "" {
		on, err := account.ParseBool("AUTH0_MCP_ANALYTICS", value)
		if err != nil || !on {
			return nil, err
		}
	}
	return analytics.New(ctx, analytics.Config{
		Endpoint: account.Variable("AUTH0_MCP_ANALYTICS_ENDPOINT"), Version: env.Version, Transport: transport, Log: log,
	})
}
