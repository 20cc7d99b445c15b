package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/pluginstore"
)

func pluginUpdateCommand(env Environment) *cobra.Command {
	var set pluginSetFlag
	var consent consentFlags
	var unsigned bool
	cmd := &cobra.Command{
		Use:   "update [NAME…]",
		Short: "Show what newer versions would change, and install them if you agree",
		Long: `Get the newest version of each plugin, or of those that are named, that its version constraint allows; show
how its tools, effects, scopes, requests and files differ; and pin and install it if you agree. Where there
is a plugins.toml, the lock file follows it: what it adds is installed, what it no longer declares removed.

An older version is refused without --allow-downgrade. With --yes, a version that may do more than the
installed one is refused without --allow-widening; then nothing is changed.`,
		Example: `  auth0-mcp plugin update
  auth0-mcp plugin update roles --yes`,
		RunE: func(cmd *cobra.Command, names []string) error {
			return unlessCancelled(update(cmd.Context(), env, set, consent, unsigned, names), "no plugin was changed")
		},
	}
	set.add(cmd)
	consent.addYes(cmd)
	consent.addReplace(cmd)
	consent.addDowngrade(cmd)
	consent.addWidening(cmd)
	cmd.Flags().BoolVar(&unsigned, "allow-unsigned", false, "accept new plugins that no key of yours has signed")
	return cmd
}

func update(ctx context.Context, env Environment, set pluginSetFlag, consent consentFlags, unsigned bool,
	names []string) (err error) {
	if err := env.locks.CheckPlugins("plugin update"); err != nil {
		return err
	}
	plugins, err := set.open()
	if err != nil {
		return err
	}
	progress := console.Begin(env.Err, "Looking for newer versions")
	candidates, removed, err := plugins.ToUpdate(ctx, names, unsigned)
	progress.Stop()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pluginstore.Discard(candidates)) }()
	if len(candidates)+len(removed) == 0 {
		sayLine(env.Out, "Everything is up to date.")
		return nil
	}
	for _, name := range removed {
		say(env.Out, "Removes %s, which plugins.toml does not declare.\n\n", name)
	}
	replaced, err := consent.decide(ctx, env, set, proposal{install: candidates, remove: removed, update: true,
		removable: func(names []string) error { return undeclared(plugins, names) }, question: "Make these changes? [y/N] "})
	if err != nil {
		return err
	}
	change := pluginstore.Change{Install: candidates, Remove: append(removed, replaced...)}
	if err := changePlugins(ctx, env, plugins, change); err != nil {
		return err
	}
	for _, c := range candidates {
		if c.Before == nil {
			say(env.Out, "Installed %s %s.\n", c.Plugin.Name, c.Entry.Version)
			continue
		}
		say(env.Out, "Updated %s from %s to %s.\n", c.Plugin.Name, c.Before.Version, c.Entry.Version)
	}
	return nil
}

// changePlugins makes a change, and removes what the plugins that it removes have left.
func changePlugins(ctx context.Context, env Environment, plugins *pluginstore.Plugins,
	change pluginstore.Change) error {
	before, err := plugins.Lock()
	if err != nil {
		return err
	}
	if err := plugins.Apply(ctx, change); err != nil {
		return err
	}
	for _, name := range change.Remove {
		if err := removeWrapped(plugins, before.Plugins[name]); err != nil {
			return fmt.Errorf("plugin %s: %w", name, err)
		}
		say(env.Out, "Removed %s.\n", name)
	}
	return nil
}

// undeclared refuses plugins that plugins.toml declares: they would be missing from the lock file beside it.
func undeclared(plugins *pluginstore.Plugins, names []string) error {
	declared, _, err := plugins.Declared()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, ok := declared[name]; ok {
			return fmt.Errorf("plugin %s is declared in %s: delete its table there, then run auth0-mcp plugin update", name,
				plugins.Declaration)
		}
	}
	return nil
}

func pluginSyncCommand(env Environment) *cobra.Command {
	var set pluginSetFlag
	var consent consentFlags
	var from string
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Install what the lock file names, and nothing else",
		Long: `Get what the lock file names and this machine lacks, to the byte as it is pinned, and install it if you agree.
The lock file is not changed. If plugins.toml declares something else than is locked, nothing is done:
` + "`auth0-mcp plugin update`" + ` brings the lock file up to date.`,
		Example: `  auth0-mcp plugin sync --plugin-set ./plugins.toml --yes`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return unlessCancelled(sync(cmd.Context(), env, set, consent, from), notInstalled)
		},
	}
	set.add(cmd)
	consent.addYes(cmd)
	consent.addReplace(cmd)
	cmd.Flags().StringVar(&from, "from", "", "a file that auth0-mcp plugin bundle wrote, in place of the sources")
	return cmd
}

func sync(ctx context.Context, env Environment, set pluginSetFlag, consent consentFlags, from string) (err error) {
	if err := errors.Join(env.locks.CheckPlugins("plugin sync"), set.check()); err != nil {
		return err
	}
	plugins, err := set.open()
	if err != nil {
		return err
	}
	var bundle *pluginstore.Bundle
	if from != "" {
		if bundle, err = plugins.OpenBundle(from); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, bundle.Close()) }()
	}
	progress := console.Begin(env.Err, "Fetching what is locked")
	candidates, err := plugins.ToSync(ctx, bundle)
	progress.Stop()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pluginstore.Discard(candidates)) }()
	if len(candidates) > 0 {
		both := func(names []string) error {
			if len(names) == 0 {
				return nil
			}
			return fmt.Errorf("%s names other plugins with the same tools: remove %s from it", plugins.LockPath,
				strings.Join(names, ", "))
		}
		_, err = consent.decide(ctx, env, set, proposal{install: candidates, update: true, removable: both,
			question: "Trust these plugins and install them? [y/N] "})
		if err != nil {
			return err
		}
	}
	if err := plugins.Apply(ctx, pluginstore.Change{Install: candidates}); err != nil {
		return err
	}
	for _, c := range candidates {
		say(env.Out, "Installed %s %s.\n", c.Plugin.Name, c.Entry.Version)
	}
	if len(candidates) == 0 {
		sayLine(env.Out, "Everything that is locked is installed.")
	}
	return nil
}
