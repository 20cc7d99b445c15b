package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

func errNoGrant() error {
	return notFound("The client grant does not exist", "inexistent_client_grant")
}

func (t *Tenant) listGrants(c *call) (result, error) {
	q := queryParams{c.query}
	p := q.page(50)
	_, byOrganization := q.flag("allow_any_organization")
	var found []object
	for _, grant := range t.grants.items {
		matching := !byOrganization || grant["allow_any_organization"] == true
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
	_, byScope := c.body["scope"]
	if !byScope && c.body["allow_all_scopes"] != true {
		return result{}, badBody([]string{onProperty("Missing required property: scope", "")})
	}
	if _, forClient := c.body["client_id"]; !forClient && c.body["default_for"] == nil {
		return result{}, badBody([]string{onProperty("Missing required property: client_id", "")})
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
	audience, _ := grant["audience"].(string)
	if err := t.checkScopes(audience, c.body["scope"]); err != nil {
		return result{}, err
	}
	merge(grant, c.body, c.operation.Merges)
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
