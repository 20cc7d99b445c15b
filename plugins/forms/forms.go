// Package forms is the plugin for an Auth0 tenant's forms.
package forms

import (
	"context"
	"net/http"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Plugin is the forms plugin: list, get, create, update, check, publish and delete.
func Plugin() sdk.Plugin { return plugin(auth0v1.DeployPatience()) }

func plugin(p auth0v1.Patience) sdk.Plugin {
	deletion := resource.Tool{
		Name: "auth0_delete_form", Title: "Delete form",
		Description: "Delete a form. Actions that render it fail from then on: auth0_check_form names them.",
		Operation:   "DELETE /api/v2/forms/{id}", Scopes: []string{"delete:forms"},
		Args: []resource.Arg{resource.Ref("id", collection())},
	}
	return sdk.Plugin{Name: "forms", Version: "0.1.0",
		Display: sdk.Display{Description: "Forms of login flows: check, create, change, publish."},
		Tools: append([]sdk.Tool{
			sdk.NewTool("auth0_list_forms", sdk.Read, "Forms, in summary.",
				listForms, sdk.OutputSchema(sdk.PageSchema("forms", shape)),
				sdk.Title("List forms"), sdk.Scopes("read:forms"), sdk.Paths("GET /api/v2/forms"), sdk.Idempotent(),
				sdk.Untrusted(written("forms[].")...)),
			sdk.NewTool("auth0_get_form", sdk.Read, "One form with its nodes.",
				getForm, sdk.OutputSchema(shape),
				sdk.Title("Get form"), sdk.Scopes("read:forms"), sdk.Paths("GET /api/v2/forms/{id}", "GET /api/v2/forms"),
				sdk.Idempotent(),
				sdk.Untrusted(written("")...)),
			sdk.NewTool("auth0_create_form", sdk.Write,
				"Create a form.",
				createForm, sdk.InputSchema(createSchema), sdk.OutputSchema(shape),
				sdk.Title("Create form"), sdk.Scopes("create:forms"),
				sdk.Paths("POST /api/v2/forms", "GET /api/v2/flows"),
				sdk.Untrusted(written("")...)),
			sdk.NewTool("auth0_update_form", sdk.Write,
				"Update the given members of a form, each whole: give all nodes. null clears.",
				updateForm, sdk.InputSchema(updateSchema), sdk.OutputSchema(shape),
				sdk.Title("Update form"), sdk.Scopes("update:forms"),
				sdk.Paths("PATCH /api/v2/forms/{id}", "GET /api/v2/forms", "GET /api/v2/forms/{id}"), sdk.Idempotent(),
				sdk.Untrusted(written("")...)),
			sdk.NewTool("auth0_check_form", sdk.Read,
				"Check a form, or a Dashboard export: faults, Actions that render it, what is needed first.",
				checkForm, sdk.OutputSchema(checkedShape),
				sdk.Title("Check form"), sdk.Scopes("read:forms", "read:flows", "read:actions"),
				sdk.Paths("GET /api/v2/forms/{id}", "GET /api/v2/forms", "GET /api/v2/flows/{id}", "GET /api/v2/flows",
					"GET /api/v2/actions/actions", "GET /api/v2/actions/triggers/{trigger}/bindings"), sdk.Idempotent(),
				sdk.Untrusted("name", "faults", "needs", "rendered_by", "next_steps")),
			sdk.NewTool("auth0_publish_form", sdk.Write,
				"Does what auth0_check_form does; render_in also creates, deploys and binds an Action that renders the form.",
				publisher{p}.publishForm, sdk.OutputSchema(checkedShape),
				sdk.Title("Publish form"), sdk.Scopes("read:forms", "read:flows",
					"read:actions", "create:actions", "update:actions"), sdk.Paths(
					"GET /api/v2/forms/{id}", "GET /api/v2/forms", "GET /api/v2/flows/{id}",
					"GET /api/v2/actions/actions", "GET /api/v2/actions/triggers/{trigger}/bindings",
					"GET /api/v2/actions/triggers", "POST /api/v2/actions/actions", "PATCH /api/v2/actions/actions/{id}",
					"GET /api/v2/actions/actions/{id}", "POST /api/v2/actions/actions/{id}/deploy",
					"GET /api/v2/actions/actions/{id}/versions", "GET /api/v2/actions/actions/{id}/versions/{version}",
					"PATCH /api/v2/actions/triggers/post-login/bindings"), sdk.Idempotent(),
				sdk.Untrusted("name", "faults", "rendering", "rendered_by", "next_steps")),
		}, resource.Tools(deletion)...)}
}

// shape is what every answer says of a form: other members can be null.
const shape = `{"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"}}}`

// checkedShape is a publication.
const checkedShape = `{"type":"object","properties":{"form_id":{"type":"string"},"name":{"type":"string"},` +
	`"valid":{"type":"boolean"},"faults":{"description":"Null or [] if there are none."},` +
	`"live":{"type":"boolean","description":"A deployed and bound Action renders it."}}}`

// written are the fields of a form below prefix with its author's words.
func written(prefix string) []string {
	fields := []string{"name", "description", "messages", "languages", "translations", "nodes", "start", "ending", "style"}
	for i := range fields {
		fields[i] = prefix + fields[i]
	}
	return fields
}

// formID is what Auth0's form ids look like; anything else can only be a name.
var formID = lazily(`^ap_[0-9A-Za-z]+$`)

func isFormID(id string) bool { return formID().MatchString(id) }

func collection() auth0v1.Collection {
	return auth0v1.Collection{Path: []string{"forms"}, Items: "forms", What: "form", IsID: isFormID}
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
	return in.Project(page, slices.Concat(summary, written("")), summary, "id", "name"), nil
}

type idInput struct {
	ID string `json:"id" jsonschema:"Id or exact name."`
}

func getForm(ctx context.Context, c *sdk.Call, in idInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	return api.Find(ctx, collection(), in.ID)
}

// addedByAuth0 are members of a form that no request sets. The host drops them from arguments.
var addedByAuth0 = []string{"id", "created_at", "updated_at", "embedded_at", "submitted_at", "links", "flow_count"}

func createForm(ctx context.Context, c *sdk.Call, in createInput) (any, error) {
	if in.Export != nil {
		return createFromExport(ctx, c, in.Name)
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
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	return api.Update(ctx, c, collection(), in.ID, "id")
}
