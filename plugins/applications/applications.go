// Package applications is the plugin for an Auth0 tenant's applications, which
// the Management API calls clients.
package applications

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Plugin is the applications plugin: list, get, create, update and delete applications, and rotate their secrets.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "applications", Version: "0.1.0",
		Display: sdk.Display{Description: "Applications: settings, callbacks, secrets."},
		Tools: append([]sdk.Tool{
			sdk.NewTool("auth0_list_applications", sdk.Read, "Applications (OAuth clients).",
				listApplications, sdk.OutputSchema(sdk.PageSchema("applications", shape)),
				sdk.Title("List applications"), sdk.Scopes("read:clients"), sdk.Paths("GET /api/v2/clients"),
				sdk.Idempotent(),
				sdk.Untrusted(written("applications[].")...)),
			sdk.NewTool("auth0_get_application", sdk.Read, "One application with all its settings.",
				getApplication, sdk.OutputSchema(shape), sdk.Title("Get application"), sdk.Scopes("read:clients"),
				sdk.Paths("GET /api/v2/clients", "GET /api/v2/clients/{id}"), sdk.Idempotent(), sdk.Untrusted(written("")...)),
			sdk.NewTool("auth0_create_application", sdk.Write,
				"Create an application. The answer tells which defaults were set, and where to find the hidden secret.",
				createApplication, sdk.InputSchema(createSchema), sdk.OutputSchema(shape),
				sdk.Title("Create application"), sdk.Scopes("create:clients"),
				sdk.Paths("POST /api/v2/clients"),
				sdk.Untrusted(written("")...)),
			sdk.NewTool("auth0_update_application", sdk.Write,
				"Update the given settings; null clears. Lists and objects replace the stored ones: get first to add. "+
					"Only jwt_configuration and client_metadata are merged.",
				updateApplication, sdk.InputSchema(updateSchema), sdk.OutputSchema(shape),
				sdk.Title("Update application"), sdk.Scopes("update:clients"),
				sdk.Paths("PATCH /api/v2/clients/{id}", "GET /api/v2/clients", "GET /api/v2/clients/{id}"), sdk.Idempotent(),
				sdk.Untrusted(written("")...)),
		}, resource.Tools(destroying()...)...)}
}

// destroying are the tools that cannot be undone.
func destroying() []resource.Tool {
	application := resource.Ref("client_id", collection())
	return []resource.Tool{
		{
			Name: "auth0_delete_application", Title: "Delete application",
			Description: "Delete an application with its grants: nobody can log in with it any more.",
			Operation:   "DELETE /api/v2/clients/{client_id}", Scopes: []string{"delete:clients"},
			Args: []resource.Arg{application},
		},
		{
			Name: "auth0_rotate_application_secret", Title: "Rotate application secret",
			Description: "Replace an application's secret: the old one stops working at once. The new one is hidden.",
			Operation:   "POST /api/v2/clients/{client_id}/rotate-secret", Scopes: []string{"update:client_keys"},
			Effect: sdk.Destroy, Of: resource.Collection{Untrusted: written("")}, Args: []resource.Arg{application},
		},
	}
}

// shape is what every answer says of an application: other members can be null.
const shape = `{"type":"object","properties":{"client_id":{"type":"string"},"name":{"type":"string"},` +
	`"app_type":{"description":"Such as spa, native, regular_web, non_interactive."}}}`

// written are the fields below prefix that whoever registers an application can
// write: anyone, where dynamic client registration is open. client_metadata is
// also the application's own. The rest is choices among Auth0's words, or ids.
func written(prefix string) []string {
	fields := []string{"name", "description", "logo_uri", "client_metadata", "callbacks", "web_origins", "allowed_origins",
		"allowed_logout_urls",
		"client_aliases", "initiate_login_uri", "oidc_logout", "cross_origin_loc", "external_client_id", "addons",
		"custom_login_page", "custom_login_page_preview", "form_template", "mobile"}
	for i := range fields {
		fields[i] = prefix + fields[i]
	}
	return fields
}

// collection is the API's list of applications. Its items are called clients
// there, and applications in an answer of this plugin.
func collection() auth0v1.Collection {
	return auth0v1.Collection{Path: []string{"clients"}, Items: "clients", As: "applications", What: "application",
		ID: "client_id", Brief: url.Values{"fields": {"client_id,name"}, "include_fields": {"true"}}, BriefByID: true,
		Checkpoint: true,
		Narrow:     "filter by app_type or is_first_party, or search by name"}
}

// summary is what a reader needs of an application to choose one. global marks
// the tenant's own client, "All Applications", which no user created.
var summary = []string{"client_id", "name", "description", "app_type", "is_first_party", "global", "callbacks"}

func listApplications(ctx context.Context, c *sdk.Call, in listInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	var page sdk.Page
	if in.Name == "" {
		page, err = api.Page(ctx, collection(), in.PageOf, in.query())
	} else {
		part := strings.ToLower(in.Name)
		page, err = api.Search(ctx, collection(), in.PageOf, in.query(), func(o sdk.Object) bool {
			return strings.Contains(strings.ToLower(o.Text("name")), part)
		})
	}
	if err != nil {
		return nil, err
	}
	return in.Project(page, members(), summary, "client_id", "name"), nil
}

// query asks the API for what the answer shows and no more: a client secret that
// is not asked for does not reach this process. An exclusion is left to the
// projection, which keeps what tells items apart.
func (in listInput) query() url.Values {
	query := url.Values{}
	if in.AppType != "" {
		query.Set("app_type", in.AppType)
	}
	if in.IsFirstParty != nil {
		query.Set("is_first_party", strconv.FormatBool(*in.IsFirstParty))
	}
	if in.Excludes() {
		return query
	}
	known := slices.DeleteFunc(slices.Clone(in.Fields),
		func(name string) bool { return !slices.Contains(members(), name) })
	fields, include := slices.Concat(summary, known), true
	if slices.ContainsFunc(known, func(name string) bool { return !slices.Contains(askable(), name) }) {
		// All but the secrets that were not asked for.
		fields = slices.DeleteFunc(secret(), func(name string) bool { return slices.Contains(known, name) })
		include = false
	}
	query.Set("fields", strings.Join(fields, ","))
	query.Set("include_fields", strconv.FormatBool(include))
	return query
}

func getApplication(ctx context.Context, c *sdk.Call, in getInput) (any, error) {
	if (in.ClientID == "") == (in.Name == "") {
		return nil, sdk.InvalidArgument("give client_id or name: exactly one of them says which application is meant")
	}
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	if in.ClientID != "" {
		return api.Find(ctx, collection(), in.ClientID)
	}
	named, err := api.ByName(ctx, collection(), in.Name)
	if err != nil {
		return nil, err
	}
	return api.Get(ctx, nil, "clients", named.Text("client_id"))
}

func createApplication(ctx context.Context, c *sdk.Call, in createInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	var given sdk.Object
	if err := json.Unmarshal(c.Arguments(), &given); err != nil {
		return nil, err
	}
	body, applied, err := withDefaults(given, in)
	if err != nil {
		return nil, err
	}
	created, err := send(ctx, api, http.MethodPost, body, "clients")
	if err != nil {
		return nil, err
	}
	if created, err = report(created, applied); err != nil {
		return nil, err
	}
	return withSecretAccess(created, c.Domain())
}

func updateApplication(ctx context.Context, c *sdk.Call, in updateInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	given, err := sdk.ParseObject(c.Arguments())
	if err != nil {
		return nil, err
	}
	// The caller's own value wins, false and null included.
	if _, decided := given.Get(skipPrompt); decided || !slices.ContainsFunc(in.Callbacks, nonVerifiable) {
		return api.Update(ctx, c, collection(), in.ClientID, "client_id")
	}
	raw, err := api.FindPart(ctx, collection(), in.ClientID,
		url.Values{"fields": {"client_id,callbacks," + skipPrompt}, "include_fields": {"true"}})
	if auth0v1.Answered(err, http.StatusForbidden) {
		// What is stored is not known, so nothing is set that was not asked for.
		return api.Update(ctx, c, collection(), in.ClientID, "client_id")
	}
	if err != nil {
		return nil, err
	}
	applied, id, err := promptFor(raw, in.Callbacks)
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = in.ClientID
	}
	updated, err := send(ctx, api, http.MethodPatch, append(given.Without("client_id"), applied...), "clients", id)
	if err != nil {
		return nil, err
	}
	return report(updated, applied)
}

// send sends a body and reads the application that the API answers with.
func send(ctx context.Context, api *auth0v1.API, method string, body sdk.Object, segments ...string) (sdk.Object,
	error) {
	raw, err := body.MarshalJSON()
	if err != nil {
		return nil, err
	}
	answer, err := api.Send(ctx, method, raw, segments...)
	if err != nil {
		return nil, err
	}
	var application sdk.Object
	if err := json.Unmarshal(answer, &application); err != nil {
		return nil, fmt.Errorf("%s %s was done, but its answer is not an application: %w", method,
			strings.Join(segments, "/"), err)
	}
	return application, nil
}
