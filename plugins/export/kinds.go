package export

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// kind is one kind of objects of a tenant. The names of folders and files are those of auth0-deploy-cli's directory
// format: https://github.com/auth0/auth0-deploy-cli/blob/master/examples/directory/README.md
type kind struct {
	name, scope string
	// paths are the requests that read it.
	paths []string
	load  func(*exporter, context.Context) ([]named, error)
	// item is the operation whose answer is one object: what is secret in it.
	item string
	// writes are the operations that take such an object: other members are Auth0's, and are left out. Nil: all are kept.
	writes []string
	// needsNames: files refer to applications.
	needsNames bool
	files      func(*exporter, context.Context, map[string]any, string) ([]file, error)
	// resource is the type of Terraform's provider; empty: it has none.
	resource string
}

type file struct {
	path    string
	content []byte
}

func clients() auth0v1.Collection {
	return auth0v1.Collection{Path: []string{"clients"}, Items: "clients", What: "clients", Checkpoint: true}
}

func collection(items string, path ...string) auth0v1.Collection {
	return auth0v1.Collection{Path: path, Items: items, What: path[len(path)-1]}
}

func kinds() []kind {
	all := []kind{
		{name: "tenant", scope: "read:tenant_settings", paths: []string{"GET /api/v2/tenants/settings"},
			load: single("tenant", "", "tenants", "settings"), item: "GET /api/v2/tenants/settings",
			writes: []string{"PATCH /api/v2/tenants/settings"}, files: (*exporter).tenantFile, resource: "auth0_tenant"},
		{name: "clients", scope: "read:clients", paths: []string{"GET /api/v2/clients"},
			load: (*exporter).ownApplications, item: "GET /api/v2/clients/{id}",
			writes: []string{"POST /api/v2/clients"}, files: oneFile("clients/"), resource: "auth0_client"},
		{name: "resource-servers", scope: "read:resource_servers", paths: []string{"GET /api/v2/resource-servers"},
			load: (*exporter).ownAPIs, item: "GET /api/v2/resource-servers/{id}",
			writes: []string{"POST /api/v2/resource-servers", "PATCH /api/v2/resource-servers/{id}"},
			files:  oneFile("resource-servers/"), resource: "auth0_resource_server"},
		{name: "grants", scope: "read:client_grants", paths: []string{"GET /api/v2/client-grants"},
			load: (*exporter).clientGrants, item: "GET /api/v2/client-grants/{id}",
			writes: []string{"POST /api/v2/client-grants"}, needsNames: true,
			files: (*exporter).grantFile, resource: "auth0_client_grant"},
		{name: "connections", scope: "read:connections", paths: []string{"GET /api/v2/connections"},
			load: list(collection("connections", "connections"), "id", "name"), item: "GET /api/v2/connections/{id}",
			writes:     []string{"POST /api/v2/connections", "PATCH /api/v2/connections/{id}"},
			needsNames: true, files: (*exporter).connectionFiles, resource: "auth0_connection"},
		{name: "roles", scope: "read:roles", paths: []string{"GET /api/v2/roles", "GET /api/v2/roles/{id}/permissions"},
			load: list(collection("roles", "roles"), "id", "name"), item: "GET /api/v2/roles/{id}",
			files: (*exporter).roleFile, resource: "auth0_role"},
		{name: "organizations", scope: "read:organizations",
			paths: []string{"GET /api/v2/organizations", "GET /api/v2/organizations/{id}/enabled_connections"},
			load:  list(collection("organizations", "organizations"), "id", "name"),
			item:  "GET /api/v2/organizations/{id}", files: (*exporter).organizationFile, resource: "auth0_organization"},
		{name: "actions", scope: "read:actions", paths: []string{"GET /api/v2/actions/actions"},
			load: list(auth0v1.Collection{Path: []string{"actions", "actions"}, Items: "actions", What: "actions",
				AlwaysTotals: true}, "id", "name"),
			item: "GET /api/v2/actions/actions/{id}", files: (*exporter).actionFiles, resource: "auth0_action"},
		{name: "triggers", scope: "read:actions",
			paths: []string{"GET /api/v2/actions/triggers", "GET /api/v2/actions/triggers/{trigger}/bindings"},
			load:  (*exporter).triggers, files: oneFile("triggers/"), resource: "auth0_trigger_actions"},
	}
	return slices.Concat(all, settingKinds(), loginKinds())
}

// settingKinds are protection, factors, emails and what is delivered elsewhere.
func settingKinds() []kind {
	all := []kind{
		{name: "guardian-policies", scope: "read:mfa_policies", paths: []string{"GET /api/v2/guardian/policies"},
			load: single("policies", "policies", "guardian", "policies"), files: oneFile("guardian/")},
		{name: "guardian-factors", scope: "read:guardian_factors", paths: []string{"GET /api/v2/guardian/factors"},
			load: bare("name", "name", "guardian", "factors"), files: oneFile("guardian/factors/")},
		{name: "email-provider", scope: "read:email_provider", paths: []string{"GET /api/v2/emails/provider"},
			load: single("provider", "", "emails", "provider"), item: "GET /api/v2/emails/provider",
			files: oneFile("emails/"), resource: "auth0_email_provider"},
		{name: "email-templates", scope: "read:email_templates", paths: []string{"GET /api/v2/email-templates/{name}"},
			load: (*exporter).emailTemplates, files: (*exporter).emailTemplateFiles, resource: "auth0_email_template"},
		{name: "log-streams", scope: "read:log_streams", paths: []string{"GET /api/v2/log-streams"},
			load: bare("id", "name", "log-streams"), item: "GET /api/v2/log-streams/{id}", files: withoutID("log-streams/"),
			resource: "auth0_log_stream"},
		{name: "custom-domains", scope: "read:custom_domains", paths: []string{"GET /api/v2/custom-domains"},
			load: single("custom-domains", "customDomains", "custom-domains"), files: (*exporter).domainsFile},
		{name: "rules", scope: "read:rules", paths: []string{"GET /api/v2/rules"}, load: bare("id", "name", "rules"),
			files: (*exporter).ruleFiles},
	}
	for _, name := range []string{"bot-detection", "breached-password-detection", "brute-force-protection",
		"suspicious-ip-throttling"} {
		all = append(all, kind{name: name, scope: "read:attack_protection",
			paths: []string{"GET /api/v2/attack-protection/" + name}, load: single(name, "", "attack-protection", name),
			files: oneFile("attack-protection/")})
	}
	return all
}

func scopes() []string {
	var all []string
	for _, k := range kinds() {
		all = append(all, k.scope)
	}
	all = append(all, "read:organization_connections")
	slices.Sort(all)
	return slices.Compact(all)
}

func paths() []string {
	var all []string
	for _, k := range kinds() {
		all = append(all, k.paths...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// oneFile is one file for each object.
func oneFile(folder string) func(*exporter, context.Context, map[string]any, string) ([]file, error) {
	return func(_ *exporter, _ context.Context, o map[string]any, stem string) ([]file, error) {
		return jsonFile(folder+stem+".json", o)
	}
}

func withoutID(folder string) func(*exporter, context.Context, map[string]any, string) ([]file, error) {
	return func(_ *exporter, _ context.Context, o map[string]any, stem string) ([]file, error) {
		delete(o, "id")
		return jsonFile(folder+stem+".json", o)
	}
}

// jsonFile is a file of one document, its members in the order of their names: it changes only with what it says.
func jsonFile(path string, v any) ([]file, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return []file{{path, b.Bytes()}}, err
}

// keep leaves of an object the members that operations take.
func keep(o map[string]any, operations []string) {
	if operations == nil {
		return
	}
	taken := map[string]bool{}
	for _, name := range operations {
		if op, ok := managementapi.ByName(name); ok {
			noteMembers(op.Body, taken, 0)
		}
	}
	for name := range o {
		if !taken[name] {
			delete(o, name)
		}
	}
}

// maxDepth ends schemas that are unions of unions.
const maxDepth = 8

func noteMembers(s *managementapi.Schema, names map[string]bool, depth int) {
	if s == nil || depth > maxDepth {
		return
	}
	s = s.Resolve()
	for _, m := range s.Members {
		names[m.Name] = true
	}
	for _, one := range s.AnyOf {
		noteMembers(one, names, depth+1)
	}
}
