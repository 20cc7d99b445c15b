package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// keyFacts make a key with its certificate, which is noise.
func (t *Tenant) keyFacts(algorithm, subject string) object {
	digest := strings.ToUpper(t.randomText(hexDigits, 40))
	return object{
		"kid": t.randomText(secretDigits, 21), "cert": t.fakePEM("CERTIFICATE", 560), "pkcs7": t.fakePEM("PKCS7", 640),
		"fingerprint": fingerprint(digest), "thumbprint": digest, "algorithm": algorithm, "subject_dn": "/CN=" + subject,
	}
}

// seedKeys makes the keys that every tenant has.
func (t *Tenant) seedKeys() {
	for _, use := range []string{"current", "next"} {
		t.addSigningKey(use)
	}
	root := t.plant("keys/encryption", nil, object{"type": "environment-root-key", "state": "active"})
	t.plant("keys/encryption", nil,
		object{"type": "tenant-master-key", "state": "active", "parent_kid": root["kid"]})
}

func (t *Tenant) addSigningKey(use string) {
	key := t.keyFacts("RS256", t.domain)
	delete(key, "algorithm")
	delete(key, "subject_dn")
	key["current"], key["next"], key["previous"], key["revoked"] = false, false, false, false
	key[use] = true
	if use == "current" {
		key["current_since"] = millis(t.daysAgo(200))
	}
	t.all("keys/signing").add(key)
}

// rotateSigningKey makes the next key the current one, and a new key the next.
func (t *Tenant) rotateSigningKey(c *call) (result, error) {
	now := millis(t.now())
	var current object
	for _, key := range t.all("keys/signing").items {
		switch {
		case key["current"] == true:
			key["current"], key["previous"], key["current_until"] = false, true, now
		case key["next"] == true:
			key["next"], key["current"], key["current_since"] = false, true, now
			current = key
		default:
			key["previous"] = false
		}
	}
	t.addSigningKey("next")
	return c.answer(current)
}

func (t *Tenant) revokeSigningKey(c *call) (result, error) {
	kept := t.all("keys/signing")
	key := kept.find(c.params["kid"])
	switch {
	case key == nil:
		return result{}, t.tables.resources["keys/signing"].notFound("")
	case key["current"] == true || key["next"] == true:
		return result{}, refused(http.StatusBadRequest, "Only a key that has been rotated out can be revoked.",
			"signing_key_not_revocable")
	}
	key["revoked"], key["revoked_at"] = true, millis(t.now())
	return c.answer(object{"kid": key["kid"], "cert": key["cert"]})
}

// rekey makes new keys for all that the root key protects.
func (t *Tenant) rekey(c *call) (result, error) {
	for _, key := range t.all("keys/encryption").items {
		if key["type"] == "tenant-master-key" && key["state"] == "active" {
			key["state"], key[updatedAt] = "deactivated", millis(t.now())
			t.plant("keys/encryption", nil,
				object{"type": "tenant-master-key", "state": "active", "parent_kid": key["parent_kid"]})
			break
		}
	}
	return c.answer(nil)
}

func (t *Tenant) encryptionKey(c *call) (object, error) {
	if key := t.all("keys/encryption").find(c.params["kid"]); key != nil {
		return key, nil
	}
	return nil, t.tables.resources["keys/encryption"].notFound("")
}

// importEncryptionKey takes the material of a key that was made without it.
func (t *Tenant) importEncryptionKey(c *call) (result, error) {
	key, err := t.encryptionKey(c)
	if err != nil {
		return result{}, err
	}
	if key["state"] != "pre-activation" {
		return result{}, refused(http.StatusBadRequest, "The key has its material already.", "invalid_key_state")
	}
	key["state"], key[updatedAt] = "active", millis(t.now())
	return c.answer(key)
}

func (t *Tenant) wrappingKey(c *call) (result, error) {
	if _, err := t.encryptionKey(c); err != nil {
		return result{}, err
	}
	return c.answer(object{"public_key": t.fakePEM("PUBLIC KEY", 540), "algorithm": "CKM_RSA_AES_KEY_WRAP"})
}

// destroyEncryptionKey keeps what the key was, without its material.
func (t *Tenant) destroyEncryptionKey(c *call) (result, error) {
	key, err := t.encryptionKey(c)
	if err != nil {
		return result{}, err
	}
	if key["type"] != "customer-provided-root-key" {
		return result{}, refused(http.StatusBadRequest, "Only a key that was provided by a customer can be deleted.",
			"invalid_key_state")
	}
	key["state"], key[updatedAt] = "destroyed", millis(t.now())
	return c.answer(object{})
}

func completeFingerprint(_ *Tenant, _ *call, key object) error {
	if value := text(key["value"]); value != "" {
		sum := sha256.Sum256([]byte(value))
		key["fingerprint"] = hex.EncodeToString(sum[:])
		delete(key, "value")
	}
	return nil
}

// completeCredential registers a key that an application authenticates with.
func completeCredential(t *Tenant, c *call, credential object) error {
	client := t.clients.find(c.params["client_id"])
	if c.operation.Method != http.MethodPost || c.seeding {
		return nil
	}
	if text(credential["pem"]) == "" && credential["subject_dn"] == nil {
		return badBody([]string{onProperty("Missing required property: pem", "")})
	}
	if credential["credential_type"] == "public_key" {
		if credential["kid"] == nil {
			credential["kid"] = t.randomText(secretDigits, 43)
		}
		if credential["alg"] == nil {
			credential["alg"] = "RS256"
		}
		t.oauth.registerPEM(credential)
	}
	methods, _ := client["client_authentication_methods"].(object)
	if holder, own := methods["private_key_jwt"].(object); own {
		list, _ := holder["credentials"].([]any)
		holder["credentials"] = append(slices.Clone(list), object{"id": credential["id"]})
	}
	return nil
}

// removeCredential takes a key out of its application.
func removeCredential(t *Tenant, c *call, credential object) error {
	for _, holder := range credentialLists(t.clients.find(c.params["client_id"])) {
		list, _ := holder["credentials"].([]any)
		holder["credentials"] = slices.DeleteFunc(slices.Clone(list), func(item any) bool {
			one, _ := item.(object)
			return one["id"] == credential["id"]
		})
	}
	return nil
}

func (t *Tenant) rotateSecret(c *call) (result, error) {
	client := t.clients.find(c.params["id"])
	if client == nil {
		return result{}, errNoClient()
	}
	client["client_secret"] = t.randomText(secretDigits, 64)
	return c.answer(client)
}
