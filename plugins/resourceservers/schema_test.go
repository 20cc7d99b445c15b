package resourceservers

import (
	"net/http"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/auth0types"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// leftOut are the members of Auth0's requests that the tools do not take, and
// those that they take anyway.
func leftOut() map[string]string {
	return map[string]string{
		"allow_online_access":                         "rare, and the tools are as large as they may be",
		"allow_online_access_with_ephemeral_sessions": "as allow_online_access, which it needs",
		"authorization_policy":                        "refers to policies that no tool here lists or makes",
		"subject_type_authorization": "a fifth of a tool's size; Auth0 gives every API a default, and " +
			"get shows it",
		"client": "of an older API: taken for callers that still know it",
	}
}

func TestFieldsAreAuth0s(t *testing.T) {
	const file = "testdata/auth0types.json"
	auth0types.Compare(t, Plugin(), "auth0_create_resource_server", file, "CreateResourceServerRequestContent", leftOut())
	update := leftOut()
	update["id"] = "goes into the path"
	auth0types.Compare(t, Plugin(), "auth0_update_resource_server", file, "UpdateResourceServerRequestContent", update)
}

// Two arguments are told to the kit as no part of the body: signing_secret,
// which is in TestSigningSecretArrives because the kit has no sample of its 16
// characters, and the members of client, which has none.
func TestArgumentsArriveUntouched(t *testing.T) {
	found := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) })
	sdktest.Untouched(t, Plugin(), found, "auth0_create_resource_server",
		`{"name":"Tides","identifier":"https://tides.example"}`, "signing_secret", "client{}")
	sdktest.Untouched(t, Plugin(), found, "auth0_update_resource_server",
		`{"id":"https://tides.example"}`, "id", "signing_secret", "client{}")
}
