package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
)

// planClients works out the change of each client's file.
func (f initFlags) planClients(s *signIn) error {
	places, err := clientPlaces()
	if err != nil {
		return err
	}
	entry, err := f.entry(s)
	if err != nil {
		return err
	}
	done := map[clients.Target]bool{}
	for _, wanted := range f.clients {
		name, scope, _ := strings.Cut(wanted, ":")
		client, err := clients.Find(name)
		if err != nil {
			return fmt.Errorf("--client: %w", err)
		}
		if client.Name == clients.Print {
			if s.snippet, err = entry.Snippet(); err != nil {
				return err
			}
			continue
		}
		target := clients.Target{Client: name, Scope: scope}
		found, err := client.Scope(scope)
		if err != nil {
			return fmt.Errorf("--client: %w", err)
		}
		if found.Project {
			if target.Folder, err = filepath.Abs(f.folder); err != nil {
				return err
			}
		}
		if done[target] {
			continue
		}
		done[target] = true
		plan := func() (*clients.Change, error) { return clients.Plan(places, target, entry, f.replace.on) }
		change, err := plan()
		if err != nil {
			return err
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
	return nil
}

// entry is what a client will start: this binary, by a path that stays.
func (f initFlags) entry(s *signIn) (clients.Entry, error) {
	binary, err := ownPath()
	if err != nil {
		return clients.Entry{}, err
	}
	// With the variables too: they have narrowed what the token may do, and a client
	// that does not know them would offer more than was asked for.
	filter, err := f.tools.filter()
	if err != nil {
		return clients.Entry{}, err
	}
	return clients.Entry{Command: binary, Profile: entryProfile(s.Account.Name), ReadOnly: filter.ReadOnly,
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

func (s *signIn) setUpClients(ctx context.Context, say *reporter) error {
	var errs []error
	for _, p := range s.changes {
		change, err := applyChange(ctx, false, p.plan)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s was not set up (the sign-in is kept): %w. To try again: %s",
				p.client.Title, err, p.retry))
			continue
		}
		say.clientDone(change)
	}
	if len(s.changes) > 0 {
		s.sayNeeded(say)
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
