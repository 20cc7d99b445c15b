package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

func integer(value any) (int64, bool) {
	n, isNumber := value.(json.Number)
	if !isNumber {
		return 0, false
	}
	out, err := n.Int64()
	return out, err == nil
}

// connectionOptions are the options that Auth0 adds to a new connection of a strategy.
func connectionOptions(strategy string) string {
	switch strategy {
	case "auth0":
		return `{"mfa":{"active":true,"return_enroll_settings":true},"passwordPolicy":"good","strategy_version":2,
			"authentication_methods":{"password":{"enabled":true,"api_behavior":"required"},"passkey":{"enabled":false}},
			"passkey_options":{"challenge_ui":"both","progressive_enrollment_enabled":true,
			"local_enrollment_enabled":true},"brute_force_protection":true}`
	case "email", "sms":
		return `{"brute_force_protection":true,"disable_signup":false}`
	case "google-oauth2", "google-apps":
		return `{"email":true,"profile":true,"scope":["email","profile"]}`
	case "github":
		return `{"scope":["user:email"]}`
	case "line":
		return `{"profile":true}`
	case "apple":
		return `{"scope":"name email"}`
	case "oidc":
		return `{"attribute_map":{"mapping_mode":"bind_all"},"connection_settings":{"pkce":"auto"},
			"schema_version":"oidc-V4"}`
	case "waad":
		return `{"waad_common_endpoint":false,"thumbprints":[]}`
	default:
		return `{}`
	}
}

// completeConnection ends the making or the change of a connection.
func completeConnection(t *Tenant, c *call, connection object) error {
	if err := checkConnection(connection); err != nil {
		return err
	}
	strategy := text(connection["strategy"])
	options := parseObject(connectionOptions(strategy))
	if given, isObject := connection["options"].(object); isObject && c.operation.Method == http.MethodPatch {
		for _, name := range []string{"mfa", "passwordPolicy", "strategy_version", "brute_force_protection"} {
			delete(options, name) // these go with the options that they were in
		}
		merge(options, given, nil)
		connection["options"] = options
	}
	if c.operation.Method != http.MethodPatch {
		given, _ := connection["options"].(object)
		merge(options, given, nil)
		connection["options"] = options
		if connection["realms"] == nil {
			connection["realms"] = stringList(text(connection["name"]))
		}
		if slices.Contains([]string{"waad", "samlp", "ad", "google-apps", "adfs"}, strategy) {
			connection["provisioning_ticket_url"] = "https://" + t.domain + "/p/" + strategy + "/" +
				t.randomText(alphanumeric, 8)
		}
		if strategy == "waad" && connection["display_name"] == nil {
			connection["display_name"] = connection["name"]
		}
		if strategy == "oidc" && connection["show_as_button"] == nil {
			connection["show_as_button"] = false
		}
		if slices.Contains([]string{"auth0", "oidc", "line", "google-oauth2"}, strategy) {
			for _, name := range []string{"authentication", "connected_accounts"} {
				if connection[name] == nil {
					connection[name] = object{"active": name == "authentication"}
				}
			}
		}
	}
	if connection["enabled_clients"] == nil {
		connection["enabled_clients"] = []any{}
	}
	return nil
}

// checkConnection refuses options that exclude each other.
func checkConnection(connection object) error {
	options, _ := connection["options"].(object)
	attributes, given := options["attributes"].(object)
	crossApp, _ := connection["cross_app_access_requesting_app"].(object)
	if strategy := connection["strategy"]; crossApp["active"] == true && strategy != "oidc" && strategy != "okta" {
		return refused(http.StatusBadRequest, "Cross App Access Requesting App is not supported for this connection.",
			"operation_not_supported")
	}
	if !given {
		return nil
	}
	for _, name := range []string{"requires_username", "validation"} {
		if options[name] != nil && options[name] != false {
			return refused(http.StatusBadRequest, "Cannot set both options.attributes and options."+name, "invalid_body")
		}
	}
	for _, item := range attributes {
		attribute, _ := item.(object)
		if identifier, _ := attribute["identifier"].(object); identifier["active"] == true {
			return nil
		}
	}
	return refused(http.StatusBadRequest, "attributes must contain one active identifier", "invalid_body")
}

// removeConnection removes the users of a database and what organizations have of a connection.
func removeConnection(t *Tenant, _ *call, connection object) error {
	users := t.all("users")
	for _, user := range slices.Clone(users.items) {
		list, _ := user["identities"].([]any)
		if len(list) == 1 && hasIdentity(user, text(connection["name"])) {
			users.remove(text(user["user_id"]))
			t.forget("users", text(user["user_id"]))
		}
	}
	for path, kept := range t.store {
		if strings.HasPrefix(path, "organizations/") && strings.HasSuffix(path, "/connections") {
			kept.remove(text(connection["id"]))
		}
	}
	return nil
}

// deleteConnection answers at once; the users go in the background.
func (t *Tenant) deleteConnection(c *call) (result, error) {
	if _, err := t.tables.resources["connections"].remove(t, c); err != nil {
		return result{}, err
	}
	return c.answer(object{"deleted_at": millis(t.now())})
}

// connection is the connection in a request's path; checkParents has found it.
func (t *Tenant) connection(c *call) object { return t.all("connections").find(c.params["id"]) }

// connectionStatus tells whether an identity provider is reachable.
func (t *Tenant) connectionStatus(c *call) (result, error) {
	connection := t.connection(c)
	if strategy := connection["strategy"]; strategy != "ad" && strategy != "auth0-adldap" {
		return result{}, refused(http.StatusBadRequest, "The connection has no status: it is not an AD/LDAP connection.",
			"operation_not_supported")
	}
	return c.answer(object{"online": false})
}

func (t *Tenant) connectionClients(c *call) (result, error) {
	var items []object
	for _, id := range texts(t.connection(c)["enabled_clients"]) {
		items = append(items, object{"client_id": id})
	}
	return c.related(items, "client_id")
}

func (t *Tenant) updateConnectionClients(c *call) (result, error) {
	connection := t.connection(c)
	enabled := texts(connection["enabled_clients"])
	list, _ := c.value.([]any)
	for _, item := range list {
		given, _ := item.(object)
		id := text(given["client_id"])
		if t.clients.find(id) == nil {
			return result{}, errNoClient()
		}
		enabled = slices.DeleteFunc(enabled, func(other string) bool { return other == id })
		if given["status"] == true {
			enabled = append(enabled, id)
		}
	}
	connection["enabled_clients"] = stringList(enabled...)
	return c.answer(object{})
}

// clientConnections lists the connections that are enabled for an application.
func (t *Tenant) clientConnections(c *call) (result, error) {
	strategies := queryParams{c.query}.list("strategy")
	var items []object
	for _, connection := range t.all("connections").items {
		if slices.Contains(texts(connection["enabled_clients"]), c.params["id"]) &&
			(len(strategies) == 0 || slices.Contains(strategies, text(connection["strategy"]))) {
			items = append(items, connection)
		}
	}
	return c.related(items, "id")
}

// deleteConnectionUser deletes the user of a database who has an email address.
func (t *Tenant) deleteConnectionUser(c *call) (result, error) {
	users, email := t.all("users"), queryParams{c.query}.text("email")
	for _, user := range slices.Clone(users.items) {
		if user["email"] == email && hasIdentity(user, text(t.connection(c)["name"])) {
			users.remove(text(user["user_id"]))
			t.forget("users", text(user["user_id"]))
		}
	}
	return c.answer(object{})
}

func completeProvisioning(t *Tenant, c *call, o object) error {
	connection := t.connection(c)
	o["connection_id"], o["connection_name"] = connection["id"], connection["name"]
	o["strategy"], o[updatedAt] = connection["strategy"], millis(t.now())
	if o[createdAt] == nil {
		o[createdAt] = o[updatedAt]
	}
	return nil
}

func completeSCIMConfiguration(t *Tenant, c *call, o object) error {
	if err := completeProvisioning(t, c, o); err != nil {
		return err
	}
	o["updated_on"], o["tenant_name"] = o[updatedAt], t.name()
	delete(o, updatedAt)
	return nil
}

// settingsOfConnections lists the settings that connections have at a path below them.
func settingsOfConnections(below string) handler {
	return func(t *Tenant, c *call) (result, error) {
		var items []object
		for _, connection := range t.all("connections").items {
			if value, set := t.values["connections/"+text(connection["id"])+"/"+below].(object); set {
				items = append(items, value)
			}
		}
		return c.related(items, "connection_id")
	}
}

func (t *Tenant) synchronizeDirectory(c *call) (result, error) {
	path := c.path("connections/{id}/directory-provisioning")
	provisioning, set := t.values[path].(object)
	if !set {
		return result{}, notFound(t.tables.settings["connections/{id}/directory-provisioning"].missing,
			"inexistent_directory_provisioning")
	}
	provisioning["last_synchronization_at"], provisioning["last_synchronization_status"] = millis(t.now()), "success"
	return c.answer(object{"connection_id": c.params["id"], "synchronization_id": t.randomText(alphanumeric, 22),
		"status": "queued"})
}

// synchronizedGroups are the operations on the groups of a directory that are synchronized.
func (t *Tenant) synchronizedGroups(c *call) (result, error) {
	path := c.path("connections/{id}/directory-provisioning/synchronized-groups")
	kept := t.store[path]
	if kept == nil || c.operation.Method == http.MethodPut {
		kept = &collection{idKey: "id"}
		t.store[path] = kept
	}
	list, _ := c.body["groups"].([]any)
	for _, item := range list {
		given, _ := item.(object)
		kept.remove(text(given["id"]))
		if c.operation.Method != http.MethodDelete {
			kept.add(cloneObject(given))
		}
	}
	if c.operation.Method == http.MethodGet {
		return c.related(kept.items, "id")
	}
	return c.answer(object{})
}

func completeSCIMToken(t *Tenant, _ *call, token object) error {
	token["token"] = "tok_" + t.randomText(base58, 22) + "." + t.randomText(secretDigits, 43)
	if token["scopes"] == nil {
		token["scopes"] = stringList("get:users", "post:users", "put:users", "patch:users", "delete:users")
	}
	if seconds, given := integer(token["token_lifetime"]); given {
		token["valid_until"] = millis(t.now().Add(time.Duration(seconds) * time.Second))
	}
	return nil
}

// showSCIMToken shows the token itself to its maker alone.
func showSCIMToken(_ *Tenant, c *call, token object) object {
	if c.operation.Method != http.MethodPost {
		delete(token, "token")
	}
	return token
}

// connectionKeys are the keys that a connection signs and decrypts with: made when they are first needed.
func (t *Tenant) connectionKeys(c *call) *collection {
	kept := t.collection(t.tables.resources["connections/{id}/keys"], c)
	return kept
}

// newConnectionKey makes a key, the current one or the next.
func (t *Tenant) newConnectionKey(c *call, current bool) object {
	algorithm := firstText(c.body["signing_alg"], "RS256")
	out := t.keyFacts(algorithm, text(t.connection(c)["name"]))
	delete(out, "pkcs7")
	out["pkcs"], out["key_use"], out["current"], out["next"] = t.fakePEM("PKCS7", 640), "signing", current, !current
	if current {
		out["current_since"] = millis(t.now())
	}
	return out
}

func (t *Tenant) listConnectionKeys(c *call) (result, error) {
	kept := t.connectionKeys(c)
	if len(kept.items) == 0 {
		for _, current := range []bool{true, false} {
			kept.add(t.newConnectionKey(c, current))
		}
	}
	return c.related(kept.items, "kid")
}

func (t *Tenant) createConnectionKeys(c *call) (result, error) {
	kept := t.connectionKeys(c)
	if len(kept.items) > 0 {
		return result{}, conflict("The connection has keys already.", "")
	}
	kept.add(t.newConnectionKey(c, true))
	return c.answer(kept.items)
}

func (t *Tenant) rotateConnectionKeys(c *call) (result, error) {
	kept := t.connectionKeys(c)
	if len(kept.items) == 0 {
		kept.add(t.newConnectionKey(c, false))
	}
	for _, key := range kept.items {
		key["current"], key["previous"] = key["next"] == true, key["current"] == true
		key["next"] = false
	}
	next := t.newConnectionKey(c, false)
	kept.add(next)
	return c.answer(project(c.operation.Answer, next))
}
