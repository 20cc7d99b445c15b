package comparison

import (
	"cmp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// kind is one kind of objects. Their names are those of auth0_export, as far as that has them.
type kind struct {
	name string
	// list is the operation that reads them all; of a setting, which exists once, the one that reads it.
	list string
	// label is what an object is called in both tenants; nil: it is a setting.
	label func(s *side, o object) string
	// id is the member with the id; empty: "id".
	id string
	// writes are the operations that take such an object. Other members are Auth0's, and are left out. nil: all are kept.
	writes []string
	// drop are members that differ in any two tenants, dropBelow the same inside of others.
	drop, dropBelow []string
	// parts are read for each object.
	parts []part
	// needs are the kinds whose names it refers to.
	needs []string
	// each, if set, is what the parameter of list stands for.
	each func() []string
	// ordered: the order of lists counts. once: of several objects with one name, such as versions, the first counts.
	ordered, once bool
	// own is false for objects that every tenant has.
	own func(o object) bool
}

// part is what Auth0 keeps apart from an object.
type part struct {
	member string // under which it is compared
	list   string // the operation that reads it, with {id}
	keep   []string
}

type object = map[string]any

func member(name string) func(*side, object) string {
	return func(_ *side, o object) string { return text(o, name) }
}

func text(o object, name string) string {
	value, _ := o[name].(string)
	return value
}

// grantLabel names a client grant by what it connects.
func grantLabel(s *side, o object) string {
	return strings.TrimSuffix(strings.Join([]string{cmp.Or(s.names[text(o, "client_id")], text(o, "client_id"),
		text(o, "default_for")), s.neutral(text(o, "audience")), text(o, "subject_type")}, " "), " ")
}

func isOwn(o object) bool { return o["is_system"] != true && o["global"] != true }

const (
	clients     = "clients"
	connections = "connections"
	actions     = "actions"
)

// kinds are all, in the order in which they are compared.
func kinds() []kind {
	byName := member("name")
	all := []kind{
		{name: "tenant", list: "GET /api/v2/tenants/settings", writes: []string{"PATCH /api/v2/tenants/settings"}},
		{name: clients, list: "GET /api/v2/clients", label: byName, id: "client_id", own: isOwn,
			writes: []string{"POST /api/v2/clients"}, drop: []string{"client_secret"},
			dropBelow: []string{"credentials"},
			needs:     []string{"organizations"}},
		{name: "resource-servers", list: "GET /api/v2/resource-servers", label: member("identifier"), own: isOwn,
			writes: []string{"POST /api/v2/resource-servers", "PATCH /api/v2/resource-servers/{id}"}, needs: []string{clients}},
		{name: "grants", list: "GET /api/v2/client-grants", label: grantLabel,
			writes: []string{"POST /api/v2/client-grants"}, needs: []string{clients}},
		{name: connections, list: "GET /api/v2/connections", label: byName, drop: []string{"enabled_clients"},
			writes: []string{"POST /api/v2/connections", "PATCH /api/v2/connections/{id}"}, needs: []string{clients},
			parts: []part{{"applications", "GET /api/v2/connections/{id}/clients", []string{"client_id"}}}},
		{name: "roles", list: "GET /api/v2/roles", label: byName, writes: []string{"POST /api/v2/roles"},
			parts: []part{{"permissions", "GET /api/v2/roles/{id}/permissions",
				[]string{"resource_server_identifier", "permission_name"}}}},
		{name: "organizations", list: "GET /api/v2/organizations", label: byName, needs: []string{connections},
			writes: []string{"POST /api/v2/organizations"}, drop: []string{"enabled_connections"},
			parts: []part{{"connections", "GET /api/v2/organizations/{id}/enabled_connections",
				[]string{"connection_id", "assign_membership_on_login", "show_as_button", "is_signup_enabled"}}}},
		{name: actions, list: "GET /api/v2/actions/actions", label: byName,
			writes: []string{"POST /api/v2/actions/actions"}, drop: []string{"deploy"}, needs: []string{"forms", clients}},
		{name: "triggers", list: "GET /api/v2/actions/triggers", label: member("id"), needs: []string{actions}, ordered: true,
			once:  true,
			drop:  []string{"version", "status", "runtimes", "default_runtime", "compatible_triggers", "binding_policy"},
			parts: []part{{"bindings", "GET /api/v2/actions/triggers/{triggerId}/bindings", []string{"action.name"}}}},
		{name: "forms", list: "GET /api/v2/forms", label: byName, drop: []string{"embedded_at", "submitted_at"},
			needs: []string{"flows"}, parts: []part{{"", "GET /api/v2/forms/{id}", nil}}},
	}
	return append(all, settings()...)
}

// settings are protection, messages and what is delivered elsewhere.
func settings() []kind {
	all := []kind{
		{name: "flows", list: "GET /api/v2/flows", label: member("name"), drop: []string{"executed_at"},
			parts: []part{{"", "GET /api/v2/flows/{id}", nil}}},
		{name: "rules", list: "GET /api/v2/rules", label: member("name")},
		{name: "log-streams", list: "GET /api/v2/log-streams", label: member("name")},
		{name: "network-acls", list: "GET /api/v2/network-acls", label: member("description")},
		{name: "custom-domains", list: "GET /api/v2/custom-domains", label: member("domain"), id: "custom_domain_id",
			writes: []string{"POST /api/v2/custom-domains"}},
		{name: "branding", list: "GET /api/v2/branding"},
		{name: "prompts", list: "GET /api/v2/prompts"},
		{name: "email-provider", list: "GET /api/v2/emails/provider"},
		{name: "email-templates", list: "GET /api/v2/email-templates/{templateName}", label: member("template"),
			each: templates},
		{name: "guardian-factors", list: "GET /api/v2/guardian/factors", label: member("name")},
		{name: "guardian-policies", list: "GET /api/v2/guardian/policies"},
	}
	for _, name := range []string{"bot-detection", "breached-password-detection", "brute-force-protection",
		"suspicious-ip-throttling"} {
		all = append(all, kind{name: name, list: "GET /api/v2/attack-protection/" + name})
	}
	return all
}

// templates are the names of the templates of e-mails.
func templates() (names []string) {
	o, ok := managementapi.ByName("GET /api/v2/email-templates/{templateName}")
	if !ok {
		return nil
	}
	for _, value := range o.PathParameters[0].Schema.Resolve().Enum {
		if name, isText := value.(string); isText {
			names = append(names, name)
		}
	}
	return names
}

func find(name string) (kind, bool) {
	all := kinds()
	at := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
	if at < 0 {
		return kind{}, false
	}
	return all[at], true
}

// operations are the reads of a kind.
func (k kind) operations() []string {
	all := []string{k.list}
	for _, p := range k.parts {
		all = append(all, p.list)
	}
	return all
}

// taken are the members that operations take.
func taken(operations []string) map[string]bool {
	names := map[string]bool{}
	for _, name := range operations {
		if o, ok := managementapi.ByName(name); ok {
			noteMembers(o.Body, names, 0)
		}
	}
	return names
}

// maxUnions ends schemas that are unions of unions.
const maxUnions = 8

func noteMembers(s *managementapi.Schema, names map[string]bool, depth int) {
	if s == nil || depth > maxUnions {
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
