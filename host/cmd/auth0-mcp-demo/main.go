// Command auth0-mcp-demo drives auth0-mcp as an MCP client does: it starts the
// server on the sandbox tenant, lists its tools and calls some.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// step is one thing a person would ask, and the call that answers it.
type step struct {
	ask  string
	tool string
	args map[string]any
	show func(answer map[string]any) string
}

func main() {
	if err := demo(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c, err := client.NewStdioMCPClient(server, os.Environ(), "run", "--sandbox", "--log-level", "error")
	if err != nil {
		return err
	}
	defer c.Close()
	say("An MCP client starts: %s run --sandbox\n", server)
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_LEGACY_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "auth0-mcp-demo", Version: "1"}
	welcome, err := c.Initialize(ctx, hello)
	if err != nil {
		return err
	}
	say("The server answers: %s %s, protocol %s\n", welcome.ServerInfo.Name, welcome.ServerInfo.Version, welcome.ProtocolVersion)

	tools, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return err
	}
	say("\nIts %d tools, listed without starting a plugin:\n", len(tools.Tools))
	for _, t := range tools.Tools {
		mode := "writes"
		if t.Annotations.ReadOnlyHint != nil && *t.Annotations.ReadOnlyHint {
			mode = "reads"
		}
		say("  %-32s %s\n", t.Name, mode)
	}
	for _, s := range steps() {
		if err := s.run(ctx, c); err != nil {
			return err
		}
	}
	say("\nEvery call ran in a plugin process that never held the token.\n")
	return nil
}

func steps() []step {
	return []step{
		{"Who failed to log in during the last day?", "auth0_list_logs", map[string]any{"type": "failed_login", "since": "24h", "per_page": 5}, logs},
		{"What came from 192.0.2.3?", "auth0_list_logs", map[string]any{"ip": "192.0.2.3", "per_page": 3}, logs},
	}
}

func (s step) run(ctx context.Context, c *client.Client) error {
	begun := time.Now()
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = s.tool, s.args
	result, err := c.CallTool(ctx, r)
	if err != nil {
		return fmt.Errorf("%s: %w", s.tool, err)
	}
	args, err := json.Marshal(s.args)
	if err != nil {
		return err
	}
	say("\n“%s”\n  %s %s  (%d ms)\n", s.ask, s.tool, args, time.Since(begun).Milliseconds())
	text, ok := mcp.AsTextContent(result.Content[0])
	if !ok {
		return errors.New(s.tool + " answered something other than text")
	}
	if result.IsError {
		return fmt.Errorf("%s: %s", s.tool, text.Text)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(text.Text), &answer); err != nil {
		return err
	}
	say("%s", s.show(answer))
	return nil
}

func logs(answer map[string]any) string {
	var out strings.Builder
	rows, _ := answer["logs"].([]any)
	for _, row := range rows {
		e, _ := row.(map[string]any)
		fmt.Fprintf(&out, "    %-24v  %-40v  %-15v  %v\n", e["date"], e["type_meaning"], e["ip"], e["user_name"])
	}
	return out.String()
}

func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format, args...) }
