package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
)

// forSandbox are the flags that mean something without a sign-in.
var forSandbox = []string{"sandbox", "client", "folder", "tools", "preset", "read-only", "plugin-dir", "dev-plugin",
	"plugin-start-timeout", "json", "replace", "dry-run", "no-interaction"}

// setUpSandbox is --sandbox: the clients get the built-in tenant, without a sign-in.
func (f initFlags) setUpSandbox(cmd *cobra.Command, env Environment) error {
	var other []string
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if !slices.Contains(forSandbox, flag.Name) {
			other = append(other, "--"+flag.Name)
		}
	})
	switch {
	case len(other) > 0:
		return fmt.Errorf("--sandbox: the built-in tenant needs no sign-in, so that %s has no effect: leave it out, or "+
			"leave --sandbox out to sign in to a tenant of yours", strings.Join(other, ", "))
	case len(f.clients) == 0:
		return errors.New("--sandbox: which client should get the built-in tenant? Name one with --client, such as " +
			"cursor (`auth0-mcp clients list --all` names them)")
	}
	log, err := (&logFlags{level: "error", format: "text"}).logger(env.Err)
	if err != nil {
		return err
	}
	if _, _, err := f.tools.selection(cmd, env, log); err != nil {
		return err
	}
	entry, err := f.entry(env, "")
	if err != nil {
		return err
	}
	entry.Sandbox = true
	setup, err := f.planClients(entry)
	if err != nil {
		return err
	}
	say := newReporter(env, f.json.on)
	if f.dryRun.on {
		if say.json {
			say.event("plan", map[string]any{"sandbox": true, "clients": setup.planned()})
		}
		say.line("Nothing is written by --dry-run.")
		setup.show(say)
		return nil
	}
	if err := setup.apply(cmd.Context(), say, ""); err != nil {
		return err
	}
	say.line(sandboxHint)
	return nil
}

// planClients works out the change of each client's file.
func (f initFlags) planClients(entry clients.Entry) (clientSetup, error) {
	var s clientSetup
	places, err := clientPlaces()
	if err != nil {
		return s, err
	}
	done := map[clients.Target]bool{}
	for _, wanted := range f.clients {
		name, scope, _ := strings.Cut(wanted, ":")
		client, err := clients.Find(name)
		if err != nil {
			return s, fmt.Errorf("--client: %w", err)
		}
		if client.Name == clients.Print {
			if s.snippet, err = entry.Snippet(); err != nil {
				return s, err
			}
			continue
		}
		target := clients.Target{Client: name, Scope: scope}
		found, err := client.Scope(scope)
		if err != nil {
			return s, fmt.Errorf("--client: %w", err)
		}
		if found.Project {
			if target.Folder, err = filepath.Abs(f.folder); err != nil {
				return s, err
			}
		}
		if done[target] {
			continue
		}
		done[target] = true
		plan := func() (*clients.Change, error) { return clients.Plan(places, target, entry, f.replace.on) }
		change, err := plan()
		if err != nil {
			return s, err
		}
		words := []string{"auth0-mcp", "clients", "add", wanted}
		if target.Folder != "" {
			words = append(words, "--folder", target.Folder)
		}
		words = append(words, entry.Args()[1:]...)
		if f.replace.on {
			words = append(words, "--replace")
		}
		s.changes = append(s.changes, clientPlan{client: client, plan: plan, change: change,
			retry: clients.ShellWords(words)})
	}
	return s, nil
}

// entry is what a client will start: this binary, by a path that stays.
func (f initFlags) entry(env Environment, profile string) (clients.Entry, error) {
	binary, err := ownPath()
	if err != nil {
		return clients.Entry{}, err
	}
	// With the variables too: they have narrowed what the token may do, and a client
	// that does not know them would offer more than was asked for.
	filter, err := f.tools.filter(env)
	if err != nil {
		return clients.Entry{}, err
	}
	presets, err := f.tools.preset.chosen()
	if err != nil {
		return clients.Entry{}, err
	}
	return clients.Entry{Command: binary, Profile: profile, ReadOnly: filter.ReadOnly,
		Preset: strings.Join(presets, ","), KeepPreset: presets == nil,
		Tools: strings.Join(filter.Patterns, ","), Env: entryVariables(),
		KeepTools: filter.Patterns == nil, KeepReadOnly: !f.tools.readOnly.given}, nil
}

// entryVariables are what the server needs in the env of its entry to find the folders of
// this command: clients start it with a few variables of their own and none of XDG's.
func entryVariables() []clients.Variable {
	var all []clients.Variable
	for _, base := range atomicfile.Bases() {
		all = append(all, clients.Variable{Name: base.Variable, Value: base.Folder, IfThere: !base.Moves})
	}
	return all
}

func clientPlaces() (clients.Places, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return clients.Places{}, fmt.Errorf("finding the home folder: %w", err)
	}
	state, _ := atomicfile.StateFolder() // the home folder decides it if no variable does
	return clients.Places{OS: runtime.GOOS, Home: home, State: state, Getenv: os.Getenv}, nil
}

// apply sets the clients up. kept is what was done before and stays if one fails.
func (s clientSetup) apply(ctx context.Context, say *reporter, kept string) error {
	var errs []error
	for _, p := range s.changes {
		change, err := applyChange(ctx, false, p.plan)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s was not set up%s: %w. To try again: %s", p.client.Title, kept, err, p.retry))
			continue
		}
		say.clientDone(change)
	}
	if s.snippet != "" {
		say.snippet(s.snippet)
	}
	return errors.Join(errs...)
}

// sayNeeded tells what this shell has and the client's server will need: a client
// gives it its own environment, which a user would look for last.
func (s *signIn) sayNeeded(say *reporter) {
	var needed []string
	if s.Account.Store.Describe().Kind == auth.StoreFile {
		needed = append(needed, "AUTH0_MCP_PASSPHRASE")
	}
	if account.Variable("AUTH0_MCP_CA_FILE") != "" {
		needed = append(needed, "AUTH0_MCP_CA_FILE")
	}
	if len(needed) == 0 {
		return
	}
	if say.json {
		say.event("needs", map[string]any{"variables": needed})
		return
	}
	say.line(fmt.Sprintf("The server needs %s in the environment that the client gives it: set it where the client "+
		"is started from, or in the env of its entry.", strings.Join(needed, " and ")))
}
