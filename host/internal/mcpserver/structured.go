package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
)

// usesStructured tells whether a client, as it calls itself, shows structured content and keeps the text beside it. It
// costs every other client tokens, or text: what an update has changed stands in a text of its own.
// docs/guide/clients.md has what is known of the others.
func usesStructured(client string) bool {
	switch client {
	case "mcp-inspector", // MCP Inspector, from 2.0 on
		"mcp-inspector-tui",
		"inspector-client", // its browser window before
		"inspector-cli":    // and its command line
		return true
	}
	return false
}

// structured tells whether a client gets output schemas, and with them structured content.
func (s *Server) structured(client, protocol string) bool {
	return s.cfg.Structured && protocol >= mcp.ProtocolVersion20250618 && usesStructured(client)
}

// listedFor is mcp-go's filter of tools: it gives each client the members of tools that it uses. Before 2025-06-18
// titles stand elsewhere.
func (s *Server) listedFor(ctx context.Context, tools []mcp.Tool) []mcp.Tool {
	protocol, client := server.RequestProtocolVersion(ctx), ""
	if session, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo); ok {
		client = session.GetClientInfo().Name
	}
	structured := s.structured(client, protocol)
	for i := range tools {
		if protocol < mcp.ProtocolVersion20250618 {
			tools[i].Title, tools[i].Annotations.Title = "", tools[i].Title
		}
		if !structured {
			tools[i].RawOutputSchema = nil
		}
	}
	return tools
}

// structure adds structured content to a result: the bytes of its first text, which is redacted and fits the budget. A
// client that has the tool's output schema wants it with every answer that is no error.
func (s *Server) structure(r toolcall.Result, tool *catalog.Tool, p params, result *callResult) {
	protocol := p.version
	if !p.modern() {
		protocol = s.session.ProtocolVersion()
	}
	if r.IsError || tool.OutputSchema == nil || !s.structured(s.client(p).Name, protocol) {
		return
	}
	if err := catalog.CheckOutput(tool.OutputSchema, []byte(r.Texts[0])); err != nil {
		s.cfg.Log.Warn("an answer does not fit its tool's output schema", "plugin", tool.Plugin.Name, "tool", tool.Name,
			"problem", err)
		result.IsError = true
		result.Content = append([]textContent{{mcp.ContentTypeText, fmt.Sprintf("The call was carried out, and plugin %s "+
			"answered with something else than the output schema of %s says: %s. With --structured off the answer is no "+
			"error. It follows.", tool.Plugin.Name, tool.Name, err)}}, result.Content...)
		return
	}
	result.StructuredContent = json.RawMessage(r.Texts[0])
}

// StructuredBytes is what a tool's output schema adds to the answer of tools/list, for clients that get it.
func StructuredBytes(t *catalog.Tool) int {
	if t.OutputSchema == nil {
		return 0
	}
	with := describe(t)
	with.RawOutputSchema = t.OutputSchema
	return len(encode(with)) - len(encode(describe(t)))
}
