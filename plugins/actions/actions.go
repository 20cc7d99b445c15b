// Package actions is the plugin for a tenant's actions.
package actions

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Plugin is the actions plugin: list, get, create, update, deploy, roll back and delete Actions, and read
// and set which of them run on a trigger.
func Plugin() sdk.Plugin {
	return plugin(auth0v1.DeployPatience())
}

const (
	listPath     = "GET /api/v2/actions/actions"
	getPath      = "GET /api/v2/actions/actions/{id}"
	triggersPath = "GET /api/v2/actions/triggers"
	bindingsPath = "GET /api/v2/actions/triggers/{trigger}/bindings"
)

func plugin(p auth0v1.Patience) sdk.Plugin {
	return sdk.Plugin{Name: "actions", Version: "0.1.0",
		Display: sdk.Display{Description: "Actions: code, versions, deployment, and the triggers that run them."},
		Tools: append([]sdk.Tool{
			sdk.NewTool("auth0_list_actions", sdk.Read, "Actions without code; bound ones run by position.",
				listActions, sdk.OutputSchema(sdk.PageSchema("actions", shape)),
				sdk.Title("List actions"), sdk.Scopes("read:actions"), sdk.Idempotent(),
				sdk.Paths(listPath, triggersPath, bindingsPath),
				sdk.Untrusted(append(written("actions[]."), "note")...)),
			sdk.NewTool("auth0_get_action", sdk.Read, "One action: its draft with code, its deployed version.",
				getAction, sdk.OutputSchema(shape),
				sdk.Title("Get action"), sdk.Scopes("read:actions"), sdk.Idempotent(),
				sdk.Paths(listPath, getPath, triggersPath, bindingsPath),
				sdk.Untrusted(append(written(""), "note")...)),
			sdk.NewTool("auth0_create_action", sdk.Write, "Create an action as a draft: auth0_deploy_action makes it live.",
				createAction, sdk.InputSchema(createSchema), sdk.OutputSchema(shape),
				sdk.Title("Create action"), sdk.Scopes("create:actions"),
				sdk.Paths("POST /api/v2/actions/actions", triggersPath), sdk.Untrusted(written("")...)),
			sdk.NewTool("auth0_update_action", sdk.Write, "Change an action's draft; the deployed version stays. A list "+
				"replaces the whole list, [] empties it.",
				updateAction, sdk.InputSchema(updateSchema), sdk.OutputSchema(shape),
				sdk.Title("Update action"), sdk.Scopes("update:actions"),
				sdk.Idempotent(),
				sdk.Paths("PATCH /api/v2/actions/actions/{id}", triggersPath, listPath, getPath), sdk.Untrusted(written("")...)),
			sdk.NewTool("auth0_deploy_action", sdk.Write, "Make an action's draft live: waits for its build and tells why it "+
				"failed, and whether it is bound.",
				deployer{p}.deployAction, sdk.Title("Deploy action"), sdk.Scopes("read:actions", "create:actions"),
				sdk.Paths(listPath, getPath, triggersPath, bindingsPath, "POST /api/v2/actions/actions/{id}/deploy",
					"GET /api/v2/actions/actions/{id}/versions", "GET /api/v2/actions/actions/{id}/versions/{version}"),
				sdk.Untrusted("action", "code", "dependencies", "secrets", "errors", "outcome", "next_step")),
			sdk.NewTool("auth0_list_trigger_bindings", sdk.Read, "The Actions bound to a trigger, in the order in which they "+
				"run.",
				listBindings, sdk.OutputSchema(sdk.PageSchema("bindings", boundShape)),
				sdk.Title("List trigger bindings"), sdk.Scopes("read:actions"), sdk.Idempotent(),
				sdk.Paths(triggersPath, bindingsPath), sdk.Untrusted("bindings[].display_name", "bindings[].action")),
			sdk.NewTool("auth0_update_trigger_bindings", sdk.Write, "Bind, unbind or reorder the Actions of a trigger: "+
				"add and remove, or the whole list.",
				updateBindings, sdk.InputSchema(updateBindingsSchema), sdk.Title("Update trigger bindings"),
				sdk.Scopes("read:actions", "update:actions"),
				sdk.Paths(listPath, getPath, triggersPath, bindingsPath, "PATCH /api/v2/actions/triggers/{trigger}/bindings"),
				sdk.Idempotent(), sdk.Untrusted("bindings[].display_name", "bindings[].action", "outcome")),
		}, resource.Tools(rows()...)...)}
}

// shape is what every answer says of an action, and boundShape of a binding: other members can be null.
const (
	shape = `{"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"}}}`

	boundShape = `{"type":"object","properties":{"position":{"type":"integer","description":"From 1 on."},` +
		`"id":{"type":"string"},"trigger_id":{"type":"string"},"display_name":{"type":"string"}}}`
)

// written are the fields of an action below prefix with the words of whoever
// wrote it, or of a module that it takes in.
func written(prefix string) []string {
	fields := []string{"name", "code", "dependencies", "secrets", "modules", "deployed_version", "integration", "errors"}
	for i := range fields {
		fields[i] = prefix + fields[i]
	}
	return fields
}

// collection is the list of actions.
func collection() auth0v1.Collection {
	return auth0v1.Collection{Path: []string{"actions", "actions"}, Items: "actions", What: "action",
		IsID: isID, Whole: true, AlwaysTotals: true}
}

type listInput struct {
	TriggerID  string `json:"trigger_id,omitempty"`
	ActionName string `json:"action_name,omitempty"`
	Deployed   *bool  `json:"deployed,omitempty"`
	auth0v1.PageOf
	auth0v1.FieldsOf
}

func (in listInput) query() url.Values {
	q := url.Values{}
	if in.TriggerID != "" {
		q.Set("triggerId", in.TriggerID)
	}
	if in.ActionName != "" {
		q.Set("actionName", in.ActionName)
	}
	if in.Deployed != nil {
		q.Set("deployed", strconv.FormatBool(*in.Deployed))
	}
	return q
}

func listActions(ctx context.Context, c *sdk.Call, in listInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	page, err := api.Page(ctx, collection(), in.PageOf, in.query())
	if in.TriggerID != "" && (refused(err) || (err == nil && len(page.Items) == 0)) {
		// A trigger that does not exist must not look like one without actions.
		if unknown := unknownTrigger(ctx, api, trigger{ID: in.TriggerID}); unknown != nil {
			return nil, unknown
		}
	}
	if err != nil {
		return nil, err
	}
	items, unread, err := newWhereBound(api).annotate(ctx, page.Items)
	if err != nil {
		return nil, err
	}
	page.Items = items
	if unread != "" {
		page = page.WithNote(unread)
	}
	return present(page, in.FieldsOf)
}

// summary is what a reader needs of an action to choose one.
var summary = []string{"id", "name", "supported_triggers", "status", "runtime", "all_changes_deployed", "updated_at",
	"deployed_version", "bound", "position"}

// members are all that a listed Action is known to have.
func members() []string {
	return append([]string{"code", "created_at", "dependencies", "secrets", "modules", "current_version", "built_at",
		"deploy", "errors", "installed_integration_id", "integration"}, summary...)
}

// present projects actions to what was asked for. The usual view keeps of the
// deployed version what identifies it: the rest repeats the code.
func present(page sdk.Page, fields auth0v1.FieldsOf) (sdk.Page, error) {
	page = fields.Project(page, members(), summary, "id", "name")
	if fields.Excludes() || slices.Contains(fields.Fields, "deployed_version") {
		return page, nil
	}
	for _, row := range page.Items {
		if err := shortenVersion(row); err != nil {
			return page, err
		}
	}
	return page, nil
}

// shortenVersion keeps of an Action's deployed version, if it has one, what identifies it.
func shortenVersion(action sdk.Object) error {
	i := slices.IndexFunc(action, func(m sdk.Member) bool { return m.Name == "deployed_version" })
	if i < 0 || string(action[i].Value) == "null" {
		return nil
	}
	var version sdk.Object
	err := json.Unmarshal(action[i].Value, &version)
	if err == nil {
		action[i].Value, err = version.Pick("id", "number", "built_at").MarshalJSON()
	}
	return err
}

type getInput struct {
	ID string `json:"id" jsonschema:"Id or exact name." schema:"min=1"`
}

// idForm is the form of an action's id. A name may have it too, so an id that is
// not found is looked up as a name.
var idForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
})

func isID(text string) bool { return idForm().MatchString(text) }

func getAction(ctx context.Context, c *sdk.Call, in getInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	action, err := findAction(ctx, api, in.ID)
	if err != nil {
		return nil, err
	}
	annotated, unread, err := newWhereBound(api).annotate(ctx, []sdk.Object{action})
	switch {
	case err != nil:
		return nil, err
	case unread != "":
		return annotated[0].With("note", unread)
	}
	return annotated[0], nil
}

// findAction is the whole Action with that id or name.
func findAction(ctx context.Context, api *auth0v1.API, key string) (sdk.Object, error) {
	raw, err := api.Find(ctx, collection(), key)
	if err != nil {
		return nil, err
	}
	var action sdk.Object
	if err := json.Unmarshal(raw, &action); err != nil {
		return nil, fmt.Errorf("Auth0 answered something other than an Action for %q: %w", key, err)
	}
	return action, nil
}

// The schemas are all that the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_create_action.json
	createSchema []byte
	//go:embed schemas/auth0_update_action.json
	updateSchema []byte
	//go:embed schemas/auth0_update_trigger_bindings.json
	updateBindingsSchema []byte
)

type trigger struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// createInput and updateInput are what the tools read of their arguments, which are sent
// as the caller wrote them.
type createInput struct {
	SupportedTriggers []trigger `json:"supported_triggers"`
	Deploy            bool      `json:"deploy"`
}

type updateInput struct {
	ID                string    `json:"id"`
	SupportedTriggers []trigger `json:"supported_triggers"`
}

func createAction(ctx context.Context, c *sdk.Call, in createInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	body, err := withDefaults(c)
	if err != nil {
		return nil, err
	}
	raw, err := api.Send(ctx, http.MethodPost, body, "actions", "actions")
	if in.Deploy {
		return draft(ctx, api, in.SupportedTriggers, raw, nextOfDeployed, err)
	}
	return draft(ctx, api, in.SupportedTriggers, raw, nextStep, err)
}

// withDefaults is the caller's arguments, and what they leave out that must not
// depend on what Auth0 takes for it: a trigger's own default runtime may be one
// that is retired.
func withDefaults(c *sdk.Call) (json.RawMessage, error) {
	var body sdk.Object
	if err := json.Unmarshal(c.Arguments(), &body); err != nil {
		return nil, err
	}
	for _, d := range []struct {
		name  string
		value any
	}{{"runtime", "node22"}, {"dependencies", []any{}}, {"secrets", []any{}}} {
		if _, given := body.Get(d.name); given {
			continue
		}
		var err error
		if body, err = body.With(d.name, d.value); err != nil {
			return nil, err
		}
	}
	return body.MarshalJSON()
}

func updateAction(ctx context.Context, c *sdk.Call, in updateInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	raw, err := api.Update(ctx, c, collection(), in.ID, "id")
	return draft(ctx, api, in.SupportedTriggers, raw, nextStep, err)
}

// nextStep is what users miss: neither a change of the draft nor a deployment
// alone makes an action run.
const nextStep = "This is the draft: auth0_deploy_action makes it live, and says how to bind it if it is not bound."

// nextOfDeployed is for a draft that Auth0 deploys by itself.
const nextOfDeployed = "Auth0 deploys this once it is built: auth0_get_action shows when it is, and whether it is " +
	"bound. auth0_update_trigger_bindings binds it."

// draft is the answer of a tool that wrote one, or why it could not.
func draft(ctx context.Context, api *auth0v1.API, triggers []trigger, raw json.RawMessage, next string,
	err error) (any, error) {
	if refused(err) {
		for _, t := range triggers {
			if unknown := unknownTrigger(ctx, api, t); unknown != nil {
				return nil, unknown
			}
		}
	}
	if err != nil {
		return nil, err
	}
	var action sdk.Object
	if err := json.Unmarshal(raw, &action); err != nil {
		return nil, fmt.Errorf("the draft was written, but Auth0 answered something other than an action: %w", err)
	}
	return action.With("next_step", next)
}

// refused reports whether Auth0 found fault with the request itself.
func refused(err error) bool { return auth0v1.Answered(err, http.StatusBadRequest) }

func notFound(err error) bool { return auth0v1.Answered(err, http.StatusNotFound) }
