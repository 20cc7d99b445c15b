package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/wrap"
)

type uninstallFlags struct {
	folder                     string
	yes, dryRun, audit, asJSON boolFlag
}

// uninstallReport is the output of `auth0-mcp uninstall --json`. Its field names are a promise to programs.
type uninstallReport struct {
	// Removed is whether it was removed; --dry-run only shows it.
	Removed  bool           `json:"removed"`
	Entries  []removedEntry `json:"entries"`
	Profiles []string       `json:"profiles"`
	Paths    []string       `json:"paths"`
	// Kept are files in the program's folders that it did not make.
	Kept []string `json:"kept"`
}

type removedEntry struct {
	Client string `json:"client"`
	Name   string `json:"name"`
	Path   string `json:"path"`
}

func uninstallCommand(env Environment) *cobra.Command {
	var f uninstallFlags
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Remove what this program has stored: clients' entries, sessions, plugins, settings and logs",
		Long: `Remove the entries that start this server from MCP clients' configs, end all sessions (refresh tokens
are revoked, keychain items removed) and remove the folders of settings, plugins and logs. Everything is shown first.
The program itself stays: remove it with what installed it.

Nothing else in a client's config changes, and its backups stay. Files in the folders that this program did not
make stay too. Entries in projects' folders are found in the current folder only, or in --folder. Quit your MCP
clients first: a running server writes its files again.`,
		Example: `  auth0-mcp uninstall --dry-run
  auth0-mcp uninstall --keep-audit
  auth0-mcp uninstall --yes --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), env) },
	}
	cmd.Flags().StringVar(&f.folder, "folder", ".", "the project's folder, for clients that have a config in it")
	f.yes.add(cmd, "yes", "do not ask")
	f.dryRun.add(cmd, "dry-run", "show what would be removed, and remove nothing")
	f.audit.add(cmd, "keep-audit", "keep the audit log")
	f.asJSON.add(cmd, "json", "for programs; with --yes or --dry-run")
	return cmd
}

// uninstallation is what an uninstall removes.
type uninstallation struct {
	entries  []clients.Installed
	folder   string // where projects' entries were looked for
	accounts *account.Accounts
	profiles []string
	// paths are files and folders of ours, others the rest of our folders, which stays.
	paths, others []string
	// folders are ours, those inside others first: they go if nothing is left in them.
	folders []string
}

func (f uninstallFlags) run(ctx context.Context, env Environment) error {
	if f.asJSON.on && !f.yes.on && !f.dryRun.on {
		return errors.New("--json does not ask: add --yes, or --dry-run to see what would be removed. Nothing was removed")
	}
	env.progress = console.Later(env.Err, "Ending the sessions")
	u, err := f.find(env)
	if err != nil {
		return fmt.Errorf("%w. Nothing was removed", err)
	}
	if f.asJSON.on {
		return f.runForPrograms(ctx, env, u)
	}
	if len(u.entries)+len(u.profiles)+len(u.paths) == 0 {
		sayLine(env.Out, "Nothing of auth0-mcp is stored here: there is nothing to remove.")
		return nil
	}
	u.show(env)
	if f.dryRun.on {
		return nil
	}
	if !f.yes.on {
		err := confirm(ctx, env, "Remove all of this? [y/N] ")
		if errors.Is(err, errNotConfirmed) {
			return fmt.Errorf("%w: nothing was removed", err)
		}
		if err != nil {
			return unlessCancelled(err, "nothing was removed")
		}
	}
	return u.remove(ctx, env)
}

// runForPrograms removes without a word, and then reports what was removed.
func (f uninstallFlags) runForPrograms(ctx context.Context, env Environment, u *uninstallation) error {
	if f.dryRun.on {
		return writeJSON(env.Out, u.report(false))
	}
	silent, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer silent.Close()
	progress := env
	progress.Out = silent
	if err := u.remove(ctx, progress); err != nil {
		return err
	}
	return writeJSON(env.Out, u.report(true))
}

func (u *uninstallation) report(removed bool) uninstallReport {
	list := func(all []string) []string { return append([]string{}, all...) } // [] and not null
	r := uninstallReport{Removed: removed, Entries: []removedEntry{}, Profiles: list(u.profiles), Paths: list(u.paths),
		Kept: list(u.others)}
	for _, i := range u.entries {
		r.Entries = append(r.Entries, removedEntry{i.Client.Name, i.Name, i.Path})
	}
	return r
}

// find looks for everything before anything is removed: what cannot be read must not be forgotten.
func (f uninstallFlags) find(env Environment) (*uninstallation, error) {
	u := &uninstallation{}
	var err error
	if u.folder, err = filepath.Abs(f.folder); err != nil {
		return nil, err
	}
	if u.entries, err = installedEntries(u.folder); err != nil {
		return nil, err
	}
	if u.accounts, err = openAccounts(env, accountFlags{}); err != nil {
		return nil, err
	}
	if u.profiles, err = u.accounts.Known(); err != nil {
		return nil, err
	}
	return u, u.findFiles(f.audit.on)
}

// findFiles lists what is in our folders. Names that we do not know, and backups of other programs' files, stay.
func (u *uninstallation) findFiles(keepAudit bool) error {
	state, stateErr := atomicfile.StateFolder()
	data, dataErr := atomicfile.DataFolder()
	config, configErr := atomicfile.ConfigFolder()
	if err := errors.Join(stateErr, dataErr, configErr); err != nil {
		return err
	}
	ours := map[string][]string{}
	for _, of := range []struct {
		folder string
		names  []string
	}{
		{state, []string{"approvals", "granted", "secrets"}},
		{data, []string{"sessions", "plugins", filepath.Base(wrap.Folder(data))}},
		{config, []string{"config.toml", "config.toml.bak", "plugins.lock.json", "plugins.toml", "plugin-keys.json",
			"clients.lock"}},
	} {
		ours[of.folder] = append(ours[of.folder], of.names...)
	}
	if !keepAudit {
		ours[state] = append(ours[state], "audit")
	}
	for _, folder := range []string{state, data, config} {
		if slices.Contains(u.folders, folder) { // one folder for several on some systems
			continue
		}
		u.folders = append(u.folders, folder)
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, entry := range entries {
			path := filepath.Join(folder, entry.Name())
			switch {
			case path == state: // macOS has it in the folder of the configuration
			case ourFile(entry.Name(), ours[folder]):
				u.paths = append(u.paths, path)
			default:
				u.others = append(u.others, path)
			}
		}
	}
	return nil
}

// ourFile reports whether a file is one of these, or the lock of one.
func ourFile(name string, names []string) bool {
	return slices.Contains(names, strings.TrimSuffix(name, ".lock")) || slices.Contains(names, name)
}

func (u *uninstallation) show(env Environment) {
	section := func(heading string, names []string) {
		var all []string
		for _, name := range names {
			all = append(all, redact.Line(name))
		}
		if len(all) > 0 {
			say(env.Out, "%s\n  %s\n", heading, lines(strings.Join(all, "\n  ")))
		}
	}
	var entries []string
	for _, i := range u.entries {
		entries = append(entries, fmt.Sprintf("%s: %s in %s", i.Client.Title, i.Name, i.Path))
	}
	section("Entries of MCP clients to remove:", entries)
	section("Profiles to log out:", u.profiles)
	section("Files and folders to remove:", u.paths)
	section("These stay:", u.others)
}

// remove goes from what uses to what is used, and stops where something fails: it can be run again.
func (u *uninstallation) remove(ctx context.Context, env Environment) error {
	var errs []error
	for _, i := range u.entries {
		errs = append(errs, u.removeEntry(ctx, env, i))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w. Sessions and files were kept: run `auth0-mcp uninstall` again", err)
	}
	if len(u.profiles) > 0 {
		if err := logOutAll(ctx, env, u.accounts); err != nil {
			return fmt.Errorf("%w. Files were kept: run `auth0-mcp uninstall` again", err)
		}
	}
	for _, path := range u.paths {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("%w: run `auth0-mcp uninstall` again", err)
		}
	}
	if err := u.removeFolders(); err != nil {
		return err
	}
	sayLine(env.Out, "Everything that was shown is removed. Remove the program with what installed it.")
	return nil
}

// removeFolders removes the locks that the uninstall itself has made, and our folders if nothing is left in them.
func (u *uninstallation) removeFolders() error {
	for _, folder := range u.folders {
		for _, name := range []string{"clients.lock", "config.toml.lock"} {
			if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	for _, folder := range u.folders {
		if left, err := os.ReadDir(folder); err == nil && len(left) == 0 {
			if err := os.Remove(folder); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeEntry removes one entry from its client's config.
func (u *uninstallation) removeEntry(ctx context.Context, env Environment, i clients.Installed) error {
	places, err := clientPlaces()
	if err != nil {
		return err
	}
	target := clients.Target{Client: i.Client.Name, Scope: i.Scope.Name}
	if i.Scope.Project {
		target.Folder = u.folder
	}
	change, err := applyChange(ctx, false, func() (*clients.Change, error) {
		return clients.Remove(places, target, i.Name)
	})
	if err != nil {
		return err
	}
	return sayRemoved(env.Out, change, false)
}
