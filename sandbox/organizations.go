package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

func completeOrganization(t *Tenant, c *call, organization object) error {
	if name := text(organization["name"]); strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return badBody([]string{onProperty("Object didn't pass validation for format organization-name: "+name, "name")})
	}
	list, _ := organization["enabled_connections"].([]any)
	delete(organization, "enabled_connections")
	path := "organizations/{id}/connections"
	below := &call{operation: c.operation, params: map[string]string{"id": text(organization["id"])}, seeding: true}
	for _, item := range list {
		given, _ := item.(object)
		if t.all("connections").find(text(given["connection_id"])) == nil {
			return t.tables.resources["connections"].notFound("")
		}
		if _, err := t.tables.resources[path].make(t, below, given); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenant) organizationByName(c *call) (result, error) {
	for _, organization := range t.all("organizations").items {
		if organization["name"] == c.params["name"] {
			return c.answer(organization)
		}
	}
	return result{}, t.tables.resources["organizations"].notFound("")
}

// connectionFacts are what the answers about an organization's connection have of the connection.
func (t *Tenant) connectionFacts(o object) object {
	if connection := t.all("connections").find(text(o["connection_id"])); connection != nil {
		o["connection"] = object{"name": connection["name"], "strategy": connection["strategy"]}
	}
	return o
}

// showOrganizationConnection shows a connection. Only databases can have signup.
func showOrganizationConnection(t *Tenant, _ *call, o object) object {
	o = t.connectionFacts(o)
	if connection, _ := o["connection"].(object); connection["strategy"] != "auth0" && o["is_signup_enabled"] == false {
		delete(o, "is_signup_enabled")
	}
	return o
}

// showEnabledConnection shows a connection in the form of the endpoint that came first.
func showEnabledConnection(t *Tenant, c *call, o object) object {
	o = showOrganizationConnection(t, c, o)
	delete(o, "is_enabled")
	delete(o, "organization_access_level")
	return o
}

func checkOrganizationConnection(t *Tenant, _ *call, o object) error {
	if t.all("connections").find(text(o["connection_id"])) == nil {
		return t.tables.resources["connections"].notFound("")
	}
	return nil
}

func matchOrganizationConnection(_ *Tenant, c *call, o object) bool {
	wanted, given := queryParams{c.query}.flag("is_enabled")
	return !given || o["is_enabled"] == wanted
}

func completeDiscoveryDomain(t *Tenant, c *call, domain object) error {
	if domain["verification_txt"] == nil {
		domain["verification_txt"] = t.randomText(hexDigits, 32)
		domain["verification_host"] = "_ss-verification." + c.params["id"] + "." + text(domain["domain"])
	}
	return nil
}

func (t *Tenant) discoveryDomainByName(c *call) (result, error) {
	f := t.tables.resources["organizations/{id}/discovery-domains"]
	for _, domain := range t.collection(f, c).items {
		if domain["domain"] == c.params["discovery_domain"] {
			return c.answer(domain)
		}
	}
	return result{}, f.notFound("")
}

const defaultInvitation = 7 * 24 * time.Hour

func completeInvitation(t *Tenant, c *call, invitation object) error {
	client := t.clients.find(text(invitation["client_id"]))
	if client == nil {
		return refused(http.StatusBadRequest, "The client does not exist", "inexistent_client")
	}
	lasts := defaultInvitation
	if seconds, given := integer(invitation["ttl_sec"]); given && seconds > 0 {
		lasts = time.Duration(seconds) * time.Second
	}
	ticket := t.randomText(alphanumeric, 32)
	organization := t.all("organizations").find(c.params["id"])
	login := firstText(client["initiate_login_uri"], "https://harbourlight.example/login")
	invitation["organization_id"], invitation["ticket_id"] = c.params["id"], ticket
	invitation["expires_at"] = millis(t.now().Add(lasts))
	invitation["invitation_url"] = login + "?invitation=" + ticket + "&organization=" + c.params["id"] +
		"&organization_name=" + text(organization["name"])
	return nil
}

// listOrganizationMembers lists members, with their roles if these are asked for.
func (t *Tenant) listOrganizationMembers(c *call) (result, error) {
	withRoles := slices.Contains(queryParams{c.query}.list("fields"), "roles")
	var items []object
	for _, id := range t.pairs["organization member"].of(c.params["id"], false) {
		user := t.all("users").find(id)
		if user == nil {
			continue
		}
		item := project(itemSchema(c.operation), user)
		if withRoles {
			item["roles"] = t.memberRoles(joinEnd(c.params["id"], id))
		}
		items = append(items, item)
	}
	return c.list(items, "user_id", func(o object) object { return o })
}

func (t *Tenant) memberRoles(end string) []any {
	out := []any{}
	for _, id := range t.pairs["member role"].of(end, false) {
		if role := t.all("roles").find(id); role != nil {
			out = append(out, object{"id": id, "name": role["name"]})
		}
	}
	return out
}

// listRoleMembers lists the members of an organization who have a role in it.
func (t *Tenant) listRoleMembers(c *call) (result, error) {
	var items []object
	for _, id := range t.pairs["organization member"].of(c.params["id"], false) {
		roles := t.pairs["member role"].of(joinEnd(c.params["id"], id), false)
		if user := t.all("users").find(id); user != nil && slices.Contains(roles, c.params["role_id"]) {
			items = append(items, user)
		}
	}
	return c.related(items, "user_id")
}

// listOrganizationGroups lists the groups that have a role in an organization: any, or the one in the path.
func (t *Tenant) listOrganizationGroups(c *call) (result, error) {
	organization := c.params["organization_id"]
	var items []object
	for _, group := range t.all("groups").items {
		roles := t.pairs["organization group role"].of(joinEnd(organization, text(group["id"])), false)
		if wanted := c.params["role_id"]; len(roles) > 0 && (wanted == "" || slices.Contains(roles, wanted)) {
			items = append(items, group)
		}
	}
	return c.related(items, "id")
}

// removeMembers removes users from an organization, with the roles that they have in it.
func (t *Tenant) removeMembers(c *call) (result, error) {
	for _, id := range texts(c.body["members"]) {
		t.separate("organization member", pair{c.params["id"], id})
		end := joinEnd(c.params["id"], id)
		t.pairs["member role"] = slices.DeleteFunc(t.pairs["member role"], func(p pair) bool { return p.left == end })
	}
	return c.answer(object{})
}

func (t *Tenant) addOrganizationGrant(c *call) (result, error) {
	grant := t.grants.find(text(c.body["grant_id"]))
	if grant == nil {
		return result{}, errNoGrant()
	}
	if usage := text(grant["organization_usage"]); usage != "allow" && usage != "require" {
		return result{}, refused(http.StatusBadRequest,
			"The client grant does not allow organizations: set its organization_usage to allow or require.", "invalid_body")
	}
	t.pairUp("organization grant", pair{c.params["id"], text(grant["id"])})
	out := project(c.operation.Answer, grant)
	out["grant_id"] = out["id"] // as the recordings have it
	delete(out, "id")
	return c.answer(out)
}

func (t *Tenant) removeOrganizationGrant(c *call) (result, error) {
	t.separate("organization grant", pair{c.params["id"], c.params["grant_id"]})
	return c.answer(object{})
}

func showOrganizationClient(t *Tenant, _ *call, o object) object {
	client := t.clients.find(text(o["client_id"]))
	facts := object{}
	for _, name := range []string{"name", "app_type", "logo_uri", "is_first_party", "grant_types", "organization_usage"} {
		if value, there := client[name]; there {
			facts[name] = value
		}
	}
	o["client"] = facts
	return o
}

func (t *Tenant) addOrganizationClients(c *call) (result, error) {
	f := t.tables.resources["organizations/{id}/clients"]
	kept := t.collection(f, c)
	list, _ := c.body["clients"].([]any)
	out := []object{}
	for _, item := range list {
		given, _ := item.(object)
		id := text(given["client_id"])
		if t.clients.find(id) == nil {
			return result{}, errNoClient()
		}
		kept.remove(id)
		kept.add(cloneObject(given))
		out = append(out, f.show(t, c, given))
	}
	return c.answer(out)
}

func (t *Tenant) removeOrganizationClients(c *call) (result, error) {
	kept := t.collection(t.tables.resources["organizations/{id}/clients"], c)
	for _, id := range texts(c.body["clients"]) {
		kept.remove(id)
	}
	return c.answer(object{})
}
