package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/pluginstore"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// installedPlugin is a plugin in the output of `auth0-mcp plugin list --json` and `info --json`. Its field names are a
// promise to programs.
type installedPlugin struct {
	Name string `json:"name"`
	catalog.LockEntry
	// Folder holds its files on this machine; Problem is why they must not be used.
	Folder  string `json:"folder"`
	Problem string `json:"problem,omitempty"`
	// Warning is what to know of it all the same.
	Warning string `json:"warning,omitempty"`
}

// installed are the plugins of the lock file with what a check has found of them.
func installed(plugins *pluginstore.Plugins, verified []pluginstore.Verified, err error) ([]installedPlugin, error) {
	if err != nil {
		return nil, err
	}
	lock, err := plugins.Lock()
	if err != nil {
		return nil, err
	}
	list := []installedPlugin{}
	for _, v := range verified {
		p := installedPlugin{Name: v.Name, LockEntry: lock.Plugins[v.Name], Folder: v.Folder, Warning: v.Warning}
		if v.Err != nil {
			p.Problem = v.Err.Error()
		}
		list = append(list, p)
	}
	return list, nil
}

func pluginListCommand(env Environment) *cobra.Command {
	var set pluginSetFlag
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the installed plugins",
		Long: `List the plugins that the lock file names: their versions, where they came from, who signed them. Those that
belong to auth0-mcp are in ` + "`auth0-mcp plugin status`" + `.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			plugins, err := set.open()
			if err != nil {
				return err
			}
			checked, err := plugins.Check(nil)
			list, err := installed(plugins, checked, err)
			if err != nil {
				return err
			}
			if asJSON.on {
				return asJSON.write(env.Out, map[string]any{"lock_file": plugins.LockPath, "plugins": list})
			}
			if len(list) == 0 {
				say(env.Out, "%s", lines(console.Of(env.Out).Line(redact.Line(fmt.Sprintf("No plugin is installed: %s names "+
					"none. `auth0-mcp plugin status` shows those that belong to auth0-mcp.", plugins.LockPath)))))
				return nil
			}
			table := console.NewTable("PLUGIN", "VERSION", "TOOLS", "SIGNED BY", "STATE", "SOURCE")
			for _, p := range list {
				state := console.Cell{Text: "ok", Style: console.Good}
				if p.Problem != "" {
					state = console.Cell{Text: "broken", Style: console.Bad}
				}
				table.Row(p.Name, p.Version, len(p.Tools), cmp.Or(p.Signer.Name, "-"), state, cmp.Or(p.Source, "-"))
			}
			if err := table.Print(env.Out); err != nil {
				return err
			}
			for _, p := range list {
				if p.Problem != "" {
					say(env.Out, "%s: %s\n", p.Name, p.Problem)
				}
			}
			return nil
		},
	}
	set.add(cmd)
	asJSON.add(cmd, "for programs")
	return cmd
}

func pluginInfoCommand(env Environment) *cobra.Command {
	var set pluginSetFlag
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "info NAME",
		Short: "Show everything about an installed plugin",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			plugins, err := set.open()
			if err != nil {
				return err
			}
			checked, err := plugins.Check(args)
			list, err := installed(plugins, checked, err)
			if err != nil {
				return err
			}
			p := list[0]
			if asJSON.on {
				return asJSON.write(env.Out, p)
			}
			if p.Problem != "" {
				return fmt.Errorf("plugin %s: %s", p.Name, p.Problem)
			}
			plugin, err := catalog.ReadPlugin(filepath.Join(p.Folder, "manifest.json"))
			if err != nil {
				return err
			}
			review := catalog.Review{Plugin: plugin, Entry: p.LockEntry}.String()
			say(env.Out, "%s\n", whole(console.Of(env.Out).Columns(review)))
			say(env.Out, "Folder %s\n", p.Folder)
			return nil
		},
	}
	set.add(cmd)
	asJSON.add(cmd, "for programs")
	return cmd
}

// failedPluginsError makes the exit status 1 after the findings were printed.
type failedPluginsError struct{ count int }

func (e *failedPluginsError) Error() string {
	return counted(e.count, "plugin") + " must not be used: see above. Run auth0-mcp plugin sync, which gets what is " +
		"locked again"
}

func pluginVerifyCommand(env Environment) *cobra.Command {
	var set pluginSetFlag
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "verify [NAME…]",
		Short: "Check the installed plugins against the lock file and their signatures",
		Long: `Check that the files of each plugin, or of those that are named, are those that are pinned, that no other user
can change them, and that the lock file says of its tools what the manifest does. Verify the signature of its release
again, with the keys that you trust now, and that the lock file pins what was signed. A key that you have revoked
fails; one that has expired since is a warning. The exit status is 1 if a plugin fails. Nothing is fetched, and nothing
of a plugin is run.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			plugins, err := set.open()
			if err != nil {
				return err
			}
			verified, err := plugins.Verify(cmd.Context(), names)
			list, err := installed(plugins, verified, err)
			if err != nil {
				return err
			}
			failed := 0
			for _, p := range list {
				if p.Problem != "" {
					failed++
				}
			}
			if asJSON.on {
				err = asJSON.write(env.Out, map[string]any{"plugins": list})
			} else {
				for _, p := range list {
					found := cmp.Or(p.Problem, "ok")
					if p.Problem == "" && p.Warning != "" {
						found += ", but " + p.Warning
					}
					say(env.Out, "%s %s: %s\n", p.Name, p.Version, found)
				}
				if len(list) == 0 {
					sayLine(env.Out, "No plugin is installed.")
				}
			}
			if failed > 0 {
				err = errors.Join(err, &failedPluginsError{failed})
			}
			return err
		},
	}
	set.add(cmd)
	asJSON.add(cmd, "for programs")
	return cmd
}

func pluginRemoveCommand(env Environment) *cobra.Command {
	var set pluginSetFlag
	var consent consentFlags
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a plugin from the lock file, and its files",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			plugins, err := set.open()
			if err != nil {
				return err
			}
			lock, err := plugins.Lock()
			if err != nil {
				return err
			}
			entry, ok := lock.Plugins[name]
			if !ok {
				return &pluginstore.NotInstalledError{Name: name, LockPath: plugins.LockPath}
			}
			if err := undeclared(plugins, []string{name}); err != nil {
				return err
			}
			say(env.Out, "Plugin %s %s with %s: %s\n", name, entry.Version, counted(len(entry.Tools), "tool"),
				lines(plugins.Folder(name, entry)))
			for _, tool := range slices.Sorted(maps.Keys(entry.Tools)) {
				say(env.Out, "  %s\n", tool)
			}
			if err := consent.agree(cmd.Context(), env, "Remove it? [y/N] "); err != nil {
				return unlessCancelled(fmt.Errorf("nothing was removed: %w", err), "plugin "+name+" was not removed")
			}
			return changePlugins(cmd.Context(), env, plugins, pluginstore.Change{Remove: []string{name}})
		},
	}
	set.add(cmd)
	consent.addYes(cmd)
	return cmd
}
