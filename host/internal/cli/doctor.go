package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/doctor"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

type doctorFlags struct {
	run     runFlags
	asJSON  jsonFlags
	offline boolFlag
	bundle  string
	mask    boolFlag
}

func doctorCommand(env Environment) *cobra.Command {
	f := doctorFlags{mask: boolFlag{on: true}}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Diagnose problems and suggest fixes",
		Long: `Check what the server needs: config, credential store, session and its scopes, the way to the tenant
step by step (proxy, certificates, name, connection, TLS, Management API), the plugins and the MCP
clients' entries; then start the server as a client would. Each check is ok, a warning or failed, with a
suggested fix. It takes 30 seconds at most, and changes nothing, but renews a token that is about to end.

The exit status is 1 if a check failed, not after a warning. No secret is ever shown.`,
		Example: `  auth0-mcp doctor --profile production
  auth0-mcp doctor --sandbox
  auth0-mcp doctor --bundle support.zip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd, env, f) },
	}
	f.run.addSelection(cmd)
	f.run.structured.add(cmd)
	f.run.account.add(cmd)
	f.run.audit.add(cmd)
	cmd.Flags().BoolVar(&f.run.sandbox, "sandbox", false, "leave out what needs a tenant, and start the server on "+
		"the built-in one")
	f.asJSON.add(cmd, "for programs: an array of {check, status, detail, remedy}")
	f.offline.add(cmd, "offline", "do not use the network")
	cmd.Flags().StringVar(&f.bundle, "bundle", "", "also write a new zip file with what a bug report needs, without "+
		"secrets")
	f.mask.add(cmd, "mask", "hide domains, client ids and the home folder in the bundle")
	return cmd
}

// failedChecksError makes the exit status; the report has said what failed.
type failedChecksError struct{ count int }

func (e *failedChecksError) Error() string {
	if e.count == 1 {
		return "1 check failed. See the suggested fix above"
	}
	return fmt.Sprintf("%d checks failed. See the suggested fixes above", e.count)
}

func runDoctor(cmd *cobra.Command, env Environment, f doctorFlags) error {
	protectProcess()
	var file *doctor.BundleFile
	if f.bundle != "" {
		// Before half a minute of checks: a file that exists is never overwritten.
		var err error
		if file, err = doctor.ClaimBundle(f.bundle); err != nil {
			return err
		}
		defer file.Abandon()
	}
	cfg, err := f.config(cmd, env)
	if err != nil {
		return err
	}
	d, err := doctor.New(cfg)
	if err != nil {
		return err
	}
	findings, err := f.examine(cmd.Context(), env, d)
	if err != nil {
		return err
	}
	if file != nil {
		parts, err := d.Bundle(findings, f.mask.on)
		if err == nil {
			err = file.Write(parts)
		}
		if err != nil {
			return err
		}
		// Not on stdout, which belongs to a program with --json.
		describeBundle(env.Err, f.bundle, parts)
	}
	if failed := doctor.Count(findings, doctor.Fail); failed > 0 {
		return &failedChecksError{failed}
	}
	return nil
}

// examine prints each finding when it is known, or all as one document.
func (f doctorFlags) examine(ctx context.Context, env Environment, d *doctor.Doctor) ([]doctor.Finding, error) {
	progress := console.Begin(env.Err, "Checking")
	defer progress.Stop()
	if f.asJSON.on {
		findings := d.Examine(ctx, func(doctor.Finding) {})
		progress.Stop()
		if ctx.Err() != nil {
			return nil, account.ErrCancelled
		}
		return findings, f.asJSON.write(env.Out, findings)
	}
	screen := console.Of(env.Out)
	var failed error
	findings := d.Examine(ctx, func(finding doctor.Finding) {
		progress.Stop()
		_, err := io.WriteString(env.Out, findingText(screen, finding))
		failed = cmp.Or(failed, err)
		progress.Resume()
	})
	progress.Stop()
	if ctx.Err() != nil {
		return nil, account.ErrCancelled
	}
	say(env.Out, "\n%d ok, %s, %d failed\n", doctor.Count(findings, doctor.OK),
		counted(doctor.Count(findings, doctor.Warn), "warning"), doctor.Count(findings, doctor.Fail))
	return findings, failed
}

func (f doctorFlags) config(cmd *cobra.Command, env Environment) (doctor.Config, error) {
	filter, err := f.run.filter(env)
	if err != nil {
		return doctor.Config{}, err
	}
	record, err := f.run.audit.config(cmd)
	if err != nil {
		return doctor.Config{}, err
	}
	args, err := f.run.serverArgs()
	if err != nil {
		return doctor.Config{}, err
	}
	return doctor.Config{
		Version: env.Version, UserAgent: userAgent(env), Profile: f.run.account.profile, Store: f.run.account.store,
		Sandbox: f.run.sandbox, Offline: f.offline.on, Filter: filter, Audit: record, LockPath: f.run.set.lockPath,
		ServerArgs: args,
		Plugins: func(ctx context.Context) (*catalog.Catalog, error) {
			return readCatalog(ctx, env, f.run, slog.New(slog.DiscardHandler))
		},
	}, nil
}

// serverArgs start a server with the same selection. The server has another working
// directory, so that folders are made absolute.
func (f runFlags) serverArgs() ([]string, error) {
	args := []string{"run"}
	if f.sandbox {
		args = append(args, "--sandbox")
	}
	for _, option := range []struct{ name, value string }{
		{"--profile", f.account.profile}, {"--store", f.account.store}, {"--tools", f.tools},
		{"--preset", strings.Join(notBlank(f.preset.values), ",")}, {"--structured", f.structured.value},
	} {
		if option.value != "" {
			args = append(args, option.name, option.value)
		}
	}
	if f.readOnly.on {
		args = append(args, "--read-only")
	}
	for _, option := range []struct {
		name    string
		folders []string
	}{{"--plugin-dir", f.pluginDirs}, {"--dev-plugin", f.devPlugins}, {"--plugin-set", notBlank([]string{f.set.path})}} {
		for _, folder := range option.folders {
			absolute, err := filepath.Abs(folder)
			if err != nil {
				return nil, err
			}
			args = append(args, option.name, absolute)
		}
	}
	return args, nil
}

// checkWidth is that of the column with the names of checks. Longer ones push their line aside.
const checkWidth = len("certificates")

// findingText is a finding in lines, its fix below it.
func findingText(s console.Screen, f doctor.Finding) string {
	symbols := map[doctor.Status]struct {
		symbol string
		style  console.Style
	}{doctor.OK: {"✓", console.Good}, doctor.Warn: {"!", console.Caution}, doctor.Fail: {"✗", console.Bad}}
	mark := s.Symbol(symbols[f.Status].symbol, redact.Line(fmt.Sprintf("%-4s", f.Status)))
	indent := utf8.RuneCountInString(mark) + len("  ")
	check := fmt.Sprintf("%-*s", checkWidth, redact.Line(f.Check))
	label := s.Paint(symbols[f.Status].style, mark) + "  " + check + "  "
	text := s.Item(label, indent+len(check)+len("  "), f.Detail)
	if f.Remedy != "" {
		arrow := strings.Repeat(" ", indent+checkWidth+len("  ")) + "→ "
		if s.Width > 0 {
			arrow = strings.Repeat(" ", indent) + s.Symbol("→", "Fix:") + " "
		}
		text += s.Item(arrow, utf8.RuneCountInString(arrow), f.Remedy)
	}
	return text
}

func describeBundle(out io.Writer, path string, parts []doctor.Part) {
	say(out, "Wrote %s. Check it before you send it; it contains:\n", path)
	for _, p := range parts {
		say(out, "  %-22s %6d bytes  %s\n", p.Name, len(p.Data), p.About)
	}
}
