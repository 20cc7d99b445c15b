// Package tenant is the plugin for the settings of an Auth0 tenant: its own, its domains, how its login pages look, and
// how it sends e-mails and phone messages.
package tenant

import (
	"context"
	_ "embed"
	"encoding/json"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// The schemas are what the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_update_tenant_settings.json
	settingsSchema []byte
	//go:embed schemas/auth0_create_custom_domain.json
	createDomainSchema []byte
	//go:embed schemas/auth0_update_custom_domain.json
	updateDomainSchema []byte
)

// Plugin is the tenant plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "tenant", Version: "0.1.0",
		Display: sdk.Display{Description: "Settings, custom domains, branding, prompts, and how messages are sent."},
		Tools: resource.Tools(slices.Concat(settingsTools(), domainTools(), brandingTools(), promptTools(), emailTools(),
			phoneTools())...)}
}

func settingsTools() []resource.Tool {
	const settings = "/api/v2/tenants/settings"
	object := resource.Collection{Untrusted: []string{"friendly_name", "support_email", "support_url", "picture_url",
		"error_page", "change_password", "guardian_mfa_page", "allowed_logout_urls", "default_redirection_uri"}}
	return []resource.Tool{
		{
			Name: "auth0_get_tenant_settings", Title: "Get tenant settings",
			Description: "The tenant's name, sessions, languages, flags. The HTML of its pages is left out: ask by fields.",
			Operation:   "GET " + settings, Scopes: []string{"read:tenant_settings"}, Of: object, Run: getSettings,
			Args: []resource.Arg{resource.Texts("fields", "Only these members, whole.")},
		},
		{
			Name: "auth0_update_tenant_settings", Title: "Update tenant settings",
			Description: "Change settings of the tenant. Flags that are not given stay.",
			Operation:   "PATCH " + settings, Scopes: []string{"update:tenant_settings"}, Of: object, Body: settingsSchema,
		},
	}
}

// getSettings reads all settings, because Auth0 does not filter by each of them.
func getSettings(ctx context.Context, r *resource.Request) (any, error) {
	var settings sdk.Object
	if err := r.Call.Get(ctx, &settings, "tenants", "settings"); err != nil {
		return nil, err
	}
	if fields := r.Texts("fields"); len(fields) > 0 {
		chosen := settings.Pick(fields...)
		missing := slices.DeleteFunc(fields, func(name string) bool { _, ok := settings.Get(name); return ok })
		if len(missing) > 0 {
			return chosen.With("note", "not set: "+strings.Join(missing, ", "))
		}
		return append(sdk.Object{}, chosen...), nil
	}
	var without []string
	for i, m := range settings {
		var page sdk.Object
		if !strings.HasSuffix(m.Name, "_page") && m.Name != "change_password" || json.Unmarshal(m.Value, &page) != nil ||
			page.Text("html") == "" {
			continue
		}
		shown, err := page.Without("html").MarshalJSON()
		if err != nil {
			return nil, err
		}
		settings[i].Value, without = shown, append(without, m.Name)
	}
	if len(without) > 0 {
		return settings.With("note", "without the HTML of "+strings.Join(without, ", "))
	}
	return settings, nil
}

func domainTools() []resource.Tool {
	const all, one = "/api/v2/custom-domains", "/api/v2/custom-domains/{domain}"
	domains := resource.Collection{Path: []string{"custom-domains"}, Items: "custom_domains", What: "custom domain",
		ID: "custom_domain_id", Name: "domain", IsID: resource.Prefix("cd_"), Unpaged: true, Scope: "read:custom_domains",
		Key: "Id or host name.", Show: []string{"status", "type", "is_default", "certificate"},
		Untrusted: []string{"domain_metadata", "certificate"}}
	domain, read := resource.Ref("domain", domains), []string{"read:custom_domains"}
	return []resource.Tool{
		{
			Name: "auth0_list_custom_domains", Title: "List custom domains",
			Description: "The host names at which users log in, and whether their certificates are renewed.",
			Operation:   "GET " + all, Scopes: read, Of: domains,
		},
		{
			Name: "auth0_get_custom_domain", Title: "Get custom domain",
			Description: "One custom domain, with the DNS record that proves it.",
			Operation:   "GET " + one, Scopes: read, Of: domains, Args: []resource.Arg{domain},
		},
		{
			Name: "auth0_create_custom_domain", Title: "Create custom domain",
			Description: "Register a host name. Publish the DNS record that is answered, then auth0_verify_custom_domain.",
			Operation:   "POST " + all, Scopes: []string{"create:custom_domains"}, Of: domains, Body: createDomainSchema,
		},
		{
			Name: "auth0_update_custom_domain", Title: "Update custom domain",
			Description: "Change TLS policy, client IP header, passkey domain or metadata of a custom domain.",
			Operation:   "PATCH " + one, Scopes: []string{"update:custom_domains"}, Of: domains,
			Args: []resource.Arg{domain}, Body: updateDomainSchema,
		},
		{
			Name: "auth0_verify_custom_domain", Title: "Verify custom domain",
			Description: "Look for the DNS record. Until status is ready, call it again after some minutes.",
			Operation:   "POST " + one + "/verify", Scopes: []string{"create:custom_domains"}, Of: domains,
			Args: []resource.Arg{domain}, Options: []sdk.Option{sdk.Idempotent()},
		},
		{
			Name: "auth0_delete_custom_domain", Title: "Delete custom domain",
			Description: "Delete a custom domain. Applications that log users in there stop working.",
			Operation:   "DELETE " + one, Scopes: []string{"delete:custom_domains"}, Args: []resource.Arg{domain},
		},
	}
}

// merged are the stored members with the changes, at every depth; null removes a member.
func merged(stored, changes sdk.Object) (sdk.Object, error) {
	for _, change := range changes {
		at := slices.IndexFunc(stored, func(m sdk.Member) bool { return m.Name == change.Name })
		switch {
		case string(change.Value) == "null" && at >= 0:
			stored = slices.Delete(stored, at, at+1)
			continue
		case string(change.Value) == "null":
			continue
		case at < 0:
			stored = append(stored, change)
			continue
		}
		before, errBefore := sdk.ParseObject(stored[at].Value)
		after, errAfter := sdk.ParseObject(change.Value)
		if errBefore != nil || errAfter != nil {
			stored[at].Value = change.Value // one of them is no object
			continue
		}
		inner, err := merged(before, after)
		if err != nil {
			return nil, err
		}
		if stored[at].Value, err = inner.MarshalJSON(); err != nil {
			return nil, err
		}
	}
	return append(sdk.Object{}, stored...), nil
}
