package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/conformance"
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
	say(out, "%-7s  %-18s  %s\n", r.Status, r.Check, r.Promise)
	if r.Reason != "" {
		say(out, "%29s%s\n", "", r.Reason)
	}
	if r.Fix != "" {
		say(out, "%27s→ %s\n", "", r.Fix)
	}
}
