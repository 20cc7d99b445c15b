package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/conformance"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/lint"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

func pluginConformanceCommand(env Environment) *cobra.Command {
	var plugins pluginFlags
	var asJSON boolFlag
	cmd := &cobra.Command{
		Use:   "conformance PATH",
		Short: "Test a plugin's executable against the contract",
		Long: `Test the plugin at PATH, its folder, its manifest.json or its executable alone, against the contract
of docs/plugins/protocol.md: its processes, its handshake and its certificate, and its tools with a
tenant that answers, fails, stalls and talks nonsense. The plugin may be in any language.

It runs the plugin's tools, on the built-in tenant only, and takes some seconds. Each line is ok,
FAIL with the reason and a suggested fix, or not run. The exit status is 1 unless all are ok.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runConformance(cmd, env, args[0], plugins, asJSON.on)
		},
	}
	asJSON.add(cmd, "json", "for programs: an array of {check, promise, status, reason, fix}")
	plugins.addStart(cmd)
	return cmd
}

var errNotConformant = errors.New("the plugin does not keep the contract: see above")

func runConformance(cmd *cobra.Command, env Environment, path string, plugins pluginFlags, asJSON bool) error {
	target, err := lint.Find(cmd.Context(), path, describeWithin(plugins))
	// A plugin that cannot describe itself is reported by the table.
	if err != nil && (!errors.As(err, new(*supervisor.DescribeError)) || target.Path == "") {
		return err
	}
	tenant := sandbox.New(sandbox.Options{})
	cfg := conformance.Config{Path: target.Path, Args: target.Args, StartTimeout: plugins.start,
		Domain: tenant.Domain(), Tenant: tenant.Transport(), Token: tenant.Token()}
	if target.File != "" {
		cfg.Manifest = &target.Manifest
	}
	var results []conformance.Result
	failed := false
	err = conformance.Examine(cmd.Context(), cfg, func(r conformance.Result) {
		failed = failed || r.Status != conformance.OK
		results = append(results, r)
		if !asJSON {
			printResult(env.Out, r)
		}
	})
	if err != nil {
		return err
	}
	if asJSON {
		if err := writeJSON(env.Out, results); err != nil {
			return err
		}
	}
	if failed {
		return errNotConformant
	}
	return nil
}

func printResult(out io.Writer, r conformance.Result) {
	screen := console.Of(out)
	label := fmt.Sprintf("%-7s  %-18s  ", r.Status, r.Check)
	text := screen.Item(label, len(label), r.Promise)
	if r.Reason != "" {
		text += screen.Item(strings.Repeat(" ", len(label)), len(label), r.Reason)
	}
	if r.Fix != "" {
		text += screen.Item(strings.Repeat(" ", len(label)-2), len(label)-2, "→ "+r.Fix)
	}
	_, _ = io.WriteString(out, text) // as say
}
