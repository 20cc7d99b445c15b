package tenant

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

var (
	//go:embed schemas/auth0_set_email_provider.json
	emailProviderSchema []byte
	//go:embed schemas/auth0_update_email_template.json
	emailTemplateSchema []byte
	//go:embed schemas/auth0_set_phone_provider.json
	phoneProviderSchema []byte
)

const (
	emailProvider  = "/api/v2/emails/provider"
	emailTemplates = "/api/v2/email-templates"
	emailTemplate  = emailTemplates + "/{template}"
	phoneProviders = "/api/v2/branding/phone/providers"
	phoneTemplates = "/api/v2/branding/phone/templates"
)

// templates are the names of all e-mail templates: Auth0 has no list of them.
func templates() []string {
	return []string{"verify_email", "verify_email_by_code", "auth_email_by_code", "reset_email", "reset_email_by_code",
		"welcome_email", "blocked_account", "stolen_credentials", "enrollment_email", "mfa_oob_code", "user_invitation",
		"change_password", "password_reset", "async_approval"}
}

func emailTools() []resource.Tool {
	provider := resource.Collection{Untrusted: []string{"default_from_address", "settings", "credentials"}}
	template := resource.Collection{Untrusted: []string{"body", "from", "subject", "resultUrl"}}
	name := resource.Choice("template", "", templates()...)
	return []resource.Tool{
		{
			Name: "auth0_get_email_provider", Title: "Get email provider",
			Description: "Who sends the tenant's e-mails. 404: Auth0 itself, for tests only.",
			Operation:   "GET " + emailProvider, Scopes: []string{"read:email_provider"}, Of: provider, Run: getEmailProvider,
		},
		{
			Name: "auth0_set_email_provider", Title: "Set email provider",
			Description: "Choose who sends the tenant's e-mails, or change it. For another provider give name and credentials.",
			Operation:   "PATCH " + emailProvider, Also: []string{"GET " + emailProvider, "POST " + emailProvider},
			Scopes: []string{"update:email_provider", "create:email_provider", "read:email_provider"}, Of: provider,
			Body: emailProviderSchema, Run: setEmailProvider,
		},
		{
			Name: "auth0_delete_email_provider", Title: "Delete email provider",
			Description: "Delete the e-mail provider. Auth0 then sends few e-mails, from an address of its own.",
			Operation:   "DELETE " + emailProvider, Scopes: []string{"delete:email_provider"}, Of: provider,
		},
		{
			Name: "auth0_list_email_templates", Title: "List email templates",
			Description: "The e-mail templates that the tenant has of its own. Others are Auth0's.",
			Operation:   "GET " + emailTemplate, Scopes: []string{"read:email_templates"}, Run: listEmailTemplates,
			Of: resource.Collection{Untrusted: []string{"email_templates[].from", "email_templates[].subject", "note"}},
		},
		{
			Name: "auth0_get_email_template", Title: "Get email template", Description: "One e-mail template.",
			Operation: "GET " + emailTemplate, Scopes: []string{"read:email_templates"}, Of: template,
			Args: []resource.Arg{name},
		},
		{
			Name: "auth0_update_email_template", Title: "Update email template",
			Description: "Change an e-mail template, or make one in place of Auth0's: then give from, subject and body.",
			Operation:   "PATCH " + emailTemplate, Also: []string{"GET " + emailTemplate, "POST " + emailTemplates},
			Scopes: []string{"update:email_templates", "create:email_templates", "read:email_templates"}, Of: template,
			Args: []resource.Arg{name}, Body: emailTemplateSchema, Run: updateEmailTemplate,
		},
	}
}

func getEmailProvider(ctx context.Context, r *resource.Request) (any, error) {
	var answer json.RawMessage
	err := r.Send(ctx, "GET "+emailProvider, url.Values{"include_fields": {"true"},
		"fields": {"name,enabled,default_from_address,credentials,settings"}}, &answer, nil)
	return answer, err
}

// setEmailProvider creates the provider, or changes the one that there is.
func setEmailProvider(ctx context.Context, r *resource.Request) (any, error) {
	return setOnce(ctx, r, "GET "+emailProvider, "POST "+emailProvider, "PATCH "+emailProvider, nil)
}

// updateEmailTemplate changes a template, or makes it: then with what Auth0 wants to be told and callers leave out.
func updateEmailTemplate(ctx context.Context, r *resource.Request) (any, error) {
	return setOnce(ctx, r, "GET "+emailTemplate, "POST "+emailTemplates, "PATCH "+emailTemplate,
		func(body sdk.Object) (sdk.Object, error) {
			body, err := body.With("template", r.Text("template"))
			if err == nil && !r.Has("syntax") {
				body, err = body.With("syntax", "liquid")
			}
			if err == nil && !r.Has("enabled") {
				body, err = body.With("enabled", true)
			}
			return body, err
		})
}

// setOnce changes what exists once, or creates it, with what complete adds.
func setOnce(ctx context.Context, r *resource.Request, get, create, update string,
	complete func(sdk.Object) (sdk.Object, error)) (any, error) {
	body, operation := r.Body(), update
	if len(body) == 0 {
		return nil, sdk.InvalidArgument("nothing to change: give at least one setting")
	}
	err := r.Send(ctx, get, nil, nil, nil)
	if resource.Absent(err) {
		operation, err = create, nil
		if complete != nil {
			body, err = complete(body)
		}
	}
	if err != nil {
		return nil, err
	}
	var answer json.RawMessage
	err = r.Send(ctx, operation, nil, &answer, body)
	return answer, err
}

// listEmailTemplates asks for each template.
func listEmailTemplates(ctx context.Context, r *resource.Request) (any, error) {
	list := sdk.Page{Name: "email_templates", Size: len(templates())}
	for _, name := range templates() {
		var template sdk.Object
		err := r.Call.Get(ctx, &template, "email-templates", name)
		switch {
		case resource.Absent(err):
			continue
		case err != nil:
			return nil, err
		}
		list.Items = append(list.Items, template.Pick("template", "enabled", "subject", "from"))
	}
	list.Total = len(list.Items)
	return list, nil
}

func phoneTools() []resource.Tool {
	providers := resource.Collection{Path: []string{"branding", "phone", "providers"}, Items: "providers",
		As: "phone_providers", What: "phone provider", IsID: resource.Prefix("pro_"), Unpaged: true,
		Scope: "read:phone_providers", Show: []string{"disabled", "configuration"}, Untrusted: []string{"configuration"}}
	messages := resource.Collection{Path: []string{"branding", "phone", "templates"}, Items: "templates",
		As: "phone_templates", What: "phone template", Name: "type", Unpaged: true, Show: []string{"disabled", "content"},
		Untrusted: []string{"content"}}
	return []resource.Tool{
		{
			Name: "auth0_list_phone_providers", Title: "List phone providers",
			Description: "Who sends the tenant's text messages and calls.",
			Operation:   "GET " + phoneProviders, Scopes: []string{"read:phone_providers"}, Of: providers,
		},
		{
			Name: "auth0_set_phone_provider", Title: "Set phone provider",
			Description: "Choose who sends text messages and calls, or change it; configuration that is not given stays.",
			Operation:   "POST " + phoneProviders, Also: []string{"GET " + phoneProviders, "PATCH " + phoneProviders + "/{id}"},
			Scopes: []string{"create:phone_providers", "update:phone_providers", "read:phone_providers"},
			Of:     resource.Collection{Untrusted: providers.Untrusted}, Body: phoneProviderSchema, Run: setPhoneProvider,
			Options: []sdk.Option{sdk.Idempotent()},
		},
		{
			Name: "auth0_delete_phone_provider", Title: "Delete phone provider",
			Description: "Delete a phone provider: its messages are not sent any more.",
			Operation:   "DELETE " + phoneProviders + "/{provider}", Scopes: []string{"delete:phone_providers"},
			Args: []resource.Arg{resource.Ref("provider", providers)},
		},
		{
			Name: "auth0_list_phone_templates", Title: "List phone templates",
			Description: "The texts of phone messages that the tenant has of its own.",
			Operation:   "GET " + phoneTemplates, Scopes: []string{"read:phone_templates"}, Of: messages,
		},
		{
			Name: "auth0_set_phone_template", Title: "Set phone template",
			Description: "Change the texts of a kind of phone message; what is not given stays.",
			Operation:   "POST " + phoneTemplates, Also: []string{"GET " + phoneTemplates, "PATCH " + phoneTemplates + "/{id}"},
			Scopes: []string{"create:phone_templates", "update:phone_templates", "read:phone_templates"},
			Of:     resource.Collection{Untrusted: messages.Untrusted}, Run: setPhoneTemplate,
			Args: []resource.Arg{resource.Choice("type", "", "otp_verify", "otp_enroll", "change_password", "blocked_account",
				"password_breach").Required(),
				resource.Text("text", "Liquid, such as {{ code }}."), resource.Text("voice", "What a call says."),
				resource.Text("from", "Number or sender id."), resource.Flag("disabled", "")},
			Options: []sdk.Option{sdk.Idempotent()},
		},
	}
}

// named is the item of a list whose member has a value; nil: there is none.
func named(ctx context.Context, r *resource.Request, path, items, member string) (sdk.Object, error) {
	var list sdk.Object
	if err := r.Send(ctx, "GET "+path, nil, &list, nil); err != nil {
		return nil, err
	}
	all, err := list.Objects(items)
	if at := slices.IndexFunc(all, func(o sdk.Object) bool { return o.Text(member) == r.Text(member) }); at >= 0 {
		return all[at], err
	}
	return nil, err
}

// setPhoneProvider creates the provider of a name, or changes it: Auth0 replaces its configuration whole.
func setPhoneProvider(ctx context.Context, r *resource.Request) (any, error) {
	stored, err := named(ctx, r, phoneProviders, "providers", "name")
	if err != nil {
		return nil, err
	}
	body := r.Body()
	var answer json.RawMessage
	if stored == nil {
		err = r.Send(ctx, "POST "+phoneProviders, nil, &answer, body)
		return answer, err
	}
	if body = body.Without("name"); len(body) == 0 {
		return nil, sdk.InvalidArgument("nothing to change: besides name, give at least one setting")
	}
	if body, err = withStored(stored, body, "configuration"); err != nil {
		return nil, err
	}
	err = r.Call.Send(ctx, http.MethodPatch, &answer, body, "branding", "phone", "providers", stored.Text("id"))
	return answer, err
}

// setPhoneTemplate creates the template of a type, or changes it: Auth0 replaces both texts.
func setPhoneTemplate(ctx context.Context, r *resource.Request) (any, error) {
	body, err := phoneMessage(r)
	if err != nil {
		return nil, err
	}
	stored, err := named(ctx, r, phoneTemplates, "templates", "type")
	if err != nil {
		return nil, err
	}
	var answer json.RawMessage
	if stored == nil {
		if body, err = body.With("type", r.Text("type")); err != nil {
			return nil, err
		}
		err = r.Send(ctx, "POST "+phoneTemplates, nil, &answer, body)
		return answer, err
	}
	var content sdk.Object
	if value, ok := stored.Get("content"); ok {
		if content, err = sdk.ParseObject(value); err != nil {
			return nil, err
		}
	}
	// The syntax cannot be changed.
	if stored, err = stored.Without("content").With("content", content.Without("syntax")); err != nil {
		return nil, err
	}
	if body, err = withStored(stored, body, "content"); err != nil {
		return nil, err
	}
	err = r.Call.Send(ctx, http.MethodPatch, &answer, body, "branding", "phone", "templates", stored.Text("id"))
	return answer, err
}

// phoneMessage is the body that the arguments make.
func phoneMessage(r *resource.Request) (sdk.Object, error) {
	given := r.Body()
	body, texts := given.Pick("disabled"), given.Pick("text", "voice")
	content := given.Pick("from")
	var err error
	if len(texts) > 0 {
		if content, err = content.With("body", texts); err != nil {
			return nil, err
		}
	}
	if len(content) > 0 {
		body, err = body.With("content", content)
	}
	if len(body) == 0 {
		return nil, sdk.InvalidArgument("nothing to change: besides type, give text, voice, from or disabled")
	}
	return body, err
}

// withStored are the changes, with an object's stored members that they do not have.
func withStored(stored, changes sdk.Object, member string) (sdk.Object, error) {
	given, ok := changes.Get(member)
	kept, has := stored.Get(member)
	if !ok || !has {
		return changes, nil
	}
	before, err := sdk.ParseObject(kept)
	if err != nil {
		return nil, err
	}
	after, err := sdk.ParseObject(given)
	if err != nil {
		return nil, err
	}
	whole, err := merged(before, after)
	if err != nil {
		return nil, err
	}
	return changes.Without(member).With(member, whole)
}
