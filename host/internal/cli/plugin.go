package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/lint"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func pluginCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{Use: "plugin", Aliases: []string{"plugins"}, Short: "Manage plugins"}
	cmd.AddCommand(pluginInstallCommand(env), pluginStatusCommand(env))
	cmd.AddCommand(pluginLintCommand(env), pluginConformanceCommand(env), pluginRunToolCommand(env))
	cmd.AddCommand(pluginNewCommand(env))
	cmd.AddCommand(pluginPackCommand(env), pluginIndexCommand(env), pluginKeysCommand(env))
	return cmd
}

type installFlags struct {
	yes     bool
	replace []string
}

func pluginInstallCommand(env Environment) *cobra.Command {
	var f installFlags
	cmd := &cobra.Command{
		Use:   "install PATH",
		Short: "Show what a plugin asks for, and install it if you agree",
		Long: `Show everything that the plugin in a local folder asks for and, if you agree, copy it to your plugin
folder and lock its executable and manifest by their SHA-256. The folder holds manifest.json and the
executable that it names. Nothing in it is run before you agree.

A plugin that takes the place of another one, by its name or by a tool's, is refused unless
--replace names that plugin. For an installed plugin the differences are shown.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return install(cmd.Context(), env, args[0], f) },
	}
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "agree without being asked")
	cmd.Flags().StringArrayVar(&f.replace, "replace", nil, "a plugin that the new one may take the place of; "+
		"repeatable")
	return cmd
}

func install(ctx context.Context, env Environment, path string, f installFlags) error {
	if err := env.locks.CheckPlugins("plugin install"); err != nil {
		return err
	}
	review, err := readReview(ctx, env, path)
	if err != nil {
		return err
	}
	say(env.Out, "%s\n", lines(review.String()))
	if err := review.Check(f.replace); err != nil {
		return err
	}
	if !f.yes {
		err := confirm(ctx, env, "Trust this plugin and install it? [y/N] ")
		if errors.Is(err, errNotConfirmed) {
			return fmt.Errorf("%w: %w", catalog.ErrNotInstalled, err)
		}
		if err != nil {
			return err
		}
	}
	job := catalog.Install{Plugin: review.Plugin, Binary: review.Binary, Describe: describe}
	if job.Folder, err = userPluginDir(); err != nil {
		return err
	}
	if job.LockPath, err = lockPath(); err != nil {
		return err
	}
	folder, err := job.Do(ctx)
	if err != nil {
		return err
	}
	say(env.Out, "Installed %s %s in %s.\n", review.Plugin.Name, review.Plugin.Version, folder)
	return nil
}

// readReview reads the plugin at a path, and what it would replace.
func readReview(ctx context.Context, env Environment, path string) (catalog.Review, error) {
	if info, err := os.Stat(path); err != nil {
		return catalog.Review{}, err
	} else if info.IsDir() {
		path = filepath.Join(path, "manifest.json")
	}
	plugin, err := catalog.ReadPlugin(path)
	if errors.Is(err, os.ErrNotExist) {
		return catalog.Review{}, fmt.Errorf("%w; a plugin writes its manifest itself: PLUGIN describe > "+
			"manifest.json", err)
	}
	if err != nil {
		return catalog.Review{}, err
	}
	digest, err := catalog.DigestFile(plugin.Path)
	if err != nil {
		return catalog.Review{}, err
	}
	from, err := sources(env)
	if err != nil {
		return catalog.Review{}, err
	}
	loaded, err := readCatalog(ctx, env, runFlags{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return catalog.Review{}, err
	}
	return catalog.NewReview(plugin, digest, loaded, from.Lock, from.Bundled), nil
}

// describe runs an executable that may be on a slow disk to describe itself.
func describe(ctx context.Context, path string, args []string) (pluginv1.Manifest, error) {
	return supervisor.Describe(ctx, path, args, time.Minute)
}

// describeDevPlugin finds the executable in a developer's folder and asks it, within
// timeout, for its manifest.
func describeDevPlugin(ctx context.Context, dir string, timeout time.Duration) (catalog.DevPlugin, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return catalog.DevPlugin{}, err
	}
	path, err := lint.Executable(dir)
	if err != nil {
		return catalog.DevPlugin{}, fmt.Errorf("--dev-plugin: %w", err)
	}
	m, err := supervisor.Describe(ctx, path, nil, timeout)
	if errors.Is(err, supervisor.ErrSlow) {
		err = fmt.Errorf("%w. Give it longer: --plugin-start-timeout 1m", err)
	}
	if err != nil {
		return catalog.DevPlugin{}, fmt.Errorf("--dev-plugin: %w", err)
	}
	return catalog.DevPlugin{Dir: dir, Path: path, Manifest: m}, nil
}
