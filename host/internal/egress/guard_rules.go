package egress

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// byPath says what of a request is refused by its path, query and body alone, before anything is sent.
func (g *guard) byPath() *GuardError {
	if e := g.ownObject(); e != nil {
		return e
	}
	if id := scalar(g.body["jti"]); g.kind == "blacklists" && same(id, g.holder.id) {
		return g.refuse(ownToken, keysPage, "%q is the token that this server works with", id)
	}
	switch g.operation {
	case "PUT /api/v2/keys/signing/{kid}/revoke":
		if _, kid := cutLast(strings.TrimSuffix(g.request.GetPath(), "/revoke")); same(kid, g.key) {
			return g.refuse(ownToken, keysPage, "the key %q signed the token that this server works with", g.key)
		}
	case "POST /api/v2/users/{id}/identities":
		return g.linking()
	case "PATCH /api/v2/connections/{id}/clients":
		return g.disconnecting()
	case "POST /api/v2/refresh-tokens/revoke":
		return g.revoking()
	case "DELETE /api/v2/grants":
		if query, _ := url.ParseQuery(g.request.GetQuery()); slices.ContainsFunc(query["user_id"], g.isUser) {
			return g.refuse(ownUser, usersPage, "they are the consents of %q, the user who is signed in", g.user)
		}
	case "DELETE /api/v2/grants/{id}", "DELETE /api/v2/device-credentials/{id}", "DELETE /api/v2/connections/{id}/users":
		if g.user != "" {
			g.doubt("whether it is of %q, the user who is signed in, is not known", g.user)
		}
	}
	return nil
}

// isUser reports whether an id is the session's user.
func (g *guard) isUser(id string) bool { return same(id, g.user) }

// ownObject refuses what destroys the session's application or user, or the Management API, whatever the operation is.
func (g *guard) ownObject() *GuardError {
	const links = "POST /api/v2/users/{id}/identities" // ends the other account: see linking
	destroys := g.effect == managementapi.Destroy && g.operation != links ||
		g.operation == "PATCH /api/v2/clients/{client_id}/credentials/{credential_id}" ||
		g.operation == "PUT /api/v2/users/{id}/authentication-methods"
	switch {
	case !destroys && g.operation != "":
		return nil
	case g.kind == "clients" && same(g.id, g.client):
		return g.refuse(ownApplication, applicationsPage, "%q is the application that this server is signed in "+
			"with", g.client)
	case g.kind == "users" && g.isUser(g.id):
		return g.refuse(ownUser, usersPage, "%q is the user who is signed in", g.user)
	case g.kind == "resource-servers" && g.isManagementAPI(g.domain, g.id):
		return g.refuse(managementAPI, apisPage, "%q is the tenant's Management API", g.id)
	case g.operation == "" && g.request.GetMethod() == http.MethodDelete && slices.Contains([]string{"clients",
		"client-grants", "users", "resource-servers", "roles"}, g.kind):
		g.doubt("it is no operation of the Management API that this server knows")
	case g.signedIn && !g.known() && (g.kind == "clients" || g.operation == "DELETE /api/v2/users/{id}" ||
		g.operation == "DELETE /api/v2/client-grants/{id}"):
		g.doubt("the token does not tell whose it is, so that this may be what this server is signed in with")
	}
	return nil
}

// linking refuses to make the session's user an identity of another user.
func (g *guard) linking() *GuardError {
	if g.user == "" || g.isUser(g.id) {
		return nil
	}
	linked := scalar(g.body["user_id"])
	provider := scalar(g.body["provider"])
	if g.isUser(linked) || g.isUser(provider+"|"+linked) || g.isUser(holderOf(scalar(g.body["link_with"])).user) ||
		!g.readable {
		return g.refuse(ownUser, usersPage, "%q, the user who is signed in, would become an identity of another", g.user)
	}
	if scalar(g.body["connection_id"]) != "" && provider == "" && strings.HasSuffix(g.user, "|"+linked) {
		return g.refuse(ownUser, usersPage, "%q may be the user who is signed in", linked)
	}
	return nil
}

// disconnecting refuses to disable the connection of a user's session for its application.
func (g *guard) disconnecting() *GuardError {
	if g.user == "" {
		return nil
	}
	if !g.readable {
		return g.refuse(ownConnection, connectionsPage, "its body cannot be read, and may disable a connection of %q",
			g.client)
	}
	for _, item := range g.items {
		one, _ := item.(map[string]any)
		if one["status"] != true && same(scalar(one["client_id"]), g.client) {
			return g.refuse(ownConnection, connectionsPage, "it would disable the connection for %q, the application that "+
				"the user is signed in with", g.client)
		}
	}
	return nil
}

// revoking refuses to revoke the refresh tokens of a user's session.
func (g *guard) revoking() *GuardError {
	user, client := scalar(g.body["user_id"]), scalar(g.body["client_id"])
	switch {
	case g.user == "":
	case g.isUser(user) && (client == "" || same(client, g.client)), user == "" && same(client, g.client), !g.readable:
		return g.refuse(ownUser, usersPage, "the refresh token of this server's session is among them")
	case user == "" && client == "":
		g.doubt("whether the refresh token of this server's session is among them is not known")
	}
	return nil
}

// byTarget says what of a request is refused by what is stored.
func (g *guard) byTarget() *GuardError {
	switch g.operation {
	case "PATCH /api/v2/clients/{id}":
		return g.applicationSettings()
	case "PATCH /api/v2/client-grants/{id}", "DELETE /api/v2/client-grants/{id}":
		return g.clientGrant()
	case "PATCH /api/v2/resource-servers/{id}", "DELETE /api/v2/resource-servers/{id}":
		return g.resourceServer()
	case "PATCH /api/v2/connections/{id}", "DELETE /api/v2/connections/{id}":
		return g.connection()
	case "PATCH /api/v2/tenants/settings":
		if g.user == "" && g.changes("default_token_quota") != "" {
			g.doubt("it limits how many tokens applications get, %q among them, which this server is signed in with", g.client)
		}
	case "PATCH /api/v2/users/{id}":
		if e := g.userSettings(); e != nil || g.body["blocked"] != true && g.readable {
			return e
		}
		return g.administrator(g.id, nil)
	case "DELETE /api/v2/users/{id}":
		return g.administrator(g.id, nil)
	case "DELETE /api/v2/users/{id}/roles":
		return g.administrator(g.id, textsOf(g.body["roles"], "id"))
	case "DELETE /api/v2/roles/{id}", "DELETE /api/v2/roles/{id}/permissions":
		return g.administrators(g.id)
	case "DELETE /api/v2/refresh-tokens/{id}":
		return g.sessionOf(g.storedText("user_id"), g.storedText("client_id"))
	case "DELETE /api/v2/sessions/{id}":
		return g.sessionOf(g.storedText("user_id"), g.client)
	case "POST /api/v2/sessions/{id}/revoke":
		if g.user != "" {
			doc, status := g.read("", "sessions", g.id)
			g.before, g.gone = doc, status == http.StatusNotFound
			return g.sessionOf(g.storedText("user_id"), g.client)
		}
	}
	return nil
}

// applicationSettings refuses a change of the session's application by which it could not get a token any more.
func (g *guard) applicationSettings() *GuardError {
	if !same(g.id, g.client) {
		return nil
	}
	member := g.changes("client_secret", "token_endpoint_auth_method", "client_authentication_methods", "app_type",
		"is_first_party", "refresh_token", "token_quota", "organization_usage", "require_proof_of_possession",
		"compliance_level", "third_party_security_mode", "default_organization")
	for _, grant := range g.lost("grant_types", "") {
		// The others let no program in that works without a page of its own.
		if slices.Contains([]string{"client_credentials", "refresh_token",
			"urn:ietf:params:oauth:grant-type:device_code"}, grant) {
			member = "grant_types"
		}
	}
	if _, given := g.body["grant_types"]; given && g.before == nil {
		member = "grant_types"
	}
	if member == "" {
		return nil
	}
	return g.refuse(ownApplication, applicationsPage, "it changes %s of %q, the application that this server is signed "+
		"in with", member, g.client)
}

// userSettings refuses a change by which the session's user could not sign in any more.
func (g *guard) userSettings() *GuardError {
	if !g.isUser(g.id) {
		return nil
	}
	member := g.changes("password", "email", "username", "phone_number", "connection")
	if value, given := g.body["blocked"]; given && value != false {
		member = "blocked"
	}
	if member == "" {
		return nil
	}
	return g.refuse(ownUser, usersPage, "it changes %s of %q, the user who is signed in", member, g.user)
}

// clientGrant refuses to take from the session's application what it is granted for the Management API.
func (g *guard) clientGrant() *GuardError {
	client, audience := g.storedText("client_id"), g.storedText("audience")
	deletes := g.request.GetMethod() == http.MethodDelete
	switch {
	case g.gone, !g.known():
		return nil
	case client == "" && g.stored("default_for") == nil:
		g.doubt("whether it is the grant of %q, the application that this server is signed in with, is not known: it "+
			"needs read:client_grants", g.client)
		return nil
	case !same(client, g.client) || !g.isManagementAPI(g.domain, audience):
		return nil
	case deletes:
		return g.refuse(ownGrant, grantsPage, "it is the grant of %q, the application that this server is signed in with",
			g.client)
	}
	member := g.changes("organization_usage", "allow_any_organization")
	if value, given := g.body["allow_all_scopes"]; given && value != true && g.stored("allow_all_scopes") == true {
		member = "allow_all_scopes"
	}
	if gone := g.lost("scope", ""); len(gone) > 0 {
		member = "scope (without " + some(gone) + ")"
	}
	if member == "" {
		return nil
	}
	return g.refuse(ownGrant, grantsPage, "it changes %s of the grant of %q, the application that this server is signed "+
		"in with", member, g.client)
}

// minLifetime is how short the life of the Management API's tokens may become, in seconds: below, a token ends while it
// is used.
const minLifetime = 60

// resourceServer refuses to delete the Management API, and to change how tokens for it are made.
func (g *guard) resourceServer() *GuardError {
	identifier := g.storedText("identifier")
	deletes := g.request.GetMethod() == http.MethodDelete
	system := g.stored("is_system") == true && strings.HasSuffix(identifier, managementPath)
	if !g.isManagementAPI(g.domain, g.id) && !g.isManagementAPI(g.domain, identifier) && !system {
		if g.before == nil && !g.gone {
			g.doubt("whether it is the tenant's Management API is not known: it needs read:resource_servers")
		}
		return nil
	}
	member := g.changes("signing_alg", "signing_secret", "enforce_policies", "token_dialect", "token_encryption",
		"proof_of_possession", "subject_type_authorization", "authorization_policy", "consent_policy")
	if life, err := strconv.ParseFloat(scalar(g.body["token_lifetime"]), 64); err == nil && life < minLifetime &&
		g.changes("token_lifetime") != "" {
		member = "token_lifetime"
	}
	if gone := g.lost("scopes", "value"); len(gone) > 0 {
		member = "scopes (without " + some(gone) + ")"
	}
	switch {
	case deletes:
		return g.refuse(managementAPI, apisPage, "%q is the tenant's Management API", identifier)
	case member != "":
		return g.refuse(managementAPI, apisPage, "it changes %s of %q, the tenant's Management API", member, identifier)
	}
	return nil
}

// connection refuses to delete the connection of a user's session, and to disable it for the session's application or
// as a whole. Which one it is the token tells by its strategy alone.
func (g *guard) connection() *GuardError {
	deletes := g.request.GetMethod() == http.MethodDelete
	enabled, given := g.body["enabled_clients"]
	disables := given && !slices.Contains(textsOf(enabled, ""), g.client) || g.turnsOff("authentication", "active") ||
		g.turnsOff("options", "authentication_methods", "password", "enabled")
	if g.user == "" || g.gone || !deletes && !given && !disables && g.readable {
		return nil
	}
	provider, _, _ := strings.Cut(g.user, "|")
	switch strategy := g.storedText("strategy"); {
	case g.before == nil:
		g.doubt("whether %q, the user who is signed in, is of this connection is not known: it needs read:connections",
			g.user)
	case !same(strategy, provider), !slices.Contains(textsOf(g.stored("enabled_clients"), ""), g.client):
		if deletes && same(strategy, provider) {
			g.doubt("%q, the user who is signed in, may be of this connection, and is deleted with it", g.user)
		}
	case deletes || disables || !g.readable:
		return g.refuse(ownConnection, connectionsPage, "users sign in by %q to %q, the application that this server is "+
			"signed in with", g.storedText("name"), g.client)
	}
	return nil
}

// turnsOff reports whether the body sets a member, which these names lead to, to something else than true.
func (g *guard) turnsOff(names ...string) bool {
	var value any = g.body
	for _, name := range names {
		object, _ := value.(map[string]any)
		inner, given := object[name]
		if !given {
			return false
		}
		value = inner
	}
	return value != true
}

// sessionOf refuses to end the session of a user with an application, if it is this server's.
func (g *guard) sessionOf(user, client string) *GuardError {
	switch {
	case g.user == "" || g.gone:
	case g.before == nil:
		g.doubt("whether it is of %q, the user who is signed in, is not known: it needs read:refresh_tokens or "+
			"read:sessions", g.user)
	case g.isUser(user) && same(client, g.client):
		return g.refuse(ownUser, usersPage, "it is a session of %q, the user who is signed in", g.user)
	}
	return nil
}
