package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/scaffold"
)

type newFlags struct{ language, dir, module, sdk string }

func pluginNewCommand(env Environment) *cobra.Command {
	var f newFlags
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write the repository of a new plugin",
		Long: `Write the repository of a new plugin into the folder auth0-mcp-plugin-NAME: a tool that reads and one
that writes, their tests, the manifest, a Makefile, and the files for GitHub Actions. It has no license:
add the one that you choose. The folder must not exist.

With --lang go it requires the released SDK of this version of auth0-mcp. A build that is not a release
needs --sdk with a checkout of auth0-mcp, to which the module's go.mod then refers by "replace".`,
		Example: `  auth0-mcp plugin new client-grants --module github.com/me/auth0-mcp-plugin-client-grants
  auth0-mcp plugin new client-grants --lang node`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return newPlugin(env, args[0], f) },
	}
	cmd.Flags().StringVar(&f.language, "lang", "go", "the language: go or node")
	cmd.Flags().StringVar(&f.dir, "dir", "", "the folder to write (default ./auth0-mcp-plugin-NAME)")
	cmd.Flags().StringVar(&f.module, "module", "", "the path of the Go module (default "+
		"example.com/auth0-mcp-plugin-NAME)")
	cmd.Flags().StringVar(&f.sdk, "sdk", "", "a checkout of auth0-mcp whose SDK the Go module uses, in place of a "+
		"released one")
	return cmd
}

func newPlugin(env Environment, name string, f newFlags) (err error) {
	p := scaffold.Plugin{Name: name, Language: f.language, Module: f.module, HostVersion: env.Version}
	if p.Language != "go" && f.module+f.sdk != "" {
		return errors.New("--module and --sdk are for --lang go")
	}
	if f.sdk != "" {
		if p.SDK, err = filepath.Abs(f.sdk); err != nil {
			return err
		}
	}
	dir := f.dir
	if dir == "" {
		dir = p.Folder()
	}
	files, err := p.Write(dir)
	if errors.Is(err, scaffold.ErrNoRelease) {
		return fmt.Errorf("%w: give a checkout of auth0-mcp with --sdk", err)
	}
	if err != nil {
		return err
	}
	say(env.Out, "Created %s:\n  %s\n\nNext:\n  cd %s\n  %s\n", dir, lines(strings.Join(files, "\n  ")), dir,
		lines(strings.Join(p.NextSteps(), "\n  ")))
	return nil
}
