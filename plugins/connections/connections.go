// Package connections is the plugin for an Auth0 tenant's connections: where users come from, which applications they
// can log in to, and how their accounts are provisioned.
package connections

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// createSchema and updateSchema are what the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_create_connection.json
	createSchema []byte
	//go:embed schemas/auth0_update_connection.json
	updateSchema []byte
)

// Requests of tools that send several.
const (
	one        = "/api/v2/connections/{connection}"
	useClients = "PATCH " + one + "/clients"
)

// Plugin is the connections plugin.
func Plugin() sdk.Plugin {
	connection := resource.Ref("connection", resource.Connections())
	return sdk.Plugin{Name: "connections", Version: "0.1.0",
		Display: sdk.Display{Description: "Connections: where users come from, which applications use them, provisioning."},
		Tools: resource.Tools(slices.Concat(itself(connection),
			applicationTools(connection), scimTools(connection), directoryTools(connection))...)}
}

// written are the members of a connection that others choose.
func written() []string {
	return []string{"name", "display_name", "options", "metadata", "realms"}
}

// itself are the tools for a connection by itself.
func itself(connection resource.Arg) []resource.Tool {
	list := resource.Connections()
	list.Show, list.Untrusted = []string{"id", "name", "strategy", "display_name"}, written()
	object := resource.Collection{Untrusted: written()}
	return []resource.Tool{
		{
			Name: "auth0_list_connections", Title: "List connections",
			Description: "Where users come from: databases, social and enterprise connections.",
			Operation:   "GET /api/v2/connections", Scopes: []string{"read:connections"}, Of: list,
			Args: []resource.Arg{resource.Texts("strategy", "Such as auth0, samlp.")},
		},
		{
			Name: "auth0_get_connection", Title: "Get connection", Description: "One connection with its options.",
			Operation: "GET " + one, Scopes: []string{"read:connections"}, Of: object, Args: []resource.Arg{connection},
		},
		{
			Name: "auth0_create_connection", Title: "Create connection",
			Description: "Create a connection. Next: auth0_update_connection_applications, so that it can be used.",
			Operation:   "POST /api/v2/connections", Scopes: []string{"create:connections"}, Of: object,
			Body: createSchema,
		},
		{
			Name: "auth0_update_connection", Title: "Update connection",
			Description: "Change a connection. Options that are not given stay; null removes one.",
			Operation:   "PATCH " + one, Also: []string{"GET " + one},
			Scopes: []string{"update:connections", "read:connections"}, Of: object, Args: []resource.Arg{connection},
			Body: updateSchema, Run: update,
		},
		{
			Name: "auth0_delete_connection", Title: "Delete connection",
			Description: "Delete a connection and all of its users. See auth0_list_connection_applications first.",
			Operation:   "DELETE " + one, Scopes: []string{"delete:connections"}, Args: []resource.Arg{connection},
		},
	}
}

// update sends all options, because Auth0 replaces them whole.
func update(ctx context.Context, r *resource.Request) (any, error) {
	body := r.Body()
	if len(body) == 0 {
		return nil, sdk.InvalidArgument("nothing to update: give at least one setting that can be changed")
	}
	if r.Has("options") {
		var stored struct {
			Options sdk.Object `json:"options"`
		}
		if err := r.Send(ctx, "GET "+one, nil, &stored, nil); err != nil {
			return nil, err
		}
		var changes sdk.Object
		r.Read("options", &changes)
		options, err := json.Marshal(merged(stored.Options, changes))
		if err != nil {
			return nil, err
		}
		for i := range body {
			if body[i].Name == "options" {
				body[i].Value = options
			}
		}
	}
	var answer json.RawMessage
	err := r.Send(ctx, "PATCH "+one, nil, &answer, body)
	return answer, err
}

// merged are the stored members with the changes; null removes one.
func merged(stored, changes sdk.Object) sdk.Object {
	for _, change := range changes {
		at := slices.IndexFunc(stored, func(m sdk.Member) bool { return m.Name == change.Name })
		switch {
		case string(change.Value) == "null" && at >= 0:
			stored = slices.Delete(stored, at, at+1)
		case string(change.Value) == "null":
		case at >= 0:
			stored[at].Value = change.Value
		default:
			stored = append(stored, change)
		}
	}
	return append(sdk.Object{}, stored...)
}

func applicationTools(connection resource.Arg) []resource.Tool {
	return []resource.Tool{
		{
			Name: "auth0_list_connection_applications", Title: "List connection applications",
			Description: "The applications that users of a connection can log in to.",
			Operation:   "GET " + one + "/clients", Also: []string{"GET /api/v2/clients"},
			Scopes: []string{"read:connections", "read:clients"},
			Of: resource.Collection{Items: "clients", As: "applications", What: "application", ID: "client_id",
				CheckpointOnly: true, Untrusted: []string{"name"}},
			Args: []resource.Arg{connection}, Present: withNames,
		},
		{
			Name: "auth0_update_connection_applications", Title: "Update connection applications",
			Description: "Enable a connection for applications (add), disable it for others (remove).",
			Operation:   useClients, Scopes: []string{"update:connections"}, Run: enable,
			Of: resource.Collection{Untrusted: []string{"connection.name"}},
			Args: []resource.Arg{connection, resource.Refs("add", resource.Applications()),
				resource.Refs("remove", resource.Applications())},
		},
	}
}

// withNames adds the applications' names, which the list lacks.
func withNames(ctx context.Context, r *resource.Request, page sdk.Page) (sdk.Page, error) {
	all := resource.Applications()
	found, _, err := all.Filter(ctx, r.Call, url.Values{"fields": {"client_id,name"}, "include_fields": {"true"}},
		func(application sdk.Object) bool {
			return slices.ContainsFunc(page.Items, func(item sdk.Object) bool {
				return item.Text("client_id") == application.Text("client_id")
			})
		})
	if err != nil {
		return page, err
	}
	for i, item := range page.Items {
		for _, application := range found {
			if application.Text("client_id") == item.Text("client_id") {
				if page.Items[i], err = item.With("name", application.Text("name")); err != nil {
					return page, err
				}
			}
		}
	}
	return page, nil
}

func enable(ctx context.Context, r *resource.Request) (any, error) {
	type status struct {
		ClientID string `json:"client_id"`
		Status   bool   `json:"status"`
	}
	added, removed := r.Texts("add"), r.Texts("remove")
	var body []status
	for _, id := range added {
		body = append(body, status{id, true})
	}
	for _, id := range removed {
		body = append(body, status{id, false})
	}
	if len(body) == 0 {
		return nil, sdk.InvalidArgument("nothing to change: give add, remove, or both")
	}
	if err := r.Send(ctx, useClients, nil, nil, body); err != nil {
		return nil, err
	}
	return r.Edited(len(added), len(removed))
}
