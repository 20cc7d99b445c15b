package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// Permissions are scopes of APIs that users and roles have. Their end in a relation is the API's
// identifier and the scope's value.
const (
	userPermission = "user permission"
	rolePermission = "role permission"
)

// permissions are the operations on the permissions of what the path names.
type permissions struct{ relation string }

func (p permissions) list(t *Tenant, c *call) (result, error) {
	var items []object
	for _, end := range t.pairs[p.relation].of(c.params["id"], false) {
		item := t.permission(end)
		if p.relation == userPermission {
			item["sources"] = []any{object{"source_id": "", "source_name": "", "source_type": "DIRECT"}}
		}
		items = append(items, item)
	}
	return c.related(items, "")
}

// permission describes one by its end.
func (t *Tenant) permission(end string) object {
	ends := splitEnd(end)
	out := object{"resource_server_identifier": ends[0], "permission_name": ends[1], "description": "",
		"resource_server_name": ""}
	api := t.findAPI(ends[0])
	out["resource_server_name"] = text(api["name"])
	scopes, _ := api["scopes"].([]any)
	for _, item := range scopes {
		if scope, _ := item.(object); scope["value"] == ends[1] {
			out["description"] = text(scope["description"])
		}
	}
	return out
}

// given reads the permissions of a body; one of an API or with a scope that does not exist is refused.
func (p permissions) given(t *Tenant, c *call) (out []string, err error) {
	list, _ := c.body["permissions"].([]any)
	for _, item := range list {
		item, _ := item.(object)
		identifier, name := text(item["resource_server_identifier"]), text(item["permission_name"])
		if err := t.checkScopes(identifier, []any{name}); err != nil {
			return nil, err
		}
		out = append(out, joinEnd(identifier, name))
	}
	return out, nil
}

func (p permissions) add(t *Tenant, c *call) (result, error) {
	given, err := p.given(t, c)
	for _, end := range given {
		t.pairUp(p.relation, pair{c.params["id"], end})
	}
	if err != nil {
		return result{}, err
	}
	return c.answer(object{})
}

func (p permissions) remove(t *Tenant, c *call) (result, error) {
	list, _ := c.body["permissions"].([]any)
	for _, item := range list {
		item, _ := item.(object)
		end := joinEnd(text(item["resource_server_identifier"]), text(item["permission_name"]))
		t.separate(p.relation, pair{c.params["id"], end})
	}
	return c.answer(object{})
}

// effectiveRoles are the roles that a user has, each with where it comes from: the user's own, and those
// of the user's groups. Of an organization they are those that the user has in it.
func (t *Tenant) effectiveRoles(user, organization string) (ids []string, sources map[string][]string) {
	sources = map[string][]string{}
	direct, grouped := t.pairs["user role"].of(user, false), func(group string) []string {
		return t.pairs["group role"].of(group, false)
	}
	if organization != "" {
		direct = t.pairs["member role"].of(joinEnd(organization, user), false)
		grouped = func(group string) []string {
			return t.pairs["organization group role"].of(joinEnd(organization, group), false)
		}
	}
	note := func(role, source string) {
		if sources[role] == nil {
			ids = append(ids, role)
		}
		if !slices.Contains(sources[role], source) {
			sources[role] = append(sources[role], source)
		}
	}
	for _, role := range direct {
		note(role, "direct")
	}
	for _, group := range t.pairs["group member"].of(user, true) {
		for _, role := range grouped(group) {
			note(role, "groups")
		}
	}
	return ids, sources
}

func (t *Tenant) listEffectiveRoles(c *call) (result, error) {
	user, organization := c.params["id"], ""
	if c.params["user_id"] != "" {
		user, organization = c.params["user_id"], c.params["id"]
	}
	ids, sources := t.effectiveRoles(user, organization)
	return t.rolesAnswer(c, ids, sources)
}

func (t *Tenant) rolesAnswer(c *call, ids []string, sources map[string][]string) (result, error) {
	var items []object
	for _, id := range ids {
		if role := t.all("roles").find(id); role != nil {
			items = append(items, object{
				"id": id, "name": role["name"], "description": text(role["description"]),
				"sources": stringList(sources[id]...),
			})
		}
	}
	return c.related(items, "id")
}

// roleSourceGroups are the groups that give a user a role.
func (t *Tenant) roleSourceGroups(c *call) (result, error) {
	user, relation, prefix := c.params["id"], "group role", ""
	if c.params["user_id"] != "" {
		user, relation, prefix = c.params["user_id"], "organization group role", c.params["id"]
	}
	var items []object
	for _, group := range t.pairs["group member"].of(user, true) {
		end := group
		if prefix != "" {
			end = joinEnd(prefix, group)
		}
		if slices.Contains(t.pairs[relation].of(end, false), queryParams{c.query}.text("role_id")) {
			items = append(items, t.all("groups").find(group))
		}
	}
	return c.related(items, "id")
}

func (t *Tenant) listEffectivePermissions(c *call) (result, error) {
	wanted := queryParams{c.query}.text("resource_server_identifier")
	var order []string
	sources := map[string][]any{}
	note := func(end, source string) {
		if sources[end] == nil {
			order = append(order, end)
		}
		if !slices.Contains(sources[end], any(source)) {
			sources[end] = append(sources[end], source)
		}
	}
	for _, end := range t.pairs[userPermission].of(c.params["id"], false) {
		note(end, "direct")
	}
	roles, _ := t.effectiveRoles(c.params["id"], "")
	for _, role := range roles {
		for _, end := range t.pairs[rolePermission].of(role, false) {
			note(end, "roles")
		}
	}
	var items []object
	for _, end := range order {
		if strings.HasPrefix(end, wanted) {
			item := t.permission(end)
			item["sources"] = sources[end]
			items = append(items, item)
		}
	}
	return c.related(items, "")
}

// permissionSourceRoles are the roles that give a user a permission.
func (t *Tenant) permissionSourceRoles(c *call) (result, error) {
	q := queryParams{c.query}
	end := joinEnd(q.text("resource_server_identifier"), q.text("permission_name"))
	roles, sources := t.effectiveRoles(c.params["id"], "")
	roles = slices.DeleteFunc(roles, func(role string) bool {
		return !slices.Contains(t.pairs[rolePermission].of(role, false), end)
	})
	return t.rolesAnswer(c, roles, sources)
}

// showRole has a description of a new role in any case.
func showRole(_ *Tenant, c *call, role object) object {
	if c.operation.Method == http.MethodPost && role["description"] == nil {
		role["description"] = nil
	}
	return role
}

// matchRole answers the search for roles by a part of their name.
func matchRole(_ *Tenant, c *call, role object) bool {
	q := queryParams{c.query}
	name := strings.ToLower(q.text("name_filter"))
	return strings.Contains(strings.ToLower(text(role["name"])), name) &&
		(!q.has("owner_id") || role["owner_id"] == q.text("owner_id")) &&
		(!q.has("type") || q.text("type") == firstText(role["type"], "tenant"))
}

func matchGroup(_ *Tenant, c *call, group object) bool {
	q := queryParams{c.query}
	for _, name := range []string{"connection_id", "name", "external_id"} {
		if q.has(name) && group[name] != q.text(name) {
			return false
		}
	}
	return strings.Contains(strings.ToLower(text(group["name"])), strings.ToLower(q.text("search")))
}

func (t *Tenant) listGroupMembers(c *call) (result, error) {
	var items []object
	group := t.all("groups").find(c.params["id"])
	for _, user := range t.pairs["group member"].of(c.params["id"], false) {
		items = append(items, object{
			"id": user, "member_type": "user", "type": "connection", "connection_id": group["connection_id"],
			createdAt: group[createdAt],
		})
	}
	return c.related(items, "id")
}
