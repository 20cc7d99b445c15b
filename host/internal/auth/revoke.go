package auth

import (
	"context"
	"fmt"
	"net/url"
)

// Revoke makes a session's refresh token worthless, and with it every token that it
// could still bring. A session without one has nothing to revoke: nothing is sent.
// The access token lives on until its end, which Auth0 gives no way to cut short.
// A failure leaves the session as it was: logging out goes on and reports it.
// RFC 7009. Source: https://auth0.com/docs/api/authentication/revoke-refresh-token/revoke-refresh-token
func (o OAuth) Revoke(ctx context.Context, s Session) error {
	if s.RefreshToken == "" {
		return nil
	}
	s = withDeviceDefaults(s)
	form := url.Values{"client_id": {s.ClientID}, "token": {s.RefreshToken}, "token_type_hint": {"refresh_token"}}
	if err := o.post(ctx, s.AuthDomain, "/oauth/revoke", form, nil); err != nil {
		return fmt.Errorf("the refresh token of profile %s was not revoked: %w: remove the application's access in the "+
			"account settings of %s if it matters", s.Profile, err, s.AuthDomain)
	}
	return nil
}
