package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/distribution"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
)

func loadCatalog(ctx context.Context, env Environment, f runFlags, log *slog.Logger) (*catalog.Catalog, error) {
	plugins, err := readCatalog(ctx, env, f, log)
	if err == nil {
		err = f.set.check()
	}
	if err != nil {
		return nil, err
	}
	for _, refusal := range plugins.Refused() {
		log.Warn(refusal.String())
	}
	if len(plugins.Plugins()) == 0 {
		return nil, errors.New("no plugins: build the host with its own by `make build`, or install one with " +
			"`auth0-mcp plugin install`")
	}
	return plugins, nil
}

// readCatalog finds plugins where flags and environment say; it may find none.
func readCatalog(ctx context.Context, env Environment, f runFlags, log *slog.Logger) (*catalog.Catalog, error) {
	sources, err := sources(env, f.set)
	if err != nil {
		return nil, err
	}
	sources.PluginDirs = notBlank(f.pluginDirs)
	if sources.PluginDirs == nil {
		sources.PluginDirs = account.VariableList("AUTH0_MCP_PLUGIN_DIR")
	}
	for _, dir := range sources.PluginDirs {
		if err := env.locks.CheckPlugins("the plugins in " + dir); err != nil {
			return nil, err
		}
	}
	if f, err = f.described(ctx, env, log); err != nil {
		return nil, err
	}
	sources.Dev = f.dev
	return catalog.Load(sources)
}

// described are the flags with the plugins under development described.
func (f runFlags) described(ctx context.Context, env Environment, log *slog.Logger) (runFlags, error) {
	dirs, attached := notBlank(f.devPlugins), notBlank(f.reattach)
	f.reattach = nil
	f.devPlugins, f.dev = nil, slices.Clone(f.dev)
	for _, dir := range dirs {
		if err := env.locks.CheckPlugins("--dev-plugin " + dir); err != nil {
			return f, err
		}
		dev, err := describeDevPlugin(ctx, dir, f.plugins.start)
		if err != nil {
			return f, err
		}
		log.Warn("loading a plugin under development: its binary is not checked", "plugin", dev.Manifest.Name, "path",
			dev.Path)
		f.dev = append(f.dev, dev)
	}
	for _, source := range attached {
		if err := env.locks.CheckPlugins("--reattach"); err != nil {
			return f, err
		}
		describing, cancel := context.WithTimeout(ctx, f.plugins.start)
		m, err := supervisor.DescribeAttached(describing, source)
		cancel()
		if err != nil {
			return f, fmt.Errorf("--reattach: %w", err)
		}
		log.Warn("attaching to a plugin that runs already: neither its binary nor its process is checked", "plugin", m.Name)
		f.dev = append(f.dev, catalog.DevPlugin{Manifest: m, Reattach: source})
	}
	return f, nil
}

// sources are the places that need no flag.
func sources(env Environment, set pluginSetFlag) (catalog.Sources, error) {
	var s catalog.Sources
	bundled, err := catalog.ParseBundled(env.Bundled)
	if err != nil {
		return s, fmt.Errorf("this binary was built wrongly: %w", err)
	}
	beside, err := bundledDir()
	if err != nil {
		return s, err
	}
	s.BundledDir, s.Bundled = beside, bundled
	if env.locks.Locks(distribution.Plugins) {
		if path := set.chosen(); path != "" {
			return s, env.locks.CheckPlugins("--plugin-set " + path)
		}
		return s, nil
	}
	// Without a folder for them, no plugins have been installed: the lock is empty then, and so is the folder.
	path, err := set.lockPath()
	if err != nil && set.chosen() != "" {
		return s, err
	}
	lock, err := catalog.ReadLock(path)
	if err != nil {
		return s, err
	}
	s.Lock = lock
	if s.UserDir, _ = userPluginDir(); s.UserDir != "" {
		s.StoreDir = storeDir(s.UserDir)
	}
	return s, nil
}
