package keys

import (
	"encoding/json"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

func TestSigningKeys(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{}).Authorized()
	r := sdktest.Call(t, Plugin(), auth0, "auth0_list_signing_keys", `{}`)
	var list struct {
		Keys []struct {
			Kid     string
			Current bool
		} `json:"signing_keys"`
	}
	if err := json.Unmarshal(r.JSON, &list); err != nil {
		t.Fatal(err, r.Failure)
	}
	var current string
	for _, key := range list.Keys {
		if key.Current {
			current = key.Kid
		}
	}
	sdktest.Script(t, Plugin(), auth0, []sdktest.Step{
		{Tool: "auth0_get_signing_key", Arguments: `{"kid":"` + current + `"}`, Answer: []string{`"cert":"`, `"current":true`}},
		{Tool: "auth0_get_signing_key", Arguments: `{"kid":"a|b #EXT#/c"}`, Failure: "404",
			Sent: []string{"GET /keys/signing/a%7Cb%20%23EXT%23%2Fc"}},
		{Tool: "auth0_get_signing_key", Arguments: `{"kid":"x/../y"}`, Failure: "path", Sent: []string{}},
		{Tool: "auth0_rotate_signing_key", Arguments: `{}`, Sent: []string{"POST /keys/signing/rotate"},
			Answer: []string{`"kid":"`}},
		{Tool: "auth0_revoke_signing_key", Arguments: `{"kid":"` + current + `"}`,
			Sent: []string{"PUT /keys/signing/" + current + "/revoke"}, Answer: []string{`"kid":"` + current + `"`}},
		{Tool: "auth0_list_signing_keys", Arguments: `{}`, Answer: []string{`"revoked":true`}},
		{Tool: "auth0_revoke_signing_key", Arguments: `{"kid":"none"}`, Failure: "404"},
	})
}
