// Package forms is the plugin for an Auth0 tenant's forms.
package forms

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// Plugin is the forms plugin: list, get, create, update and publish.
func Plugin() sdk.Plugin { return plugin(auth0v1.DeployPatience()) }

func plugin(p auth0v1.Patience) sdk.Plugin {
	return sdk.Plugin{Name: "forms", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool("auth0_list_forms", sdk.Read, "Forms, in summary.",
			listForms, sdk.Title("List forms"), sdk.Scopes("read:forms"), sdk.Paths("GET /api/v2/forms"), sdk.Idempotent(),
			sdk.Untrusted(written("forms[].")...)),
		sdk.NewTool("auth0_get_form", sdk.Read, "One form with its nodes.",
			getForm, sdk.Title("Get form"), sdk.Scopes("read:forms"), sdk.Paths("GET /api/v2/forms/{id}", "GET /api/v2/forms"),
			sdk.Idempotent(),
			sdk.Untrusted(written("")...)),
		sdk.NewTool("auth0_create_form", sdk.Write,
			"Creates a form. next_node and fallback name a node's id or $ending. A config takes its type's members only.",
			createForm, sdk.Title("Create form"), sdk.Scopes("create:forms"), sdk.Paths("POST /api/v2/forms"),
			sdk.Untrusted(written("")...)),
		sdk.NewTool("auth0_update_form", sdk.Write,
			"Changes a form. Each argument replaces the old value whole: give all nodes. null clears.",
			updateForm, sdk.Title("Update form"), sdk.Scopes("update:forms"),
			sdk.Paths("PATCH /api/v2/forms/{id}", "GET /api/v2/forms", "GET /api/v2/forms/{id}"),
			sdk.Idempotent(),
			sdk.Untrusted(written("")...)),
		sdk.NewTool("auth0_publish_form", sdk.Write,
			"Checks a form: its faults, Actions that render it, next steps. render_in makes, deploys and binds such an "+
				"Action (needs create:actions, update:actions); else nothing changes.",
			publisher{p}.publishForm, sdk.Title("Publish form"), sdk.Scopes("read:forms", "read:flows",
				"read:actions"), sdk.Paths(
				"GET /api/v2/forms/{id}", "GET /api/v2/forms", "GET /api/v2/flows/{id}",
				"GET /api/v2/actions/actions", "GET /api/v2/actions/triggers/{trigger}/bindings",
				"GET /api/v2/actions/triggers", "POST /api/v2/actions/actions", "PATCH /api/v2/actions/actions/{id}",
				"GET /api/v2/actions/actions/{id}", "POST /api/v2/actions/actions/{id}/deploy",
				"GET /api/v2/actions/actions/{id}/versions", "GET /api/v2/actions/actions/{id}/versions/{version}",
				"PATCH /api/v2/actions/triggers/post-login/bindings"), sdk.Idempotent(),
			sdk.Untrusted("name", "faults", "rendering", "rendered_by", "next_steps")),
	}}
}

// written are the fields of a form below prefix with its author's words.
func written(prefix string) []string {
	fields := []string{"name", "messages", "languages", "translations", "nodes", "start", "ending", "style"}
	for i := range fields {
		fields[i] = prefix + fields[i]
	}
	return fields
}

// formID is what Auth0's form ids look like; anything else can only be a name.
var formID = regexp.MustCompile(`^ap_[0-9A-Za-z]+$`)

func collection() auth0v1.Collection {
	return auth0v1.Collection{Path: []string{"forms"}, Items: "forms", What: "form", IDForm: formID}
}

type listInput struct {
	auth0v1.PageOf
	auth0v1.FieldsOf
}

// summary is all that the API's list knows of a form.
var summary = []string{"id", "name", "flow_count", "created_at", "updated_at", "embedded_at", "submitted_at"}

func listForms(ctx context.Context, c *sdk.Call, in listInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	page, err := api.Page(ctx, collection(), in.PageOf, nil)
	if err != nil {
		return nil, err
	}
	return in.Project(page, nil, summary, "id", "name"), nil
}

type idInput struct {
	ID string `json:"id" jsonschema:"Id or name."`
}

func getForm(ctx context.Context, c *sdk.Call, in idInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	return find(ctx, api, in.ID)
}

// find is the whole form with that id or, failing that, that name.
func find(ctx context.Context, api *auth0v1.API, idOrName string) (json.RawMessage, error) {
	return api.Find(ctx, collection(), idOrName)
}

// missing reports whether Auth0 answered that a thing does not exist.
func missing(err error) bool {
	var status *sdk.APIError
	return errors.As(err, &status) && status.StatusCode == http.StatusNotFound
}

func createForm(ctx context.Context, c *sdk.Call, _ createInput) (any, error) {
	if err := checkNodes(c.Arguments()); err != nil {
		return nil, err
	}
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	body, err := c.Body()
	if err != nil {
		return nil, err
	}
	return api.Send(ctx, http.MethodPost, body, "forms")
}

func updateForm(ctx context.Context, c *sdk.Call, in updateInput) (any, error) {
	if err := checkNodes(c.Arguments()); err != nil {
		return nil, err
	}
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	return api.Update(ctx, c, collection(), in.ID, "id")
}
