// Package management is the plugin for the whole Management API: five tools that find, describe and call each of
// Auth0's operations, by what package managementapi knows of them.
package management

import (
	"encoding/json"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// The tools' names, which answers and errors name too.
const (
	searchTool   = "auth0_api_search"
	describeTool = "auth0_api_describe"
	readTool     = "auth0_api_read"
	writeTool    = "auth0_api_write"
	destroyTool  = "auth0_api_destroy"
)

// Plugin is the management plugin. Its tools declare no paths, because they may call every operation: the host holds
// each request against the operation's effect.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "management", Version: "0.1.0",
		Display: sdk.Display{Description: "The whole Management API: find an operation and call it."},
		Tools: []sdk.Tool{
			sdk.NewTool(searchTool, sdk.Read, "Find operations of the Management API by everyday words, such as \"reset mfa\".",
				search, sdk.Title("Search the Management API"), sdk.Idempotent(), sdk.Untrusted("query")),
			sdk.NewTool(describeTool, sdk.Read,
				"Parameters, body, answer, scopes and an example of an operation. Ask before calling it.",
				describe, sdk.Title("Describe an operation"), sdk.Idempotent(), sdk.Untrusted("query")),
			sdk.NewTool(readTool, sdk.Read, "Call a GET operation. Lists: items, next_cursor.",
				read, sdk.InputSchema(schemaOf(readSchema)), sdk.Title("Read from the Management API"), sdk.Idempotent()),
			sdk.NewTool(writeTool, sdk.Write, "Call an operation that creates or changes.",
				write(sdk.Write), sdk.InputSchema(schemaOf(changeSchema)), sdk.Title("Write to the Management API")),
			sdk.NewTool(destroyTool, sdk.Destroy, "Call an operation that deletes, revokes, rotates or cannot be undone.",
				write(sdk.Destroy), sdk.InputSchema(schemaOf(changeSchema)), sdk.Title("Delete by the Management API")),
		}}
}

// How the arguments of the calling tools differ.
const (
	readSchema = `,"fields":{"type":"array","items":{"type":"string"},"description":"Members to show of each item."},` +
		`"limit":{"type":"integer","minimum":1,"maximum":100,"description":"Items per page."},` +
		`"cursor":{"type":"string","description":"next_cursor of the page before."}`
	changeSchema = `,"body":{"anyOf":[{"type":"object","additionalProperties":true},{"type":"array","items":{}}],` +
		`"fold":true,"description":"An object, or an array where auth0_api_describe shows one."}` +
		`,"fields":{"type":"array","items":{"type":"string"},"description":"Members of the answer to show."}`
)

func schemaOf(more string) []byte {
	return []byte(`{"type":"object","properties":{` +
		`"operation":{"type":"string","description":"As found: \"GET /api/v2/users/{id}\"."},` +
		`"path":{"type":"object","additionalProperties":true,"description":"Its path parameters, unescaped."},` +
		`"query":{"type":"object","additionalProperties":true,"description":"Its query parameters."}` + more +
		`},"required":["operation"],"additionalProperties":false}`)
}

// input is what the calling tools take.
type input struct {
	Operation string                     `json:"operation"`
	Path      map[string]json.RawMessage `json:"path,omitempty"`
	Query     map[string]json.RawMessage `json:"query,omitempty"`
	Body      json.RawMessage            `json:"body,omitempty"`
	Fields    []string                   `json:"fields,omitempty"`
	Limit     int                        `json:"limit,omitempty"`
	Cursor    string                     `json:"cursor,omitempty"`
}
