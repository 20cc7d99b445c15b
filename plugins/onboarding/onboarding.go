// Package onboarding is the plugin that connects a user's project with an application of the tenant: it tells the
// project's framework, makes the application, has the host save the credentials, and says what is left to do.
package onboarding

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Plugin is the onboarding plugin.
func Plugin() sdk.Plugin {
	const list, one = "GET /api/v2/clients", "GET /api/v2/clients/{id}"
	display := sdk.Display{Description: "Your project: its application, its credentials, and how to add login."}
	return sdk.Plugin{Name: "onboarding", Version: "0.1.0", Display: display, Tools: []sdk.Tool{
		sdk.NewTool("auth0_onboarding", sdk.Write,
			"Connect the user's project with Auth0: find its framework, create the application or take the one that this tool "+
				"made before, and save the credentials into the project's env file. Answers with the guide for the code.",
			onboard, sdk.Title("Onboard project"), sdk.Scopes("create:clients", "read:clients", "update:clients",
				"read:client_keys"),
			sdk.Paths(list, one, "POST /api/v2/clients", "PATCH /api/v2/clients/{id}"),
			sdk.Files(root), sdk.Reads(reads()...), sdk.PutsSecrets(), sdk.Idempotent(), sdk.Untrusted("configured_urls")),
		sdk.NewTool("auth0_save_credentials_to_file", sdk.Write,
			"Save an application's credentials, or values behind markers, into the project's env file. The answer does "+
				"not show them.",
			save, sdk.Title("Save credentials to a file"), sdk.Scopes("read:clients", "read:client_keys"),
			sdk.Paths(list, one), sdk.Files(root), sdk.Reads(reads()...), sdk.PutsSecrets(), sdk.Idempotent(),
			sdk.Untrusted("message")),
		sdk.NewTool("auth0_get_quickstart_guide", sdk.Read,
			"How to add login to a project with the SDK of its framework, with the values of an application filled in.",
			guide, sdk.Title("Get quickstart guide"), sdk.Scopes("read:clients"), sdk.Paths(list, one),
			sdk.Reads(reads()...), sdk.Idempotent(), sdk.Untrusted("missing_urls")),
	}}
}

// Place says where a project is and where it listens, in the input of a tool.
type Place struct {
	Framework   string `json:"framework,omitempty" jsonschema:"Such as react or nextjs; default: found in the project."`
	ProjectPath string `json:"project_path,omitempty" jsonschema:"--project-root, or a folder below it."`
	BaseURL     string `json:"base_url,omitempty" jsonschema:"Origin of the app; default: localhost over http, with its port."`
	Port        int    `json:"port,omitempty" schema:"min=1,max=65535" jsonschema:"Default: found in the project."`
}

// NativeApp are the arguments about a native application, in the input of a tool.
type NativeApp struct {
	AppPackageName string `json:"app_package_name,omitempty" jsonschema:"Package name or bundle id; default: found."`
	Auth0Scheme    string `json:"auth0_scheme,omitempty" jsonschema:"Lower-case scheme of the callback; default: the id."`
}

type onboardInput struct {
	AppName string `json:"app_name"`
	Place
	NativeApp
}

type onboardAnswer struct {
	ClientID    string `json:"client_id"`
	Application string `json:"application"` // created or reused
	Domain      string `json:"domain"`
	Framework   string `json:"framework"`
	FoundBy     string `json:"found_by"`
	AppType     string `json:"app_type"`
	Configured  URLs   `json:"configured_urls"`
	// SavedTo and Keys are absent where the framework reads no env file.
	SavedTo         string         `json:"credentials_saved_to,omitempty"`
	Keys            []string       `json:"keys_written,omitempty"`
	DefaultsApplied map[string]any `json:"defaults_applied,omitempty"`
	NextSteps       []string       `json:"next_steps"`
	Guide           string         `json:"guide"`
}

func onboard(ctx context.Context, c *sdk.Call, in onboardInput) (onboardAnswer, error) {
	var out onboardAnswer
	p, err := look(ctx, c, in.ProjectPath, in.Framework)
	if err != nil {
		return out, err
	}
	at, err := p.locate(c.Domain(), in.Place, in.NativeApp)
	if err != nil {
		return out, err
	}
	name := strings.TrimSpace(in.AppName)
	if name == "" {
		return out, sdk.InvalidArgument("app_name: want a name that a user recognizes")
	}
	app, err := existing(ctx, c, name, p.framework)
	if err != nil {
		return out, err
	}
	out = onboardAnswer{Application: "reused", Domain: c.Domain(), Framework: p.name, FoundBy: p.evidence,
		AppType: p.appType, Configured: at.URLs}
	made := app == nil
	if made {
		out.Application = "created"
		if app, out.DefaultsApplied, err = create(ctx, c, name, p.framework, at.URLs); err != nil {
			return out, err
		}
	}
	out.ClientID = app.ClientID
	if p.env != "" {
		written, err := c.SetEnv(ctx, sdk.EnvFile{Root: root, Path: p.path(p.env),
			Variables: variables(p.variables, c, at, app.ClientID)})
		if err != nil {
			return out, takeBack(ctx, c, app, made, err)
		}
		out.SavedTo, out.Keys = written.Path, written.Variables
	}
	if !made {
		if err := register(ctx, c, app, at.URLs); err != nil {
			return out, err
		}
	}
	out.Guide = p.guide(c.Domain(), app.ClientID, at)
	out.NextSteps = p.nextSteps(out.SavedTo)
	return out, nil
}

// nextSteps are what is left to do.
func (p *project) nextSteps(saved string) []string {
	steps := []string{"Follow the guide in the project's code."}
	if saved != "" {
		steps = append(steps, "Do not read or print "+saved+": it can hold secrets, and the program reads it by itself.")
	}
	if p.appType != native {
		steps = append(steps, "Before the app goes live, add its own URLs with auth0_update_application.")
	}
	return steps
}

// madeBy is the member of an application's metadata by which onboarding knows what it made, and for which framework.
const madeBy = "auth0_mcp_onboarding"

// application is what is read of one.
type application struct {
	ClientID string            `json:"client_id"`
	Name     string            `json:"name"`
	Method   string            `json:"token_endpoint_auth_method"`
	Metadata map[string]string `json:"client_metadata"`
	URLs
}

// read takes an application from what Auth0 answered.
func read(answer json.Marshaler) (*application, error) {
	raw, err := answer.MarshalJSON()
	var app application
	if err == nil {
		err = json.Unmarshal(raw, &app)
	}
	if err != nil {
		return nil, fmt.Errorf("an application that Auth0 answered cannot be read: %w", err)
	}
	return &app, nil
}

// parts are the members of an application that are read: no secret is asked for.
func parts() url.Values {
	return url.Values{"include_fields": {"true"}, "fields": {"client_id,name,token_endpoint_auth_method,client_metadata," +
		"callbacks,allowed_logout_urls,web_origins"}}
}

// existing is the application with a name that this tool made before; nil: there is none. One with the name that it
// did not make is an error: a user who meant it says so.
func existing(ctx context.Context, c *sdk.Call, name string, f framework) (*application, error) {
	found, complete, err := resource.Applications().Filter(ctx, c, parts(), func(o sdk.Object) bool {
		return o.Text("name") == name
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, o := range found {
		app, err := read(o)
		if err != nil {
			return nil, err
		}
		ids = append(ids, app.ClientID)
		if len(found) == 1 && app.Metadata[madeBy] == f.name {
			return app, nil
		}
	}
	switch {
	case len(found) > 0:
		return nil, sdk.FailedPrecondition("the tenant has an application %q (%s) that auth0_onboarding did not make for "+
			"%s: give another app_name, or connect that one with auth0_save_credentials_to_file and auth0_get_quickstart_guide",
			name, strings.Join(ids, ", "), f.title)
	case !complete:
		return nil, sdk.FailedPrecondition("the tenant has more applications than can be searched for %q: create one with "+
			"auth0_create_application, then use auth0_save_credentials_to_file and auth0_get_quickstart_guide", name)
	}
	return nil, nil
}

// skipPrompt spares users a question that Auth0 asks before it sends them to a device's own address.
const skipPrompt = "skip_non_verifiable_callback_uri_confirmation_prompt"

// create makes the application. defaults are the settings that no one asked for.
func create(ctx context.Context, c *sdk.Call, name string, f framework, u URLs) (app *application,
	defaults map[string]any, err error) {
	method := "client_secret_post"
	if f.appType != web {
		method = "none"
	}
	defaults = map[string]any{"oidc_conformant": true, "token_endpoint_auth_method": method,
		"jwt_configuration": map[string]any{"alg": "RS256", "lifetime_in_seconds": 36000},
		"grant_types":       []string{"authorization_code", "refresh_token"}}
	if slices.ContainsFunc(u.Callbacks, nonVerifiable) {
		defaults[skipPrompt] = true
	}
	body := map[string]any{"name": name, "app_type": f.appType, "callbacks": u.Callbacks,
		"allowed_logout_urls": u.Logout, "client_metadata": map[string]string{madeBy: f.name}}
	if len(u.Origins) > 0 {
		body["web_origins"] = u.Origins
	}
	for member, value := range defaults {
		body[member] = value
	}
	if err := c.Send(ctx, http.MethodPost, &app, body, "clients"); err != nil {
		return nil, nil, err
	}
	if app == nil || app.ClientID == "" {
		return nil, nil, fmt.Errorf("Auth0 created %q and answered without a client_id: see auth0_list_applications", name)
	}
	return app, defaults, nil
}

// takeBack deletes an application that this call has made, because the rest failed.
func takeBack(ctx context.Context, c *sdk.Call, app *application, made bool, because error) error {
	if !made || c.DryRun() {
		return because
	}
	if err := c.Send(ctx, http.MethodDelete, nil, nil, "clients", app.ClientID); err != nil {
		return sdk.Partly(fmt.Sprintf("The application %s was created and could not be deleted again (%v): call this tool "+
			"again when that is fixed, which takes the same application, or delete it", app.ClientID, err), because)
	}
	return sdk.Partly("The application that had been created was deleted again", because)
}

// register adds the URLs that an application lacks.
func register(ctx context.Context, c *sdk.Call, app *application, u URLs) error {
	missing := app.lacks(u)
	body := map[string]any{}
	for _, list := range []struct {
		member string
		has    []string
		more   []string
	}{{"callbacks", app.Callbacks, missing.Callbacks}, {"allowed_logout_urls", app.Logout, missing.Logout},
		{"web_origins", app.Origins, missing.Origins}} {
		if len(list.more) > 0 {
			body[list.member] = slices.Concat(list.has, list.more)
		}
	}
	if len(body) == 0 {
		return nil
	}
	return c.Send(ctx, http.MethodPatch, nil, body, "clients", app.ClientID)
}
