package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/lint"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func pluginLintCommand(env Environment) *cobra.Command {
	var plugins pluginFlags
	var asJSON, strict boolFlag
	cmd := &cobra.Command{
		Use:   "lint PATH",
		Short: "Check a plugin as an installation would, and its style",
		Long: `Check the plugin at PATH: its folder, its manifest.json, or its executable alone.

What the host would refuse is found by the functions that install and load it: the manifest, every
schema, names, and whether the executable describes itself as its manifest does. Warnings are for
what works and serves users badly, such as a path that the Management API does not have, a scope
that is missing or not needed, or a listing that costs every session too much.

The plugin is run to describe itself. The exit status is 1 if it would be refused, and with
--strict also after a warning.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			own, err := ownPlugins(env)
			if err != nil {
				return err
			}
			report, err := lint.Check(cmd.Context(), args[0], describeWithin(plugins), own)
			if err != nil {
				return err
			}
			if err := printLint(env.Out, report, asJSON.on); err != nil {
				return err
			}
			switch {
			case report.Refused():
				return errPluginRefused
			case strict.on && len(report.Findings) > 0:
				return errLintWarnings
			}
			return nil
		},
	}
	asJSON.add(cmd, "json", "for programs: an object with the findings, {severity, where, what, fix}")
	strict.add(cmd, "strict", "fail after a warning, too")
	plugins.addStart(cmd)
	return cmd
}

var (
	errPluginRefused = errors.New("the plugin would be refused: see above")
	errLintWarnings  = errors.New("warnings count as failures with --strict: see above")
)

// ownPlugins are those that come with this auth0-mcp.
func ownPlugins(env Environment) ([]*catalog.Plugin, error) {
	bundled, err := catalog.ParseBundled(env.Bundled)
	if err != nil {
		return nil, err
	}
	beside, err := bundledDir()
	if err != nil {
		return nil, err
	}
	loaded, err := catalog.Load(catalog.Sources{BundledDir: beside, Bundled: bundled})
	if err != nil {
		return nil, err
	}
	return loaded.Plugins(), nil
}

// describeWithin runs a plugin that may not be trusted to describe itself.
func describeWithin(f pluginFlags) lint.Describe {
	return func(ctx context.Context, path string, args []string) (pluginv1.Manifest, error) {
		return supervisor.Describe(ctx, path, args, f.start)
	}
}

func printLint(out io.Writer, r lint.Report, asJSON bool) error {
	if asJSON {
		if r.Findings == nil {
			r.Findings = []lint.Finding{}
		}
		return writeJSON(out, r)
	}
	var b strings.Builder
	screen := console.Of(out)
	refused := 0
	for _, f := range r.Findings {
		if f.Severity == lint.Refused {
			refused++
		}
		b.WriteString(screen.Item(fmt.Sprintf("%-7s  ", f.Severity), 9, f.Where+": "+f.What))
		b.WriteString(screen.Item(strings.Repeat(" ", 9), 9, "→ "+f.Fix))
	}
	if r.Plugin != "" {
		b.WriteString(screen.Line(redact.Line(fmt.Sprintf("%s %s: %s, %d bytes in tools/list", r.Plugin, r.Version,
			counted(r.Tools, "tool"), r.ListedBytes))))
	}
	say(&b, "%d refused, %s\n", refused, counted(len(r.Findings)-refused, "warning"))
	_, err := io.WriteString(out, b.String())
	return err
}
