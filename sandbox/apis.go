package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

func errNoAPI() error {
	return notFound("The resource server does not exist", "inexistent_resource_server")
}

// findAPI finds an API by its id or its identifier.
func (t *Tenant) findAPI(key string) object {
	if api := t.apis.find(key); api != nil {
		return api
	}
	for _, api := range t.apis.items {
		if api["identifier"] == key {
			return api
		}
	}
	return nil
}

func apiSchema(create bool) *schema {
	off := func(s *schema) *schema {
		if create {
			return s
		}
		return s.nullable()
	}
	policy := func(values ...string) *schema {
		return record("Who may get a token", map[string]*schema{"policy": text("The policy").oneOf(values...)})
	}
	props := map[string]*schema{
		"name": text("Friendly name for this resource server. Can not contain < or > characters").length(1,
			200).checked(noAngles),
		"scopes": list(record("A permission", map[string]*schema{
			"value":       text("Value of this scope").length(1, 280),
			"description": text("User-friendly description of this scope").length(0, 500),
		}, "value"), "List of permissions (scopes) that this API uses"),
		"signing_alg":          text("Algorithm used to sign JWTs").oneOf("HS256", "RS256", "RS512", "PS256"),
		"signing_secret":       text("Secret used to sign tokens when using symmetric algorithms (HS256)").length(16, 512),
		"allow_offline_access": flag("Whether refresh tokens can be issued for this API"),
		"allow_online_access":  flag("Whether online refresh tokens can be issued for this API"),
		"token_lifetime":       whole(0, 2592000, "Expiration value (in seconds) for access tokens issued for this API"),
		"token_lifetime_for_web": whole(0, 2592000, "Expiration value (in seconds) for access tokens issued via the "+
			"implicit flow"),
		"token_dialect": text("Dialect of access tokens").oneOf("access_token", "access_token_authz",
			"rfc9068_profile", "rfc9068_profile_authz"),
		"enforce_policies":     flag("Whether authorization policies are enforced"),
		"verificationLocation": text("Location of the verification"),
		"options":              freeForm("Used to store additional metadata"),
		"skip_consent_for_verifiable_first_party_clients": flag("Whether to skip user consent for first party applications"),
		"allow_online_access_with_ephemeral_sessions":     flag("Whether ephemeral sessions can have online access"),

		"consent_policy":        off(text("The consent policy").oneOf("standard", "transactional-authorization-with-mfa")),
		"authorization_details": off(list(nil, "The authorization details types")),
		"token_encryption": off(record("Token encryption", map[string]*schema{
			"format": text("Format of the encrypted JWT").oneOf("compact-nested-jwe"),
			"encryption_key": record("The key", map[string]*schema{
				"name": text("Name of the encryption key"),
				"alg":  text("Algorithm used to encrypt the token").oneOf("RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"),
				"kid":  text("Key ID"),
				"pem":  text("PEM-formatted public key"),
			}, "alg", "pem"),
		}, "format", "encryption_key")),
		"proof_of_possession": off(record("Proof-of-Possession configuration", map[string]*schema{
			"mechanism":    text("Intended mechanism for Proof-of-Possession").oneOf("mtls", "dpop"),
			"required":     flag("Whether the use of Proof-of-Possession is required"),
			"required_for": text("Which clients are required").oneOf("public_clients", "all_clients"),
		}, "mechanism", "required")),
		"subject_type_authorization": record("Authorization policies for subject types", map[string]*schema{
			"user":   policy("allow_all", "deny_all", "require_client_grant"),
			"client": policy("deny_all", "require_client_grant"),
		}),
		"authorization_policy": off(freeForm("Authorization policy")),
	}
	if create {
		props["identifier"] = text("Unique identifier for the API used as the audience parameter").length(1, 600)
		return record("", props, "identifier")
	}
	return record("", props)
}

func (t *Tenant) listAPIs(c *call) (result, error) {
	q := readQuery(c.query, "page", "per_page", "include_totals", "fields", "include_fields", "identifiers")
	p, shape := q.page(50), q.projection()
	identifiers := q.list("identifiers")
	if q.err != nil {
		return result{}, q.err
	}
	var found []object
	for _, api := range t.apis.items {
		identifier, _ := api["identifier"].(string)
		if len(identifiers) == 0 || slices.Contains(identifiers, identifier) {
			found = append(found, api)
		}
	}
	return p.answer("resource_servers", "", found, shape.apply)
}

func (t *Tenant) getAPI(c *call) (result, error) {
	q := readQuery(c.query, "fields", "include_fields")
	shape := q.projection()
	if q.err != nil {
		return result{}, q.err
	}
	api := t.findAPI(c.params["id"])
	if api == nil {
		return result{}, errNoAPI()
	}
	return ok(shape.apply(api))
}

func (t *Tenant) createAPI(c *call) (result, error) {
	if err := validateAPI(c.body, true); err != nil {
		return result{}, err
	}
	identifier, _ := c.body["identifier"].(string)
	if t.findAPI(identifier) != nil {
		return result{}, conflict("A resource server with the same identifier already exists.", "resource_server_conflict")
	}
	api := t.newAPI(c.body)
	t.apis.add(api)
	return created(api)
}

func validateAPI(body object, create bool) error {
	if err := validateBody(body, apiSchema(create)); err != nil {
		return err
	}
	scopes, _ := body["scopes"].([]any)
	seen := map[any]bool{}
	for _, scope := range scopes {
		scope, _ := scope.(object)
		if seen[scope["value"]] {
			return badBody("'Array items are not unique' on property scopes (List of permissions (scopes) that this API uses)")
		}
		seen[scope["value"]] = true
	}
	return nil
}

// newAPI makes an API from a valid body and the defaults.
func (t *Tenant) newAPI(body object) object {
	api := object{
		"id": t.randomText(hexDigits, 24), "allow_offline_access": false,
		"skip_consent_for_verifiable_first_party_clients": false,
		"subject_type_authorization": object{
			"client": object{"policy": "require_client_grant"}, "user": object{"policy": "allow_all"},
		},
		"token_lifetime": number(86400), "token_lifetime_for_web": number(7200), "signing_alg": "RS256",
	}
	t.mergeAPI(api, body)
	return api
}

// mergeAPI writes a valid body over an API. A null takes a setting away.
func (t *Tenant) mergeAPI(api, body object) {
	for name, value := range body {
		if value == nil {
			delete(api, name)
			continue
		}
		api[name] = clone(value)
	}
	if encryption, isObject := api["token_encryption"].(object); isObject {
		hideEncryptionKey(encryption)
	}
	if api["signing_alg"] != "HS256" {
		delete(api, "signing_secret")
	} else if api["signing_secret"] == nil {
		api["signing_secret"] = t.randomText(alphanumeric, 32)
	}
}

// hideEncryptionKey keeps a thumbprint of the key that was given, or the key id
// that came with it.
func hideEncryptionKey(encryption object) {
	key, _ := encryption["encryption_key"].(object)
	pem, given := key["pem"].(string)
	if !given {
		return
	}
	delete(key, "pem")
	if key["kid"] == nil {
		sum := sha256.Sum256([]byte(strings.TrimSpace(pem)))
		key["thumbprint_sha256"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
}

func (t *Tenant) updateAPI(c *call) (result, error) {
	api := t.findAPI(c.params["id"])
	if api == nil {
		return result{}, errNoAPI()
	}
	if api["is_system"] == true {
		return result{}, errSystemAPI()
	}
	if err := validateAPI(c.body, false); err != nil {
		return result{}, err
	}
	t.mergeAPI(api, c.body)
	return ok(api)
}

func errSystemAPI() error {
	return refused(http.StatusBadRequest, "System resource servers cannot be modified", "operation_not_supported")
}

// deleteAPI succeeds, as the real API does, for an API that isn't there.
func (t *Tenant) deleteAPI(c *call) (result, error) {
	api := t.findAPI(c.params["id"])
	if api == nil {
		return gone()
	}
	if api["is_system"] == true {
		return result{}, errSystemAPI()
	}
	id, _ := api["id"].(string)
	t.apis.remove(id)
	t.grants.items = slices.DeleteFunc(t.grants.items,
		func(grant object) bool { return grant["audience"] == api["identifier"] })
	return gone()
}
