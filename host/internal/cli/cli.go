// Package cli is the command line of auth0-mcp: one file for each command.
package cli

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/distribution"
)

// Environment is what main gives to the commands: the real stdin and stdout,
// which no other package has, and what the build put into the binary.
type Environment struct {
	In      *os.File
	Out     *os.File
	Err     io.Writer
	Version string
	// Bundled are the digests of the plugins beside the host: catalog.ParseBundled.
	Bundled string
	// Distribution is the file that a team's own build was made from (distribution.Parse), in base64; empty for
	// the plain auth0-mcp.
	Distribution string
	// Serving, if set, is called when a server starts.
	Serving func() Hooks
	// WorkFactor is that of auth.StoreOptions: 0 but in tests.
	WorkFactor int

	// locks is Distribution, parsed.
	locks distribution.Distribution
	// progress is on the screen while a command works; nil if there is none. A question to the user stops it.
	progress *console.Progress
}

// Hooks are called while a server runs, each if it is set.
type Hooks struct {
	// Initialized is called when the handshake is over: most of what was used until then is not used again.
	Initialized func()
	// Launched is called whenever a plugin has been launched.
	Launched func()
	// Working is called when the server begins to work, and when it has answered all that it was asked. The start is
	// work too, which has begun.
	Working func(begins bool)
}

// Main runs one command and returns the exit status.
func Main(args []string, env Environment) int { return execute(args, env, os.Exit) }

// execute is Main; exit ends the program when a second signal comes.
func execute(args []string, env Environment, exit func(int)) int {
	ctx, stop := untilSignal(context.Background(), exit)
	defer stop()
	var err error
	if env.locks, err = parseDistribution(env.Distribution); err != nil {
		say(env.Err, "auth0-mcp: this binary was built wrongly: its distribution: %v\n", err)
		return exitStatus(ctx, err)
	}
	cmd, err := newRoot(env, args).ExecuteContextC(ctx)
	if cmd.Name() != "run" && readerGone(env.Out, err) {
		return signalStatus(syscall.SIGPIPE)
	}
	if err != nil && !errors.Is(err, errToolFailed) { // the tool has said why
		say(env.Err, "auth0-mcp: %v\n", err)
	}
	return exitStatus(ctx, err)
}

// newRoot is the tree of commands.
func newRoot(env Environment, args []string) *cobra.Command {
	root := &cobra.Command{
		Use:           "auth0-mcp",
		Short:         "Manage an Auth0 tenant from an MCP client",
		SilenceUsage:  true,
		SilenceErrors: true,
		Long: `Manage an Auth0 tenant from an MCP client.

Sign in and set up your client:     auth0-mcp init
Try it without an Auth0 account:    auth0-mcp init --sandbox --client CLIENT`,
	}
	// cobra has a flag for it, whose format is a template: text/template would make the linker keep every method.
	version := root.Flags().BoolP("version", "v", false, "version for auth0-mcp")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if *version {
			_, err := fmt.Fprintln(env.Out, env.Version)
			return err
		}
		return cmd.Help()
	}
	if about := env.locks.String(); about != "" {
		root.Long += "\n\nThis is the distribution " + about + "."
	}
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	root.SetArgs(args)
	root.AddCommand(commands(env, args)...)
	addHelp(root, env.Out)
	addCompletions(root, env) // after AddCommand: it walks the finished tree
	return root
}

// commands are all commands; of a server that is started, which its client waits for, its own alone.
func commands(env Environment, args []string) []*cobra.Command {
	if len(args) > 0 && args[0] == "run" {
		return []*cobra.Command{runCommand(env)}
	}
	return []*cobra.Command{initCommand(env), runCommand(env), callCommand(env), logsCommand(env), toolsCommand(env),
		sessionCommand(env), logoutCommand(env), profilesCommand(env), clientsCommand(env), doctorCommand(env),
		pluginCommand(env), sandboxCommand(env), approveCommand(env), secretCommand(env), auditCommand(env),
		uninstallCommand(env)}
}

// readerGone reports whether a command failed because what reads its output, such as head, has read enough.
func readerGone(out *os.File, err error) bool {
	var failed *fs.PathError
	return errors.As(err, &failed) && failed.Path == out.Name() && pipeClosed(failed)
}

func parseDistribution(text string) (distribution.Distribution, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return distribution.Distribution{}, err
	}
	return distribution.Parse(data)
}

// boolFlag is a flag that reads its value as leniently as the environment is read.
type boolFlag struct {
	name string
	on   bool
	// given is false also for a blank value, as for a variable.
	given bool
}

func (f *boolFlag) Set(value string) error {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	on, err := account.ParseBool("--"+f.name, value)
	f.on, f.given = on, true
	return err
}

func (f *boolFlag) String() string { return strconv.FormatBool(f.on) }

// Type makes cobra's help show the flag without a value.
func (f *boolFlag) Type() string { return "bool" }

// add makes the bare flag mean true.
func (f *boolFlag) add(cmd *cobra.Command, name, usage string) {
	f.name = name
	cmd.Flags().Var(f, name, usage)
	cmd.Flags().Lookup(name).NoOptDefVal = "true"
}

// logFlags are the flags of every command that logs.
type logFlags struct{ level, format string }

func (f *logFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.level, "log-level", "", "debug, info, warn or error (default info; DEBUG=auth0-mcp "+
		"means debug)")
	cmd.Flags().StringVar(&f.format, "log-format", "text", "text or json, on stderr")
}

func (f *logFlags) logger(w io.Writer) (*slog.Logger, error) {
	level := slog.LevelInfo
	switch {
	case strings.TrimSpace(f.level) != "":
		if err := level.UnmarshalText([]byte(f.level)); err != nil {
			return nil, fmt.Errorf("--log-level %q: want debug, info, warn or error", f.level)
		}
	case debugging():
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	switch strings.TrimSpace(f.format) {
	case "text", "":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format %q: want text or json", f.format)
}

// debugging reports whether DEBUG names us, alone, among others or by a star.
func debugging() bool {
	for name := range strings.FieldsFuncSeq(os.Getenv("DEBUG"), func(r rune) bool { return r == ',' || r == ' ' }) {
		if name == "auth0-mcp" || name == "*" || name == "auth0-mcp*" || name == "auth0-mcp:*" {
			return true
		}
	}
	return false
}

// counted is a number of things, such as "1 record" or "2 records".
func counted(n int, thing string) string { return english.Plural(n, thing, "") }

// userPluginDir is where plugins are installed.
func userPluginDir() (string, error) {
	dir, err := atomicfile.DataFolder()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "plugins"), nil
}

// storeDir holds the plugins of all lock files of the user.
func storeDir(userPlugins string) string { return filepath.Join(userPlugins, "store") }

// bundledDir is the folder beside the host's own binary.
func bundledDir() (string, error) {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", fmt.Errorf("finding the host's own folder: %w", err)
	}
	return filepath.Join(filepath.Dir(path), "plugins"), nil
}

// errNotConfirmed means that the user did not answer yes.
var errNotConfirmed = errors.New("not confirmed")
