package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenantlog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
)

const (
	logsTool = "auth0_list_logs"
	// mostLogs is how many events a search reaches at Auth0.
	mostLogs = 1000
	// logsPage is how many events are read at a time: with all their details these fit into logsBudget.
	logsPage   = 50
	logsBudget = 4 << 20
)

// logsFlags are those of `auth0-mcp logs`. The filters are the tool's, by its names.
type logsFlags struct {
	run     runFlags
	filters map[string]*string
	lines   int
	follow  bool
	asJSON  jsonFlags
}

func logsCommand(env Environment) *cobra.Command {
	f := logsFlags{filters: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show the tenant's log events, and follow them as they come",
		Long: `Show the latest events of the tenant's log, oldest first, a line each. With --follow, each new event is shown
too, until Ctrl-C, which ends the command with status 0. If the tenant does not answer meanwhile, the command tries
again, and shows what it missed.

The filters are those of the tool auth0_list_logs, and combine with AND.`,
		Example: `  auth0-mcp logs -f
  auth0-mcp logs -f --type failed_login
  auth0-mcp logs --user-name ada@example.com --since 7d -n 100
  auth0-mcp logs -f --jq 'select(.ip | startswith("192.0.2.")) | .user_name'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.show(cmd, env) },
	}
	for _, filter := range []struct{ name, usage string }{
		{"type", "an event code such as fp, or a name for several such as failed_login"},
		{"user-id", "events of this user"},
		{"user-name", "events with this user name, often the e-mail address"},
		{"client-id", "events of this application"},
		{"ip", "events from this address"},
		{"since", "an age such as 24h or 7d, a day (UTC), or a time in RFC 3339"},
		{"until", "the same as for --since; a day counts to its end"},
		{"q", "a search in Lucene syntax, such as 'type:fp AND ip:192.0.2.*'"},
	} {
		f.filters[filter.name] = cmd.Flags().String(filter.name, "", filter.usage)
	}
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-")) // as the tool's arguments are called
	})
	cmd.Flags().IntVarP(&f.lines, "lines", "n", 20, fmt.Sprintf("number of events, %d at most", mostLogs))
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "show new events too, until Ctrl-C")
	f.asJSON.add(cmd, "print the events with all their details, one a line")
	f.run.addReading(cmd)
	f.run.log.add(cmd)
	return cmd
}

// addReading adds the flags that say which tenant is read, for a command that changes nothing.
func (f *runFlags) addReading(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.sandbox, "sandbox", false, "read the built-in tenant, which needs no Auth0 account")
	f.switches.add(cmd)
	f.rateShare.add(cmd)
	f.account.add(cmd)
	f.audit.add(cmd)
	f.plugins.add(cmd)
	f.plugins.addStart(cmd)
	f.set.add(cmd)
	f.readOnly.on, f.readOnly.given = true, true
	f.everyTool, f.maxOutput = true, logsBudget
}

// arguments are the filters, as the tool's arguments.
func (f *logsFlags) arguments() (map[string]any, error) {
	if f.lines < 0 || f.lines > mostLogs {
		return nil, fmt.Errorf("-n %d: want 0 to %d, which is what a search reaches at Auth0. For older events move --until",
			f.lines, mostLogs)
	}
	for _, name := range []string{"q", "until"} {
		if f.follow && *f.filters[name] != "" {
			return nil, fmt.Errorf("--%s does not go with --follow, which reads the log and does not search it: leave out one "+
				"of them. --jq 'select(…)' chooses among the events that come", name)
		}
	}
	arguments := map[string]any{}
	for name, value := range f.filters {
		if *value != "" {
			arguments[strings.ReplaceAll(name, "-", "_")] = *value
		}
	}
	return arguments, nil
}

func (f *logsFlags) show(cmd *cobra.Command, env Environment) (err error) {
	arguments, err := f.arguments()
	if err != nil {
		return err
	}
	if f.run.log.level == "" && !debugging() {
		f.run.log.level = slog.LevelError.String() // what goes wrong is said
	}
	log, err := f.run.log.logger(env.Err)
	if err != nil {
		return err
	}
	env.progress = console.Begin(env.Err, "Reading the log")
	defer env.progress.Stop()
	parts, err := f.run.server(cmd, env, log)
	if err != nil {
		return err
	}
	runner := toolcall.New(parts.calls)
	reader := &logReader{env: env, runner: runner, arguments: arguments, whole: f.asJSON.on}
	defer func() {
		parts.calls.Audit.EndRepeats(&reader.repeats)
		err = errors.Join(err, runner.Close(), parts.tenant.wait(context.WithoutCancel(cmd.Context())))
	}()
	if reader.tool, err = parts.selection.Find(logsTool); err != nil {
		return err
	}
	show := f.shower(env)
	if f.follow {
		return reader.follower(show).Run(cmd.Context(), f.lines, mostLogs)
	}
	events, more, err := reader.latest(cmd.Context(), f.lines)
	if err != nil {
		return err
	}
	for _, event := range events {
		if err := show(event); err != nil {
			return err
		}
	}
	if len(events) == 0 && f.lines > 0 {
		sayLine(env.Err, "No events.")
	}
	if more && f.lines < mostLogs && isTerminal(env.Out) {
		say(env.Err, "These are the latest %d: -n %d shows more.\n", f.lines, min(10*f.lines, mostLogs))
	}
	return nil
}

// shower writes an event to stdout: as it is, what --jq selects of it, or a line.
func (f *logsFlags) shower(env Environment) func(tenantlog.Event) error {
	screen := console.Of(env.Out)
	return func(event tenantlog.Event) error {
		env.progress.Stop()
		if f.asJSON.on {
			return f.asJSON.writeLine(env.Out, event.JSON)
		}
		line, err := logLine(screen, event.JSON)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(env.Out, line)
		return err
	}
}

// logLine is an event in one line.
func logLine(screen console.Screen, doc json.RawMessage) (string, error) {
	var event map[string]any
	if err := json.Unmarshal(doc, &event); err != nil {
		return "", fmt.Errorf("reading an event: %w", err)
	}
	// What is no text is left out: one odd event does not end the log.
	text := func(names ...string) string {
		for _, name := range names {
			if value, ok := event[name].(string); ok && value != "" {
				return value
			}
		}
		return ""
	}
	at := text("date")
	if parsed, err := time.Parse(time.RFC3339, at); err == nil {
		at = parsed.UTC().Format(time.RFC3339)
	}
	style := console.Plain
	switch meaning := strings.ToLower(text("type_meaning")); {
	case strings.Contains(meaning, "fail"):
		style = console.Bad
	case strings.Contains(meaning, "warning"):
		style = console.Caution
	}
	return screen.OneLine(console.Cell{Text: at}, console.Cell{Text: text("type_meaning", "type"), Style: style},
		console.Cell{Text: text("user_name", "user_id")}, console.Cell{Text: text("ip")},
		console.Cell{Text: text("client_name", "client_id")}, console.Cell{Text: text("description")}), nil
}

// logReader reads events by the tool auth0_list_logs, as every caller of a tool does.
type logReader struct {
	env       Environment
	runner    *toolcall.Runner
	tool      *catalog.Tool
	arguments map[string]any
	// whole is whether events are wanted with all their members.
	whole   bool
	repeats audit.Repeats
}

// logsAnswer is what the tool answers.
type logsAnswer struct {
	Logs       []json.RawMessage `json:"logs"`
	Next       string            `json:"next_from"`
	HasNext    bool              `json:"has_next"`
	Note       string            `json:"note"`
	Pagination struct {
		HasNext bool `json:"has_next"`
	} `json:"pagination"`
	Truncated *struct {
		LeftOut string `json:"left_out"`
	} `json:"truncated"`
}

// call calls the tool. The error is a *tenantlog.OutageError if the same call may work later.
func (r *logReader) call(ctx context.Context, arguments map[string]any) (answer logsAnswer, events []tenantlog.Event,
	err error) {
	if r.whole {
		arguments["include_fields"] = false
	}
	doc, err := json.Marshal(arguments)
	if err != nil {
		return answer, nil, err
	}
	result := r.runner.Call(ctx, toolcall.Request{Tool: r.tool, Arguments: doc, Repeats: &r.repeats,
		Client: toolcall.Client{Name: "auth0-mcp logs", Version: r.env.Version}})
	if result.IsError {
		err := errors.New(strings.Join(result.Texts, " "))
		if passes(result) {
			return answer, nil, &tenantlog.OutageError{Err: err}
		}
		return answer, nil, err
	}
	if err := json.Unmarshal([]byte(result.Texts[0]), &answer); err != nil {
		return answer, nil, fmt.Errorf("reading the answer of %s: %w", logsTool, err)
	}
	if answer.Truncated != nil {
		return answer, nil, fmt.Errorf("the events are too large: %s left out", answer.Truncated.LeftOut)
	}
	for _, doc := range answer.Logs {
		var event struct {
			ID string `json:"log_id"`
		}
		if err := json.Unmarshal(doc, &event); err != nil || event.ID == "" {
			return answer, nil, fmt.Errorf("%s answered an event without a log_id", logsTool)
		}
		events = append(events, tenantlog.Event{ID: event.ID, JSON: doc})
	}
	return answer, events, nil
}

// passes reports whether what made a call fail may pass.
func passes(result toolcall.Result) bool {
	var signedOut *egress.SignedOutError
	if errors.As(result.Outcome.Err, &signedOut) {
		return auth.Temporary(signedOut)
	}
	return result.Kind == toolcall.RateLimited || result.Kind == toolcall.Busy || result.Outcome.Unavailable()
}

// latest are the latest events that pass the filters, oldest first, and whether there are more.
func (r *logReader) latest(ctx context.Context, most int) (events []tenantlog.Event, more bool, err error) {
	for page := 0; len(events) < most; page++ {
		arguments := maps.Clone(r.arguments)
		arguments["page"], arguments["per_page"] = page, min(most, logsPage)
		answer, found, err := r.call(ctx, arguments)
		if err != nil {
			return nil, false, err
		}
		if answer.Note != "" && page == 0 && len(found) == 0 {
			r.env.progress.Stop()
			sayLine(r.env.Err, answer.Note)
		}
		events = append(events, found...)
		if more = answer.Pagination.HasNext; !more {
			break
		}
	}
	if len(events) > most {
		events, more = events[:most], true
	}
	slices.Reverse(events)
	return events, more, nil
}

// follower reads on with the filters that the tool applies to what it reads on: since concerns the beginning only.
func (r *logReader) follower(show func(tenantlog.Event) error) tenantlog.Follower {
	filters := maps.Clone(r.arguments)
	delete(filters, "since")
	return tenantlog.Follower{
		Newest: func(ctx context.Context) (string, error) {
			_, events, err := r.call(ctx, map[string]any{"per_page": 1})
			if err != nil || len(events) == 0 {
				r.env.progress.Stop() // it waits for the first event
				return "", err
			}
			return events[0].ID, nil
		},
		Latest: func(ctx context.Context, most int) ([]tenantlog.Event, error) {
			events, _, err := r.latest(ctx, most)
			return events, err
		},
		After: func(ctx context.Context, id string) (page tenantlog.Page, err error) {
			arguments := maps.Clone(filters)
			arguments["from"], arguments["take"] = id, logsPage
			answer, events, err := r.call(ctx, arguments)
			if err != nil {
				return page, err
			}
			r.env.progress.Stop() // it waits for events: that is no work
			return tenantlog.Page{Events: events, Next: answer.Next, More: answer.HasNext && answer.Next != id}, nil
		},
		Show: show,
		Outage: func(err error) {
			if err == nil {
				sayLine(r.env.Err, "The tenant answers again.")
				return
			}
			say(r.env.Err, "%v\nTrying again until Ctrl-C.\n", err)
		},
	}
}
