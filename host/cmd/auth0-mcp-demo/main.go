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
	"text/tabwriter"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// step is one thing that a user would ask, and the call that answers it.
type step struct {
	ask  string
	tool string
	args func(seen answers) map[string]any
	show func(answer map[string]any) string
}

// answers are those of the steps so far, by tool: the next step builds on them,
// as an assistant does.
type answers map[string]map[string]any

func main() {
	if err := demo(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	// What is shown here must not stand in the user's own audit log.
	state, err := os.MkdirTemp("", "auth0-mcp-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	c, err := client.NewStdioMCPClient(server, append(os.Environ(), "XDG_STATE_HOME="+state), "run", "--sandbox",
		"--log-level", "error")
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
	say("The server answers: %s %s, protocol %s\n", welcome.ServerInfo.Name, welcome.ServerInfo.Version,
		welcome.ProtocolVersion)

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
	seen := answers{}
	for _, s := range steps() {
		answer, err := s.run(ctx, c, seen)
		if err != nil {
			return err
		}
		seen[s.tool] = answer
	}
	say("\nEvery call ran in a plugin process that never held the token.\n")
	return nil
}

func steps() []step {
	fixed := func(args map[string]any) func(answers) map[string]any {
		return func(answers) map[string]any { return args }
	}
	return []step{
		{"Who failed to log in during the last day?", "auth0_list_logs",
			fixed(map[string]any{"type": "failed_login", "since": "24h", "per_page": 3}),
			table("logs", "date", "type_meaning", "ip", "user_name")},
		{"Which single-page applications are there?", "auth0_list_applications",
			fixed(map[string]any{"app_type": "spa"}), table("applications", "name", "client_id", "description")},
		{"Make one for the new returns desk.", "auth0_create_application",
			fixed(map[string]any{"name": "Returns Desk", "app_type": "spa",
				"callbacks": []string{"http://localhost:5173/callback"}}),
			members("client_id", "name", "token_endpoint_auth_method", "defaults_applied")},
		{"It moves to production: change its callback.", "auth0_update_application",
			func(seen answers) map[string]any {
				return map[string]any{"client_id": seen["auth0_create_application"]["client_id"],
					"callbacks": []string{"https://returns.harbourlight.example/callback"}}
			}, members("client_id", "callbacks")},
		{"Which scopes has the Orders API?", "auth0_get_resource_server",
			fixed(map[string]any{"id": "https://api.harbourlight.example/orders"}),
			members("identifier", "signing_alg", "scopes")},
		{"Write an Action that greets at login.", "auth0_create_action",
			fixed(map[string]any{"name": "Greet", "supported_triggers": []map[string]any{{"id": "post-login", "version": "v3"}},
				"code": "exports.onExecutePostLogin = async (event, api) => { console.log('hello ' + event.user.name) }"}),
			members("id", "name", "status", "runtime")},
		{"Deploy it.", "auth0_deploy_action",
			func(seen answers) map[string]any { return map[string]any{"id": seen["auth0_create_action"]["id"]} },
			members("id", "number", "status", "deployed")},
		{"Which forms are there?", "auth0_list_forms", fixed(map[string]any{"per_page": 3}),
			table("forms", "id", "name", "flow_count")},
		{"Is the first one ready for users?", "auth0_check_form",
			func(seen answers) map[string]any {
				forms, _ := seen["auth0_list_forms"]["forms"].([]any)
				first, _ := forms[0].(map[string]any)
				return map[string]any{"id": first["id"]}
			}, members("name", "valid", "live", "faults")},
	}
}

func (s step) run(ctx context.Context, c *client.Client, seen answers) (map[string]any, error) {
	begun := time.Now()
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = s.tool, s.args(seen)
	result, err := c.CallTool(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.tool, err)
	}
	say("\n“%s”\n  %s %s  (%d ms)\n", s.ask, s.tool, brief(r.Params.Arguments), time.Since(begun).Milliseconds())
	text, ok := mcp.AsTextContent(result.Content[0])
	if !ok {
		return nil, errors.New(s.tool + " answered something other than text")
	}
	if result.IsError {
		return nil, fmt.Errorf("%s: %s", s.tool, text.Text)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(text.Text), &answer); err != nil {
		return nil, err
	}
	say("%s", s.show(answer))
	return answer, nil
}

// table shows some members of each item of a list.
func table(list string, columns ...string) func(map[string]any) string {
	return func(answer map[string]any) string {
		var out strings.Builder
		w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		items, _ := answer[list].([]any)
		for _, item := range items {
			row, _ := item.(map[string]any)
			for _, column := range columns {
				fmt.Fprintf(w, "\t%v", row[column])
			}
			fmt.Fprintln(w)
		}
		_ = w.Flush() // into memory
		return out.String()
	}
}

// members shows some members of an answer.
func members(names ...string) func(map[string]any) string {
	return func(answer map[string]any) string {
		var out strings.Builder
		for _, name := range names {
			if value, ok := answer[name]; ok {
				fmt.Fprintf(&out, "    %s: %s\n", name, brief(value))
			}
		}
		return out.String()
	}
}

// brief is a value as JSON, cut to a line of a terminal.
func brief(value any) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // code is shown as it is
	if err := enc.Encode(value); err != nil {
		return err.Error()
	}
	text := strings.TrimSpace(out.String())
	if runes := []rune(text); len(runes) > 140 {
		return string(runes[:139]) + "…"
	}
	return text
}

func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format, args...) }
