package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
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

func (t *Tenant) listAPIs(c *call) (result, error) {
	q := queryParams{c.query}
	p, shape := q.page(50), q.projection()
	identifiers := q.list("identifiers")
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
	q := queryParams{c.query}
	shape := q.projection()
	api := t.findAPI(c.params["id"])
	if api == nil {
		return result{}, errNoAPI()
	}
	return ok(shape.apply(api))
}

func (t *Tenant) createAPI(c *call) (result, error) {
	if err := checkScopeNames(c.body); err != nil {
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

// checkScopeNames refuses a list that has a scope twice.
func checkScopeNames(body object) error {
	scopes, _ := body["scopes"].([]any)
	at := map[any]int{}
	for i, scope := range scopes {
		scope, _ := scope.(object)
		if first, twice := at[scope["value"]]; twice {
			problem := fmt.Sprintf("Array items are not unique (indexes %d and %d)", first, i)
			return badBody([]string{onProperty(problem, "scopes")})
		}
		at[scope["value"]] = i
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
	merge(api, body, nil)
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
		if err := checkSystemAPI(c.body); err != nil {
			return result{}, err
		}
	}
	if err := checkScopeNames(c.body); err != nil {
		return result{}, err
	}
	t.mergeAPI(api, c.body)
	return ok(api)
}

// checkSystemAPI refuses what cannot be changed of an API of Auth0's own: all but a few members,
// and of those the policy for clients.
func checkSystemAPI(body object) error {
	allowed := []string{
		"token_lifetime", "skip_consent_for_verifiable_first_party_clients", "proof_of_possession",
		"subject_type_authorization", "authorization_policy",
	}
	var others []string
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if !slices.Contains(allowed, name) {
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		return badBody([]string{onProperty("Additional properties not allowed: "+strings.Join(others, ","), "")})
	}
	subjects, _ := body["subject_type_authorization"].(object)
	if _, given := subjects["client"]; given {
		return badBody([]string{onProperty("Additional properties not allowed: client", "subject_type_authorization")})
	}
	return nil
}

// deleteAPI succeeds, as the real API does, for an API that isn't there.
func (t *Tenant) deleteAPI(c *call) (result, error) {
	api := t.findAPI(c.params["id"])
	if api == nil {
		return gone()
	}
	if api["is_system"] == true {
		return result{}, refused(http.StatusBadRequest, "System resource servers cannot be deleted",
			"operation_not_supported")
	}
	id, _ := api["id"].(string)
	t.apis.remove(id)
	t.grants.items = slices.DeleteFunc(t.grants.items,
		func(grant object) bool { return grant["audience"] == api["identifier"] })
	return gone()
}
