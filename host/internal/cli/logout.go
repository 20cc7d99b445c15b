package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

func logoutCommand(env Environment) *cobra.Command {
	var f accountFlags
	var all boolFlag
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End a session: revoke its refresh token and remove what is stored",
		Long: `Revoke the refresh token of a profile's session at Auth0 and remove the session from its store. The
profile itself stays in the config, to sign in again; «auth0-mcp profiles remove» removes that too.

A token that cannot be revoked is reported and does not keep the session here. A running server
notices the log-out and refuses further calls.`,
		Example: `  auth0-mcp logout
  auth0-mcp logout --profile prod
  auth0-mcp logout --all`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if all.on && f.profile != "" {
				return errors.New("--all is every profile, and --profile names one: give one of the two")
			}
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			if all.on {
				return a.logOutAll(cmd.Context(), env)
			}
			return a.logOutSelected(cmd.Context(), env)
		},
	}
	f.add(cmd)
	all.add(cmd, "all", "every session, also of profiles that the config no longer knows")
	return cmd
}

func (a *accounts) logOutSelected(ctx context.Context, env Environment) error {
	wanted := a.wantedProfile()
	if wanted == "" && a.token != "" {
		return errors.New("AUTH0_TOKEN is in use, which this command cannot take back: unset it where it is set, or name a profile with --profile")
	}
	if wanted == "" && len(a.config.Profiles) == 0 {
		fmt.Fprintln(env.Out, "There is no profile: nothing to log out.")
		return nil
	}
	acc, err := a.stored(wanted)
	if err != nil {
		return err
	}
	if d := acc.store.Describe(); !d.Writable {
		_, err := acc.store.Delete(ctx, acc.name)
		return fmt.Errorf("profile %s: %w", acc.name, err)
	}
	return a.logOut(ctx, env, acc)
}

// stored is the account of a profile of the config, or of one that has only its
// session left.
func (a *accounts) stored(wanted string) (*account, error) {
	name, profile, err := a.config.Select(wanted)
	if err == nil {
		return a.open(name, profile)
	}
	names, listErr := auth.StoredProfiles(a.folders.Sessions())
	if wanted != "" && slices.Contains(names, wanted) {
		return a.open(wanted, auth.Profile{})
	}
	return nil, errors.Join(err, listErr)
}

// logOutAll goes on after a failure: one store that is closed must not keep the
// other sessions.
func (a *accounts) logOutAll(ctx context.Context, env Environment) error {
	stored, err := auth.StoredProfiles(a.folders.Sessions())
	errs := []error{err}
	names := slices.Sorted(maps.Keys(a.config.Profiles))
	for _, name := range stored {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		fmt.Fprintln(env.Out, "There is no session: nothing to log out.")
	}
	for _, name := range names {
		acc, err := a.open(name, a.config.Profiles[name])
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("profile %s: %w", name, err))
		case !acc.store.Describe().Writable:
			fmt.Fprintf(env.Out, "Profile %s: its tokens come from %s, which keeps them; nothing is stored here.\n", name, acc.store.Describe().Where)
		default:
			errs = append(errs, a.logOut(ctx, env, acc))
		}
	}
	if a.token != "" {
		fmt.Fprintln(env.Err, "AUTH0_TOKEN is set, which this command cannot take back: unset it where it is set.")
	}
	return errors.Join(errs...)
}

// logOut ends the session of an account and says what it did.
func (a *accounts) logOut(ctx context.Context, env Environment, acc *account) error {
	h, err := a.hold(ctx, acc, acc.name)
	if err != nil {
		return err
	}
	defer h.release()
	var done []string
	var none *auth.NoSessionError
	switch {
	case errors.As(h.err, &none):
	case h.err != nil:
		fmt.Fprintf(env.Err, "Warning: the session of profile %s could not be read, so that its refresh token, if it has one, was not revoked: %v\n", acc.name, h.err)
	case h.session.RefreshToken != "":
		if err := a.oauth.Revoke(ctx, h.session); err != nil {
			fmt.Fprintf(env.Err, "Warning: %v\n", err)
		} else {
			done = append(done, "revoked the refresh token")
		}
	}
	removed, err := h.account.store.Delete(ctx, acc.name)
	for _, what := range removed {
		done = append(done, "removed "+what)
	}
	sayLoggedOut(env.Out, acc.name, h.session, done)
	if err != nil {
		return fmt.Errorf("profile %s was not logged out entirely: %w", acc.name, err)
	}
	return nil
}

func sayLoggedOut(out io.Writer, name string, session auth.Session, done []string) {
	if len(done) == 0 {
		fmt.Fprintf(out, "Profile %s has no session: nothing to log out.\n", name)
		return
	}
	fmt.Fprintf(out, "Profile %s is logged out:\n", name)
	for _, what := range done {
		fmt.Fprintf(out, "  %s\n", what)
	}
	if now := time.Now(); session.AccessToken != "" && now.Before(session.ExpiresAt) {
		fmt.Fprintf(out, "  its last access token, which Auth0 cannot take back, %s\n", ending(session.ExpiresAt, now))
	}
}

// held is a session that nobody else renews or replaces until release is called.
type held struct {
	// account has the store that wrote the session.
	account *account
	session auth.Session
	// err is why the session could not be read; the locks are held all the same.
	err     error
	release func()
}

// hold reads the account's session and takes the locks of the named profiles. A
// person may have to type a passphrase, for which no server must wait: so it reads
// first, and once more only if the session was replaced before the locks were taken.
func (a *accounts) hold(ctx context.Context, acc *account, names ...string) (held, error) {
	stamp := acc.store.Stamp(acc.name)
	h := a.read(ctx, acc)
	if ctx.Err() != nil {
		return held{}, errCancelled // at the question for the passphrase
	}
	release, err := a.lockAll(ctx, names)
	if err != nil {
		return held{}, err
	}
	if acc.store.Stamp(acc.name) != stamp {
		h = a.read(ctx, h.account)
	}
	h.release = release
	return h, nil
}

// read reads a session from the store that wrote it: a flag or a variable may name
// another one, which would leave a part behind.
func (a *accounts) read(ctx context.Context, acc *account) held {
	session, err := acc.store.Get(ctx, acc.name)
	var mismatch *auth.StoreMismatchError
	if !errors.As(err, &mismatch) {
		return held{account: acc, session: session, err: err}
	}
	writer := *a
	writer.flags.store = string(mismatch.Written)
	other, openErr := writer.open(acc.name, acc.profile)
	if openErr != nil {
		return held{account: acc, err: errors.Join(err, openErr)}
	}
	session, err = other.store.Get(ctx, acc.name)
	return held{account: other, session: session, err: err}
}

// lockAll takes the locks of several profiles in the order of their names, so that
// two commands never wait for each other.
func (a *accounts) lockAll(ctx context.Context, names []string) (release func(), err error) {
	var unlocks []func()
	release = func() {
		for _, unlock := range slices.Backward(unlocks) {
			unlock()
		}
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		unlock, err := auth.Lock(ctx, a.folders.Sessions(), name)
		if err != nil {
			release()
			return nil, fmt.Errorf("profile %s: %w", name, err)
		}
		unlocks = append(unlocks, unlock)
	}
	return release, nil
}
