package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

// listedEntry is one entry in the output of `auth0-mcp clients list --json`. With
// --all a file without an entry of ours is one too, with an empty name.
type listedEntry struct {
	Client string `json:"client"`
	Scope  string `json:"scope"`
	Path   string `json:"path"`
	Name   string `json:"name"`
	// Profile is empty for the default one.
	Profile string `json:"profile"`
	// Sandbox is whether it starts with the built-in tenant, and so without a profile.
	Sandbox  bool   `json:"sandbox"`
	Command  string `json:"command"`
	Tools    string `json:"tools"`
	Preset   string `json:"preset"`
	ReadOnly bool   `json:"read_only"`
	// Extra is whether there are further arguments; they may hold a secret.
	Extra bool `json:"extra"`
	// Missing is whether Command leads to no file.
	Missing bool `json:"missing"`
	// Unknown is whether the config has no such profile.
	Unknown bool `json:"unknown_profile"`
}

func clientsListCommand(env Environment) *cobra.Command {
	var folder string
	var all boolFlag
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the entries that start this server, in all clients",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			a, err := openAccounts(env, accountFlags{})
			if err != nil {
				return err
			}
			// A file that can't be read hides none of the others.
			installed, listErr := installedEntries(folder)
			entries := listEntries(a, installed)
			if all.on {
				entries, err = withEmptyFiles(entries, folder)
			}
			if err == nil && asJSON.on {
				err = asJSON.write(env.Out, entries)
			} else if err == nil {
				err = printEntries(env.Out, entries)
			}
			return errors.Join(err, listErr)
		},
	}
	cmd.Flags().StringVar(&folder, "folder", ".", "the project's folder, for clients that have a config in it")
	all.add(cmd, "all", "also the clients without an entry, with the file that it would go to")
	asJSON.add(cmd, "for programs")
	return cmd
}

// installedEntries are the entries of ours, those in the project's folder too.
func installedEntries(folder string) ([]clients.Installed, error) {
	places, err := clientPlaces()
	if err != nil {
		return nil, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	return clients.List(places, folder)
}

func listEntries(a *account.Accounts, installed []clients.Installed) []listedEntry {
	entries := []listedEntry{}
	for _, i := range installed {
		_, known := a.Config.Profiles[i.Entry.Profile]
		entries = append(entries, listedEntry{
			Client: i.Client.Name, Scope: i.Scope.Name, Path: i.Path, Name: i.Name, Profile: i.Entry.Profile,
			Command: i.Entry.Command, Sandbox: i.Entry.Sandbox,
			Tools: i.Entry.Tools, Preset: i.Entry.Preset, ReadOnly: i.Entry.ReadOnly, Extra: i.Extra, Missing: i.Missing,
			Unknown: i.Entry.Profile != "" && !known,
		})
	}
	return entries
}

// withEmptyFiles adds the files of known clients that have no entry.
func withEmptyFiles(entries []listedEntry, folder string) ([]listedEntry, error) {
	places, err := clientPlaces()
	if err != nil {
		return nil, err
	}
	all := []listedEntry{}
	for _, c := range clients.All() {
		for _, s := range c.Scopes {
			in := ""
			if s.Project {
				in = folder
			}
			path, err := s.Path(places, in)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Title, err)
			}
			before := len(all)
			for _, e := range entries {
				if e.Client == c.Name && e.Scope == s.Name {
					all = append(all, e)
				}
			}
			if len(all) == before {
				all = append(all, listedEntry{Client: c.Name, Scope: s.Name, Path: path})
			}
		}
	}
	return all, nil
}

func printEntries(out io.Writer, entries []listedEntry) error {
	if len(entries) == 0 {
		_, err := io.WriteString(out, console.Of(out).Line("No client has an entry: `auth0-mcp clients add CLIENT` makes "+
			"one, `auth0-mcp clients list --all` names the clients."))
		return err
	}
	table := console.NewTable("CLIENT", "ENTRY", "PROFILE", "FLAGS", "FILE", "PROBLEM")
	for _, e := range entries {
		if e.Name == "" {
			table.Row(e.Client+":"+e.Scope, "-", "-", "-", fromHome(e.Path))
			continue
		}
		table.Row(e.Client+":"+e.Scope, e.Name, e.account(), e.flags(), fromHome(e.Path),
			console.Cell{Text: e.problem(), Style: console.Bad})
	}
	return table.Print(out)
}

// fromHome writes a path as shells take it: ~ for the home folder.
func fromHome(path string) string {
	home, err := os.UserHomeDir()
	if err != nil || runtime.GOOS == "windows" {
		return path
	}
	if below, ok := strings.CutPrefix(path, home+"/"); ok {
		return "~/" + below
	}
	return path
}

// account is in parentheses what is not a profile's name.
func (e listedEntry) account() string {
	if e.Sandbox {
		return "(sandbox)"
	}
	return orWord(e.Profile, "(default)")
}

func (e listedEntry) flags() string {
	var words []string
	if e.Preset != "" {
		words = append(words, "--preset "+e.Preset)
	}
	if e.Tools != "" {
		words = append(words, "--tools "+e.Tools)
	}
	if e.ReadOnly {
		words = append(words, "--read-only")
	}
	if e.Extra {
		words = append(words, "and others")
	}
	return orWord(strings.Join(words, " "), "-")
}

func (e listedEntry) problem() string {
	var problems []string
	if e.Missing {
		problems = append(problems, e.Command+" is not there: add the entry again with --replace")
	}
	if e.Unknown {
		problems = append(problems, "no such profile: `auth0-mcp init --profile "+e.Profile+"`, or remove the entry")
	}
	return strings.Join(problems, "; ")
}
