package toolcall

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Decision is a user's answer about a change. Only Accepted lets anything happen.
type Decision int

const (
	// Dismissed was closed without a choice, or answered with anything that is not one.
	Dismissed Decision = iota
	// Declined is a no.
	Declined
	// Accepted is an explicit yes.
	Accepted
)

// Approver is how the user of a caller can be asked about a change.
type Approver struct {
	// Ask shows a text and waits for the decision; nil: no one can be asked while the call
	// runs. A *[BusyError] says that too many questions are open.
	Ask func(ctx context.Context, text string) (Decision, error)
	// Terminal says that Ask is a terminal, which shows the text whole.
	Terminal bool
	// Later says that the caller asks between two calls, and brings the answer with the
	// second.
	Later bool
	// Answer is what the call brought, for the question that State names; nil: none.
	Answer *Decision
	State  string
}

// BusyError says that as many calls as may wait for a user do so already.
type BusyError struct{ Err error }

func (e *BusyError) Error() string { return e.Err.Error() }
func (e *BusyError) Unwrap() error { return e.Err }

var errNoAnswer = fmt.Errorf("there was no answer within %v", approval.Lifetime)

// decide makes a change happen only if it is approved. The tool runs twice: first
// without a write leaving the host, which gives the plan that the user sees, then
// bound to that plan.
func (r *Runner) decide(ctx context.Context, c call, mode approval.Mode) Result {
	if c.Approver.Answer != nil {
		return r.resume(ctx, c)
	}
	result := r.attempt(ctx, c, egress.Grant{DryRun: true})
	if result.IsError {
		return result
	}
	if len(result.Outcome.Plan.Changes) == 0 {
		r.report(&result) // nothing to approve, and nothing was changed whatever the tool says
		return result
	}
	request := approval.Request{
		Profile: r.cfg.Profile, Tenant: r.cfg.Domain, Tool: c.Tool.Name, Plugin: c.Tool.Plugin.Name,
		PluginVersion: c.Tool.Plugin.Version,
		PluginDigest:  c.Tool.Plugin.Binary, Arguments: c.Arguments, Plan: result.Outcome.Plan,
	}
	hide := result.Outcome.Redact
	asksHere := (mode == approval.Elicit || c.Approver.Terminal) && (c.Approver.Later || c.Approver.Ask != nil)
	id, approved, err := r.cfg.Approvals.Consume(ctx, request)
	switch {
	case err != nil && !asksHere: // else no file is needed
		return cannotKeep(err)
	case err == nil && approved:
		c.decided(audit.VerdictApproved, byTerminal, id)
		return r.apply(ctx, c, request.Plan)
	}
	switch {
	case asksHere && c.Approver.Later:
		c.decided(audit.VerdictPending, byElicitation, "")
		return r.askLater(ctx, c, request, hide)
	case asksHere:
		return r.askNow(ctx, c, request, hide)
	}
	return r.propose(ctx, c, request, hide, "")
}

// apply carries out what was approved, and nothing else.
func (r *Runner) apply(ctx context.Context, c call, approved plan.Plan) Result {
	result := r.attempt(ctx, c, egress.Grant{Plan: &approved})
	if left := result.Outcome.Unspent; len(left) > 0 && !result.IsError {
		result.Texts = append(result.Texts, result.Outcome.Redact.Text("Approved and not sent, as the tool did not ask "+
			"for it this time: "+strings.Join(left, ", ")))
	}
	return result
}

// askNow asks through the client, or the terminal that the call came from, and waits.
func (r *Runner) askNow(ctx context.Context, c call, request approval.Request, hide *redact.Redactor) Result {
	text, whole, err := request.Describe(hide, !c.Approver.Terminal)
	switch {
	case err != nil:
		return failed(err.Error())
	case !whole:
		return r.propose(ctx, c, request, hide, notShownWhole)
	}
	decision, err := r.ask(ctx, c, text)
	var busy *BusyError
	switch {
	case ctx.Err() != nil:
		return failed(context.Cause(ctx).Error())
	case errors.As(err, &busy):
		return failed(err.Error())
	case err != nil:
		return r.propose(ctx, c, request, hide, fmt.Sprintf("The client could not ask the user (%v). ", err))
	}
	rule := byElicitation
	if c.Approver.Terminal {
		rule = byTerminal
	}
	c.answered(decision, rule)
	if decision != Accepted {
		return notApproved(decision, c.Approver.Terminal)
	}
	return r.apply(ctx, c, request.Plan)
}

// ask waits for the user's decision, and tells the caller meanwhile that it does.
func (r *Runner) ask(ctx context.Context, c call, text string) (Decision, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, approval.Lifetime, errNoAnswer)
	defer cancel()
	defer c.progress.beat(ctx, "waiting for approval")()
	return c.Approver.Ask(ctx, text)
}

// notShownWhole is why a client does not ask: no one can approve what a dialog cuts off.
const notShownWhole = "The change cannot be shown whole in the client. "

// propose answers with the plan, which is approved in a terminal.
func (r *Runner) propose(ctx context.Context, c call, request approval.Request, hide *redact.Redactor,
	why string) Result {
	text, _, err := request.Describe(hide, false)
	if err != nil {
		return failed(err.Error())
	}
	proposal, err := r.cfg.Approvals.Propose(ctx, request, text)
	if err != nil {
		return cannotKeep(err)
	}
	c.decided(audit.VerdictPending, byTerminal, proposal.ID)
	// This text is the model's, which need not know what is in the user's files.
	request.Plan = request.Plan.WithoutFileContents()
	short, _, err := request.Describe(hide, true)
	if err != nil {
		return failed(err.Error())
	}
	result := failed(fmt.Sprintf("Nothing was changed yet. %sThis change needs the user's approval. Ask them to run "+
		"`auth0-mcp approve %s` in a terminal within %d minutes; "+
		"then call %s again with the same arguments. The plan:\n\n%s",
		why, proposal.ID, int(time.Until(proposal.Expires).Round(time.Minute).Minutes()), request.Tool, short))
	result.Kind, result.Proposal, result.Untrusted = ApprovalRequired, &proposal, []string{pluginv1.AnyField}
	return result
}

// cannotKeep is the result of a change that is approved in a terminal, for which there is no file.
func cannotKeep(err error) Result {
	return failed(fmt.Sprintf("Nothing was changed: this change needs the user's approval in a terminal, and %v", err))
}

func notApproved(d Decision, terminal bool) Result {
	what := "the user declined it"
	if d == Dismissed {
		what = "the user did not decide"
	}
	text := "Nothing was changed: " + what + ". Do not try again unless the user asks for it."
	if !terminal {
		text += " (Some clients decline without asking the user: with --approve terminal, changes are approved in a " +
			"terminal instead.)"
	}
	result := failed(text)
	result.Kind = ApprovalDeclined
	return result
}

// beatInterval is how often a caller hears that a call still waits: many clients give a
// call up after a minute of silence.
const beatInterval = 15 * time.Second

// beat reports progress until the returned function is called.
func (p *progress) beat(ctx context.Context, note string) (stop func()) {
	if p.send == nil {
		return func() {}
	}
	p.report(Progress{Note: note})
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(beatInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.report(Progress{Note: note})
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

// questions are the plans about which callers ask their users between two calls: the
// answer comes with the second, which names its question.
type questions struct {
	mu    sync.Mutex
	asked map[string]question
}

type question struct {
	request approval.Request
	expires time.Time
}

// maxQuestions bounds them: a caller may never come back.
const maxQuestions = 100

var errTooManyQuestions = errors.New("too many changes wait for approval: try again when some have been decided")

func (q *questions) add(request approval.Request) (state string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for state, one := range q.asked {
		if now.After(one.expires) {
			delete(q.asked, state)
		}
	}
	if len(q.asked) >= maxQuestions {
		return "", errTooManyQuestions
	}
	if q.asked == nil {
		q.asked = map[string]question{}
	}
	state = rand.Text()
	q.asked[state] = question{request, now.Add(approval.Lifetime)}
	return state, nil
}

// take ends a question: an answer counts once.
func (q *questions) take(state string) (approval.Request, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	one, ok := q.asked[state]
	delete(q.asked, state)
	return one.request, ok && time.Now().Before(one.expires)
}

// askLater answers with the question.
func (r *Runner) askLater(ctx context.Context, c call, request approval.Request, hide *redact.Redactor) Result {
	text, whole, err := request.Describe(hide, true)
	switch {
	case err != nil:
		return failed(err.Error())
	case !whole:
		return r.propose(ctx, c, request, hide, notShownWhole)
	}
	state, err := r.questions.add(request)
	if err != nil {
		return failed(err.Error())
	}
	return Result{Question: &Question{Text: text, State: state}}
}

// resume goes on with a call that brings the answer to a question.
func (r *Runner) resume(ctx context.Context, c call) Result {
	request, ok := r.questions.take(c.Approver.State)
	if !ok {
		c.decided(audit.VerdictRefused, byElicitation, "")
		return failed("Nothing was changed: the question that this answers is not open, it was answered before or has " +
			"expired. Call the tool again")
	}
	if same, err := request.SameCall(c.Tool.Name, c.Arguments); err != nil || !same {
		c.decided(audit.VerdictRefused, byElicitation, "")
		return failed("Nothing was changed: the answer is for another call. Call the tool again")
	}
	c.answered(*c.Approver.Answer, byElicitation)
	if *c.Approver.Answer != Accepted {
		return notApproved(*c.Approver.Answer, false)
	}
	return r.apply(ctx, c, request.Plan)
}
