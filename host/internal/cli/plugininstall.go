package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/pluginstore"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

const notInstalled = "nothing was installed"

type installFlags struct {
	set           pluginSetFlag
	consent       consentFlags
	version, key  string
	allowUnsigned bool
}

func pluginInstallCommand(env Environment) *cobra.Command {
	var f installFlags
	cmd := &cobra.Command{
		Use:   "install SOURCE",
		Short: "Show what a plugin asks for, and install it if you agree",
		Long: `Show everything that a plugin asks for and, if you agree, put it into your plugin store and pin it in your
lock file: for each platform the digest of its executable, the digest of its manifest, and what each tool
may do. Nothing of it is run before you agree.

SOURCE is a folder with manifest.json and the executable that it names, an archive, an index
(https://…/index.json), a repository of a registry (oci://…), or a file that ` + "`auth0-mcp plugin bundle`" + ` wrote,
whose plugins are installed as they are locked in it.

A plugin that takes the place of another one, by its name or by a tool's, is refused unless
--replace names that plugin. For an installed plugin the differences are shown.`,
		Example: `  auth0-mcp plugin install ./roles
  auth0-mcp plugin install https://plugins.example.com/roles/index.json --version '~> 1.2' --key example`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return unlessCancelled(f.install(cmd.Context(), env, args[0]), notInstalled)
		},
	}
	f.set.add(cmd)
	f.consent.addYes(cmd)
	f.consent.addReplace(cmd)
	f.consent.addDowngrade(cmd)
	cmd.Flags().StringVar(&f.version, "version", "", "what the version must satisfy, also of updates, such as 1.2.3 or "+
		"'~> 1.2'")
	cmd.Flags().StringVar(&f.key, "key", "", "the key that must have signed it, also updates: see auth0-mcp plugin keys")
	cmd.Flags().BoolVar(&f.allowUnsigned, "allow-unsigned", false, "accept a plugin that no key of yours has signed; a "+
		"folder never is")
	return cmd
}

func (f installFlags) install(ctx context.Context, env Environment, reference string) (err error) {
	if err := env.locks.CheckPlugins("plugin install"); err != nil {
		return err
	}
	// --replace names what is replaced, and what that means is shown: nothing else has to be agreed to.
	f.consent.widening = true
	plugins, err := f.set.open()
	if err != nil {
		return err
	}
	if strings.HasSuffix(reference, pluginstore.BundleSuffix) {
		return f.installBundle(ctx, env, plugins, reference)
	}
	from, err := source.Parse(reference)
	if err != nil {
		return err
	}
	progress := console.Begin(env.Err, "Fetching "+reference)
	candidate, err := plugins.Get(ctx, pluginstore.Wanted{Source: from.String(), Constraint: f.version, Key: f.key,
		AllowUnsigned: f.allowUnsigned})
	progress.Stop()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, candidate.Discard()) }()
	candidates := []*pluginstore.Candidate{candidate}
	err = f.apply(ctx, env, plugins, proposal{install: candidates, question: "Trust this plugin and install it? [y/N] "})
	if err != nil {
		return err
	}
	say(env.Out, "Installed %s %s in %s.\n", candidate.Plugin.Name, candidate.Entry.Version,
		plugins.Folder(candidate.Plugin.Name, candidate.Entry))
	return nil
}

// apply installs what a proposal has, if the user agrees.
func (f installFlags) apply(ctx context.Context, env Environment, plugins *pluginstore.Plugins, p proposal) error {
	p.removable = func(names []string) error { return undeclared(plugins, names) }
	replaced, err := f.consent.decide(ctx, env, f.set, p)
	if err != nil {
		return err
	}
	return changePlugins(ctx, env, plugins, pluginstore.Change{Install: p.install, Remove: replaced, Declare: true})
}

// installBundle installs the plugins of a bundle with the lock file in it.
func (f installFlags) installBundle(ctx context.Context, env Environment, plugins *pluginstore.Plugins,
	path string) (err error) {
	if f.version != "" || f.key != "" {
		return errors.New("--version and --key are for sources: what is in a bundle is locked already")
	}
	bundle, err := plugins.OpenBundle(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bundle.Close()) }()
	candidates, err := plugins.ToInstall(ctx, bundle)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pluginstore.Discard(candidates)) }()
	if len(candidates) == 0 {
		sayLine(env.Out, "Everything in the bundle is installed.")
		return nil
	}
	const question = "Trust these plugins and install them? [y/N] "
	if err := f.apply(ctx, env, plugins, proposal{install: candidates, question: question}); err != nil {
		return err
	}
	for _, c := range candidates {
		say(env.Out, "Installed %s %s.\n", c.Plugin.Name, c.Entry.Version)
	}
	return nil
}

func pluginBundleCommand(env Environment) *cobra.Command {
	var set pluginSetFlag
	var platforms []string
	cmd := &cobra.Command{
		Use:   "bundle FILE" + pluginstore.BundleSuffix,
		Short: "Write the installed plugins into a file, for machines without a network",
		Long: `Write the lock file, and the files and signatures of all plugins that it names, into a new tar file.
On a machine that cannot reach the sources, ` + "`auth0-mcp plugin install FILE.tar`" + ` installs them, and
` + "`auth0-mcp plugin sync --from FILE.tar`" + ` takes from it what a lock file of that machine names.

The bundle is for this platform, or for those of --platform, whose files are fetched from the sources and must be those
that are locked.`,
		Example: `  auth0-mcp plugin bundle plugins.tar
  auth0-mcp plugin bundle plugins.tar --platform linux/amd64,windows/amd64`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !strings.HasSuffix(args[0], pluginstore.BundleSuffix) {
				return fmt.Errorf("bundle %s: want a name that ends in %s", args[0], pluginstore.BundleSuffix)
			}
			for _, platform := range platforms {
				all := platform == pluginstore.AllPlatforms && len(platforms) == 1
				if !all && !release.IsPlatform(platform) {
					return fmt.Errorf("--platform %s: want all, or platforms such as linux/amd64,windows/arm64",
						strings.Join(platforms, ","))
				}
			}
			plugins, err := set.open()
			if err != nil {
				return err
			}
			progress := console.Begin(env.Err, "Writing "+args[0])
			count, err := plugins.WriteBundle(cmd.Context(), args[0], platforms)
			progress.Stop()
			if err != nil {
				return unlessCancelled(err, args[0]+" was not written")
			}
			written := cmp.Or(strings.Join(platforms, ", "), catalog.Platform())
			if written == pluginstore.AllPlatforms {
				written = "all platforms that are locked"
			}
			say(env.Out, "Wrote %s for %s into %s.\n", counted(count, "plugin"), written, args[0])
			return nil
		},
	}
	set.add(cmd)
	cmd.Flags().StringSliceVar(&platforms, "platform", nil, "for which platforms, such as linux/amd64,darwin/arm64, or "+
		"all that are locked (default this one)")
	return cmd
}
