package cli

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
)

// pluginReport is the output of `auth0-mcp plugins status --json`. Its field names
// are a promise to programs.
type pluginReport struct {
	Plugins []knownPlugin `json:"plugins"`
	Hosts   []runningHost `json:"hosts"`
}

// knownPlugin is a plugin that was found, trusted or not.
type knownPlugin struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Origin  string `json:"origin"`
	Trusted bool   `json:"trusted"`
	// Reason is why it is trusted, or is not loaded; Remedy how to fix the latter.
	Reason string   `json:"reason"`
	Remedy string   `json:"remedy,omitempty"`
	Path   string   `json:"path"`
	Tools  []string `json:"tools"`
}

// runningHost is a host of this user that runs now.
type runningHost struct {
	PID     int             `json:"pid"`
	Profile string          `json:"profile"`
	Tenant  string          `json:"tenant"`
	Since   time.Time       `json:"since"`
	Plugins []runningPlugin `json:"plugins"`
}

type runningPlugin struct {
	supervisor.PluginStatus
	FailuresLastMinute int     `json:"failures_last_minute"`
	UptimeSeconds      float64 `json:"uptime_seconds,omitempty"`
}

func pluginStatusCommand(env Environment) *cobra.Command {
	var f runFlags
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show which plugins there are, and their processes in running servers",
		Long: `Show the plugins that ` + "`auth0-mcp run`" + ` would find with the same flags, whether they are trusted
and why, and for each server of yours that runs: its tenant, and of each plugin that it has started
the process, its memory, how often it was called and what it failed at lately.

A server is seen if its folder for temporary files (TMPDIR) is the same as here, from a second
after its start. The number of calls may be some seconds old. No plugin is started, but for those
of --dev-plugin, which are asked to describe themselves.`,
		Example: `  auth0-mcp plugins status
  auth0-mcp plugins status --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plugins, err := readCatalog(cmd.Context(), env, f, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			report := pluginReport{Plugins: knownPlugins(plugins),
				Hosts: runningHosts(supervisor.RunningHosts(), time.Now())}
			if asJSON.on {
				return asJSON.write(env.Out, report)
			}
			return report.print(env.Out, time.Now())
		},
	}
	cmd.Flags().StringArrayVar(&f.pluginDirs, "plugin-dir", nil,
		"a folder with plugins, searched first; repeatable (AUTH0_MCP_PLUGIN_DIR)")
	cmd.Flags().StringArrayVar(&f.devPlugins, "dev-plugin", nil, "a folder with a plugin under development; repeatable")
	f.set.add(cmd)
	f.plugins.addStart(cmd)
	asJSON.add(cmd, "for programs")
	return cmd
}

func knownPlugins(c *catalog.Catalog) []knownPlugin {
	known := []knownPlugin{}
	for _, p := range c.Plugins() {
		k := knownPlugin{Name: p.Name, Version: p.Version, Origin: string(p.Origin), Trusted: !p.Dev, Path: p.Path,
			Reason: "you installed it", Tools: []string{}}
		switch {
		case p.Dev:
			k.Reason = "under development: its binary is not checked"
		case p.Origin == catalog.OriginBundled:
			k.Reason = "it belongs to this auth0-mcp"
		}
		for _, t := range p.Tools {
			k.Tools = append(k.Tools, t.Name)
		}
		known = append(known, k)
	}
	for _, r := range c.Refused() {
		known = append(known, knownPlugin{Name: r.Name, Origin: string(r.Origin), Reason: r.Reason, Remedy: r.Remedy,
			Path: r.Path, Tools: []string{}})
	}
	return known
}

func runningHosts(hosts []supervisor.HostStatus, now time.Time) []runningHost {
	running := []runningHost{}
	for _, h := range hosts {
		r := runningHost{PID: h.PID, Profile: cmp.Or(h.Profile, "(environment)"), Tenant: h.Tenant, Since: h.Since,
			Plugins: []runningPlugin{}}
		for _, p := range h.Plugins {
			plugin := runningPlugin{PluginStatus: p, FailuresLastMinute: p.Recent(now)}
			plugin.Failures = nil // told by their number
			if p.PID != 0 {
				plugin.UptimeSeconds = now.Sub(p.Since).Seconds()
			}
			if !p.OpenUntil.After(now) {
				plugin.OpenUntil = time.Time{}
			}
			r.Plugins = append(r.Plugins, plugin)
		}
		running = append(running, r)
	}
	return running
}

// print is for people. What plugins wrote is free of control characters already.
func (r pluginReport) print(out io.Writer, now time.Time) error {
	table := console.NewTable("PLUGIN", "VERSION", "ORIGIN", "TRUSTED", "TOOLS", "PATH")
	for _, p := range r.Plugins {
		trusted := console.Cell{Text: "yes: " + p.Reason}
		if !p.Trusted {
			trusted = console.Cell{Text: "no", Style: console.Bad}
		}
		table.Row(p.Name, cmp.Or(p.Version, "-"), p.Origin, trusted, len(p.Tools), p.Path)
	}
	if err := table.Print(out); err != nil {
		return err
	}
	for _, p := range r.Plugins {
		if !p.Trusted {
			say(out, "%s: %s%s\n", p.Name, p.Reason, prefixed("; ", p.Remedy))
		}
	}
	if len(r.Hosts) == 0 {
		say(out, "\nNo server is running.\n")
	}
	for _, h := range r.Hosts {
		if err := h.print(out, now); err != nil {
			return err
		}
	}
	return nil
}

func (h runningHost) print(out io.Writer, now time.Time) error {
	say(out, "\nServer %d, profile %s, tenant %s, for %s\n", h.PID, h.Profile, h.Tenant, age(now.Sub(h.Since)))
	if len(h.Plugins) == 0 {
		sayLine(out, "  No plugin has been called.")
		return nil
	}
	table := console.NewTable("PLUGIN", "VERSION", "PROCESS", "FOR", "MEMORY", "CALLS", "FAILURES IN THE LAST MINUTE")
	table.Indent = 2
	for _, p := range h.Plugins {
		process, uptime, memory := "none", "-", "-"
		if p.PID != 0 {
			process, uptime = fmt.Sprint(p.PID), age(now.Sub(p.Since))
		}
		if p.Memory > 0 {
			memory = humanize.IBytes(p.Memory)
		}
		table.Row(p.Name, p.Version, process, uptime, memory, p.Calls, p.FailuresLastMinute)
	}
	if err := table.Print(out); err != nil {
		return err
	}
	for _, p := range h.Plugins {
		if !p.OpenUntil.IsZero() {
			say(out, "  %s is not started before %s\n", p.Name, p.OpenUntil.UTC().Format(time.TimeOnly+" UTC"))
		}
		if p.LastFailure != "" {
			say(out, "  %s failed last: %s\n", p.Name, lines(strings.ReplaceAll(p.LastFailure, "\n", "\n    | ")))
		}
	}
	return nil
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func age(d time.Duration) string { return d.Round(time.Second).String() }
