package sandbox

import (
	"slices"
)

// sessionsOf are the operations on the sessions, or the refresh tokens, of a user.
type sessionsOf struct{ resource string }

func (s sessionsOf) list(t *Tenant, c *call) (result, error) {
	var items []object
	for _, item := range t.all(s.resource).items {
		if item["user_id"] == c.params["user_id"] {
			items = append(items, item)
		}
	}
	return c.related(items, "id")
}

func (s sessionsOf) remove(t *Tenant, c *call) (result, error) {
	t.endAll(s.resource, func(o object) bool { return o["user_id"] == c.params["user_id"] })
	return c.answer(object{})
}

func (t *Tenant) endAll(path string, fits func(object) bool) {
	kept := t.all(path)
	kept.items = slices.DeleteFunc(kept.items, fits)
}

// revokeSession ends a session, and the refresh tokens that came with it.
func (t *Tenant) revokeSession(c *call) (result, error) {
	id := c.params["id"]
	if t.all("sessions").find(id) == nil {
		return result{}, t.tables.resources["sessions"].notFound("")
	}
	t.all("sessions").remove(id)
	t.endAll("refresh-tokens", func(o object) bool { return o["session_id"] == id })
	return c.answer(object{})
}

// revokeAccess ends sessions of a user, and with them refresh tokens unless these are to be kept.
func (t *Tenant) revokeAccess(c *call) (result, error) {
	user, session := c.params["id"], text(c.body["session_id"])
	ofUser := func(o object) bool { return o["user_id"] == user }
	if session != "" {
		t.endAll("sessions", func(o object) bool { return ofUser(o) && o["id"] == session })
	} else {
		t.endAll("sessions", ofUser)
	}
	if c.body["preserve_refresh_tokens"] != true {
		t.endAll("refresh-tokens", func(o object) bool { return ofUser(o) && (session == "" || o["session_id"] == session) })
	}
	return c.answer(object{})
}

// revokeRefreshTokens revokes refresh tokens by id, or by user, client and audience.
func (t *Tenant) revokeRefreshTokens(c *call) (result, error) {
	listed := texts(c.body["ids"])
	if len(c.body) == 0 {
		return result{}, badBody([]string{onProperty("Missing required property: ids", "")})
	}
	t.endAll("refresh-tokens", func(o object) bool {
		if len(listed) > 0 && !slices.Contains(listed, text(o["id"])) {
			return false
		}
		for _, name := range []string{"user_id", "client_id"} {
			if wanted, given := c.body[name]; given && o[name] != wanted {
				return false
			}
		}
		audience, byAudience := c.body["audience"]
		return !byAudience || hasAudience(o, audience)
	})
	return c.answer(object{})
}

func hasAudience(token object, audience any) bool {
	list, _ := token["resource_servers"].([]any)
	return slices.ContainsFunc(list, func(item any) bool {
		server, _ := item.(object)
		return server["audience"] == audience
	})
}

// removeGrants removes what a user has consented to.
func (t *Tenant) removeGrants(c *call) (result, error) {
	user := queryParams{c.query}.text("user_id")
	t.endAll("grants", func(o object) bool { return o["user_id"] == user })
	return c.answer(object{})
}

func (t *Tenant) listGrantsOfUsers(c *call) (result, error) {
	q := queryParams{c.query}
	var items []object
	for _, grant := range t.all("grants").items {
		if q.has("user_id") && grant["user_id"] != q.text("user_id") ||
			q.has("client_id") && grant["clientID"] != q.text("client_id") ||
			q.has("audience") && grant["audience"] != q.text("audience") {
			continue
		}
		items = append(items, grant)
	}
	return c.related(items, "id")
}

func completeDeviceCredential(t *Tenant, c *call, o object) error {
	if o["user_id"] == nil {
		o["user_id"] = c.claims.Subject
	}
	if o["client_id"] == nil {
		o["client_id"] = t.explorer
	}
	return nil
}

func (t *Tenant) createDeviceCredential(c *call) (result, error) {
	made, err := t.tables.resources["device-credentials"].make(t, c, c.body)
	if err != nil {
		return result{}, err
	}
	return c.answer(object{"id": made["id"]})
}
