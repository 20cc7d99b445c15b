package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

func errNoClient() error { return notFound("The client does not exist", "inexistent_client") }

// showClient makes the answer about a client: without its secrets unless the
// token may see them, and without a secret and an authentication method where
// the client authenticates with keys of its own. Only the answer to a creation
// has the secrets whatever the token.
func showClient(c *call, client object) object {
	out := object{}
	hide := !c.claims.allows([]string{"read:client_keys", "read:client_credentials"})
	_, ownKeys := client["client_authentication_methods"]
	for name, value := range client {
		secret := name == "client_secret" || name == "signing_keys" || name == "encryption_key"
		switch {
		case hide && secret:
		case ownKeys && (name == "client_secret" || name == "token_endpoint_auth_method"):
		default:
			out[name] = value
		}
	}
	return out
}

func (t *Tenant) listClients(c *call) (result, error) {
	q := queryParams{c.query}
	p, shape := q.page(50), q.projection("tenant")
	keep, err := q.clientFilter()
	if err != nil {
		return result{}, err
	}
	var found, global []object
	for _, client := range t.clients.items {
		switch {
		case !keep(client):
		case client["global"] == true:
			global = append(global, client)
		default:
			found = append(found, client)
		}
	}
	found = append(found, global...) // last, however old it is
	return p.answer("clients", "client_id", found,
		func(client object) object { return shape.apply(showClient(c, client)) })
}

func (q queryParams) clientFilter() (func(object) bool, error) {
	global, byGlobal := q.flag("is_global")
	first, byFirst := q.flag("is_first_party")
	types := q.list("app_type")
	search := q.text("q")
	if search != "" && !strings.HasPrefix(search, "client_grant.organization_id:") &&
		search != "client_grant.allow_any_organization:true" {
		return nil, badQuery([]string{onProperty("Invalid query", "q")})
	}
	return func(client object) bool {
		appType, _ := client["app_type"].(string)
		switch {
		case byGlobal && client["global"] != global,
			byFirst && client["is_first_party"] != first,
			len(types) > 0 && !slices.Contains(types, appType),
			search != "": // the tenant has no organizations
			return false
		}
		return true
	}, nil
}

func (t *Tenant) getClient(c *call) (result, error) {
	q := queryParams{c.query}
	shape := q.projection()
	client := t.clients.find(c.params["id"])
	if client == nil {
		return result{}, errNoClient()
	}
	return ok(shape.apply(showClient(c, client)))
}

func (t *Tenant) createClient(c *call) (result, error) {
	if err := checkClient(c.body); err != nil {
		return result{}, err
	}
	if identifier, given := c.body["resource_server_identifier"].(string); given && t.findAPI(identifier) == nil {
		return result{}, refused(http.StatusBadRequest, "Resource server "+identifier+" does not exist",
			"inexistent_resource_server")
	}
	client := t.newClient(c.body)
	answer := cloneObject(client)
	answer["encrypted"] = true
	// The private half of the signing key is shown this once.
	answer["signing_keys"] = []any{object{
		"cert": t.fakePEM("CERTIFICATE", 560), "key": t.fakePEM("RSA PRIVATE KEY", 1180),
		"pkcs7": t.fakePEM("PKCS7", 640), "subject": "/CN=" + t.domain,
	}}
	if _, ownKeys := client["client_authentication_methods"]; ownKeys {
		delete(answer, "client_secret")
		delete(answer, "token_endpoint_auth_method")
	}
	forgetCredentials(client)
	t.clients.add(client)
	if identifier, linked := client["resource_server_identifier"].(string); linked {
		t.findAPI(identifier)["client_id"] = client["client_id"]
	}
	return created(answer)
}

// checkClient refuses what Auth0 refuses of a client beyond its schema: grant types that do not
// exist, and metadata that is no text of at most 255 characters.
func checkClient(body object) error {
	var problems []string
	grants, _ := body["grant_types"].([]any)
	for i, grant := range grants {
		if name, _ := grant.(string); !isGrantType(name) {
			problems = append(problems, onProperty("No enum match for: "+name, fmt.Sprintf("grant_types[%d]", i)))
		}
	}
	metadata, _ := body["client_metadata"].(object)
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		switch value := metadata[name].(type) {
		case nil:
		case string:
			if length := utf8.RuneCountInString(value); length > 255 {
				problems = append(problems, onProperty(
					fmt.Sprintf("String is too long (%d chars), maximum 255", length), "client_metadata."+name))
			}
		default:
			problems = append(problems,
				onProperty("Expected type string but found type "+typeName(value), "client_metadata."+name))
		}
	}
	if len(problems) > 0 {
		return badBody(problems)
	}
	return nil
}

func isGrantType(name string) bool {
	switch name {
	case "authorization_code", "implicit", "refresh_token", "client_credentials", "password":
		return true
	default:
		return strings.HasPrefix(name, "http://auth0.com/oauth/") || strings.HasPrefix(name, "urn:")
	}
}

// credentialLists finds the lists of keys that a client authenticates with.
func credentialLists(client object) []object {
	methods, _ := client["client_authentication_methods"].(object)
	var holders []object
	for _, name := range []string{"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"} {
		if holder, given := methods[name].(object); given {
			holders = append(holders, holder)
		}
	}
	if holder, given := client["signed_request_object"].(object); given {
		holders = append(holders, holder)
	}
	return holders
}

// registerCredentials gives the keys in a new client's body their ids, keeps them
// for the token endpoint, and drops what only the one who sent them needs.
func (t *Tenant) registerCredentials(client object) {
	for _, holder := range credentialLists(client) {
		credentials, _ := holder["credentials"].([]any)
		for _, item := range credentials {
			credential, isObject := item.(object)
			if !isObject || credential["id"] != nil {
				continue
			}
			now := millis(t.now())
			credential["id"] = "cred_" + t.randomText(alphanumeric, 22)
			credential["created_at"], credential["updated_at"] = now, now
			if _, given := credential["pem"]; given && credential["credential_type"] == "public_key" {
				credential["kid"] = t.randomText(secretDigits, 43)
				if credential["alg"] == nil {
					credential["alg"] = "RS256"
				}
				t.oauth.registerPEM(credential)
			}
			delete(credential, "pem")
			delete(credential, "parse_expiry_from_cert")
		}
	}
}

// forgetCredentials keeps the ids of a client's keys: all that later answers show.
func forgetCredentials(client object) {
	for _, holder := range credentialLists(client) {
		credentials, _ := holder["credentials"].([]any)
		for i, item := range credentials {
			if credential, isObject := item.(object); isObject {
				credentials[i] = object{"id": credential["id"]}
			}
		}
	}
}

// newClient makes a client from a valid body and the defaults for its type.
func (t *Tenant) newClient(body object) object {
	appType, _ := body["app_type"].(string)
	method, _ := body["token_endpoint_auth_method"].(string)
	client := object{
		"tenant": t.name(), "global": false, "is_first_party": true,
		"client_id": t.randomText(alphanumeric, 32), "client_secret": t.randomText(secretDigits, 64),
		"is_token_endpoint_ip_header_trusted": false, "oidc_conformant": false, "sso_disabled": false,
		"cross_origin_auth": false, "cross_origin_authentication": false, "custom_login_page_on": true,
		"callback_url_template": false,
		"jwt_configuration":     object{"lifetime_in_seconds": number(36000), "secret_encoded": false},
		"grant_types":           stringList("authorization_code", "implicit", "refresh_token", "client_credentials"),
		"signing_keys": []any{object{
			"cert": t.fakePEM("CERTIFICATE", 560), "pkcs7": t.fakePEM("PKCS7", 640), "subject": "deprecated",
		}},
		"refresh_token": defaultRefreshToken(strings.HasPrefix(method, "client_secret_")),
	}
	switch appType {
	case "spa", "native":
		client["grant_types"] = stringList("authorization_code", "implicit", "refresh_token")
	case "resource_server":
		client["grant_types"] = []any{}
		client["oidc_conformant"] = true
		client["jwt_configuration"] = object{"alg": "RS256", "secret_encoded": false}
	case "express_configuration":
		client["grant_types"] = stringList("authorization_code", "client_credentials")
		client["oidc_conformant"] = true
		client["jwt_configuration"] = object{"alg": "RS256", "secret_encoded": false}
		client["organization_usage"], client["organization_require_behavior"] = "require", "pre_login_prompt"
		client["callbacks"] = stringList("https://system-admin.okta.com/admin/app/generic/oauth20redirect")
		client["client_authentication_methods"] = object{"private_key_jwt": object{"credentials": []any{}}}
	}
	if given, isObject := body["jwt_configuration"].(object); isObject && given["lifetime_in_seconds"] == nil {
		// A configuration without a lifetime has none.
		client["jwt_configuration"] = object{"secret_encoded": false}
	}
	mergeClient(client, body, []string{"client_metadata", "jwt_configuration", "session_transfer"})
	t.registerCredentials(client)
	return client
}

// defaultRefreshToken is longer-lived for a client that keeps a secret.
func defaultRefreshToken(confidential bool) object {
	token := object{
		"expiration_type": "non-expiring", "rotation_type": "non-rotating", "leeway": number(0),
		"infinite_token_lifetime": true, "infinite_idle_token_lifetime": true,
		"token_lifetime": number(2592000), "idle_token_lifetime": number(1296000),
	}
	if confidential {
		token["token_lifetime"], token["idle_token_lifetime"] = number(31557600), number(2592000)
	}
	return token
}

// mergeClient writes a valid body over a client: [merge], and what Auth0 completes or drops.
func mergeClient(client, body object, merges []string) {
	if _, given := body["session_transfer"].(object); given && client["session_transfer"] == nil {
		client["session_transfer"] = defaultSessionTransfer()
	}
	merge(client, body, merges)
	if given, isObject := body["refresh_token"].(object); isObject {
		client["refresh_token"] = completeRefreshToken(cloneObject(given))
	}
	if client["initiate_login_uri"] == "" {
		delete(client, "initiate_login_uri")
	}
}

func defaultSessionTransfer() object {
	return object{
		"can_create_session_transfer_token": false, "allowed_authentication_methods": []any{}, "enforce_device_binding": "ip",
		"allow_refresh_token": false, "enforce_online_refresh_tokens": true, "enforce_cascade_revocation": true,
	}
}

// completeRefreshToken fills what a new configuration leaves open.
func completeRefreshToken(given object) object {
	endless := given["expiration_type"] == "non-expiring"
	out := object{
		"leeway": number(0), "token_lifetime": number(2592000), "idle_token_lifetime": number(1296000),
		"infinite_token_lifetime": endless, "infinite_idle_token_lifetime": endless,
	}
	for name, value := range given {
		out[name] = value
	}
	return out
}

func (t *Tenant) updateClient(c *call) (result, error) {
	client := t.clients.find(c.params["id"])
	if client == nil {
		return result{}, errNoClient()
	}
	if err := checkClient(c.body); err != nil {
		return result{}, err
	}
	mergeClient(client, c.body, c.operation.Merges)
	return ok(showClient(c, client))
}

// deleteClient succeeds, as the real API does, for a client that isn't there.
func (t *Tenant) deleteClient(c *call) (result, error) {
	id := c.params["id"]
	client := t.clients.find(id)
	if client != nil && client["global"] == true {
		return result{}, refused(http.StatusBadRequest, "The global client cannot be deleted", "operation_not_supported")
	}
	if identifier, linked := client["resource_server_identifier"].(string); linked {
		if api := t.findAPI(identifier); api != nil {
			delete(api, "client_id")
		}
	}
	t.clients.remove(id)
	t.forget("clients", id)
	t.grants.items = slices.DeleteFunc(t.grants.items, func(grant object) bool { return grant["client_id"] == id })
	return gone()
}

// fakePEM makes a block that looks like key material and is noise.
func (t *Tenant) fakePEM(kind string, size int) string {
	var out strings.Builder
	out.WriteString("-----BEGIN " + kind + "-----\r\n")
	for noise := "MII" + t.randomText(alphanumeric+"+/", size-3); noise != ""; {
		line := min(64, len(noise))
		out.WriteString(noise[:line] + "\r\n")
		noise = noise[line:]
	}
	out.WriteString("-----END " + kind + "-----\r\n")
	return out.String()
}
