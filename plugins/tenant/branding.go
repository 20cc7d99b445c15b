package tenant

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

var (
	//go:embed schemas/auth0_update_branding.json
	brandingSchema []byte
	//go:embed schemas/auth0_update_branding_theme.json
	themeSchema []byte
	//go:embed schemas/auth0_set_prompt_texts.json
	textsSchema []byte
)

const (
	texts    = "/api/v2/prompts/{prompt}/custom-text/{language}"
	branding = "/api/v2/branding"
	themes   = branding + "/themes"
	theme    = themes + "/{theme}"
	page     = branding + "/templates/universal-login"
)

func brandingTools() []resource.Tool {
	read, write := []string{"read:branding"}, []string{"update:branding"}
	object := resource.Collection{Untrusted: []string{"logo_url", "favicon_url", "font"}}
	return []resource.Tool{
		{
			Name: "auth0_get_branding", Title: "Get branding",
			Description: "Logo, colors and font of the login pages, and the theme of Universal Login.",
			Operation:   "GET " + branding, Also: []string{"GET " + themes + "/default"}, Scopes: read, Run: getBranding,
			Of: resource.Collection{Untrusted: []string{"branding", "theme"}},
		},
		{
			Name: "auth0_update_branding", Title: "Update branding",
			Description: "Change logo, favicon, colors, font. A theme goes before them: auth0_update_branding_theme.",
			Operation:   "PATCH " + branding, Scopes: write, Of: object, Body: brandingSchema,
		},
		{
			Name: "auth0_update_branding_theme", Title: "Update branding theme",
			Description: "Change the theme of Universal Login; what is not given stays. Without one, give all parts of it.",
			Operation:   "PATCH " + theme, Also: []string{"GET " + themes + "/default", "POST " + themes},
			Scopes: []string{"update:branding", "read:branding"}, Body: themeSchema, Run: updateTheme,
			Of: resource.Collection{Untrusted: []string{"displayName", "fonts", "page_background", "widget"}},
		},
		{
			Name: "auth0_delete_branding_theme", Title: "Delete branding theme",
			Description: "Delete the theme of Universal Login, which then looks as auth0_update_branding says.",
			Operation:   "DELETE " + theme, Also: []string{"GET " + themes + "/default"},
			Scopes: []string{"delete:branding", "read:branding"}, Run: deleteTheme,
			Of: resource.Collection{Untrusted: []string{"theme.name"}},
		},
		{
			Name: "auth0_get_login_page_template", Title: "Get login page template",
			Description: "The HTML around the login box of Universal Login. 404: the tenant has none of its own.",
			Operation:   "GET " + page, Scopes: read, Of: resource.Collection{Untrusted: []string{"body"}},
		},
		{
			Name: "auth0_set_login_page_template", Title: "Set login page template",
			Description: "Replace the HTML around the login box of Universal Login.",
			Operation:   "PUT " + page, Scopes: write, Of: resource.Collection{Untrusted: []string{"body"}},
			Args: []resource.Arg{resource.Text("template",
				"Liquid, with {%- auth0:head -%} and {%- auth0:widget -%}.").Required()},
		},
		{
			Name: "auth0_delete_login_page_template", Title: "Delete login page template",
			Description: "Go back to Auth0's page around the login box.",
			Operation:   "DELETE " + page, Scopes: []string{"delete:branding"},
			Of: resource.Collection{Untrusted: []string{"body"}},
		},
	}
}

func getBranding(ctx context.Context, r *resource.Request) (any, error) {
	var answer struct {
		Branding json.RawMessage `json:"branding"`
		Theme    json.RawMessage `json:"theme"`
	}
	if err := r.Call.Get(ctx, &answer.Branding, "branding"); err != nil {
		return nil, err
	}
	err := r.Call.Get(ctx, &answer.Theme, "branding", "themes", "default")
	if resource.Absent(err) {
		return answer, nil
	}
	return answer, err
}

// updateTheme sends the whole theme, because Auth0 takes nothing less.
func updateTheme(ctx context.Context, r *resource.Request) (any, error) {
	changes := r.Body()
	if len(changes) == 0 {
		return nil, sdk.InvalidArgument("nothing to update: give at least one setting that can be changed")
	}
	var stored sdk.Object
	var answer json.RawMessage
	err := r.Call.Get(ctx, &stored, "branding", "themes", "default")
	switch {
	case resource.Absent(err):
		err = r.Send(ctx, "POST "+themes, nil, &answer, changes)
		return answer, err
	case err != nil:
		return nil, err
	}
	whole, err := merged(stored.Without("themeId"), changes)
	if err != nil {
		return nil, err
	}
	err = r.Call.Send(ctx, http.MethodPatch, &answer, whole, "branding", "themes", stored.Text("themeId"))
	return answer, err
}

func deleteTheme(ctx context.Context, r *resource.Request) (any, error) {
	var stored sdk.Object
	if err := r.Call.Get(ctx, &stored, "branding", "themes", "default"); err != nil {
		return nil, err
	}
	id := stored.Text("themeId")
	if err := r.Call.Send(ctx, http.MethodDelete, nil, nil, "branding", "themes", id); err != nil {
		return nil, err
	}
	deleted := map[string]string{"id": id, "name": stored.Text("displayName")}
	return map[string]any{"result": "deleted", "theme": deleted}, nil
}

func promptTools() []resource.Tool {
	const prompts = "/api/v2/prompts"
	read, write := []string{"read:prompts"}, []string{"update:prompts"}
	settings := resource.Collection{Untrusted: []string{"note"}}
	one := resource.Collection{Untrusted: []string{"texts"}}
	prompt := resource.Text("prompt", "Such as login, signup, mfa-otp, common.")
	language := resource.Text("language", "Such as en, fr-CA.")
	return []resource.Tool{
		{
			Name: "auth0_get_prompt_settings", Title: "Get prompt settings",
			Description: "Whether Universal Login is used, and whether it asks for the identifier first.",
			Operation:   "GET " + prompts, Scopes: read, Of: settings,
		},
		{
			Name: "auth0_update_prompt_settings", Title: "Update prompt settings",
			Description: "Change how users are asked to log in.",
			Operation:   "PATCH " + prompts, Scopes: write, Of: settings,
			Args: []resource.Arg{resource.Choice("universal_login_experience", "", "new", "classic"),
				resource.Flag("identifier_first", "Ask for the identifier, then for the password."),
				resource.Flag("webauthn_platform_first_factor", "Log in with the device's biometrics.")},
		},
		{
			Name: "auth0_get_prompt_texts", Title: "Get prompt texts",
			Description: "The tenant's own texts of a prompt in a language, by screen. Others are Auth0's.",
			Operation:   "GET " + texts, Scopes: read, Of: one, Run: getTexts, Args: []resource.Arg{prompt, language},
		},
		{
			Name: "auth0_set_prompt_texts", Title: "Set prompt texts",
			Description: "Change texts of a prompt in a language. Own texts that are not given stay.",
			Operation:   "PUT " + texts, Also: []string{"GET " + texts}, Scopes: []string{"update:prompts", "read:prompts"},
			Of: one, Run: setTexts, Args: []resource.Arg{prompt, language}, Body: textsSchema,
		},
	}
}

func getTexts(ctx context.Context, r *resource.Request) (any, error) {
	var answer struct {
		Texts sdk.Object `json:"texts"`
	}
	err := r.Send(ctx, "GET "+texts, nil, &answer.Texts, nil)
	return answer, err
}

// setTexts sends all own texts, because Auth0 replaces them whole.
func setTexts(ctx context.Context, r *resource.Request) (any, error) {
	var stored, changes sdk.Object
	if err := r.Send(ctx, "GET "+texts, nil, &stored, nil); err != nil {
		return nil, err
	}
	r.Read("texts", &changes)
	all, err := merged(stored, changes)
	if err != nil {
		return nil, err
	}
	if err := r.Send(ctx, "PUT "+texts, nil, nil, all); err != nil {
		return nil, err
	}
	return map[string]any{"texts": all}, nil
}
