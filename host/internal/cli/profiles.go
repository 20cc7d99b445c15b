package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

func profilesCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profiles",
		Short: "List, choose, rename and remove profiles, one for each tenant",
		Long: `A profile is a sign-in to one tenant. ` + "`auth0-mcp init --profile NAME`" + ` makes one; the first is the
default, which is used unless --profile names another.`,
		Args: cobra.NoArgs,
	}
	list := profilesListCommand(env)
	cmd.RunE = list.RunE
	cmd.AddCommand(list, profilesUseCommand(env), profilesSetCommand(env), profilesRenameCommand(env),
		profilesRemoveCommand(env))
	return cmd
}

func profilesListCommand(env Environment) *cobra.Command {
	var f accountFlags
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the profiles",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			profiles := a.List()
			if asJSON.on {
				return asJSON.write(env.Out, profiles)
			}
			return printProfiles(env.Out, profiles)
		},
	}
	asJSON.add(cmd, "for programs")
	return cmd
}

func printProfiles(out io.Writer, profiles []account.Listed) error {
	if len(profiles) == 0 {
		_, err := io.WriteString(out, console.Of(out).Line("No profile exists: `auth0-mcp init` makes one."))
		return err
	}
	table := console.NewTable("PROFILE", "TENANT", "SIGN-IN", "SESSION", "STORE", "DEFAULT")
	for _, p := range profiles {
		mark := ""
		if p.Default {
			mark = "default"
		}
		table.Row(p.Name, orWord(p.Domain, "-"), orWord(string(p.Method), "-"), p.Session, orWord(string(p.Store), "-"),
			mark)
	}
	return table.Print(out)
}

func profilesUseCommand(env Environment) *cobra.Command {
	var f accountFlags
	return &cobra.Command{
		Use:   "use NAME",
		Short: "Make a profile the default",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			name := args[0]
			if err := a.Use(cmd.Context(), name); err != nil {
				return err
			}
			say(env.Out, "%s is the default profile (%s).\n", name,
				orWord(a.Config.Profiles[name].Domain, "tenant not known yet"))
			if name == a.Config.DefaultProfile {
				return nil
			}
			return sayEntries(env, "", "These entries run with the default profile and reach that tenant from their "+
				"next start on:", nil)
		},
	}
}

func profilesSetCommand(env Environment) *cobra.Command {
	var f accountFlags
	var environment string
	cmd := &cobra.Command{
		Use:   "set NAME --environment development|production",
		Short: "Set what a profile's tenant is for",
		Long: `Set what a profile's tenant is for. In production every change that a tool would make needs approval,
in development none does. Without an environment only calls of destructive tools need approval.
` + "`auth0-mcp run --approve`" + ` overrides this. Running servers are not affected.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			parsed, err := tenant.ParseEnvironment(environment)
			if err != nil {
				return fmt.Errorf("--environment: %w", err)
			}
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			if err := a.SetEnvironment(cmd.Context(), args[0], parsed); err != nil {
				return err
			}
			say(env.Out, "Profile %s: %s. Running servers use this from their next start.\n", args[0],
				orWord(string(parsed), "environment unknown"))
			return nil
		},
	}
	cmd.Flags().StringVar(&environment, "environment", "", "development or production; empty to unset it")
	_ = cmd.MarkFlagRequired("environment") // fails only for a flag that is not there
	return cmd
}

func profilesRenameCommand(env Environment) *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use:   "rename OLD NEW",
		Short: "Give a profile another name, and its session with it",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			env.progress = console.Later(env.Err, "Renaming the profile")
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			return renameProfile(cmd.Context(), env, a, args[0], args[1])
		},
	}
	cmd.Flags().StringVar(&f.store, "store", "", "where the session is kept, if not where the profile says "+
		"(AUTH0_MCP_STORE)")
	return cmd
}

// renameProfile renames a profile, and lets the clients' entries that name it name it anew, if the user agrees. It asks
// first, so that Ctrl-C leaves everything as it was.
func renameProfile(ctx context.Context, env Environment, a *account.Accounts, from, to string) error {
	if err := a.CanRename(from, to); err != nil {
		return err
	}
	installed := entriesOf(env, from)
	agreed := false
	if len(installed) > 0 && isTerminal(env.In) {
		if err := sayEntries(env, from, "These entries name the profile:", nil); err != nil {
			return err
		}
		err := confirm(ctx, env, "Let them use "+to+"? Nothing else in them changes. [y/N] ")
		if err != nil && !errors.Is(err, errNotConfirmed) {
			return unlessCancelled(err, "profile "+from+" keeps its name")
		}
		agreed = err == nil
	}
	env.progress.Resume()
	err := a.Rename(ctx, from, to)
	env.progress.Stop()
	if err != nil {
		return err
	}
	say(env.Out, "Profile %s is now called %s. A server that runs with the old name must be restarted.\n", from, to)
	switch {
	case len(installed) == 0:
		return nil
	case agreed:
		return renameInEntries(context.WithoutCancel(ctx), env, installed, to)
	case isTerminal(env.In):
		sayLine(env.Out, "The entries stay and still name the old profile: their servers will not start.")
		return nil
	}
	return sayEntries(env, from, "These entries still name the old profile; to change them:",
		func(i clients.Installed) string {
			return fmt.Sprintf("auth0-mcp clients remove %s --name %s && %s", targetWords(i), i.Name, addCommand(i, to))
		})
}

// renameInEntries lets clients' entries name another profile.
func renameInEntries(ctx context.Context, env Environment, installed []clients.Installed, to string) error {
	places, placesErr := clientPlaces()
	folder, err := filepath.Abs(".")
	if err := errors.Join(placesErr, err); err != nil {
		return err
	}
	var errs []error
	for _, i := range installed {
		target := clients.Target{Client: i.Client.Name, Scope: i.Scope.Name}
		if i.Scope.Project {
			target.Folder = folder
		}
		change, err := applyChange(ctx, false, func() (*clients.Change, error) {
			return clients.SetProfile(places, target, i.Name, to)
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		say(env.Out, "%s: %s runs with %s.\n", i.Client.Title, i.Name, to)
		sayBackup(env.Out, change)
	}
	return errors.Join(errs...)
}

func profilesRemoveCommand(env Environment) *cobra.Command {
	var f accountFlags
	var yes boolFlag
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Log a profile out and remove it from the config",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			env.progress = console.Later(env.Err, "Ending the session")
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			return removeProfile(cmd.Context(), env, a, args[0], yes.on)
		},
	}
	cmd.Flags().StringVar(&f.store, "store", "", "where the session is kept, if not where the profile says "+
		"(AUTH0_MCP_STORE)")
	yes.add(cmd, "yes", "do not ask")
	return cmd
}

func removeProfile(ctx context.Context, env Environment, a *account.Accounts, name string, yes bool) error {
	profile, err := a.Named(name)
	if err != nil {
		return err
	}
	acc, err := a.Open(name, profile)
	if err != nil {
		return err
	}
	if !yes {
		err := confirm(ctx, env, fmt.Sprintf("Log out and remove profile %s (%s)? [y/N] ", name,
			orWord(profile.Domain, "tenant not known yet")))
		if errors.Is(err, errNotConfirmed) {
			return fmt.Errorf("profile %s was kept: answer y, or pass --yes, to remove it", name)
		}
		if err != nil {
			return unlessCancelled(err, "profile "+name+" was kept")
		}
	}
	env.progress.Resume()
	out, left, err := a.Remove(ctx, acc)
	env.progress.Stop()
	sayLoggedOut(env, name, out)
	if err != nil {
		return err
	}
	say(env.Out, "Profile %s was removed.\n", name)
	if name == a.Config.DefaultProfile && left > 1 {
		sayLine(env.Out, "There is no default profile now. Choose one with `auth0-mcp profiles use NAME`.")
	}
	return sayEntries(env, name, "These entries still name it; to remove them:", func(i clients.Installed) string {
		return fmt.Sprintf("auth0-mcp clients remove %s --name %s", targetWords(i), i.Name)
	})
}

// entriesOf are the clients' entries that run with a profile, "" for the default.
func entriesOf(env Environment, profile string) []clients.Installed {
	installed, err := installedEntries(".")
	if err != nil {
		say(env.Err, "Warning: not every client's config could be read: %v\n", err)
	}
	return slices.DeleteFunc(installed, func(i clients.Installed) bool {
		return i.Entry.Sandbox || i.Entry.Profile != profile
	})
}

// sayEntries names the clients' entries that run with a profile ("" for the
// default), and with command what to do about each. A client's file that can't be
// read does not undo what the command has done: it is a warning.
func sayEntries(env Environment, profile, heading string, command func(clients.Installed) string) error {
	installed := entriesOf(env, profile)
	if len(installed) == 0 {
		return nil
	}
	text := []string{heading}
	for _, i := range installed {
		text = append(text, redact.Line(fmt.Sprintf("  %s: %s in %s", i.Client.Title, i.Name, i.Path)))
		if command != nil {
			text = append(text, redact.Line("    "+command(i)))
		}
		if command != nil && i.Extra {
			text = append(text, "    It has other arguments too: note them first.")
		}
	}
	say(env.Out, "%s\n", lines(strings.Join(text, "\n")))
	return nil
}
