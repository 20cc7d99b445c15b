package mcpserver

import (
	_ "embed" // icon.png
	"encoding/base64"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

const (
	// serverName is how the server calls itself.
	serverName  = "auth0-mcp"
	serverTitle = "Auth0"
	website     = "https://github.com/auth0-mcp/auth0-mcp"
)

//go:embed icon.png
var icon []byte

// identity is what the server says of itself when a client gets to know it. Each protocol version gets the members that
// it has: clients of older ones may refuse what they do not know.
func identity(version, protocol string) mcp.Implementation {
	self := mcp.Implementation{Name: serverName, Version: version}
	if protocol >= mcp.ProtocolVersion20250618 {
		self.Title = serverTitle
	}
	if protocol >= mcp.ProtocolVersion20251125 {
		self.WebsiteURL = website
		self.Icons = []mcp.Icon{{Src: "data:image/png;base64," + base64.StdEncoding.EncodeToString(icon),
			MIMEType: "image/png", Sizes: []string{"64x64"}}}
	}
	return self
}

// identify puts the identity into the answers of initialize and server/discover. Other answers have name and version
// alone: the icon is needed once.
func (s *Server) identify(answer mcp.JSONRPCMessage, p params) mcp.JSONRPCMessage {
	reply, ok := answer.(mcp.JSONRPCResponse)
	if !ok {
		return answer
	}
	switch result := reply.Result.(type) {
	case mcp.InitializeResult:
		result.ServerInfo = identity(s.cfg.Version, result.ProtocolVersion)
		reply.Result = result
	case mcp.DiscoverResult:
		if result.Capabilities.Tools != nil {
			// Clients of this version hear of changes by subscriptions/listen, which is not supported.
			tools := *result.Capabilities.Tools
			tools.ListChanged = false
			result.Capabilities.Tools = &tools
		}
		result.EnsureResultMeta().SetServerInfo(identity(s.cfg.Version, p.version))
		reply.Result = result
	}
	return reply
}

// listTTL says how long the lists and what server/discover answers stay as they are, in milliseconds, from protocol
// version 2026-07-28 on. Clients of that version hear nothing of changes, so that where there may be some, every answer
// is out of date at once. All of it depends on the user's flags and sign-in, and is no one else's.
func listTTL(cfg Config) int64 {
	const unchanged = 5 * time.Minute
	if cfg.Reloads {
		return 0
	}
	return unchanged.Milliseconds()
}
