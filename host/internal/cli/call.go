package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
)

func callCommand(env Environment) *cobra.Command {
	var f runFlags
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "call TOOL [JSON | key=value …]",
		Short: "Call a tool directly",
		Long: `Call a tool as an MCP client would, with the same checks and limits, and print its answer.

Arguments are one JSON object, ` + "`-`" + ` to read that object from stdin, or words such as name=Shop. In a word,
a string is taken as it is, and everything else is JSON. A list is a,b,c, or JSON, or one word for each item.

The exit status is 0 if the call succeeded, and 1 if it failed or was declined.`,
		Example: `  auth0-mcp call auth0_list_logs type=failed_login since=24h
  auth0-mcp call auth0_list_applications fields=client_id,name
  auth0-mcp call auth0_update_application client_id=… callbacks=https://a.example callbacks=https://b.example
  auth0-mcp call auth0_create_form - < form.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			// What goes wrong is in the answer; a log beside it only at debug level.
			if f.log.level == "" && !debugging() {
				f.log.level = slog.LevelError.String()
			}
			f.everyTool = true // the user names the tool
			return callTool(cmd, env, f, args, callOptions{asJSON: asJSON})
		},
	}
	f.addSelection(cmd)
	f.addTenant(cmd)
	f.log.add(cmd)
	asJSON.add(cmd, "print the answer as one line, as an MCP client gets it")
	return cmd
}

// errDeclined is what a call answers whose change the user at the terminal has declined.
var errDeclined = errors.New("declined: nothing was changed")

// errToolFailed ends a call whose tool said what went wrong.
var errToolFailed = errors.New("the tool failed")

// callOptions are how a call is made and shown.
type callOptions struct {
	asJSON jsonFlags
	// dryRun shows the plan of what the call would change, and changes nothing.
	dryRun bool
}

func callTool(cmd *cobra.Command, env Environment, f runFlags, args []string, o callOptions) (err error) {
	log, err := f.log.logger(env.Err)
	if err != nil {
		return err
	}
	env.progress = console.Begin(env.Err, "Calling "+args[0])
	defer env.progress.Stop()
	parts, err := f.server(cmd, env, log)
	if err != nil {
		return err
	}
	if o.dryRun {
		// An approval of an earlier plan would let the change happen: here there is none.
		if parts.calls.Approvals.Dir, err = os.MkdirTemp("", "auth0-mcp-dry-run-"); err != nil {
			return err
		}
		defer os.RemoveAll(parts.calls.Approvals.Dir)
	}
	runner := toolcall.New(parts.calls)
	defer func() {
		err = errors.Join(err, runner.Close(), parts.tenant.wait(context.WithoutCancel(cmd.Context())))
	}()
	tool, err := parts.selection.Find(args[0])
	if err != nil {
		return err
	}
	arguments, err := readArguments(env.In, tool, args[1:])
	if err != nil {
		return err
	}
	request := toolcall.Request{
		Tool: tool, Arguments: arguments, Client: toolcall.Client{Name: "auth0-mcp call", Version: env.Version},
		Progress: func(p toolcall.Progress) {
			if env.progress.Moving() {
				env.progress.Tell(p.Note)
			} else {
				say(env.Err, "… %s\n", p.Note)
			}
		},
	}
	planned := false
	request.Approver = o.approver(env, &planned)
	result := runner.Call(cmd.Context(), request)
	env.progress.Stop()
	if planned && result.Kind == toolcall.ApprovalDeclined {
		return nil // the plan has been shown
	}
	if result.IsError && cmd.Context().Err() != nil && result.Outcome.Effect == egress.NoEffect {
		return unlessCancelled(account.ErrCancelled, "nothing was changed")
	}
	if result.Kind == toolcall.ApprovalDeclined {
		return errDeclined
	}
	return printAnswer(env, result, o.asJSON)
}

// approver is the user at the terminal, if there is one. With --dry-run it shows the plan, notes that, and declines.
func (o callOptions) approver(env Environment, planned *bool) toolcall.Approver {
	switch {
	case o.dryRun:
		show := func(_ context.Context, text string) (toolcall.Decision, error) {
			*planned = true
			say(env.Out, "%s\n", whole(text))
			return toolcall.Declined, nil
		}
		return toolcall.Approver{Terminal: true, Ask: show}
	case isTerminal(env.In) && isTerminal(env.Err):
		ask := func(ctx context.Context, text string) (toolcall.Decision, error) {
			approved, err := askApproval(ctx, env, text)
			if approved && err == nil {
				return toolcall.Accepted, nil
			}
			return toolcall.Declined, err
		}
		return toolcall.Approver{Terminal: true, Ask: ask}
	}
	return toolcall.Approver{}
}

// printAnswer writes what a call answered.
func printAnswer(env Environment, result toolcall.Result, asJSON jsonFlags) error {
	if result.IsError {
		say(env.Err, "%s\n", whole(strings.Join(result.Texts, "\n")))
		return errToolFailed
	}
	for i, text := range result.Texts {
		// What belongs to the answer and is not a part of it goes beside it.
		out := io.Writer(env.Out)
		if i > 0 {
			out = env.Err
		}
		if i == 0 && asJSON.jq.code != nil {
			if err := asJSON.jq.apply(out, []byte(text)); err != nil {
				return err
			}
			continue
		}
		if !asJSON.on {
			text = indented(text)
		}
		// A program gets the answer as it is, a terminal what it can show.
		if isTerminal(out) {
			text = redact.Text(text)
		}
		if _, err := fmt.Fprintln(out, text); err != nil {
			return err
		}
	}
	return nil
}

// maxStdin bounds what is read as arguments; the catalog allows less.
const maxStdin = 4 << 20

func readArguments(in io.Reader, tool *catalog.Tool, words []string) (json.RawMessage, error) {
	switch {
	case len(words) == 1 && words[0] == "-":
		return io.ReadAll(io.LimitReader(in, maxStdin))
	case len(words) == 1 && strings.HasPrefix(strings.TrimSpace(words[0]), "{"):
		return json.RawMessage(words[0]), nil
	}
	return tool.Assign(words)
}

// indented is for people; what is not JSON stays as it is.
func indented(text string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return out.String()
}
