// Package keys is the plugin for the keys that sign a tenant's tokens.
package keys

import (
	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// Plugin is the keys plugin.
func Plugin() sdk.Plugin {
	kid := resource.Text("kid", "As in auth0_list_signing_keys.")
	read, write := []string{"read:signing_keys"}, []string{"create:signing_keys", "update:signing_keys"}
	certificate := resource.Collection{Untrusted: []string{"cert", "pkcs7"}}
	return sdk.Plugin{Name: "keys", Version: "0.1.0",
		Display: sdk.Display{Description: "The keys that sign the tenant's tokens."},
		Tools: resource.Tools([]resource.Tool{
			{
				Name: "auth0_list_signing_keys", Title: "List signing keys",
				Description: "The keys that sign the tenant's tokens: the current, the next, and previous ones.",
				Operation:   "GET /api/v2/keys/signing", Scopes: read, Of: signingKeys(),
			},
			{
				Name: "auth0_get_signing_key", Title: "Get signing key", Description: "One signing key, with its certificate.",
				Operation: "GET /api/v2/keys/signing/{kid}", Scopes: read, Of: certificate, Args: []resource.Arg{kid},
			},
			{
				Name: "auth0_rotate_signing_key", Title: "Rotate signing key",
				Description: "Sign with the next key from now on. Tokens of the previous key stay valid until it is revoked. " +
					"APIs and applications with a fixed key instead of the tenant's JWKS then refuse new tokens.",
				Operation: "POST /api/v2/keys/signing/rotate", Scopes: write, Effect: sdk.Destroy, Of: certificate,
			},
			{
				Name: "auth0_revoke_signing_key", Title: "Revoke signing key",
				Description: "Revoke a previous signing key: all tokens that it signed become invalid. Rotate first.",
				Operation:   "PUT /api/v2/keys/signing/{kid}/revoke", Scopes: []string{"update:signing_keys"},
				Effect: sdk.Destroy, Of: certificate, Args: []resource.Arg{kid},
			},
		}...)}
}

func signingKeys() resource.Collection {
	return resource.Collection{Items: "signing_keys", What: "signing key", ID: "kid", Unpaged: true,
		Show: []string{"kid", "current", "current_since", "current_until", "next", "previous", "revoked", "revoked_at",
			"fingerprint"},
		Untrusted: []string{"cert", "pkcs7"}}
}
