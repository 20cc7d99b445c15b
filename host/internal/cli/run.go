package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/mcpserver"
	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
)

type runFlags struct {
	tools      string
	preset     presetFlag
	structured structuredFlag
	everyTool  bool // without tools and preset, not only the default preset's
	readOnly   boolFlag
	pluginDirs []string
	devPlugins []string
	dev        []catalog.DevPlugin // described already
	set        pluginSetFlag
	reattach   []string
	sandbox    bool
	maxOutput  int
	maxLine    int
	plugins    pluginFlags
	approve    string
	except     string
	fileRoots  []string
	// projectRoot is short for the root "project".
	projectRoot string
	rateShare   rateShareFlag
	// compareWith is a profile.
	compareWith string
	switches    sandboxSwitches
	account     accountFlags
	audit       auditFlags
	log         logFlags
}

func runCommand(env Environment) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Serve MCP on stdin and stdout, as an MCP client starts it",
		Long: `Serve MCP on stdin and stdout, as an MCP client starts it.

The tenant and its token are those of the profile that ` + "`auth0-mcp init`" + ` signed in, of
AUTH0_DOMAIN and AUTH0_TOKEN, or of the built-in sandbox with --sandbox. A flag takes
precedence over its environment variable, and AUTH0_TOKEN over the default profile.`,
		Example: `  AUTH0_DOMAIN=mytenant.us.auth0.com AUTH0_TOKEN=… auth0-mcp run --read-only
  auth0-mcp run --sandbox --tools 'auth0_list_*'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd, env, f) },
	}
	f.addSelection(cmd)
	cmd.Flags().StringArrayVar(&f.reattach, "reattach", nil, "a plugin that runs already, as under a debugger: "+
		"the file that PLUGIN debug names, or its JSON; repeatable")
	f.addTenant(cmd)
	f.structured.add(cmd)
	cmd.Flags().IntVar(&f.maxLine, "max-line", stdio.DefaultMaxLine,
		"the longest line to accept from the client, in bytes")
	f.log.add(cmd)
	return cmd
}

// addSelection adds the flags that say which tools there are.
func (f *runFlags) addSelection(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.tools, "tools", "", "tools to offer: globs separated by commas, such as 'auth0_list_*' "+
		"(AUTH0_MCP_TOOLS)")
	f.preset.add(cmd)
	f.readOnly.add(cmd, "read-only", "offer reading tools only, and send no write (AUTH0_MCP_READ_ONLY)")
	cmd.Flags().StringArrayVar(&f.pluginDirs, "plugin-dir", nil,
		"a folder with plugins, searched first; repeatable (AUTH0_MCP_PLUGIN_DIR)")
	cmd.Flags().StringArrayVar(&f.devPlugins, "dev-plugin", nil,
		"a folder with a plugin under development, which is loaded without being installed; repeatable")
	f.set.add(cmd)
	f.plugins.addStart(cmd)
}

// addTenant adds the flags that say where calls go and what they may take.
func (f *runFlags) addTenant(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.sandbox, "sandbox", false, "manage the built-in tenant, which needs no Auth0 account")
	f.switches.add(cmd)
	f.rateShare.add(cmd)
	f.account.add(cmd)
	cmd.Flags().StringVar(&f.approve, "approve", "", "how changes get approval: none (not needed), elicit (the "+
		"client asks the user) or terminal (auth0-mcp approve) (AUTH0_MCP_APPROVE) (default: by the profile's environment)")
	cmd.Flags().StringVar(&f.except, "approve-except", "", "tools of wrapped MCP servers, which then need no "+
		"approval, and tools that save secrets, which then need that of every change: names or globs, separated by commas "+
		"(AUTH0_MCP_APPROVE_EXCEPT)")
	f.audit.add(cmd)
	cmd.Flags().StringArrayVar(&f.fileRoots, "file-root", nil, "a folder that tools may write files in, by the name "+
		"that they use for it: NAME=DIR, such as project=/home/me/app; repeatable (AUTH0_MCP_FILE_ROOTS)")
	cmd.Flags().StringVar(&f.projectRoot, "project-root", "", "the folder of the user's project, short for --file-root "+
		"project=DIR (AUTH0_MCP_PROJECT_ROOT)")
	cmd.Flags().StringVar(&f.compareWith, "compare-with", "", "the profile of a second tenant, for "+
		"auth0_compare_tenants to read (AUTH0_MCP_COMPARE_WITH)")
	cmd.Flags().IntVar(&f.maxOutput, "max-output", toolcall.DefaultMaxOutput, "the longest answer of a tool, in bytes; "+
		"a longer one is cut")
	f.plugins.add(cmd)
}

// minMaxLine is what any client's initialize fits into.
const minMaxLine = 4096

func run(cmd *cobra.Command, env Environment, f runFlags) error {
	var hooks Hooks
	if env.Serving != nil {
		hooks = env.Serving()
	}
	log, err := f.log.logger(env.Err)
	if err != nil {
		return err
	}
	if f.maxLine < minMaxLine {
		return fmt.Errorf("--max-line %d: want at least %d bytes", f.maxLine, minMaxLine)
	}
	if f, err = f.described(cmd.Context(), env, log); err != nil {
		return err
	}
	structured, err := f.structured.on()
	if err != nil {
		return err
	}
	parts, err := f.server(cmd, env, log)
	if err != nil {
		return err
	}
	parts.calls.Plugins.Launched = hooks.Launched
	parts.tenant.events.Run()
	server := mcpserver.New(mcpserver.Config{Version: env.Version, Selection: parts.selection, Calls: parts.calls,
		Structured: structured, MaxLine: f.maxLine, Initialized: hooks.Initialized, Working: hooks.Working,
		Reloads: len(f.dev) > 0 || parts.tenant.watchable, Log: log})
	parts.offer.replace = server.Replace
	if isTerminal(env.In) {
		sayLine(env.Err, "This is a server for MCP clients: it waits for JSON-RPC messages here, not for commands. "+
			"Ctrl-C ends it.")
		sayLine(env.Err, "To set up a client: auth0-mcp clients add CLIENT. To call a tool yourself: auth0-mcp call TOOL")
	}
	if len(f.dev) > 0 {
		defer watch(cmd, env, f, log, parts.offer.reselect)()
	}
	defer parts.offer.watch(cmd.Context())()
	if hooks.Working != nil {
		hooks.Working(false)
	}
	err = server.Serve(cmd.Context(), env.In, env.Out)
	// A token that was renewed and not stored would be lost, and its refresh token
	// with it. The signal that ended the server does not end this.
	err = errors.Join(err, parts.tenant.wait(context.WithoutCancel(cmd.Context())))
	if cause := context.Cause(cmd.Context()); cause != nil && errors.Is(err, cause) {
		err = nil // a signal ended it, and the calls were drained: that is no failure
	}
	return err
}

// running is what a command that calls tools works with.
type running struct {
	// selection is what offer has at the start.
	selection *catalog.Selection
	offer     *offer
	calls     toolcall.Config
	tenant    connection
}

// server puts the parts together. It starts no plugin and dials nothing.
func (f runFlags) server(cmd *cobra.Command, env Environment, log *slog.Logger) (*running, error) {
	if f.maxOutput < 1000 {
		return nil, fmt.Errorf("--max-output %d: want at least 1000 bytes", f.maxOutput)
	}
	bounds, err := f.plugins.config(cmd)
	if err != nil {
		return nil, err
	}
	approve, except, err := f.approvals(env)
	if err != nil {
		return nil, err
	}
	kept := secretVault()
	approvals := approvalStore()
	approvals.Key = func() []byte { return kept.Key("approvals") }
	record, err := f.audit.config(cmd)
	if err != nil {
		return nil, err
	}
	rateShare, err := f.rateShare.value()
	if err != nil {
		return nil, err
	}
	files, err := f.files()
	if err != nil {
		return nil, err
	}
	protectProcess()
	t, err := f.tenant(cmd.Context(), env, log)
	if err != nil {
		return nil, err
	}
	selected, readOnly, err := f.selection(cmd, env, log)
	if err != nil {
		return nil, err
	}
	offer, selection := newOffer(selected, t, log)
	secrets := new(redact.Redactor)
	gate := egress.Config{
		Redact: secrets, Vault: kept, Files: files, Domain: t.domain, Current: t.current, Refused: t.refused,
		Transport: t.transport, Prepare: t.prepare,
		ReadOnly: readOnly, Version: env.Version, Log: log, UserAgent: userAgent(env), SignIn: t.signIn,
		MoreScopes: t.moreScopes,
		RateLimit:  ratelimit.Config{Share: rateShare},
	}
	compared, err := f.compared(cmd.Context(), env, &t, gate, record, log)
	if err != nil {
		return nil, err
	}
	log.Info("serving", "version", env.Version, "tenant", t.domain, "tools", len(selection.Tools()), "read-only",
		readOnly)
	if bounds.Profile = t.profile; f.sandbox {
		bounds.Profile = "(sandbox)"
	}
	return &running{selection: selection, offer: offer, tenant: t, calls: toolcall.Config{
		Profile: t.profile, Domain: t.domain, Approve: approval.Policy{Mode: approve, Environment: t.environment},
		ApproveExcept: except,
		Approvals:     approvals, SignIn: t.consent, Gate: egress.New(gate), Compared: compared, MaxOutput: f.maxOutput,
		Plugins: bounds,
		Observe: t.events.Tool, Audit: openAudit(record, t, secrets, log), Log: log,
	}}, nil
}

// approvals are who approves changes, and which tools need no approval.
func (f runFlags) approvals(env Environment) (approval.Mode, []string, error) {
	mode, err := f.approval(env)
	if err != nil {
		return "", nil, err
	}
	except, err := f.approveExcept(env)
	return mode, except, err
}

// approval is what --approve, the environment or the distribution says; "" if none does.
func (f runFlags) approval(env Environment) (approval.Mode, error) {
	source, value := "--approve", f.approve
	if strings.TrimSpace(value) == "" {
		source, value = "AUTH0_MCP_APPROVE", account.Variable("AUTH0_MCP_APPROVE")
	}
	if value == "" {
		return env.locks.ChooseApprove(source, "")
	}
	mode, err := approval.ParseMode(value)
	if err != nil {
		return "", fmt.Errorf("%s: %w", source, err)
	}
	return env.locks.ChooseApprove(source, mode)
}

// approveExcept is which tools may work outside of the tenant, or save secrets, without being asked for it.
func (f runFlags) approveExcept(env Environment) ([]string, error) {
	source, value := "--approve-except", strings.TrimSpace(f.except)
	if value == "" {
		source, value = "AUTH0_MCP_APPROVE_EXCEPT", account.Variable("AUTH0_MCP_APPROVE_EXCEPT")
	}
	if value == "" {
		return nil, nil
	}
	patterns, err := catalog.ParsePatterns(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	return patterns, env.locks.CheckApproveExcept(source + " " + value)
}

// selection is the tools that flags and environment leave, and whether the host is
// read-only.
func (f runFlags) selection(cmd *cobra.Command, env Environment, log *slog.Logger) (*catalog.Selection, bool, error) {
	filter, err := f.filter(env)
	if err != nil {
		return nil, false, err
	}
	plugins, err := loadCatalog(cmd.Context(), env, f, log)
	if err != nil {
		return nil, false, err
	}
	selection, err := plugins.Select(filter)
	return selection, filter.ReadOnly, err
}

// filter is what flags and environment say, within the distribution; a typed flag beats the environment.
func (f runFlags) filter(env Environment) (catalog.Filter, error) {
	var patterns []string
	source, tools := "--tools", f.tools
	if strings.TrimSpace(tools) == "" {
		source, tools = "AUTH0_MCP_TOOLS", account.Variable("AUTH0_MCP_TOOLS")
	}
	if tools != "" {
		var err error
		if patterns, err = catalog.ParsePatterns(tools); err != nil {
			return catalog.Filter{}, fmt.Errorf("%s: %w", source, err)
		}
	}
	presets, err := f.preset.chosen()
	if err != nil {
		return catalog.Filter{}, err
	}
	if f.everyTool && patterns == nil && presets == nil {
		presets = []string{catalog.AllPreset}
	}
	filter := env.locks.Filter(patterns, presets)
	filter.Host = f.hostTools()
	source, given := "--read-only", &f.readOnly.on
	if !f.readOnly.given {
		source, given = "AUTH0_MCP_READ_ONLY", nil
		if value := account.Variable(source); value != "" {
			readOnly, err := account.ParseBool(source, value)
			if err != nil {
				return filter, err
			}
			given = &readOnly
		}
	}
	filter.ReadOnly, err = env.locks.ChooseReadOnly(source, given)
	return filter, err
}
