package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/pluginstore"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/wrap"
)

type wrapFlags struct {
	env, pin, tools []string
	install         installFlags
}

func pluginWrapCommand(env Environment) *cobra.Command {
	var f wrapFlags
	cmd := &cobra.Command{
		Use:   "wrap NAME -- COMMAND [ARGUMENT…]",
		Short: "Install any MCP server that speaks over stdio as a plugin",
		Long: `Run an MCP server of others as a plugin called NAME. The command is shown, and run once to list its tools if
you agree; then everything that the plugin asks for is shown, and it is installed if you agree.

Its tools work outside of the tenant: they get no access to it, are left out under --read-only, and each call needs
approval unless --approve-except names the tool. What the server says of its own tools is not believed.

The executable, the files and folders that its arguments name, and those of --pin are pinned by their SHA-256: the
server is not started if one has changed. It gets none of your environment but what --env gives it.`,
		Example: `  auth0-mcp plugin wrap notes --pin ./notes/node_modules -- node ./notes/server.js
  auth0-mcp plugin wrap tracker --env TRACKER_TOKEN --tools 'search_*,get_*' -- /usr/local/bin/tracker-mcp`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 1 || len(args) < 2 {
				return errors.New("want a name, -- and a command, as in auth0-mcp plugin wrap notes -- node server.js")
			}
			return unlessCancelled(f.run(cmd.Context(), env, args[0], args[1:]), notInstalled)
		},
	}
	consent := &f.install.consent
	cmd.Flags().BoolVarP(&consent.yes, "yes", "y", false, "agree without being asked, also to running the command")
	cmd.Flags().StringArrayVar(&consent.replace, "replace", nil, "a plugin that the new one may take the place of; "+
		"repeatable")
	cmd.Flags().StringArrayVar(&f.env, "env", nil, "a variable of the server's environment, NAME=VALUE, or NAME for the "+
		"value that it has here; repeatable")
	cmd.Flags().StringArrayVar(&f.pin, "pin", nil, "a file or folder that must not change; repeatable")
	cmd.Flags().StringSliceVar(&f.tools, "tools", nil, "globs over its tools; without them, all")
	return cmd
}

func (f wrapFlags) run(ctx context.Context, env Environment, name string, command []string) (err error) {
	if err := env.locks.CheckPlugins("plugin wrap"); err != nil {
		return err
	}
	variables, err := environmentOf(f.env)
	if err != nil {
		return err
	}
	beside, err := bundledDir()
	if err != nil {
		return err
	}
	bridge := wrap.Bridge{Path: filepath.Join(beside, wrap.Program)}
	if runtime.GOOS == "windows" {
		bridge.Path += ".exe"
	}
	prepared, err := bridge.Prepare(ctx, command, variables, f.pin)
	if err != nil {
		return err
	}
	say(env.Out, "%s\n", whole(console.Of(env.Out).Columns(redact.Text(launchText(prepared)))))
	if err := f.agree(ctx, env, "Run this once, to list its tools? [y/N] "); err != nil {
		return err
	}
	listing, err := bridge.List(ctx, prepared.Launch)
	if err != nil {
		return fmt.Errorf("listing the tools of the server: %w", err)
	}
	plugin, err := wrap.Make(name, prepared.Launch, listing, f.tools)
	if err != nil {
		return err
	}
	if len(plugin.Simplified) > 0 {
		say(env.Out, "The schemas of these tools are not supported. Each tool takes one argument, an object: %s\n\n",
			strings.Join(plugin.Simplified, ", "))
	}
	data, err := atomicfile.DataFolder()
	if err != nil {
		return err
	}
	folder, created, err := plugin.Write(wrap.Folder(data), bridge)
	if err != nil {
		return err
	}
	if err := f.install.install(ctx, env, folder); err != nil {
		if created {
			err = errors.Join(err, os.RemoveAll(folder))
		}
		return err
	}
	return wrap.RemoveOthers(folder)
}

func (f wrapFlags) agree(ctx context.Context, env Environment, question string) error {
	if err := f.install.consent.agree(ctx, env, question); err != nil {
		return fmt.Errorf("%w: %w", catalog.ErrNotInstalled, err)
	}
	return nil
}

// removeWrapped removes the folders of wrapped servers that were removed and that no lock file names any more.
func removeWrapped(plugins *pluginstore.Plugins, removed ...catalog.LockEntry) error {
	data, err := atomicfile.DataFolder()
	if err != nil {
		return err
	}
	for _, entry := range removed {
		used, err := plugins.HasSource(entry.Source)
		if err == nil && !used {
			err = wrap.Remove(wrap.Folder(data), entry.Source)
		}
		if err != nil {
			return fmt.Errorf("what %s was installed from is still there, with the values of its variables: %w. Remove the "+
				"folder yourself", entry.Source, err)
		}
	}
	return nil
}

// environmentOf reads --env.
func environmentOf(flags []string) (map[string]string, error) {
	variables := map[string]string{}
	for _, flag := range flags {
		name, value, given := strings.Cut(flag, "=")
		if name == "" || strings.ContainsAny(name, " \x00") || strings.HasPrefix(name, "AUTH0_MCP_") {
			return nil, fmt.Errorf("--env %s: want NAME=VALUE or NAME, of a variable that is not this program's own",
				redact.Line(name))
		}
		if !given {
			if value = account.Variable(name); value == "" {
				return nil, fmt.Errorf("--env %s: the variable is not set here: set it, or give NAME=VALUE", redact.Line(name))
			}
		}
		variables[name] = value
	}
	return variables, nil
}

// launchText is what will be run, a value on a line.
func launchText(p wrap.Prepared) string {
	var out strings.Builder
	line := func(label, value string) { fmt.Fprintf(&out, "  %-12s %s\n", label, value) }
	out.WriteString("MCP server\n")
	line("command", jsondoc.Quote(p.Command))
	for _, arg := range p.Args {
		line("argument", jsondoc.Quote(arg))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Env)) {
		line("variable", jsondoc.Quote(name)+", whose value is kept in a file that only you can read")
	}
	for _, pin := range p.Pins {
		what := "sha256:" + pin.SHA256
		if pin.Files > 0 {
			what += fmt.Sprintf(", %s", counted(pin.Files, "file"))
		}
		line("pinned", jsondoc.Quote(pin.Path)+" "+what)
	}
	for _, warning := range p.Warnings {
		line("warning", redact.Line(warning))
	}
	return out.String()
}
