// Command auth0-mcp-demo drives auth0-mcp as an MCP client does: it starts the
// server on the sandbox tenant, lists its tools, and makes the calls for ten
// requests of a user, showing what is sent and what comes back.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// step is one call. A step with ask begins a request of the user; those without
// belong to the one before.
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

// with makes arguments from the answer of a call before.
func with(tool string, arguments func(answer map[string]any) map[string]any) func(answers) map[string]any {
	return func(seen answers) map[string]any { return arguments(seen[tool]) }
}

func fixed(args map[string]any) func(answers) map[string]any {
	return func(answers) map[string]any { return args }
}

// steps are the ten requests.
func steps() []step { return append(settings(), code()...) }

// settings are requests about applications, APIs and what happened.
func settings() []step {
	return []step{
		{"Why did logins fail during the last day?", "auth0_list_logs",
			fixed(map[string]any{"type": "failed_login", "since": "24h", "summary": true, "per_page": 1}),
			members("summary")},
		{"Make a single-page application for the reading room.", "auth0_create_application",
			fixed(map[string]any{"name": "Reading room", "app_type": "spa",
				"callbacks": []string{"https://read.example/callback"}}),
			members("client_id", "name", "token_endpoint_auth_method", "defaults_applied")},
		{"Add a staging callback to the shop, and keep the others.", "auth0_get_application",
			fixed(map[string]any{"name": "Harbourlight Shop"}), members("client_id", "callbacks", "client_secret")},
		{"", "auth0_update_application", with("auth0_get_application", func(shop map[string]any) map[string]any {
			callbacks, _ := shop["callbacks"].([]any)
			return map[string]any{"client_id": shop["client_id"],
				"callbacks": append(slices.Clone(callbacks), "https://staging.shop.example/callback")}
		}), members("callbacks")},
		{"Tokens of the Orders API shall last an hour, and it gets a scope for exports.", "auth0_get_resource_server",
			fixed(map[string]any{"id": "Orders API"}), members("id", "token_lifetime", "scopes")},
		{"", "auth0_update_resource_server", with("auth0_get_resource_server", func(api map[string]any) map[string]any {
			scopes, _ := api["scopes"].([]any)
			return map[string]any{"id": api["id"], "token_lifetime": 3600, "scopes": append(slices.Clone(scopes),
				map[string]any{"value": "export:orders", "description": "Export orders"})}
		}), members("token_lifetime", "scopes")},
		{"What was changed today, and by whom?", "auth0_list_logs",
			fixed(map[string]any{"type": "api_operation", "since": "24h", "per_page": 4}),
			table("logs", "date", "description", "client_name")},
	}
}

// code are requests about Actions and forms.
func code() []step {
	const roles = "exports.onExecutePostLogin = async (event, api) => { api.accessToken.setCustomClaim(" +
		"'https://harbourlight.example/roles', event.authorization?.roles ?? []); };"
	return []step{
		{"Put users' roles into access tokens.", "auth0_create_action",
			fixed(map[string]any{"name": "Roles in access tokens", "code": roles,
				"supported_triggers": []map[string]any{{"id": "post-login", "version": "v3"}}}),
			members("id", "status")},
		{"", "auth0_deploy_action", fixed(map[string]any{"id": "Roles in access tokens"}), members("number", "deployed")},
		{"", "auth0_update_trigger_bindings",
			fixed(map[string]any{"trigger_id": "post-login", "add": []string{"Roles in access tokens"}}),
			table("bindings", "display_name")},
		{"Make the headings of the consent form teal.", "auth0_get_form",
			fixed(map[string]any{"id": "Marketing consent"}), members("id", "style")},
		{"", "auth0_update_form", with("auth0_get_form", func(form map[string]any) map[string]any {
			return map[string]any{"id": form["id"], "style": map[string]any{"css": "h1 { color: teal; }"}}
		}), members("style")},
		{"Show it at login.", "auth0_publish_form",
			fixed(map[string]any{"id": "Marketing consent", "render_in": "post-login"}), members("valid", "live")},
		{"Which Actions run at login, in which order?", "auth0_list_trigger_bindings",
			fixed(map[string]any{"trigger_id": "post-login"}), table("bindings", "position", "display_name")},
		{"Make a contact form with a captcha.", "auth0_create_form", fixed(contactForm()), members("id", "name")},
		{"", "auth0_get_form", fixed(map[string]any{"id": "Contact us"}), members("nodes")},
		{"", "auth0_update_form", with("auth0_get_form", withSubject), members("nodes")},
	}
}

// contactForm has a secret, which no answer shows and no edit loses.
func contactForm() map[string]any {
	captcha := map[string]any{"site_key": "6Lc-site", "secret_key": "6Lc-secret-of-nobody"} //nolint:gosec // invented
	return map[string]any{"name": "Contact us", "start": map[string]any{"next_node": "ask"},
		"nodes": []any{map[string]any{"id": "ask", "type": "STEP", "config": map[string]any{"next_node": "$ending",
			"components": []any{
				map[string]any{"id": "robot", "category": "WIDGET", "type": "RECAPTCHA", "config": captcha},
				map[string]any{"id": "go_on", "category": "BLOCK", "type": "NEXT_BUTTON",
					"config": map[string]any{"text": "Send"}},
			}}}}}
}

// withSubject adds a field to the contact form, as it was read.
func withSubject(form map[string]any) map[string]any {
	nodes, _ := form["nodes"].([]any)
	node, _ := nodes[0].(map[string]any)
	config, _ := node["config"].(map[string]any)
	components, _ := config["components"].([]any)
	config["components"] = slices.Insert(components, 0, any(map[string]any{"id": "subject", "category": "FIELD",
		"type": "TEXT", "label": "Subject", "config": map[string]any{"max_length": 80}}))
	return map[string]any{"id": form["id"], "nodes": nodes}
}

func (s step) run(ctx context.Context, c *client.Client, seen answers) (map[string]any, error) {
	begun := time.Now()
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = s.tool, s.args(seen)
	result, err := c.CallTool(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.tool, err)
	}
	if s.ask != "" {
		say("\n“%s”\n", s.ask)
	}
	say("  → %s %s\n  ← %d ms\n", s.tool, brief(r.Params.Arguments), time.Since(begun).Milliseconds())
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

// brief is a value as JSON, cut to some lines of a terminal.
func brief(value any) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // code is shown as it is
	if err := enc.Encode(value); err != nil {
		return err.Error()
	}
	text := strings.TrimSpace(out.String())
	const longest = 400
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format, args...) }
