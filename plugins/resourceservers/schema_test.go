package resourceservers

import (
	"net/http"
	"slices"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// Arguments that are told to the kit as no part of the body: signing_secret, which is in
// TestSigningSecretArrives because it needs signing_alg, and token_encryption in an update,
// which is in TestStoredKeyStays.
// The members are those of the API's own description.
func TestMembers(t *testing.T) {
	o, ok := managementapi.ByName("GET /api/v2/resource-servers/{id}")
	if !ok {
		t.Fatal("no such operation")
	}
	for _, m := range o.Answer.Resolve().Members {
		if !slices.Contains(members(), m.Name) {
			t.Errorf("%s is not known", m.Name)
		}
	}
}

func TestArgumentsArriveUntouched(t *testing.T) {
	found := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) })
	sdktest.Untouched(t, Plugin(), found, "auth0_create_resource_server",
		`{"name":"Tides","identifier":"https://tides.example"}`, "signing_secret")
	sdktest.Untouched(t, Plugin(), found, "auth0_update_resource_server",
		`{"id":"https://tides.example"}`, "id", "signing_secret",
		"token_encryption", "token_encryption.format", "token_encryption.encryption_key",
		"token_encryption.encryption_key.alg", "token_encryption.encryption_key.kid",
		"token_encryption.encryption_key.name", "token_encryption.encryption_key.pem")
}
