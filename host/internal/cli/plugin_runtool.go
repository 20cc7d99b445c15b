package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/lint"
)

func pluginRunToolCommand(env Environment) *cobra.Command {
	var f runFlags
	var dryRun boolFlag
	var asJSON jsonFlags
	var arguments string
	cmd := &cobra.Command{
		Use:   "run-tool PATH TOOL [JSON | key=value …]",
		Short: "Call a tool of a plugin that is not installed",
		Long: `Call one tool of the plugin at PATH, its folder, its manifest.json or its executable alone, without
installing it. The call takes the way of ` + "`auth0-mcp call`" + `, with the same checks and limits, and goes to
the built-in sandbox tenant unless --profile names another.

Arguments are given as to ` + "`auth0-mcp call`" + `, or with --arguments. --dry-run shows the plan of what the call
would change, and changes nothing.`,
		Example: `  auth0-mcp plugin run-tool . auth0_list_roles name_filter=admin
  auth0-mcp plugin run-tool . auth0_update_role --dry-run --arguments '{"id":"rol_1","name":"Editor"}'`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			words := slices.Clone(args[1:])
			if cmd.Flags().Changed("arguments") {
				if len(words) > 1 {
					return errors.New("give the arguments as words or with --arguments, not both")
				}
				words = append(words, arguments)
			}
			if f.log.level == "" && !debugging() {
				f.log.level = slog.LevelError.String()
			}
			f.sandbox = f.sandbox || f.account.profile == ""
			if dryRun.on {
				f.approve = string(approval.Elicit)
			}
			if err := env.locks.CheckPlugins(args[0]); err != nil {
				return err
			}
			target, err := lint.Find(cmd.Context(), args[0], describeWithin(f.plugins))
			if err != nil {
				return fmt.Errorf("%w. `auth0-mcp plugin lint` says more", err)
			}
			f.dev = []catalog.DevPlugin{{Dir: filepath.Dir(target.Path), Path: target.Path, Manifest: target.Manifest}}
			return callTool(cmd, env, f, words, callOptions{asJSON: asJSON, dryRun: dryRun.on})
		},
	}
	f.addSelection(cmd)
	f.addTenant(cmd)
	f.log.add(cmd)
	cmd.Flags().StringVar(&arguments, "arguments", "", "the tool's arguments, as one JSON object")
	dryRun.add(cmd, "dry-run", "show what the call would change, and change nothing")
	asJSON.add(cmd, "print the answer as one line, as an MCP client gets it")
	return cmd
}
