package account

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// Consent is a sign-in of a user while a server runs with their account.
type Consent struct {
	*auth.DeviceLogin
	// Scopes are those that are asked for.
	Scopes []string

	signIn  SignIn
	renewed func()
}

// storeTimeout bounds keeping a session that was granted, also when the call is over for which it was.
const storeTimeout = 15 * time.Second

// BeginConsent begins a sign-in by which an account of a user gets some scopes besides those that it has. cause is why
// it has no valid token; nil: it has one. renewed is told when a new session is kept.
func (a *Accounts) BeginConsent(ctx context.Context, acc *Account, cause error, scopes []string,
	renewed func()) (*Consent, error) {
	var ended *auth.SignInError
	switch {
	case cause != nil && !errors.As(cause, &ended) && !errors.Is(cause, fs.ErrNotExist):
		return nil, fmt.Errorf("a sign-in is not what is missing: %w", cause)
	case slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(secretScopes(), scope) }):
		return nil, fmt.Errorf("%v let a token read the tenant's secrets: they are asked for in a terminal only",
			secretScopes())
	}
	// A profile that was changed since the server started is not changed back.
	config, err := a.Folders.ConfigFile().Load()
	if err != nil {
		return nil, err
	}
	profile, ok := config.Profiles[acc.Name]
	if !ok || profile.Method != auth.Device || len(profile.Command) > 0 {
		return nil, fmt.Errorf("the account %q is not a user's who signs in with a browser", acc.Name)
	}
	now := *a
	now.Config = config
	c := &Consent{renewed: renewed, signIn: SignIn{Accounts: &now,
		Account: &Account{Name: acc.Name, Profile: profile, Store: acc.Store, By: acc.By}}}
	if err := c.signIn.CheckStore(ctx); err != nil {
		return nil, err
	}
	c.Scopes = slices.Concat(profile.Scopes, c.signIn.GrantedBefore, scopes)
	c.Scopes = slices.DeleteFunc(c.Scopes, func(scope string) bool { return scope == "offline_access" })
	slices.Sort(c.Scopes)
	c.Scopes = slices.Compact(c.Scopes)
	c.signIn.Account.Profile.Scopes = c.Scopes
	c.DeviceLogin, err = a.OAuth.StartDevice(ctx, acc.Name, c.signIn.Account.Profile)
	return c, err
}

// Page is where the user consents, with the code filled in if Auth0 offers that.
func (c *Consent) Page() string {
	if c.VerificationURIComplete != "" {
		return c.VerificationURIComplete
	}
	return c.VerificationURI
}

// Finish waits until the user has consented, and keeps the session. One for another tenant is refused and revoked.
func (c *Consent) Finish(ctx context.Context) error {
	session, err := c.Poll(ctx)
	if err != nil {
		return err
	}
	// What was granted is kept, or given back, whatever becomes of the call.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := c.signIn.Store(ctx, session); err != nil {
		return errors.Join(err, c.signIn.Accounts.OAuth.Revoke(ctx, session))
	}
	c.renewed()
	return nil
}
