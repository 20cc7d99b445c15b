package sandbox

import (
	"crypto/rsa"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// DeviceClientID is the public client that users sign in with on Auth0's own
// host. Every tenant knows it.
const DeviceClientID = "2lhnuYMRQ8IpR5hNsOhDFQqrGQUQMRm5"

// Credentials are what an application signs in with.
type Credentials struct {
	ClientID string
	// ClientSecret is empty for an application that has none, or signs in with a key.
	ClientSecret string
}

// Credentials returns what the application with the given name signs in with. The
// seeded company's machine for this is "Deploy Pipeline". It fails if no
// application, or more than one, has that name.
func (t *Tenant) Credentials(name string) (Credentials, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []object
	for _, client := range t.clients.items {
		if client["name"] == name {
			found = append(found, client)
		}
	}
	if len(found) != 1 {
		return Credentials{}, fmt.Errorf("sandbox: %d applications are called %q; give the name of exactly one", len(found),
			name)
	}
	return credentialsOf(found[0]), nil
}

func credentialsOf(client object) Credentials {
	id, _ := client["client_id"].(string)
	credentials := Credentials{ClientID: id}
	if authMethod(client) == methodSecret {
		credentials.ClientSecret, _ = client["client_secret"].(string)
	}
	return credentials
}

// Machine describes a machine-to-machine application to add.
type Machine struct {
	// Name is shown by the Management API.
	Name string
	// Scopes are granted for the tenant's Management API; nil means all of them.
	Scopes []string
	// Key makes the application sign in with assertions that this key verifies,
	// private_key_jwt, instead of with a secret.
	Key *rsa.PublicKey
	// KeyID is the key's name, for the assertion's header; empty means a made-up one.
	KeyID string
	// Algorithm is that of the assertions: RS256, RS384 or PS256; empty means RS256.
	Algorithm string
}

// AddMachine adds a machine-to-machine application with a client grant for the
// Management API. It fails for an algorithm that Auth0 doesn't take, and for scopes
// that the API doesn't have.
func (t *Tenant) AddMachine(m Machine) (Credentials, error) {
	if m.Algorithm == "" {
		m.Algorithm = "RS256"
	}
	if _, known := assertionHash(m.Algorithm); !known {
		return Credentials{}, fmt.Errorf("sandbox: assertions signed with %q are not taken; use RS256, RS384 or PS256",
			m.Algorithm)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.Scopes == nil {
		m.Scopes = managementScopes()
	}
	scopes := stringList(m.Scopes...)
	if err := t.checkScopes(t.Audience(), scopes); err != nil {
		return Credentials{}, fmt.Errorf("sandbox: add machine %q: %w", m.Name, err)
	}
	body := object{
		"name": m.Name, "app_type": "non_interactive", "oidc_conformant": true, "grant_types": stringList(grantMachine),
		"token_endpoint_auth_method": "client_secret_post", "jwt_configuration": signedWithRSA(),
	}
	if m.Key != nil {
		credential := "cred_" + t.randomText(alphanumeric, 22)
		if m.KeyID == "" {
			m.KeyID = t.randomText(secretDigits, 43)
		}
		t.oauth.keys[credential] = assertionKey{id: m.KeyID, algorithm: m.Algorithm, key: m.Key}
		delete(body, "token_endpoint_auth_method")
		credentials := []any{object{"id": credential}}
		body["client_authentication_methods"] = object{"private_key_jwt": object{"credentials": credentials}}
	}
	client := t.newClient(body)
	t.clients.add(client)
	t.grants.add(object{
		"id": "cgr_" + t.randomText(alphanumeric, 16), "client_id": client["client_id"], "audience": t.Audience(),
		"scope": scopes, "subject_type": "client",
	})
	return credentialsOf(client), nil
}

// AddDevice adds a public client for the device flow to the host where users sign
// in. Its refresh tokens rotate, if rotating is set, and else stay the same and
// never end.
func (t *Tenant) AddDevice(name string, rotating bool) Credentials {
	t.mu.Lock()
	defer t.mu.Unlock()
	client := object{
		"client_id": t.randomText(alphanumeric, 32), "name": name, "app_type": "native", "is_first_party": true,
		"grant_types": stringList(grantDevice, grantRefresh), "token_endpoint_auth_method": "none",
		"refresh_token": defaultRefreshToken(false),
	}
	if rotating {
		client["refresh_token"] = rotatingRefreshToken()
	}
	t.oauth.host.add(client)
	return credentialsOf(client)
}

// findClient finds a client of the tenant or of the host where users sign in.
func (t *Tenant) findClient(id string) object {
	if client := t.clients.find(id); client != nil {
		return client
	}
	return t.oauth.host.find(id)
}

// How a client shows who it is.
const (
	methodNone   = "none"
	methodSecret = "client_secret" // #nosec G101 -- a method's name
	methodKey    = "private_key_jwt"
)

// authMethod tells how a client shows who it is. Whether a secret comes in the body
// or in a header makes no difference, whatever the client's settings say.
func authMethod(client object) string {
	if _, ownKeys := client["client_authentication_methods"]; ownKeys {
		return methodKey
	}
	switch client["token_endpoint_auth_method"] {
	case "none":
		return methodNone
	case nil:
		if client["app_type"] == "spa" || client["app_type"] == "native" {
			return methodNone
		}
	}
	return methodSecret
}

// errUnauthorized is Auth0's answer to a client that it doesn't know or whose
// secret is wrong: one answer for both, so that it does not reveal which.
func errUnauthorized() error {
	return refuseOAuth(http.StatusUnauthorized, "access_denied", "Unauthorized")
}

// authenticateClient finds the client that a request comes from. RFC 6749 section
// 2.3, RFC 7523 section 2.2.
func (t *Tenant) authenticateClient(r *Request, p oauthParams) (object, error) {
	id, secret, err := clientSecret(r, p)
	if err != nil {
		return nil, err
	}
	if p["client_assertion"] != "" || p["client_assertion_type"] != "" {
		if secret != "" {
			return nil, refuseOAuth(http.StatusBadRequest, "invalid_request", "Send one of client_secret and client_assertion")
		}
		return t.authenticateAssertion(id, p)
	}
	if id == "" {
		return nil, refuseOAuth(http.StatusUnauthorized, "invalid_client", "Missing client_id")
	}
	client := t.findClient(id)
	if client == nil {
		return nil, errUnauthorized()
	}
	switch authMethod(client) {
	case methodNone:
		return client, nil
	case methodSecret:
		own, _ := client["client_secret"].(string)
		if own != "" && subtle.ConstantTimeCompare([]byte(own), []byte(secret)) == 1 {
			return client, nil
		}
	}
	return nil, errUnauthorized()
}

// clientSecret reads a client's id and secret from the header or the body.
func clientSecret(r *Request, p oauthParams) (id, secret string, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return p["client_id"], p["client_secret"], nil
	}
	rawID, rawSecret, basic := (&http.Request{Header: r.Header}).BasicAuth()
	id, idErr := url.QueryUnescape(rawID)
	secret, secretErr := url.QueryUnescape(rawSecret)
	switch {
	case !basic || idErr != nil || secretErr != nil || id == "":
		return "", "", refuseOAuth(http.StatusUnauthorized, "invalid_client", "The Authorization header can't be read")
	case p["client_secret"] != "", p["client_id"] != "" && p["client_id"] != id:
		return "", "", refuseOAuth(http.StatusBadRequest, "invalid_request", "Send the client's credentials once")
	}
	return id, secret, nil
}

// mayUse refuses a grant type that the client's settings don't list.
func mayUse(client object, grantType string) error {
	types, _ := client["grant_types"].([]any)
	if !slices.Contains(types, any(grantType)) {
		return refuseOAuth(http.StatusForbidden, "unauthorized_client", "Grant type '%s' not allowed for the client.",
			grantType)
	}
	return nil
}
