package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
)

// listedProfile is one profile in the output of «auth0-mcp profiles list --json».
type listedProfile struct {
	Name    string      `json:"name"`
	Default bool        `json:"default"`
	Domain  string      `json:"domain"`
	Method  auth.Method `json:"method"`
	Scopes  []string    `json:"scopes"`
	// Store is empty if what names it is wrong.
	Store auth.StoreKind `json:"store"`
	// Session is whether one is stored: yes, no, elsewhere for a store that is filled
	// by somebody else, or unknown if the store is not. Whether it is good, and what
	// is wrong, tells «auth0-mcp session».
	Session string `json:"session"`
}

func profilesCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profiles",
		Short: "List, choose, rename and remove profiles, one for each tenant",
		Long: `A profile is a sign-in to one tenant. «auth0-mcp init --profile NAME» makes one; the first is the
default, which is used where none is named.`,
		Args: cobra.NoArgs,
	}
	list := profilesListCommand(env)
	cmd.RunE = list.RunE
	cmd.AddCommand(list, profilesUseCommand(env), profilesSetCommand(env), profilesRenameCommand(env), profilesRemoveCommand(env))
	return cmd
}

func profilesListCommand(env Environment) *cobra.Command {
	var f accountFlags
	var asJSON boolFlag
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the profiles",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			profiles := a.listProfiles()
			if asJSON.on {
				return writeJSON(env.Out, profiles)
			}
			return printProfiles(env.Out, profiles)
		},
	}
	asJSON.add(cmd, "json", "for programs")
	return cmd
}

// listProfiles opens no store: it is for a glance, and a keychain may ask a person.
func (a *accounts) listProfiles() []listedProfile {
	profiles := []listedProfile{}
	for _, name := range slices.Sorted(maps.Keys(a.config.Profiles)) {
		profile := a.config.Profiles[name]
		listed := listedProfile{
			Name: name, Default: name == a.config.DefaultProfile, Domain: profile.Domain, Method: profile.Method,
			Scopes: append([]string{}, profile.Scopes...), Session: "unknown",
		}
		if acc, err := a.open(name, profile); err == nil {
			d := acc.store.Describe()
			listed.Store = d.Kind
			switch {
			case !d.Writable:
				listed.Session = "elsewhere"
			case acc.store.Stamp(name) != "":
				listed.Session = "yes"
			default:
				listed.Session = "no"
			}
		}
		profiles = append(profiles, listed)
	}
	return profiles
}

func printProfiles(out io.Writer, profiles []listedProfile) error {
	if len(profiles) == 0 {
		_, err := fmt.Fprintln(out, "No profile exists: «auth0-mcp init» makes one.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROFILE\tTENANT\tSIGN-IN\tSESSION\tSTORE\tDEFAULT")
	for _, p := range profiles {
		mark := ""
		if p.Default {
			mark = "default"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", p.Name, orWord(p.Domain, "-"), orWord(string(p.Method), "-"), p.Session, orWord(string(p.Store), "-"), mark)
	}
	return w.Flush()
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
			profile, err := a.named(name)
			if err != nil {
				return err
			}
			if err := a.folders.ConfigFile().Update(cmd.Context(), func(c *auth.Config) error {
				if _, _, err := c.Select(name); err != nil {
					return err
				}
				c.DefaultProfile = name
				return nil
			}); err != nil {
				return err
			}
			fmt.Fprintf(env.Out, "%s is the default profile (%s).\n", name, orWord(profile.Domain, "tenant not known yet"))
			if name == a.config.DefaultProfile {
				return nil
			}
			return sayEntries(env, "", "These entries run with the default profile and reach that tenant from their next start on:", nil)
		},
	}
}

func profilesSetCommand(env Environment) *cobra.Command {
	var f accountFlags
	var environment string
	cmd := &cobra.Command{
		Use:   "set NAME --environment development|production",
		Short: "Say what a profile's tenant is for",
		Long: `Say what a profile's tenant is for. In production a person must approve every change that a tool
would make, in development nobody; where nothing is said, only what a tool may destroy
(«auth0-mcp run --approve» overrules it). Servers that run go on as they started.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			parsed, err := approval.ParseEnvironment(environment)
			if err != nil {
				return fmt.Errorf("--environment: %w", err)
			}
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			name := args[0]
			if _, err := a.named(name); err != nil {
				return err
			}
			if err := a.folders.ConfigFile().Update(cmd.Context(), func(c *auth.Config) error {
				_, profile, err := c.Select(name)
				if err != nil {
					return err
				}
				profile.Environment = parsed
				c.Profiles[name] = profile
				return nil
			}); err != nil {
				return err
			}
			_, err = fmt.Fprintf(env.Out, "Profile %s: %s. Servers that run with it take it up at their next start.\n", name, orWord(string(parsed), "environment unknown"))
			return err
		},
	}
	cmd.Flags().StringVar(&environment, "environment", "", "development or production; empty: unknown")
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
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			from, to := args[0], args[1]
			if err := a.rename(cmd.Context(), from, to); err != nil {
				return err
			}
			fmt.Fprintf(env.Out, "Profile %s is now called %s. A server that runs with the old name has to be started again.\n", from, to)
			return sayEntries(env, from, "These entries still name the old profile; to change them:", func(i clients.Installed) string {
				return fmt.Sprintf("auth0-mcp clients remove %s --name %s && %s", targetWords(i), i.Name, addCommand(i, to))
			})
		},
	}
	cmd.Flags().StringVar(&f.store, "store", "", "where the session is kept, if not where the profile says (AUTH0_MCP_STORE)")
	return cmd
}

// named is the profile of that name; an empty one does not mean the default here.
func (a *accounts) named(name string) (auth.Profile, error) {
	if err := auth.CheckProfileName(name); err != nil {
		return auth.Profile{}, err
	}
	_, profile, err := a.config.Select(name)
	return profile, err
}

// rename gives a profile another name that is free.
func (a *accounts) rename(ctx context.Context, from, to string) error {
	if err := auth.CheckProfileName(to); err != nil {
		return err
	}
	profile, err := a.named(from)
	if err != nil {
		return err
	}
	if err := a.checkFree(from, to); err != nil {
		return err
	}
	acc, err := a.open(from, profile)
	if err != nil {
		return err
	}
	if !acc.store.Describe().Writable {
		return a.renameInConfig(ctx, from, to) // somebody else has the session
	}
	return a.move(ctx, acc, to)
}

// move renames a profile with its session. Whatever ends it in between, the session
// is stored under the name that the config knows: the old one goes last.
func (a *accounts) move(ctx context.Context, acc *account, to string) error {
	from := acc.name
	h, err := a.hold(ctx, acc, from, to)
	if err != nil {
		return err
	}
	defer h.release()
	var none *auth.NoSessionError
	switch {
	case errors.As(h.err, &none):
		return a.renameInConfig(ctx, from, to)
	case h.err != nil:
		return fmt.Errorf("the session of profile %s could not be read, nothing was renamed: %w", from, h.err)
	}
	// Again, now that nobody else can store one.
	if err := a.checkFree(from, to); err != nil {
		return err
	}
	h.session.Profile = to
	store := h.account.store
	if err := store.Put(ctx, h.session); err != nil {
		return fmt.Errorf("the session could not be stored under the name %s, nothing was renamed: %w", to, err)
	}
	// What has begun is brought to an end, also when the person gives up now: a
	// session under two names would be renewed under one and worthless under the other.
	ctx = context.WithoutCancel(ctx)
	if err := a.renameInConfig(ctx, from, to); err != nil {
		_, undoErr := store.Delete(ctx, to)
		return errors.Join(err, undoErr)
	}
	if _, err := store.Delete(ctx, from); err != nil {
		return fmt.Errorf("the profile is called %s now, and what was stored as %s was not removed entirely: %w: remove the rest by hand, not with logout, which would end the session under its new name too", to, from, err)
	}
	return nil
}

// checkFree refuses a name that has a profile, or a session left from one.
func (a *accounts) checkFree(from, to string) error {
	if _, ok := a.config.Profiles[to]; ok {
		return fmt.Errorf("profile %s exists already: choose another name, or remove it first with «auth0-mcp profiles remove %s»", to, to)
	}
	stored, err := auth.StoredProfiles(a.folders.Sessions())
	if err == nil && slices.Contains(stored, to) {
		err = fmt.Errorf("a session of a former profile %s is still stored: remove it with «auth0-mcp logout --profile %s», then rename %s", to, to, from)
	}
	return err
}

func (a *accounts) renameInConfig(ctx context.Context, from, to string) error {
	return a.folders.ConfigFile().Update(ctx, func(c *auth.Config) error {
		profile, ok := c.Profiles[from]
		if _, taken := c.Profiles[to]; !ok || taken {
			return fmt.Errorf("the config changed meanwhile: look at «auth0-mcp profiles list» and rename %s again", from)
		}
		delete(c.Profiles, from)
		c.Profiles[to] = profile
		if c.DefaultProfile == from {
			c.DefaultProfile = to
		}
		return nil
	})
}

func profilesRemoveCommand(env Environment) *cobra.Command {
	var f accountFlags
	var yes boolFlag
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Log a profile out and remove it from the config",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := openAccounts(env, f)
			if err != nil {
				return err
			}
			return a.remove(cmd.Context(), env, args[0], yes.on)
		},
	}
	cmd.Flags().StringVar(&f.store, "store", "", "where the session is kept, if not where the profile says (AUTH0_MCP_STORE)")
	yes.add(cmd, "yes", "do not ask")
	return cmd
}

// remove logs the profile out first: if that fails, the profile is still there to
// try it again.
func (a *accounts) remove(ctx context.Context, env Environment, name string, yes bool) error {
	profile, err := a.named(name)
	if err != nil {
		return err
	}
	acc, err := a.open(name, profile)
	if err != nil {
		return err
	}
	if !yes {
		err := confirm(ctx, env, fmt.Sprintf("Log out and remove profile %s (%s)? [y/N] ", name, orWord(profile.Domain, "tenant not known yet")))
		if errors.Is(err, errNotConfirmed) {
			return fmt.Errorf("profile %s was kept: answer y, or pass --yes, to remove it", name)
		}
		if err != nil {
			return err
		}
	}
	if acc.store.Describe().Writable {
		if err := a.logOut(ctx, env, acc); err != nil {
			return fmt.Errorf("%w; the profile was kept", err)
		}
	}
	left := 0
	if err := a.folders.ConfigFile().Update(ctx, func(c *auth.Config) error {
		delete(c.Profiles, name)
		if c.DefaultProfile == name {
			c.DefaultProfile = ""
		}
		left = len(c.Profiles)
		return nil
	}); err != nil {
		return err
	}
	fmt.Fprintf(env.Out, "Profile %s is removed.\n", name)
	if name == a.config.DefaultProfile && left > 1 {
		fmt.Fprintln(env.Out, "There is no default profile now: «auth0-mcp profiles use NAME» chooses one.")
	}
	return sayEntries(env, name, "These entries still name it; to remove them:", func(i clients.Installed) string {
		return fmt.Sprintf("auth0-mcp clients remove %s --name %s", targetWords(i), i.Name)
	})
}

// sayEntries names the clients' entries that run with a profile ("" for the
// default), and with command what to do about each. A client's file that can't be
// read does not undo what the command has done: it is a warning.
func sayEntries(env Environment, profile, heading string, command func(clients.Installed) string) error {
	installed, err := installedEntries(".")
	if err != nil {
		fmt.Fprintf(env.Err, "Warning: not every client's config could be read: %v\n", err)
	}
	installed = slices.DeleteFunc(installed, func(i clients.Installed) bool { return i.Entry.Profile != profile })
	if len(installed) == 0 {
		return nil
	}
	lines := []string{heading}
	for _, i := range installed {
		lines = append(lines, fmt.Sprintf("  %s: %s in %s", i.Client.Title, i.Name, i.Path))
		if command != nil {
			lines = append(lines, "    "+command(i))
		}
		if command != nil && i.Extra {
			lines = append(lines, "    It has arguments that are not ours: note them first.")
		}
	}
	_, err = fmt.Fprintln(env.Out, strings.Join(lines, "\n"))
	return err
}
