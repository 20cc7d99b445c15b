module github.com/auth0-mcp/auth0-mcp/sandbox

go 1.26.0
