package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/lint"
	"github.com/auth0-mcp/auth0-mcp/host/internal/pluginstore"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func pluginCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{Use: "plugin", Aliases: []string{"plugins"}, Short: "Manage plugins"}
	cmd.AddCommand(pluginInstallCommand(env), pluginUpdateCommand(env), pluginSyncCommand(env), pluginListCommand(env),
		pluginInfoCommand(env), pluginVerifyCommand(env), pluginRemoveCommand(env), pluginBundleCommand(env),
		pluginStatusCommand(env))
	cmd.AddCommand(pluginNewCommand(env), pluginLintCommand(env), pluginConformanceCommand(env), pluginRunToolCommand(env))
	cmd.AddCommand(pluginPackCommand(env), pluginIndexCommand(env), pluginKeysCommand(env))
	cmd.AddCommand(pluginWrapCommand(env))
	return cmd
}

// pluginSetFlag says whose lock file counts.
type pluginSetFlag struct{ path string }

const pluginSetVariable = "AUTH0_MCP_PLUGIN_SET"

func (f *pluginSetFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.path, "plugin-set", "", "a plugins.toml whose lock file counts in place of yours ("+
		pluginSetVariable+")")
}

// chosen is the file that flag or environment name; "" if neither does.
func (f pluginSetFlag) chosen() string {
	if strings.TrimSpace(f.path) != "" {
		return f.path
	}
	return account.Variable(pluginSetVariable)
}

const (
	declarationName   = "plugins.toml"
	declarationSuffix = ".toml"
	lockSuffix        = ".lock.json"
)

// declaration is the file that says which plugins are wanted. It need not exist.
func (f pluginSetFlag) declaration() (string, error) {
	path := f.chosen()
	if path == "" {
		dir, err := atomicfile.ConfigFolder()
		if err != nil {
			return "", err
		}
		return filepath.Join(dir, declarationName), nil
	}
	if filepath.Ext(path) != declarationSuffix {
		return "", fmt.Errorf("--plugin-set %s: want a file whose name ends in %s, such as %s; its lock file lies beside it",
			path, declarationSuffix, declarationName)
	}
	return filepath.Abs(path)
}

// lockPath is the file that says which plugins are trusted.
func (f pluginSetFlag) lockPath() (string, error) {
	path, err := f.declaration()
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(path, declarationSuffix) + lockSuffix, nil
}

// check refuses a set of which there is no file: its path may be misspelt.
func (f pluginSetFlag) check() error {
	path, lock := f.chosen(), ""
	if path == "" {
		return nil
	}
	declaration, err := f.declaration()
	if err == nil {
		lock, err = f.lockPath()
	}
	if err != nil {
		return err
	}
	_, noDeclaration := os.Stat(declaration)
	_, noLock := os.Stat(lock)
	if errors.Is(noDeclaration, fs.ErrNotExist) && errors.Is(noLock, fs.ErrNotExist) {
		return fmt.Errorf("--plugin-set %s: neither %s nor %s exists", path, declaration, lock)
	}
	return nil
}

// open is what the commands that change plugins work with. It reads nothing but the trusted keys.
func (f pluginSetFlag) open() (*pluginstore.Plugins, error) {
	user, err := userPluginDir()
	if err != nil {
		return nil, err
	}
	p := &pluginstore.Plugins{Store: storeDir(user), Older: user, Fetch: fetchPlugin, VerifySignature: verifySignature,
		Describe: describe}
	if p.Declaration, err = f.declaration(); err != nil {
		return nil, err
	}
	if p.LockPath, err = f.lockPath(); err != nil {
		return nil, err
	}
	keys, err := source.KeysPath()
	if err != nil {
		return nil, err
	}
	p.Keys, err = source.ReadKeys(keys)
	return p, err
}

// fetchPlugin looks for the program that fetches only when something has to be fetched.
func fetchPlugin(ctx context.Context, r source.Request) (source.Release, error) {
	fetcher, err := source.NewFetcher(account.Variable("AUTH0_MCP_CA_FILE"))
	if err != nil {
		return source.Release{}, err
	}
	return fetcher.Fetch(ctx, r)
}

func verifySignature(ctx context.Context, e source.Evidence, t source.Trust) (source.Signer, error) {
	fetcher, err := source.NewFetcher("")
	if err != nil {
		return source.Signer{}, err
	}
	return fetcher.VerifySignature(ctx, e, t)
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
