package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// FirstProfile is the profile of a user who names none.
const FirstProfile = "default"

// SignIn is a sign-in that was prepared: everything that can be checked without
// Auth0 is checked before the user is asked to confirm anything.
type SignIn struct {
	Accounts *Accounts
	Account  *Account
	// Session has the credentials of an application; of a user only the profile's name.
	Session auth.Session
	// GrantedBefore are the scopes of the session that is replaced; nil if there is
	// none, or if it can't be read.
	GrantedBefore []string
	// Replace lets the profile go to another tenant.
	Replace bool
	// EnvironmentGiven: the profile's environment was set for this sign-in.
	EnvironmentGiven bool
}

// ForSignIn is the name of the profile that a sign-in is for.
func (a *Accounts) ForSignIn() (string, error) {
	name := a.Wanted()
	if name == "" {
		name = a.Config.DefaultProfile
	}
	if name == "" {
		name = FirstProfile
	}
	return name, auth.CheckProfileName(name)
}

// KeptScopes are those that an earlier sign-in of the profile asked for; nil if they
// were granted to a user and this is an application, or the reverse.
func (s *SignIn) KeptScopes() []string {
	if s.Accounts.Config.Profiles[s.Account.Name].Method != s.Account.Profile.Method {
		return nil
	}
	return s.Account.Profile.Scopes
}

// CheckStore makes sure that the session can be kept before anyone signs in. A
// session that is there and cannot be read is no hindrance: it will be replaced.
func (s *SignIn) CheckStore(ctx context.Context) error {
	if d := s.Account.Store.Describe(); !d.Writable {
		return fmt.Errorf("the store %s (chosen by %s) cannot keep a sign-in: choose another with --store keychain "+
			"or --store file", d.Kind, s.Account.By)
	}
	old, err := s.Account.Store.Get(ctx, s.Account.Name)
	if err == nil {
		s.GrantedBefore = old.Scopes()
	}
	var keychain *auth.KeychainError
	var wrong *auth.PassphraseError
	var missing *auth.NoPassphraseError
	if errors.As(err, &keychain) || errors.As(err, &wrong) || errors.As(err, &missing) {
		return err
	}
	return s.Account.Store.Check(ctx, s.Account.Name)
}

// ChoosePassphrase asks for the passphrase of a new file before the sign-in, which a
// typing mistake or a missing terminal must not waste.
func (s *SignIn) ChoosePassphrase(ctx context.Context) error {
	if s.Account.Store.Describe().Kind != auth.StoreFile || s.Account.Store.Stamp(s.Account.Name) != "" {
		return nil
	}
	chosen, err := s.Accounts.Passphrase(ctx, s.Account.Name, true)
	if err == nil && chosen == "" {
		err = &auth.NoPassphraseError{Profile: s.Account.Name}
	}
	if err != nil {
		return err
	}
	s.Accounts.Passphrase = func(context.Context, string, bool) (string, error) { return chosen, nil }
	s.Account, err = s.Accounts.Open(s.Account.Name, s.Account.Profile)
	return err
}

// sameTenant refuses a session for another tenant than the profile's: what runs
// with the profile was meant for the one that it names. It reads the config file
// anew, because another init may have written it while the user was confirming.
func (s *SignIn) sameTenant(session auth.Session) error {
	config, err := s.Accounts.Folders.ConfigFile().Load()
	if err != nil {
		return err
	}
	before := config.Profiles[s.Account.Name].Domain
	if before == "" || before == session.Domain || s.Replace {
		return nil
	}
	return fmt.Errorf("profile %s is for the tenant %s, and the sign-in was to %s: nothing was written. Give "+
		"another --profile for it, or --replace to let this one go there",
		s.Account.Name, before, session.Domain)
}

// Store keeps the session and then the profile: a profile without a session says
// what to do, a session without a profile would never be found.
func (s *SignIn) Store(ctx context.Context, session auth.Session) error {
	unlock, err := s.Accounts.lock(ctx, s.Account)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.sameTenant(session); err != nil {
		return err
	}
	if err := s.Account.Store.Put(ctx, session); err != nil {
		return fmt.Errorf("the sign-in succeeded and could not be kept: %w", err)
	}
	s.Accounts.noteGranted(s.Account, session, s.Account.Store.Stamp(s.Account.Name), slog.New(slog.DiscardHandler))
	profile := s.Account.Profile
	if before := s.Accounts.Config.Profiles[s.Account.Name].Domain; before != "" && before != session.Domain &&
		!s.EnvironmentGiven {
		// The environment of one tenant says nothing about another.
		profile.Environment = ""
	}
	profile.Domain = session.Domain
	profile.Store = string(s.Account.Store.Describe().Kind)
	s.Account.Profile = profile
	return s.Accounts.Folders.ConfigFile().Update(ctx, func(c *auth.Config) error {
		c.Profiles[s.Account.Name] = profile
		if c.DefaultProfile == "" {
			c.DefaultProfile = s.Account.Name
		}
		return nil
	})
}
