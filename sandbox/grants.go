package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

func errNoGrant() error {
	return notFound("The client grant does not exist", "inexistent_client_grant")
}

func grantSchema(create bool) *schema {
	off := func(s *schema) *schema {
		if create {
			return s
		}
		return s.nullable()
	}
	props := map[string]*schema{
		"scope": texts("Scopes allowed for this client grant"),
		"organization_usage": off(
			text("Defines whether organizations can be used with client credentials exchanges").
				oneOf("deny", "allow", "require")),
		"allow_any_organization":      off(flag("Whether any organization can be used with this grant")),
		"allow_all_scopes":            off(flag("Whether all scopes of the API are allowed")),
		"authorization_details_types": texts("Types of authorization_details allowed for this client grant"),
	}
	if !create {
		return record("", props)
	}
	props["client_id"] = text("ID of the client").length(1, 255)
	props["audience"] = text("The audience (API identifier) of this client grant").length(1, 600)
	props["subject_type"] = text("The type of application access the client grant allows").oneOf("client", "user")
	props["default_for"] = text("Which clients the grant is the default for").oneOf("third_party_clients")
	return record("", props, "audience")
}

func (t *Tenant) listGrants(c *call) (result, error) {
	q := readQuery(c.query, "page", "per_page", "include_totals", "take", "from",
		"audience", "client_id", "allow_any_organization", "subject_type", "default_for")
	p := q.page(50)
	anyOrganization, byOrganization := q.flag("allow_any_organization", "Optional filter on allow_any_organization")
	if q.err != nil {
		return result{}, q.err
	}
	var found []object
	for _, grant := range t.grants.items {
		matching := !byOrganization || (grant["allow_any_organization"] == true) == anyOrganization
		for _, name := range []string{"audience", "client_id", "subject_type", "default_for"} {
			matching = matching && (!q.has(name) || grant[name] == q.text(name))
		}
		if matching {
			found = append(found, grant)
		}
	}
	return p.answer("client_grants", "id", found, projection{}.apply)
}

func (t *Tenant) getGrant(c *call) (result, error) {
	grant := t.grants.find(c.params["id"])
	if grant == nil {
		return result{}, errNoGrant()
	}
	return ok(grant)
}

func (t *Tenant) createGrant(c *call) (result, error) {
	if err := validateBody(c.body, grantSchema(true)); err != nil {
		return result{}, err
	}
	_, byScope := c.body["scope"]
	if !byScope && c.body["allow_all_scopes"] != true {
		return result{}, badBody("'Missing required property: scope'")
	}
	if _, forClient := c.body["client_id"]; !forClient && c.body["default_for"] == nil {
		return result{}, badBody("'Missing required property: client_id'")
	}
	if err := t.checkGrant(c.body); err != nil {
		return result{}, err
	}
	grant := object{"id": "cgr_" + t.randomText(alphanumeric, 16), "subject_type": "client"}
	for name, value := range c.body {
		grant[name] = clone(value)
	}
	for _, other := range t.grants.items {
		if other["client_id"] == grant["client_id"] && other["audience"] == grant["audience"] &&
			other["subject_type"] == grant["subject_type"] {
			return result{}, conflict("A client grant for this client and audience already exists.", "client_grant_conflict")
		}
	}
	t.grants.add(grant)
	return created(grant)
}

// checkGrant checks what a new grant refers to.
func (t *Tenant) checkGrant(body object) error {
	if id, given := body["client_id"].(string); given {
		client := t.clients.find(id)
		switch {
		case client == nil:
			return errNoClient()
		case client["app_type"] == "express_configuration", client["global"] == true:
			kind, _ := client["app_type"].(string)
			if client["global"] == true {
				kind = "global"
			}
			return refused(http.StatusBadRequest, "Client of type "+kind+" cannot be used", "validation_error")
		}
	}
	audience, _ := body["audience"].(string)
	return t.checkScopes(audience, body["scope"])
}

// checkScopes refuses scopes that the API doesn't have.
func (t *Tenant) checkScopes(audience string, scopes any) error {
	var api object
	for _, candidate := range t.apis.items {
		if candidate["identifier"] == audience {
			api = candidate
		}
	}
	if api == nil {
		return errNoAPI()
	}
	known, _ := api["scopes"].([]any)
	wanted, _ := scopes.([]any)
	var unknown []string
	for _, scope := range wanted {
		if !slices.ContainsFunc(known, func(k any) bool { k2, _ := k.(object); return k2["value"] == scope }) {
			name, _ := scope.(string)
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return refused(http.StatusBadRequest,
			"The following scopes are not defined on the resource server: "+strings.Join(unknown, ", "), "invalid_scope")
	}
	return nil
}

func (t *Tenant) updateGrant(c *call) (result, error) {
	grant := t.grants.find(c.params["id"])
	if grant == nil {
		return result{}, errNoGrant()
	}
	if err := validateBody(c.body, grantSchema(false)); err != nil {
		return result{}, err
	}
	audience, _ := grant["audience"].(string)
	if err := t.checkScopes(audience, c.body["scope"]); err != nil {
		return result{}, err
	}
	for name, value := range c.body {
		if value == nil {
			delete(grant, name)
		} else {
			grant[name] = clone(value)
		}
	}
	return ok(grant)
}

// deleteGrant succeeds, as the real API does, for a grant that isn't there.
func (t *Tenant) deleteGrant(c *call) (result, error) {
	if grant := t.grants.find(c.params["id"]); grant != nil && grant["is_system"] == true {
		return result{}, refused(http.StatusBadRequest, "System client grants cannot be deleted", "operation_not_supported")
	}
	t.grants.remove(c.params["id"])
	return gone()
}
