package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// ErrTokenGiven means that AUTH0_TOKEN is in use, which has no session to end.
var ErrTokenGiven = errors.New("AUTH0_TOKEN is in use, which this command cannot revoke: unset it where it is set, " +
	"or name a profile with --profile")

// ErrNoProfiles means that there is nothing to log out of.
var ErrNoProfiles = errors.New("there is no profile")

// ToLogOut is the account that a log-out without --all is for: ErrTokenGiven or
// ErrNoProfiles if there is none.
func (a *Accounts) ToLogOut() (*Account, error) {
	wanted := a.Wanted()
	switch {
	case wanted == "" && a.Token != "":
		return nil, ErrTokenGiven
	case wanted == "" && len(a.Config.Profiles) == 0:
		return nil, ErrNoProfiles
	}
	return a.stored(wanted)
}

// stored is the account of a profile of the config, or of one that has only its
// session left.
func (a *Accounts) stored(wanted string) (*Account, error) {
	name, profile, err := a.Config.Select(wanted)
	if err == nil {
		return a.Open(name, profile)
	}
	names, listErr := auth.StoredProfiles(a.Folders.Sessions())
	if wanted != "" && slices.Contains(names, wanted) {
		return a.Open(wanted, auth.Profile{})
	}
	return nil, errors.Join(err, listErr)
}

// Known are the names of all profiles of the config, and of those that only have a
// session left, sorted. With an error it names those of the config.
func (a *Accounts) Known() ([]string, error) {
	stored, err := auth.StoredProfiles(a.Folders.Sessions())
	names := slices.Concat(slices.Collect(maps.Keys(a.Config.Profiles)), stored)
	slices.Sort(names)
	return slices.Compact(names), err
}

// LoggedOut is what a log-out did.
type LoggedOut struct {
	// Session is the one that was ended, as far as it could be read.
	Session auth.Session
	// Done are the steps in words, such as "revoked the refresh token"; empty if
	// there was no session.
	Done []string
	// NoSession: there was nothing to end.
	NoSession bool
	// Warnings are the steps that failed and did not keep the session from ending.
	Warnings []error
}

// LogOut revokes the refresh token of an account's session and removes the session
// from the store that wrote it. What was done is returned with an error, too.
func (a *Accounts) LogOut(ctx context.Context, acc *Account) (LoggedOut, error) {
	if d := acc.Store.Describe(); !d.Writable {
		_, err := acc.Store.Delete(ctx, acc.Name)
		return LoggedOut{}, fmt.Errorf("profile %s: %w", acc.Name, err)
	}
	h, err := a.hold(ctx, acc, acc.Name)
	if err != nil {
		return LoggedOut{}, err
	}
	defer h.release()
	out := LoggedOut{Session: h.session}
	_, none := errors.AsType[*auth.NoSessionError](h.err)
	switch {
	case none:
	case h.err != nil:
		out.Warnings = append(out.Warnings, fmt.Errorf("the session of profile %s could not be read, so its refresh "+
			"token, if it has one, was not revoked: %w", acc.Name, h.err))
	case h.session.RefreshToken != "":
		err := a.OAuth.Revoke(ctx, h.session)
		switch {
		case err != nil && ctx.Err() != nil:
			return LoggedOut{}, fmt.Errorf("%w: profile %s was kept. Auth0 may have revoked its refresh token", ErrCancelled,
				acc.Name)
		case err != nil:
			out.Warnings = append(out.Warnings, err)
		default:
			out.Done = append(out.Done, "revoked the refresh token")
		}
	}
	ctx = context.WithoutCancel(ctx) // a session without its refresh token is worth nothing
	removed, err := h.account.Store.Delete(ctx, acc.Name)
	for _, what := range removed {
		out.Done = append(out.Done, "removed "+what)
	}
	if err != nil {
		return out, fmt.Errorf("profile %s was not logged out entirely: %w", acc.Name, err)
	}
	if err := a.forgetGranted(acc.Name); err != nil {
		out.Warnings = append(out.Warnings, err)
	}
	out.NoSession = len(out.Done) == 0
	return out, nil
}

// held is a session that no other process renews or replaces until release is called.
type held struct {
	// account has the store that wrote the session.
	account *Account
	session auth.Session
	// err is why the session could not be read; the locks are held all the same.
	err     error
	release func()
}

// hold reads the account's session and takes the locks of the named profiles. It
// reads before it locks, because the user may have to type a passphrase and no
// server must wait for that; and again if the session was replaced meanwhile.
func (a *Accounts) hold(ctx context.Context, acc *Account, names ...string) (held, error) {
	stamp := acc.Store.Stamp(acc.Name)
	h := a.read(ctx, acc)
	if ctx.Err() != nil {
		return held{}, fmt.Errorf("%w: profile %s was kept", ErrCancelled, acc.Name) // at the question for the passphrase
	}
	release, err := a.lockAll(ctx, names)
	if err != nil {
		return held{}, err
	}
	if acc.Store.Stamp(acc.Name) != stamp {
		h = a.read(ctx, h.account)
	}
	h.release = release
	return h, nil
}

// read reads a session from the store that wrote it: a flag or a variable may name
// another one, which would leave a part behind.
func (a *Accounts) read(ctx context.Context, acc *Account) held {
	session, err := acc.Store.Get(ctx, acc.Name)
	var mismatch *auth.StoreMismatchError
	if !errors.As(err, &mismatch) {
		return held{account: acc, session: session, err: err}
	}
	writer := *a
	writer.Store = string(mismatch.Written)
	other, openErr := writer.Open(acc.Name, acc.Profile)
	if openErr != nil {
		return held{account: acc, err: errors.Join(err, openErr)}
	}
	session, err = other.Store.Get(ctx, acc.Name)
	return held{account: other, session: session, err: err}
}

// lockAll takes the locks of several profiles in the order of their names, so that
// two commands never wait for each other.
func (a *Accounts) lockAll(ctx context.Context, names []string) (release func(), err error) {
	var unlocks []func()
	release = func() {
		for _, unlock := range slices.Backward(unlocks) {
			unlock()
		}
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		unlock, err := auth.Lock(ctx, a.Folders.Sessions(), name)
		if err != nil {
			release()
			return nil, fmt.Errorf("profile %s: %w", name, err)
		}
		unlocks = append(unlocks, unlock)
	}
	return release, nil
}
