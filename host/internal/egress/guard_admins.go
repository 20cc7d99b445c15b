package egress

import (
	"net/http"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// The people who administer a tenant in the dashboard are not in the Management API: nothing that is sent can remove
// one. What it does have are roles with permissions of the Management API; the users of such a role are its
// administrators here, and the last one of each stays.

// maxRoles is how many roles of a user are checked.
const maxRoles = 20

// administrator refuses to remove a user who is the last member of a role with permissions of the Management API: from
// that role, if roles names some, or as a user.
func (g *guard) administrator(user string, roles []string) *GuardError {
	if g.gone {
		return nil
	}
	doc, status := g.read("per_page=50", "users", user, "roles")
	items, ok := jsondoc.ValuesOf(doc)
	switch {
	case status == http.StatusNotFound:
		return nil
	case !ok:
		g.doubt("whether %q is the last administrator is not known: it needs read:roles", user)
		return nil
	case len(items) > maxRoles:
		g.doubt("whether %q is the last administrator was not checked: it has more than %d roles", user, maxRoles)
	}
	for _, item := range items[:min(len(items), maxRoles)] {
		id := idOf("/api/v2/roles", item)
		if g.request.GetMethod() == http.MethodDelete && roles != nil && !slices.Contains(roles, id) {
			continue
		}
		administers, known := g.administers(id)
		members, counted := 0, true
		if administers {
			members, counted = g.members(id)
		}
		switch {
		case !known || !counted:
			g.doubt("whether %q is the last user of the role %q is not known: it needs read:roles and read:users", user, id)
		case administers && members < 2:
			return g.refuse(lastAdministrator, rolesPage, "%q is the last user of the role %q, which has permissions of the "+
				"Management API", user, id)
		}
	}
	return nil
}

// administrators refuses to delete a role with permissions of the Management API, or these permissions, while it has
// users.
func (g *guard) administrators(role string) *GuardError {
	if permissions, given := g.body["permissions"]; given && g.readable && !slices.ContainsFunc(
		textsOf(permissions, "resource_server_identifier"), g.isManagement) {
		return nil
	}
	administers, known := g.administers(role)
	members, counted := 0, true
	if administers {
		members, counted = g.members(role)
	}
	switch {
	case g.gone:
	case !known || !counted:
		g.doubt("whether the role %q is that of the administrators is not known: it needs read:roles and read:users", role)
	case members > 0:
		return g.refuse(lastAdministrator, rolesPage, "the role %q has permissions of the Management API, and users", role)
	}
	return nil
}

func (g *guard) isManagement(identifier string) bool { return g.isManagementAPI(g.domain, identifier) }

// administers reports whether a role has permissions of the Management API.
func (g *guard) administers(role string) (administers, known bool) {
	const pages, size = 5, 100
	for page := range pages {
		doc, status := g.read("per_page=100&page="+string(rune('0'+page)), "roles", role, "permissions")
		items, ok := jsondoc.ValuesOf(doc)
		if status == http.StatusNotFound {
			return false, true
		}
		if !ok {
			return false, false
		}
		for _, item := range items {
			if g.isManagement(textOf(item, "resource_server_identifier")) {
				return true, true
			}
		}
		if len(items) < size {
			return false, true
		}
	}
	return false, false
}

// members is how many users a role has: 2 stands for more.
func (g *guard) members(role string) (n int, known bool) {
	doc, _ := g.read("per_page=2", "roles", role, "users")
	items, ok := jsondoc.ValuesOf(doc)
	return len(items), ok
}
