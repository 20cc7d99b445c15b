module github.com/auth0-mcp/auth0-mcp/sandbox

go 1.26.0

require github.com/auth0-mcp/auth0-mcp/managementapi v0.0.0

replace github.com/auth0-mcp/auth0-mcp/managementapi => ../managementapi
