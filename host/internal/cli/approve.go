package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

// approvalStore keeps what waits for `auth0-mcp approve`.
func approvalStore() approval.Store {
	state, err := atomicfile.StateFolder()
	if err != nil {
		return approval.Store{} // says so when it is used
	}
	return approval.Store{Dir: filepath.Join(state, "approvals")}
}

func approveCommand(env Environment) *cobra.Command {
	var decline boolFlag
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "approve [ID]",
		Short: "Approve or decline a pending change",
		Long: `Show what a tool call would change in the tenant, and approve or decline it. This needs a terminal:
nothing that a model passes to a tool can approve a change.

An approval is for this one change: the same tool with the same arguments, while what it changes is
as it was shown. It can be used once, and expires after 15 minutes.
Without an ID, pending changes are listed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store := approvalStore()
			switch {
			case len(args) == 0 && decline.on:
				return errors.New("--decline needs the ID of a change: `auth0-mcp approve` lists them")
			case len(args) == 0:
				return listApprovals(cmd.Context(), env, store, asJSON)
			case asJSON.on:
				return errors.New("--json is for the list of pending changes, without an ID: a user approves a change, " +
					"not a program")
			case decline.on:
				return declineApproval(cmd, env, store, args[0])
			}
			return approve(cmd, env, store, args[0])
		},
	}
	asJSON.add(cmd, "list the pending changes for programs")
	decline.add(cmd, "decline", "decline the change, or take back an approval that has not been used")
	return cmd
}

// pendingChange is a change in the output of `auth0-mcp approve --json`. Its field names are a promise to programs.
type pendingChange struct {
	ID      string `json:"id"`
	Tool    string `json:"tool"`
	Tenant  string `json:"tenant"`
	Profile string `json:"profile"`
	// State is pending, or approved and not used yet.
	State   string    `json:"state"`
	Expires time.Time `json:"expires"`
	// Change is what the approver is shown.
	Change string `json:"change"`
}

func listApprovals(ctx context.Context, env Environment, store approval.Store, asJSON jsonFlags) error {
	waiting, err := store.List(ctx)
	if err != nil {
		return err
	}
	list := []pendingChange{}
	for _, p := range waiting {
		state := "pending"
		if !p.Approved.IsZero() {
			state = "approved"
		}
		list = append(list, pendingChange{p.ID, p.Tool, p.Tenant, p.Profile, state, p.Expires, p.Text})
	}
	if asJSON.on {
		return asJSON.write(env.Out, list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(env.Out, "No changes are waiting for approval.")
		return err
	}
	table := console.NewTable("ID", "TOOL", "TENANT", "PROFILE", "STATE", "EXPIRES")
	for _, p := range list {
		table.Row(p.ID, p.Tool, p.Tenant, orWord(p.Profile, "-"), p.State, "in "+minutes(time.Until(p.Expires)))
	}
	return table.Print(env.Out)
}

// minutes is a time in minutes, rounded up.
func minutes(d time.Duration) string {
	return counted(int((d+time.Minute-1)/time.Minute), "minute")
}

func approve(cmd *cobra.Command, env Environment, store approval.Store, id string) error {
	ctx := cmd.Context()
	p, err := store.Find(ctx, id)
	if err != nil {
		return err
	}
	if !p.Approved.IsZero() {
		say(env.Out, "%s is approved already. Ask your assistant to try again within %v.\n", p.ID,
			time.Until(p.Expires).Round(time.Second))
		return nil
	}
	if !isTerminal(env.In) || !isTerminal(env.Err) {
		return errors.New("approving needs a terminal, to show you the change and read your answer: run the command " +
			"without a pipe")
	}
	approved, err := askApproval(ctx, env, p.Text)
	if err != nil {
		return unlessCancelled(err, "the change was neither approved nor declined")
	}
	if !approved {
		return end(cmd, env, store, p)
	}
	if err := store.Approve(ctx, p); err != nil {
		return err
	}
	if err := recordApproval(cmd, env, p, true); err != nil {
		return err
	}
	say(env.Out, "Approved for %v. Ask your assistant to try again.\n", approval.Lifetime)
	return nil
}

// declineApproval needs no terminal: declining changes nothing.
func declineApproval(cmd *cobra.Command, env Environment, store approval.Store, id string) error {
	p, err := store.Find(cmd.Context(), id)
	if err != nil {
		return err
	}
	return end(cmd, env, store, p)
}

func end(cmd *cobra.Command, env Environment, store approval.Store, p approval.Proposal) error {
	if err := store.Decline(cmd.Context(), p); err != nil {
		return err
	}
	if err := recordApproval(cmd, env, p, false); err != nil {
		return err
	}
	_, err := fmt.Fprintln(env.Out, "Declined. Nothing was changed.")
	return err
}

var errNoAnswer = errors.New("no answer: the change was neither approved nor declined")

// askApproval shows a change on the terminal and takes yes for an approval, no for a
// refusal, and asks again for anything else. What was typed before the change could
// be read is no answer. The end of input and Ctrl-C end it without a decision.
func askApproval(ctx context.Context, env Environment, text string) (bool, error) {
	env.progress.Stop()
	defer env.progress.Resume()
	say(env.Err, "\n%s\n\n", whole(text))
	discardTyped(env.In)
	say(env.Err, "Make this change? Type yes to approve, no to decline: ")
	typed := bufio.NewReader(env.In)
	for {
		answer, err := readLine(ctx, typed)
		switch strings.ToLower(answer) {
		case "yes":
			return true, nil
		case "no":
			return false, nil
		}
		if err != nil {
			fmt.Fprintln(env.Err)
			if errors.Is(err, account.ErrCancelled) {
				return false, err
			}
			return false, errNoAnswer
		}
		fmt.Fprint(env.Err, "Type yes or no: ")
	}
}
