// Command auth0-mcp-plugin-conformance is the fake plugin as a program. By this name it has the tools that the official
// MCP conformance suite calls, for e2e/conformance.test.mjs.
package main

import "github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"

func main() { fakeplugin.Main() }
