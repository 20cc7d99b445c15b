package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

func logoutCommand(env Environment) *cobra.Command {
	var f accountFlags
	var all boolFlag
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End a session: revoke its refresh token and remove what is stored",
		Long: `Revoke the refresh token of a profile's session at Auth0 and remove the session from its store. The
profile itself stays in the config, to sign in again; ` + "`auth0-mcp profiles remove`" + ` removes that too.

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
			env.progress = console.Later(env.Err, "Ending the session")
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			if all.on {
				return logOutAll(cmd.Context(), env, a)
			}
			acc, err := a.ToLogOut()
			if errors.Is(err, account.ErrNoProfiles) {
				sayLine(env.Out, "There is no profile: nothing to log out.")
				return nil
			}
			if err != nil {
				return err
			}
			return logOut(cmd.Context(), env, a, acc)
		},
	}
	f.add(cmd)
	all.add(cmd, "all", "every session, also of profiles that the config no longer knows")
	return cmd
}

// logOutAll goes on after a failure: one store that can't be opened must not keep
// the other sessions.
func logOutAll(ctx context.Context, env Environment, a *account.Accounts) error {
	names, err := a.Known()
	errs := []error{err}
	if len(names) == 0 {
		sayLine(env.Out, "There is no session: nothing to log out.")
	}
	for _, name := range names {
		acc, err := a.Open(name, a.Config.Profiles[name])
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("profile %s: %w", name, err))
		case !acc.Store.Describe().Writable:
			say(env.Out, "Profile %s: its tokens come from %s, which keeps them; nothing is stored here.\n", name,
				acc.Store.Describe().Where)
		default:
			errs = append(errs, logOut(ctx, env, a, acc))
		}
		if ctx.Err() != nil {
			break
		}
	}
	if a.Token != "" {
		sayLine(env.Err, "AUTH0_TOKEN is set, which this command cannot revoke: unset it where it is set.")
	}
	return errors.Join(errs...)
}

// logOut ends the session of an account and says what was done.
func logOut(ctx context.Context, env Environment, a *account.Accounts, acc *account.Account) error {
	env.progress.Resume()
	out, err := a.LogOut(ctx, acc)
	env.progress.Stop()
	sayLoggedOut(env, acc.Name, out)
	return err
}

func sayLoggedOut(env Environment, name string, out account.LoggedOut) {
	for _, warning := range out.Warnings {
		say(env.Err, "Warning: %v\n", warning)
	}
	if out.NoSession {
		say(env.Out, "Profile %s has no session: nothing to log out.\n", name)
	}
	if len(out.Done) == 0 {
		return
	}
	say(env.Out, "Profile %s is logged out:\n  %s\n", name, lines(strings.Join(out.Done, "\n  ")))
	if now := time.Now(); out.Session.AccessToken != "" && now.Before(out.Session.ExpiresAt) {
		say(env.Out, "  its last access token, which Auth0 cannot revoke, %s\n",
			account.Ending(out.Session.ExpiresAt, now))
	}
}
