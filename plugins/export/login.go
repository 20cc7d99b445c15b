package export

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// loginKinds are what users see when they log in: pages, branding, prompts, forms and their flows.
func loginKinds() []kind {
	return []kind{
		{name: "pages", scope: "read:tenant_settings", paths: []string{"GET /api/v2/tenants/settings"},
			load: (*exporter).pages, files: pageFiles("pages/")},
		{name: "branding", scope: "read:branding",
			paths: []string{"GET /api/v2/branding", "GET /api/v2/branding/templates/universal-login"},
			load:  single("branding", "", "branding"), item: "GET /api/v2/branding",
			files: (*exporter).brandingFiles, resource: "auth0_branding"},
		{name: "themes", scope: "read:branding", paths: []string{"GET /api/v2/branding/themes/default"},
			load: (*exporter).themes, writes: []string{"POST /api/v2/branding/themes"}, files: oneFile("themes/"),
			resource: "auth0_branding_theme"},
		{name: "prompts", scope: "read:prompts", paths: []string{"GET /api/v2/prompts"},
			load: single("prompts", "", "prompts"), writes: []string{"PATCH /api/v2/prompts"}, files: oneFile("prompts/"),
			resource: "auth0_prompt"},
		{name: "forms", scope: "read:forms",
			paths: []string{"GET /api/v2/forms", "GET /api/v2/forms/{id}", "GET /api/v2/flows"},
			load:  whole(collection("forms", "forms"), "flow_id", collection("flows", "flows")),
			item:  "GET /api/v2/forms/{id}", writes: []string{"POST /api/v2/forms"}, files: oneFile("forms/"),
			resource: "auth0_form"},
		{name: "flows", scope: "read:flows",
			paths: []string{"GET /api/v2/flows", "GET /api/v2/flows/{id}", "GET /api/v2/flows/vault/connections"},
			load:  whole(collection("flows", "flows"), "connection_id", vaultConnections()),
			item:  "GET /api/v2/flows/{id}", writes: []string{"POST /api/v2/flows"}, files: oneFile("flows/"),
			resource: "auth0_flow"},
		{name: "flow-vault-connections", scope: "read:flows_vault_connections",
			paths: []string{"GET /api/v2/flows/vault/connections"}, load: list(vaultConnections(), "id", "name"),
			files: (*exporter).vaultConnectionFile, resource: "auth0_flow_vault_connection"},
	}
}

func vaultConnections() auth0v1.Collection {
	return collection("connections", "flows", "vault", "connections")
}

// pageNames are what auth0-deploy-cli calls the pages that are settings of the tenant.
func pageNames() map[string]string {
	return map[string]string{"change_password": "password_reset", "error_page": "error_page",
		"guardian_mfa_page": "guardian_multifactor"}
}

// pages are the tenant's, but for the login page of Classic Login.
func (x *exporter) pages(ctx context.Context) ([]named, error) {
	settings, err := single("tenant", "", "tenants", "settings")(x, ctx)
	if err != nil {
		return nil, err
	}
	var all []named
	for _, member := range slices.Sorted(maps.Keys(pageNames())) {
		if page, ok := settings[0].object[member].(map[string]any); ok {
			name := pageNames()[member]
			page["name"] = name
			all = append(all, named{name, name, page})
		}
	}
	return all, nil
}

// tenantFile leaves the pages to files of their own.
func (*exporter) tenantFile(_ context.Context, o map[string]any, stem string) ([]file, error) {
	for member := range pageNames() {
		delete(o, member)
	}
	return jsonFile(stem+".json", o)
}

// pageFiles are a page's settings and its HTML: auth0-deploy-cli passes over a page without HTML.
func pageFiles(folder string) func(*exporter, context.Context, map[string]any, string) ([]file, error) {
	return func(_ *exporter, _ context.Context, o map[string]any, stem string) ([]file, error) {
		page := file{folder + stem + ".html", []byte(text(o, "html"))}
		o["html"] = "./" + stem + ".html"
		files, err := jsonFile(folder+stem+".json", o)
		return append(files, page), err
	}
}

// brandingFiles are the settings, and the page around the login box if the tenant has one of its own.
func (x *exporter) brandingFiles(ctx context.Context, o map[string]any, stem string) ([]file, error) {
	files, err := jsonFile("branding/"+stem+".json", o)
	if err != nil {
		return nil, err
	}
	found, err := x.get(ctx, "branding", "templates", "universal-login")
	switch {
	case auth0v1.Answered(err, http.StatusNotFound):
		return files, nil
	case auth0v1.Answered(err, http.StatusForbidden):
		x.lack(gap{Kind: "templates of branding", Why: "Auth0 answered 403 Forbidden"})
		return files, nil
	case err != nil:
		return nil, err
	}
	page, isText := found.(string)
	if template, ok := found.(map[string]any); ok && !isText {
		page = text(template, "body")
	}
	const name = "universal_login"
	settings, err := jsonFile("branding/templates/"+name+".json",
		map[string]any{"template": name, "body": "./" + name + ".html"})
	return slices.Concat(files, settings, []file{{"branding/templates/" + name + ".html", []byte(page)}}), err
}

// themes is the one theme that a tenant has.
func (x *exporter) themes(ctx context.Context) ([]named, error) {
	found, err := single("theme", "", "branding", "themes", "default")(x, ctx)
	for i, theme := range found {
		found[i].id = text(theme.object, "themeId")
	}
	return found, err
}

// whole loads objects with what their list leaves out. Ids under member, of objects of another list, become names.
func whole(c auth0v1.Collection, member string,
	of auth0v1.Collection) func(*exporter, context.Context) ([]named, error) {
	return func(x *exporter, ctx context.Context) ([]named, error) {
		all, err := list(c, "id", "name")(x, ctx)
		if err != nil || x.out.Format == terraform {
			return all, err
		}
		names := x.namesOf(ctx, of, "id")
		for i, o := range all {
			found, err := single(o.name, "", append(slices.Clip(c.Path), o.id)...)(x, ctx)
			if err != nil {
				return nil, err
			}
			all[i].object = found[0].object
			rename(all[i].object, member, names)
		}
		return all, nil
	}
}

// namesOf are the names of a list's items by their ids, as far as a name means one of them. Without them, ids are used.
func (x *exporter) namesOf(ctx context.Context, c auth0v1.Collection, id string) map[string]string {
	all, err := list(c, id, "name")(x, ctx)
	if err != nil {
		return nil
	}
	count, names := map[string]int{}, map[string]string{}
	for _, o := range all {
		count[o.name]++
	}
	for _, o := range all {
		if count[o.name] == 1 {
			names[o.id] = o.name
		}
	}
	return names
}

// rename puts names in place of the ids that members of that name hold, at every depth.
func rename(value any, member string, names map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			if id, ok := inner.(string); ok && name == member && names[id] != "" {
				value[name] = names[id]
				continue
			}
			rename(inner, member, names)
		}
	case []any:
		for _, item := range value {
			rename(item, member, names)
		}
	}
}

func (*exporter) vaultConnectionFile(_ context.Context, o map[string]any, stem string) ([]file, error) {
	kept := map[string]any{"name": o["name"], "app_id": o["app_id"]}
	return jsonFile("flow-vault-connections/flow-vault-connections/"+stem+".json", kept)
}
