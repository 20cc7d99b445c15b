// Package flows is the plugin for flows: the steps that a form runs between its pages, the connections to services
// that they use, and how they ran.
package flows

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// The schemas are what the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_create_flow.json
	createSchema []byte
	//go:embed schemas/auth0_update_flow.json
	updateSchema []byte
	//go:embed schemas/auth0_create_flow_vault_connection.json
	createConnectionSchema []byte
	//go:embed schemas/auth0_update_flow_vault_connection.json
	updateConnectionSchema []byte
)

// Plugin is the flows plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "flows", Version: "0.1.0",
		Display: sdk.Display{Description: "Flows of forms, their connections to other services, and how they ran."},
		Tools:   resource.Tools(slices.Concat(flowTools(), connectionTools(), executionTools())...)}
}

const one = "/api/v2/flows/{flow}"

func flows() resource.Collection {
	return resource.Collection{Path: []string{"flows"}, Items: "flows", What: "flow", Scope: "read:flows",
		IsID: resource.Prefix("af_"), Untrusted: []string{"name", "description", "actions"}}
}

func flowTools() []resource.Tool {
	flow := resource.Ref("flow", flows())
	return []resource.Tool{
		{
			Name: "auth0_list_flows", Title: "List flows",
			Description: "The flows, with the number of forms that use each.",
			Operation:   "GET /api/v2/flows", Scopes: []string{"read:flows"}, Of: flows(),
			Query: func(*resource.Request) (url.Values, error) { return url.Values{"hydrate": {"form_count"}}, nil },
		},
		{
			Name: "auth0_get_flow", Title: "Get flow", Description: "One flow with its actions.",
			Operation: "GET " + one, Scopes: []string{"read:flows"}, Of: flows(), Args: []resource.Arg{flow},
		},
		{
			Name: "auth0_create_flow", Title: "Create flow",
			Description: "Create a flow. A form runs it in a node of type FLOW: auth0_update_form.",
			Operation:   "POST /api/v2/flows", Scopes: []string{"create:flows"}, Of: flows(), Body: createSchema,
		},
		{
			Name: "auth0_update_flow", Title: "Update flow",
			Description: "Change a flow. actions are replaced whole: begin with those of auth0_get_flow.",
			Operation:   "PATCH " + one, Scopes: []string{"update:flows"}, Of: flows(), Args: []resource.Arg{flow},
			Body: updateSchema,
		},
		{
			Name: "auth0_delete_flow", Title: "Delete flow",
			Description: "Delete a flow. Forms that use it fail: see form_count in auth0_list_flows.",
			Operation:   "DELETE " + one, Scopes: []string{"delete:flows"}, Args: []resource.Arg{flow},
		},
	}
}

func connectionTools() []resource.Tool {
	const all, one = "/api/v2/flows/vault/connections", "/api/v2/flows/vault/connections/{connection}"
	connections := resource.Collection{Path: []string{"flows", "vault", "connections"}, Items: "connections",
		As: "flow_vault_connections", What: "vault connection", Scope: "read:flows_vault_connections",
		IsID: resource.Prefix("ac_"), Untrusted: []string{"name", "account_name"}}
	connection, read := resource.Ref("connection", connections), []string{"read:flows_vault_connections"}
	return []resource.Tool{
		{
			Name: "auth0_list_flow_vault_connections", Title: "List flow vault connections",
			Description: "The services that flows can call, without their credentials.",
			Operation:   "GET " + all, Scopes: read, Of: connections,
		},
		{
			Name: "auth0_get_flow_vault_connection", Title: "Get flow vault connection",
			Description: "One connection of flows to a service.",
			Operation:   "GET " + one, Scopes: read, Of: connections, Args: []resource.Arg{connection},
		},
		{
			Name: "auth0_create_flow_vault_connection", Title: "Create flow vault connection",
			Description: "Let flows call a service. Without setup, a person enters the credentials in the dashboard.",
			Operation:   "POST " + all, Scopes: []string{"create:flows_vault_connections"}, Of: connections,
			Body: createConnectionSchema,
		},
		{
			Name: "auth0_update_flow_vault_connection", Title: "Update flow vault connection",
			Description: "Rename a connection of flows, or give it other credentials.",
			Operation:   "PATCH " + one, Scopes: []string{"update:flows_vault_connections"}, Of: connections,
			Args: []resource.Arg{connection}, Body: updateConnectionSchema,
		},
		{
			Name: "auth0_delete_flow_vault_connection", Title: "Delete flow vault connection",
			Description: "Delete a connection of flows. Actions that use it fail.",
			Operation:   "DELETE " + one, Scopes: []string{"delete:flows_vault_connections"},
			Args: []resource.Arg{connection},
		},
	}
}

func executionTools() []resource.Tool {
	const all = one + "/executions"
	executions := resource.Collection{Items: "executions", As: "flow_executions", What: "execution", Checkpoint: true,
		Show:      []string{"status", "journey_id", "started_at", "ended_at"},
		Untrusted: []string{"debug", "trace_id", "journey_id"}}
	flow := resource.Ref("flow", flows())
	execution := resource.Text("execution", "Its id, as in auth0_list_flow_executions.")
	return []resource.Tool{
		{
			Name: "auth0_list_flow_executions", Title: "List flow executions",
			Description: "How a flow ran lately.",
			Operation:   "GET " + all, Scopes: []string{"read:flows_executions"}, Of: executions,
			Args: []resource.Arg{flow},
		},
		{
			Name: "auth0_get_flow_execution", Title: "Get flow execution",
			Description: "One execution of a flow; debug shows what each action took and answered.",
			Operation:   "GET " + all + "/{execution}", Scopes: []string{"read:flows_executions"}, Of: executions,
			Args: []resource.Arg{flow, execution, resource.Flag("debug", "")}, Run: getExecution,
		},
		{
			Name: "auth0_delete_flow_execution", Title: "Delete flow execution",
			Description: "Delete the record of an execution.",
			Operation:   "DELETE " + all + "/{execution}", Scopes: []string{"delete:flows_executions"},
			Args: []resource.Arg{flow, execution},
		},
	}
}

func getExecution(ctx context.Context, r *resource.Request) (any, error) {
	var query url.Values
	if r.Flag("debug") {
		query = url.Values{"hydrate": {"debug"}}
	}
	var answer json.RawMessage
	err := r.Send(ctx, "GET "+one+"/executions/{execution}", query, &answer, nil)
	return answer, err
}
