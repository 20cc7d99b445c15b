module github.com/auth0-mcp/auth0-mcp/managementapi

go 1.26.0
