package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
)

func clientsCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clients",
		Short: "List, add and remove the entries of MCP clients that start this server",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(clientsListCommand(env), clientsAddCommand(env), clientsRemoveCommand(env))
	return cmd
}

// targetFlags name one config file of a client.
type targetFlags struct{ scope, folder string }

func (f *targetFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.scope, "scope", "", "which of the client's files, such as user, project or workspace "+
		"(default: the usual one)")
	cmd.Flags().StringVar(&f.folder, "folder", ".", "the project's folder, for a client's project or workspace")
}

// target reads CLIENT or CLIENT:SCOPE, as --client of init is written.
func (f targetFlags) target(word string) (clients.Target, clients.Client, error) {
	name, scope, joined := strings.Cut(word, ":")
	if joined && f.scope != "" && f.scope != scope {
		return clients.Target{}, clients.Client{}, fmt.Errorf("%s and --scope %s name two files: give one of them",
			word, f.scope)
	}
	if !joined {
		scope = f.scope
	}
	client, err := clients.Find(name)
	if err != nil {
		return clients.Target{}, clients.Client{}, err
	}
	target := clients.Target{Client: name, Scope: scope}
	if name == clients.Print {
		return target, client, nil
	}
	found, err := client.Scope(scope)
	if err == nil && found.Project {
		target.Folder, err = filepath.Abs(f.folder)
	}
	return target, client, err
}

type clientsAddFlags struct {
	account accountFlags
	tools   runFlags // of these, the flags that select tools
	target  targetFlags
	sandbox boolFlag
	replace boolFlag
	dryRun  boolFlag
	project string
}

func clientsAddCommand(env Environment) *cobra.Command {
	var f clientsAddFlags
	cmd := &cobra.Command{
		Use:   "add CLIENT[:SCOPE]",
		Short: "Write the entry that starts this server into a client's config",
		Long: `Write the entry that starts this server into a client's config, or update it. Nothing else in the
file changes. An existing entry keeps its --tools, --preset, --read-only, --project-root, other
arguments and its env, unless flags change them; the change is shown. A backup of the file is
saved beside it, or in the state folder if the file is in a git work tree. For a client that is not listed,
` + "`print`" + ` prints the entry to paste.

An entry holds no secret. Its name is auth0 for the default profile, auth0-PROFILE for another profile,
and auth0-sandbox with --sandbox, which needs no Auth0 account. --plugin-dir and --dev-plugin are only
used to check --tools; they are not written into the entry.`,
		Example: `  auth0-mcp clients add claude-code
  auth0-mcp clients add vscode:workspace --folder ~/shop --profile dev --read-only
  auth0-mcp clients add cursor --tools 'auth0_list_*,auth0_get_*' --dry-run
  auth0-mcp clients add cursor --sandbox`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, env, args[0]) },
	}
	f.account.addProfile(cmd)
	f.tools.addSelection(cmd)
	f.target.add(cmd)
	f.sandbox.add(cmd, "sandbox", "let the client manage the built-in tenant, to try things without an Auth0 account")
	cmd.Flags().StringVar(&f.project, "project-root", "", "the project's folder, for tools that read it and save "+
		"credentials in it")
	f.replace.add(cmd, "replace", "allow an entry of that name to start another program than before")
	f.dryRun.add(cmd, "dry-run", "show the change and write nothing")
	return cmd
}

func (f clientsAddFlags) run(cmd *cobra.Command, env Environment, word string) error {
	target, client, err := f.target.target(word)
	if err != nil {
		return err
	}
	a, err := openAccounts(env, f.account)
	if err != nil {
		return err
	}
	entry, err := f.entry(cmd, env, a)
	if err != nil {
		return err
	}
	if client.Name == clients.Print {
		snippet, err := entry.Snippet()
		if err != nil {
			return err
		}
		say(env.Out, "%s\n", whole(strings.TrimRight(snippet, "\n")))
		return nil
	}
	places, err := clientPlaces()
	if err != nil {
		return err
	}
	change, err := applyChange(cmd.Context(), f.dryRun.on, func() (*clients.Change, error) {
		return clients.Plan(places, target, entry, f.replace.on)
	})
	switch {
	case err != nil:
		return err
	case f.dryRun.on:
		return showDiff(env.Out, change)
	case change.NoOp():
		say(env.Out, "%s is set up already: %s has the entry %s.\n", client.Title, change.Path, change.Name)
		sayNotes(env.Out, change)
		return nil
	}
	say(env.Out, "%s is set up: %s has the entry %s, which runs\n", client.Title, change.Path, change.Name)
	sayEntry(env.Out, change)
	sayNotes(env.Out, change)
	sayBackup(env.Out, change)
	sayLine(env.Out, change.Scope.Next)
	if entry.Sandbox {
		sayLine(env.Out, sandboxHint)
	} else if entry.Profile == "" && len(a.Config.Profiles) == 0 {
		sayLine(env.Out, "You are not signed in yet. Sign in with `auth0-mcp init`.")
	}
	return nil
}

// entry is what the client will start, with a profile that exists and tools that
// match something.
func (f clientsAddFlags) entry(cmd *cobra.Command, env Environment, a *account.Accounts) (clients.Entry, error) {
	command, err := ownPath()
	if err != nil {
		return clients.Entry{}, err
	}
	tools := strings.TrimSpace(f.tools.tools)
	presets, err := f.tools.preset.typed()
	if err != nil {
		return clients.Entry{}, err
	}
	entry := clients.Entry{Command: command, ReadOnly: f.tools.readOnly.on, Env: entryVariables(),
		Preset: strings.Join(presets, ","), KeepPreset: presets == nil,
		KeepTools: tools == "", KeepReadOnly: !f.tools.readOnly.given}
	if f.project != "" {
		if entry.ProjectRoot, err = filepath.Abs(f.project); err != nil {
			return clients.Entry{}, err
		}
	}
	if entry.Sandbox = f.sandbox.on; entry.Sandbox {
		if f.account.profile != "" {
			return clients.Entry{}, errors.New("the sandbox is a tenant of its own, without a profile: give --sandbox or " +
				"--profile")
		}
		err = f.setTools(cmd, env, &entry, tools, presets)
		return entry, err
	}
	// Without any profile the token comes from the client's environment.
	if wanted := a.Wanted(); wanted != "" || len(a.Config.Profiles) > 0 {
		name, _, err := a.Config.Select(wanted)
		if err != nil {
			return clients.Entry{}, err
		}
		entry.Profile = entryProfile(name)
	}
	err = f.setTools(cmd, env, &entry, tools, presets)
	return entry, err
}

// setTools checks that the patterns match something, and lets the entry have them.
func (f clientsAddFlags) setTools(cmd *cobra.Command, env Environment, entry *clients.Entry, tools string,
	presets []string) error {
	if tools == "" && presets == nil && !f.tools.readOnly.on {
		return nil
	}
	// Not by the variables: they are this shell's, not the client's.
	var patterns []string
	if tools != "" {
		var err error
		if patterns, err = catalog.ParsePatterns(tools); err != nil {
			return err
		}
		entry.Tools = strings.Join(patterns, ",")
	}
	filter := env.locks.Filter(patterns, presets)
	filter.ReadOnly = f.tools.readOnly.on
	log, err := (&logFlags{level: "error", format: "text"}).logger(env.Err)
	if err != nil {
		return err
	}
	plugins, err := loadCatalog(cmd.Context(), env, f.tools, log)
	if err == nil {
		_, err = plugins.Select(filter)
	}
	return err
}

// sandboxHint is what to do in a client that manages the built-in tenant.
const sandboxHint = "It manages a built-in tenant with invented data, which starts anew with each server. Ask it, " +
	"for instance: Why did logins fail in the last day?"

// entryProfile is how an entry names a profile. One that was named is named
// there too, even if it is the default now: the entry must not follow when another
// profile, of another tenant, becomes the default.
func entryProfile(name string) string {
	if name == account.FirstProfile {
		return ""
	}
	return name
}

func clientsRemoveCommand(env Environment) *cobra.Command {
	var account accountFlags
	var files targetFlags
	var name string
	var sandbox, dryRun boolFlag
	cmd := &cobra.Command{
		Use:   "remove CLIENT[:SCOPE]",
		Short: "Remove an entry from a client's config",
		Long: `Remove the entry of a profile, or the one that --name names, from a client's config. Nothing else in the file
changes, and a backup is saved as by ` + "`auth0-mcp clients add`" + `. It is no error if there is no such entry.`,
		Example: `  auth0-mcp clients remove cursor
  auth0-mcp clients remove vscode:workspace --profile dev`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, client, err := files.target(args[0])
			if err != nil {
				return err
			}
			given := 0
			for _, one := range []bool{name != "", account.profile != "", sandbox.on} {
				if one {
					given++
				}
			}
			switch {
			case given > 1:
				return errors.New("--name, --profile and --sandbox each say which entry: give one of them")
			case sandbox.on:
				name = clients.Entry{Sandbox: true}.Name()
			}
			if client.Name == clients.Print {
				return errors.New("print has no config file: remove the entry where you pasted it")
			}
			a, err := openAccounts(env, account)
			if err != nil {
				return err
			}
			change, err := removeEntry(cmd.Context(), a, target, name, dryRun.on)
			if err != nil {
				return err
			}
			return sayRemoved(env.Out, change, dryRun.on)
		},
	}
	account.addProfile(cmd)
	files.add(cmd)
	cmd.Flags().StringVar(&name, "name", "", "the entry's name, as auth0-mcp clients list shows it")
	sandbox.add(cmd, "sandbox", "remove the entry for the built-in tenant")
	dryRun.add(cmd, "dry-run", "show the change and write nothing")
	return cmd
}

// removeEntry removes the entry called name, or without one that of the wanted
// profile. It may be one under its own name although the profile is the default by
// now: that one goes first.
func removeEntry(ctx context.Context, a *account.Accounts, target clients.Target, name string,
	dryRun bool) (*clients.Change, error) {
	places, err := clientPlaces()
	if err != nil {
		return nil, err
	}
	names := []string{name}
	if name == "" {
		wanted := a.Wanted()
		names = []string{clients.Entry{Profile: wanted}.Name()}
		if _, known := a.Config.Profiles[wanted]; known && entryProfile(wanted) == "" {
			names = append(names, clients.DefaultName)
		}
	}
	return applyChange(ctx, dryRun, func() (*clients.Change, error) {
		var change *clients.Change
		for _, name := range names {
			if change, err = clients.Remove(places, target, name); err != nil || !change.NoOp() {
				break
			}
		}
		return change, err
	})
}

func sayRemoved(out io.Writer, change *clients.Change, dryRun bool) error {
	switch {
	case dryRun:
		return showDiff(out, change)
	case change.NoOp():
		say(out, "%s has no entry %s: nothing to remove.\n", change.Path, change.Name)
		return nil
	}
	say(out, "The entry %s is removed from %s.\n", change.Name, change.Path)
	sayNotes(out, change)
	sayBackup(out, change)
	_, err := fmt.Fprintln(out, "A running client keeps its server until the client is restarted.")
	return err
}

// planAttempts bounds how often a change is worked out anew because the client
// wrote its file meanwhile: Claude Code does so all the time.
const planAttempts = 3

// applyChange plans a change and makes it, unless it is only to be shown.
func applyChange(ctx context.Context, dryRun bool, plan func() (*clients.Change, error)) (*clients.Change, error) {
	for attempt := 1; ; attempt++ {
		change, err := plan()
		if err != nil || dryRun {
			return change, err
		}
		err = change.Apply(ctx)
		if err == nil || !errors.Is(err, clients.ErrChanged) {
			return change, err
		}
		if attempt == planAttempts {
			return nil, fmt.Errorf("%w: close %s and run the command again", err, change.Client.Title)
		}
	}
}

func showDiff(out io.Writer, change *clients.Change) error {
	if change.NoOp() {
		say(out, "%s would stay as it is.\n", change.Path)
		return nil
	}
	say(out, "%s", whole(change.Diff()))
	sayNotes(out, change)
	return nil
}

// sayEntry says what an entry starts, and what of one that was there has changed.
func sayEntry(out io.Writer, change *clients.Change) {
	is := change.Entry.String()
	say(out, "  %s\n", is)
	switch change.Was {
	case "":
	case is: // its variables, for instance
		say(out, "What changed:\n%s", whole(change.Diff()))
	default:
		say(out, "Before, it ran\n  %s\n", change.Was)
	}
}

func sayNotes(out io.Writer, change *clients.Change) {
	for _, note := range notes(change) {
		say(out, "%s\n", note)
	}
}

// notes are what a change does besides what was asked for.
func notes(change *clients.Change) []string {
	var all, drop []string
	if slices.Contains(change.Kept, "--read-only") {
		drop = append(drop, "--read-only=false")
	}
	entry := change.Entry
	switch keptTools, keptPreset := entry.KeepTools && entry.Tools != "", entry.KeepPreset && entry.Preset != ""; {
	case keptTools && entry.Preset == "":
		drop = append(drop, "--preset default --tools '*'")
	case keptTools:
		drop = append(drop, "--tools '*'")
	case keptPreset:
		drop = append(drop, "--preset default")
	}
	if len(change.Kept) > 0 {
		note := "The entry keeps " + strings.Join(change.Kept, ", ") + "."
		if len(drop) > 0 {
			note += " To drop it, add " + strings.Join(drop, " or ") + "."
		}
		if len(drop) < len(change.Kept) {
			note += " The rest goes if you remove the entry first, with `auth0-mcp clients remove`, or edit it in the file."
		}
		all = append(all, note)
	}
	if change.Marked && !change.NoOp() {
		all = append(all, "The file began with a byte order mark, which clients reject. It is written without it.")
	}
	return all
}

// sayBackup says where Change.Apply has kept what the file was.
func sayBackup(out io.Writer, change *clients.Change) {
	if change.Backup != "" {
		say(out, "Backup saved to %s\n", change.Backup)
	}
}

// targetWords is how a user names the file of an entry to clients add and remove.
func targetWords(i clients.Installed) string {
	words := i.Client.Name + ":" + i.Scope.Name
	if i.Scope.Project {
		words += " --folder " + clients.ShellWords([]string{filepath.Dir(i.Path)})
	}
	return words
}

// addCommand adds an entry again, with another profile.
func addCommand(i clients.Installed, profile string) string {
	// Without other arguments, which may hold a secret: they are kept.
	known := clients.Entry{Profile: profile, Tools: i.Entry.Tools, Preset: i.Entry.Preset,
		ReadOnly: i.Entry.ReadOnly}
	return "auth0-mcp clients add " + targetWords(i) + " " + clients.ShellWords(known.Args()[1:])
}

// ownPath is the absolute path by which this program was started, with its symbolic
// links. A package manager lets a link lead to the newest version and removes the
// older ones, so that the link is what a client's entry must hold; but Linux tells a
// process only where the link led. What was typed, or found in PATH, counts if it
// is the same file.
func ownPath() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program's own path: %w", err)
	}
	typed, err := exec.LookPath(os.Args[0])
	if err != nil {
		return self, nil //nolint:nilerr // it was started in some other way
	}
	if typed, err = filepath.Abs(typed); err != nil {
		return self, nil //nolint:nilerr // its folder is gone
	}
	one, errOne := os.Stat(self)
	other, errOther := os.Stat(typed)
	if errOne != nil || errOther != nil || !os.SameFile(one, other) {
		return self, nil //nolint:nilerr // another file: the system knows better
	}
	return typed, nil
}
