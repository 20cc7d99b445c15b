package export

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// ownApplications are all but the tenant's global client.
func (x *exporter) ownApplications(ctx context.Context) ([]named, error) {
	all, err := list(clients(), "client_id", "name")(x, ctx)
	return slices.DeleteFunc(all, func(o named) bool { return o.object["global"] == true }), err
}

// ownAPIs are all but Auth0's.
func (x *exporter) ownAPIs(ctx context.Context) ([]named, error) {
	all, err := list(collection("resource_servers", "resource-servers"), "id", "name")(x, ctx)
	return slices.DeleteFunc(all, func(o named) bool { return o.object["is_system"] == true }), err
}

// clientGrants are called after their application and API.
func (x *exporter) clientGrants(ctx context.Context) ([]named, error) {
	all, err := list(collection("client_grants", "client-grants"), "id", "audience")(x, ctx)
	for i, o := range all {
		all[i].name = x.application(text(o.object, "client_id")) + "-" + o.name
	}
	return all, err
}

func (x *exporter) grantFile(_ context.Context, o map[string]any, stem string) ([]file, error) {
	o["client_id"] = x.application(text(o, "client_id"))
	return jsonFile("grants/"+stem+".json", o)
}

// connectionFiles are one file, or a folder with the scripts of a database.
func (x *exporter) connectionFiles(_ context.Context, o map[string]any, stem string) ([]file, error) {
	if ids, ok := o["enabled_clients"].([]any); ok {
		names := []string{}
		for _, id := range ids {
			if id, isText := id.(string); isText {
				names = append(names, x.application(id))
			}
		}
		slices.Sort(names)
		o["enabled_clients"] = names
	}
	if o["strategy"] != "auth0" {
		return jsonFile("connections/"+stem+".json", o)
	}
	folder := "database-connections/" + stem + "/"
	var files []file
	options, _ := o["options"].(map[string]any)
	scripts, _ := options["customScripts"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		code, isText := scripts[name].(string)
		if !isText {
			continue
		}
		script := safe(name) + ".js"
		files = append(files, file{folder + script, []byte(code)})
		scripts[name] = "./" + script
	}
	database, err := jsonFile(folder+"database.json", o)
	return append(files, database...), err
}

func (x *exporter) roleFile(ctx context.Context, o map[string]any, stem string) ([]file, error) {
	permissions, _, err := x.api.Filter(ctx, auth0v1.Collection{Path: []string{"roles", text(o, "id"), "permissions"},
		Items: "permissions", What: "permissions"}, nil, all)
	if err != nil {
		return nil, err
	}
	kept := []any{}
	for _, p := range permissions {
		kept = append(kept, map[string]any{"permission_name": p.Text("permission_name"),
			"resource_server_identifier": p.Text("resource_server_identifier")})
	}
	o["permissions"] = kept
	delete(o, "id")
	return jsonFile("roles/"+stem+".json", o)
}

func (x *exporter) organizationFile(ctx context.Context, o map[string]any, stem string) ([]file, error) {
	enabled, _, err := x.api.Filter(ctx, auth0v1.Collection{
		Path:  []string{"organizations", text(o, "id"), "enabled_connections"},
		Items: "enabled_connections", What: "connections"}, nil, all)
	if auth0v1.Answered(err, http.StatusForbidden) {
		x.lack(gap{Kind: "connections of organizations", Why: "Auth0 answered 403 Forbidden",
			Scope: "read:organization_connections"})
		delete(o, "id")
		return jsonFile("organizations/"+stem+".json", o)
	}
	if err != nil {
		return nil, err
	}
	connections := []any{}
	for _, c := range enabled {
		raw, err := c.Without("connection_id").MarshalJSON()
		if err != nil {
			return nil, err
		}
		v, err := decode(raw)
		if err != nil {
			return nil, err
		}
		one := v.(map[string]any)
		if connection, ok := one["connection"].(map[string]any); ok {
			one["name"] = connection["name"]
			delete(one, "connection")
		}
		connections = append(connections, one)
	}
	o["connections"] = connections
	delete(o, "id")
	return jsonFile("organizations/"+stem+".json", o)
}

// actionFiles are an Action's settings and its code. The API gives no values of its secrets.
func (x *exporter) actionFiles(_ context.Context, o map[string]any, stem string) ([]file, error) {
	code := text(o, "code")
	path := "actions/" + stem + "/code.js"
	settings := map[string]any{"code": "./" + path, "deployed": o["all_changes_deployed"]}
	for _, name := range []string{"name", "runtime", "status", "dependencies", "supported_triggers", "modules"} {
		if v, ok := o[name]; ok {
			settings[name] = v
		}
	}
	secrets := []any{}
	held, _ := o["secrets"].([]any)
	for _, s := range held {
		if secret, ok := s.(map[string]any); ok {
			name := text(secret, "name")
			secrets = append(secrets, map[string]any{"name": name,
				"value": x.placeholders.text("actions", stem, []string{"secrets", name})})
		}
	}
	settings["secrets"] = secrets
	files, err := jsonFile("actions/"+stem+".json", settings)
	return append(files, file{path, []byte(code)}), err
}

// triggers are all bindings of all triggers, as one object.
func (x *exporter) triggers(ctx context.Context) ([]named, error) {
	v, err := x.get(ctx, "actions", "triggers")
	if err != nil {
		return nil, err
	}
	known, _ := v.(map[string]any)
	items, _ := known["triggers"].([]any)
	bound := map[string]any{}
	for _, item := range items {
		trigger, _ := item.(map[string]any)
		id := text(trigger, "id")
		if _, seen := bound[id]; seen || id == "" || text(trigger, "binding_policy") == "entity-bound" {
			continue
		}
		bindings, _, err := x.api.Filter(ctx, auth0v1.Collection{Path: []string{"actions", "triggers", id, "bindings"},
			Items: "bindings", What: "bindings", AlwaysTotals: true}, nil, all)
		if err != nil {
			return nil, err
		}
		list := []any{}
		for _, b := range bindings {
			raw, _ := b.Get("action")
			action, err := decode(raw)
			if err != nil {
				continue
			}
			of, _ := action.(map[string]any)
			list = append(list, map[string]any{"action_name": of["name"], "display_name": b.Text("display_name")})
		}
		bound[id] = list
	}
	return []named{{"triggers", "triggers", bound}}, nil
}

// templateNames are the email templates that a tenant can have.
func templateNames() []string {
	return []string{"verify_email", "verify_email_by_code", "reset_email", "reset_email_by_code", "welcome_email",
		"blocked_account", "stolen_credentials", "enrollment_email", "mfa_oob_code", "user_invitation", "change_password",
		"password_reset"}
}

// emailTemplates are those that the tenant has changed.
func (x *exporter) emailTemplates(ctx context.Context) ([]named, error) {
	var all []named
	for _, name := range templateNames() {
		found, err := single(name, "", "email-templates", name)(x, ctx)
		if auth0v1.Answered(err, http.StatusNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (*exporter) emailTemplateFiles(_ context.Context, o map[string]any, stem string) ([]file, error) {
	body := text(o, "body")
	o["body"] = "./" + stem + ".html"
	files, err := jsonFile("emails/"+stem+".json", o)
	return append(files, file{"emails/" + stem + ".html", []byte(body)}), err
}

// domainsFile is one file with all domains, without what Auth0 finds out about them.
func (*exporter) domainsFile(_ context.Context, o map[string]any, stem string) ([]file, error) {
	domains := []any{}
	found, _ := o["customDomains"].([]any)
	for _, d := range found {
		domain, _ := d.(map[string]any)
		kept := map[string]any{}
		for _, name := range []string{"domain", "type", "tls_policy", "custom_client_ip_header", "domain_metadata"} {
			if v, ok := domain[name]; ok {
				kept[name] = v
			}
		}
		domains = append(domains, kept)
	}
	return jsonFile("custom-domains/"+stem+".json", domains)
}

func (*exporter) ruleFiles(_ context.Context, o map[string]any, stem string) ([]file, error) {
	code := text(o, "script")
	o["script"] = "./" + stem + ".js"
	delete(o, "id")
	files, err := jsonFile("rules/"+stem+".json", o)
	return append(files, file{"rules/" + stem + ".js", []byte(code)}), err
}
