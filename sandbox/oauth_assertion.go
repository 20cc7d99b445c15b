package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	// The hashes that assertionHash names.
	_ "crypto/sha256"
	_ "crypto/sha512"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// maxAssertionLife is the longest life of an assertion that Auth0 takes, and
	// assertionSkew how far its clock may be off.
	// https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt
	maxAssertionLife = 5 * time.Minute
	assertionSkew    = 10 * time.Second
	// maxAssertionText is the length of iss, sub and jti, from the same page.
	maxAssertionText = 64
)

// assertionKey is the public half of a key that a client signs assertions with.
type assertionKey struct {
	id        string // kid
	algorithm string
	key       *rsa.PublicKey
}

// registerPEM keeps the key of a credential that the Management API was given. One
// that isn't an RSA key, or a certificate of one, is not kept, and verifies nothing.
func (s *oauthState) registerPEM(credential object) {
	text, _ := credential["pem"].(string)
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return
		}
		parsed = certificate.PublicKey
	}
	key, isRSA := parsed.(*rsa.PublicKey)
	if !isRSA {
		return
	}
	id, _ := credential["id"].(string)
	kept := assertionKey{key: key}
	kept.id, _ = credential["kid"].(string)
	kept.algorithm, _ = credential["alg"].(string)
	s.keys[id] = kept
}

// assertionKeys are the keys that a client may sign with.
func (t *Tenant) assertionKeys(client object) []assertionKey {
	methods, _ := client["client_authentication_methods"].(object)
	method, _ := methods["private_key_jwt"].(object)
	credentials, _ := method["credentials"].([]any)
	var keys []assertionKey
	for _, item := range credentials {
		credential, _ := item.(object)
		id, _ := credential["id"].(string)
		if key, known := t.oauth.keys[id]; known {
			keys = append(keys, key)
		}
	}
	return keys
}

func assertionHash(algorithm string) (crypto.Hash, bool) {
	switch algorithm {
	case "RS256", "PS256":
		return crypto.SHA256, true
	case "RS384":
		return crypto.SHA384, true
	}
	return 0, false
}

// verifies tells whether the key made a signature.
func (k assertionKey) verifies(signed string, signature []byte) bool {
	hash, known := assertionHash(k.algorithm)
	if !known {
		return false
	}
	digest := hash.New()
	digest.Write([]byte(signed))
	if k.algorithm == "PS256" {
		return rsa.VerifyPSS(k.key, hash, digest.Sum(nil), signature, nil) == nil
	}
	return rsa.VerifyPKCS1v15(k.key, hash, digest.Sum(nil), signature) == nil
}

// assertion is a client assertion in its parts.
type assertion struct {
	head struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
	}
	claims struct {
		Issuer   string    `json:"iss"`
		Subject  string    `json:"sub"`
		Audience audiences `json:"aud"`
		ID       string    `json:"jti"`
		// Seconds since 1970, which may have a fraction. RFC 7519 section 2.
		ExpiresAt *float64 `json:"exp"`
		IssuedAt  *float64 `json:"iat"`
		NotBefore *float64 `json:"nbf"`
	}
	signed    string
	signature []byte
}

// readAssertion takes an assertion apart; it verifies nothing.
func readAssertion(text string) (assertion, bool) {
	var a assertion
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return assertion{}, false
	}
	a.signed = parts[0] + "." + parts[1]
	for i, into := range []any{&a.head, &a.claims} {
		part, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(part, into) != nil {
			return assertion{}, false
		}
	}
	var err error
	a.signature, err = base64.RawURLEncoding.DecodeString(parts[2])
	return a, err == nil
}

func badAssertion(format string, args ...any) error {
	return refuseOAuth(http.StatusUnauthorized, "invalid_client", "client_assertion: "+format, args...)
}

// authenticateAssertion finds the client that signed an assertion, which is then
// spent. RFC 7523 section 3. The id is that of the request, if it names one.
func (t *Tenant) authenticateAssertion(id string, p oauthParams) (object, error) {
	if p["client_assertion_type"] != assertionType {
		return nil, refuseOAuth(http.StatusBadRequest, "invalid_request", "client_assertion_type must be %s", assertionType)
	}
	a, whole := readAssertion(p["client_assertion"])
	if !whole {
		return nil, badAssertion("it is no signed JSON Web Token")
	}
	if id == "" {
		id = a.claims.Subject
	}
	client := t.findClient(id)
	if client == nil || authMethod(client) != methodKey {
		return nil, errUnauthorized()
	}
	made := slices.ContainsFunc(t.assertionKeys(client), func(k assertionKey) bool {
		return k.algorithm == a.head.Algorithm && (a.head.KeyID == "" || a.head.KeyID == k.id) &&
			k.verifies(a.signed, a.signature)
	})
	if !made {
		return nil, badAssertion("no key of the client verifies its signature with algorithm %q and key id %q",
			a.head.Algorithm, a.head.KeyID)
	}
	if err := t.checkAssertion(a, id); err != nil {
		return nil, err
	}
	return client, nil
}

// checkAssertion checks the claims of an assertion whose signature is good, and
// notes its jti.
func (t *Tenant) checkAssertion(a assertion, clientID string) error {
	now, c := t.now(), a.claims
	after := func(seconds *float64, limit time.Time) bool {
		return seconds != nil && *seconds > float64(limit.UnixNano())/float64(time.Second)
	}
	switch {
	case c.Issuer != clientID || c.Subject != clientID:
		return badAssertion("iss and sub must be the client_id")
	case !slices.Contains(c.Audience, t.issuer()) && !slices.Contains(c.Audience, "https://"+t.domain+tokenPath):
		return badAssertion("aud must be %s", t.issuer())
	case c.ExpiresAt == nil || !after(c.ExpiresAt, now):
		return badAssertion("exp is missing or past")
	case after(c.ExpiresAt, now.Add(maxAssertionLife+assertionSkew)):
		return badAssertion("exp is more than %d seconds ahead", int(maxAssertionLife.Seconds()))
	case after(c.IssuedAt, now.Add(assertionSkew)), after(c.NotBefore, now.Add(assertionSkew)):
		return badAssertion("iat or nbf is in the future")
	case c.ID == "" || len(c.ID) > maxAssertionText || len(c.Issuer) > maxAssertionText:
		return badAssertion("jti is missing, or iss, sub or jti is longer than %d characters", maxAssertionText)
	}
	maps.DeleteFunc(t.oauth.spent, func(_ string, end time.Time) bool { return end.Before(now) })
	key := clientID + " " + c.ID
	if _, used := t.oauth.spent[key]; used {
		return badAssertion("jti was used before")
	}
	t.oauth.spent[key] = now.Add(maxAssertionLife + assertionSkew)
	return nil
}
