// Package toolcall carries out one tool call from its arguments to its answer, for every
// caller: MCP over stdio and `auth0-mcp call`. It knows neither.
package toolcall

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// DefaultMaxOutput is the budget of one answer, in bytes: some 10,000 tokens,
// beyond which common MCP clients warn, and at 25,000 cut.
const DefaultMaxOutput = 40_000

// Config is what a Runner needs.
type Config struct {
	// Profile is the name of the profile whose tenant it is; empty: none. Domain is the
	// tenant's.
	Profile, Domain string
	Gate            *egress.Gate
	// MaxOutput is the budget of one answer in bytes; zero: DefaultMaxOutput.
	MaxOutput int
	// Plugins bounds plugins' processes. Domain, Host, Log and Redact are the Runner's.
	Plugins supervisor.Config
	// Approve says which calls need approval, and Approvals keeps what was approved in a
	// terminal.
	Approve approval.Policy
	// ApproveExcept are globs over the tools that may work outside of the tenant, or save secrets, without being asked
	// for it.
	ApproveExcept []string
	Approvals     approval.Store
	// SignIn, if set, begins a sign-in of the user, by which scopes are granted besides those that were before. cause is
	// why there is no valid token; nil: there is one. An error says that the user cannot sign in this way.
	SignIn func(ctx context.Context, cause error, scopes []string) (*SignIn, error)
	// Observe, if set, is told of each call that was carried out: the tool and
	// whether it did what was asked. It must not wait.
	Observe func(tool string, ok bool)
	// Compared, if set, is the tenant that comparisons are made with.
	Compared *Compared
	// Audit records calls and refusals; nil records nothing.
	Audit *audit.Log
	Log   *slog.Logger
	// PluginLog, if set, gets each line that a plugin logs, without secrets.
	PluginLog func(plugin string, level slog.Level, text string)
}

// Runner carries out tool calls. It starts plugins when they are first called.
type Runner struct {
	cfg        Config
	supervisor *supervisor.Supervisor
	questions  questions
	declared   declarations
	signIns    signIns
}

// New makes a Runner. It starts no process and dials nothing.
func New(cfg Config) *Runner {
	if cfg.MaxOutput == 0 {
		cfg.MaxOutput = DefaultMaxOutput
	}
	r := &Runner{cfg: cfg}
	plugins := cfg.Plugins
	plugins.Domain, plugins.Log, plugins.Redact = cfg.Domain, cfg.Log, cfg.Gate.Text
	plugins.Host = func(plugin string) pluginv1.HostServer { return &hostService{runner: r, plugin: plugin} }
	r.supervisor = supervisor.New(plugins)
	return r
}

// Announce makes the Runner known to `auth0-mcp plugins status`.
func (r *Runner) Announce() { r.supervisor.Announce() }

// Expect prepares for the first call of one of these tools: it makes the program that serves most of them ready, and
// keeps it so for a minute. It starts no plugin.
func (r *Runner) Expect(tools []*catalog.Tool) {
	serves := map[[32]byte]int{}
	var most *catalog.Plugin
	for _, tool := range tools {
		p := tool.Plugin
		if p == nil || p.Dev || p.Reattach != "" || tool.OfHost() {
			continue
		}
		if serves[p.Binary]++; most == nil || serves[p.Binary] > serves[most.Binary] {
			most = p
		}
	}
	if most != nil {
		r.supervisor.Expect(spec(most))
	}
}

// Close ends every plugin, and writes the records that wait.
func (r *Runner) Close() error {
	defer r.cfg.Audit.Flush()
	if r.cfg.Compared != nil {
		defer r.cfg.Compared.Audit.Flush()
	}
	return r.supervisor.Close()
}

// Client is who calls, as it calls itself.
type Client struct{ Name, Version string }

// Request is one call of a tool.
type Request struct {
	Tool *catalog.Tool
	// Arguments are a JSON object, as the caller sent it; empty or null: none.
	Arguments json.RawMessage
	Client    Client
	// Progress, if set, hears how far the call has come. Its values grow.
	Progress func(Progress)
	Approver Approver
	Browser  Browser
	// Repeats, if set, are the calls that this one repeats: they are recorded together.
	Repeats *audit.Repeats
}

// Progress is how far a call has come.
type Progress struct {
	// Done grows with every report of a call; Total is 0 when unknown.
	Done, Total float64
	Note        string
}

// Kind tells one kind of error from the others, for clients that act on it.
type Kind string

const (
	// SignInRequired says that a user must sign in again.
	SignInRequired Kind = "sign_in_required"
	// RateLimited says that the same call can work when the tenant's limit resets.
	RateLimited Kind = "rate_limited"
	// Busy says that the same call can work with fewer calls at a time.
	Busy Kind = "busy"
	// ApprovalRequired says that the change was not made, and waits for approval.
	ApprovalRequired Kind = "approval_required"
	// ApprovalDeclined says that the change was not made.
	ApprovalDeclined Kind = "approval_declined"
	// EffectUnknown says that it is not known whether a change was made.
	EffectUnknown Kind = "effect_unknown"
)

// Result is what a call yields.
type Result struct {
	// Texts are for the model. The first is the tool's answer as JSON, or with IsError
	// what went wrong.
	Texts   []string
	IsError bool
	Kind    Kind
	// Untrusted are the fields of the answer that others than the caller can have
	// written, "*" for all of it.
	Untrusted []string
	// Proposal is set with ApprovalRequired: what a user approves in a terminal.
	Proposal *approval.Proposal
	// Question, if set, is to be put to the user before the call can go on; there is no
	// other answer yet.
	Question *Question
	// Outcome is what the call did to the tenant.
	Outcome egress.Outcome
}

// Question is what a caller that asks between two calls puts to its user.
type Question struct {
	Text string
	// Page, if set, is to be opened; it has a text of its own.
	Page *Page
	// State names the question to the call that brings the answer.
	State string
}

// Effect is what the call did to the tenant: "changed", "unknown", or empty if it did
// nothing.
func (r Result) Effect() string {
	if r.Outcome.Effect == egress.NoEffect {
		return ""
	}
	return r.Outcome.Effect.String()
}

func failed(text string) Result { return Result{Texts: []string{text}, IsError: true} }

// call is one call with what it needs on its way.
type call struct {
	Request
	record   *audit.Call
	progress *progress
}

// Call carries out one call: check the arguments, get an approval where one is needed,
// open the gate, run the plugin, close the gate, hide secrets, fit into the budget.
func (r *Runner) Call(ctx context.Context, q Request) Result {
	c := call{Request: q, record: r.record(q.Client, q.Tool, q.Arguments), progress: &progress{send: q.Progress}}
	c.record.Repeats(q.Repeats)
	arguments, err := q.Tool.CheckArguments(q.Arguments)
	if err != nil {
		c.record.Refuse(audit.RuleArguments, "the arguments do not fit the tool's schema")
		return r.bounded(failed(err.Error()))
	}
	c.Arguments = arguments // as they are meant
	var result Result
	if c.Browser.Answer != nil {
		result = r.resumeSignIn(ctx, c)
	} else {
		result = r.carryOut(ctx, c)
		if need, needed := r.needsSignIn(c, result); needed {
			result = r.signIn(ctx, c, result, need)
		}
	}
	result = r.bounded(result)
	endRecord(ctx, c.record, result)
	if r.cfg.Observe != nil && result.Question == nil {
		r.cfg.Observe(q.Tool.Name, !result.IsError)
	}
	return result
}

// carryOut runs the tool, with an approval where one is needed.
func (r *Runner) carryOut(ctx context.Context, c call) Result {
	mode := r.approval(c.Tool)
	switch builtin := c.Tool.Builtin(); {
	case builtin != nil:
		return r.answer(builtin(c.Arguments, r.cfg.MaxOutput))
	case c.Tool.OfHost() && r.cfg.Compared != nil:
		return r.compare(ctx, c)
	case mode != approval.None || c.Approver.Answer != nil:
		return r.decide(ctx, c, mode)
	}
	result := r.attempt(ctx, c, egress.Grant{})
	var needed *egress.NeedsApprovalError
	if errors.As(result.Outcome.Err, &needed) && !needed.Late {
		// Nothing was written yet, so the whole call can be planned.
		return r.decide(ctx, c, approval.Elicit)
	}
	return result
}

// approval is how a user is asked about calls of a tool. An exception lifts what is asked because a tool works outside
// of the tenant or saves secrets, and not what holds for changes of the tenant.
func (r *Runner) approval(tool *catalog.Tool) approval.Mode {
	excepted := slices.ContainsFunc(r.cfg.ApproveExcept, func(pattern string) bool {
		return catalog.MatchGlob(pattern, tool.Name)
	})
	switch {
	case (tool.External || tool.Secrets) && !excepted:
		return r.cfg.Approve.ForExternal()
	case tool.External:
		return approval.None
	}
	return r.cfg.Approve.For(tool.Effect)
}

// answer is the result of a tool of the host's own. Manifests were reviewed, and hold no secret.
func (r *Runner) answer(doc json.RawMessage, err error) Result {
	if err != nil {
		return failed(err.Error())
	}
	return Result{Texts: []string{string(doc)}}
}

// attempt runs the tool once, under a grant of that mode.
func (r *Runner) attempt(ctx context.Context, c call, mode egress.Grant) Result {
	tool := c.Tool
	mode.Plugin, mode.PluginVersion = tool.Plugin.Name, tool.Plugin.Version
	mode.Tool, mode.Audit, mode.Arguments = tool.ToolManifest, c.record, c.Arguments
	mode.Progress = func(done, total float64, note string) { c.progress.report(Progress{done, total, note}) }
	gated, err := r.cfg.Gate.Open(ctx, mode)
	if err != nil {
		return failed(err.Error())
	}
	defer gated.Close()
	ended := func(bool) {}
	if tool.External {
		var run bool
		if run, ended = gated.RunExternal(); !run {
			return r.notRun(tool, gated.Close(), mode.DryRun)
		}
	}
	answer, err := r.supervisor.Call(ctx, spec(tool.Plugin), tool.ToolManifest, &pluginv1.CallToolRequest{
		CallId: gated.ID(), Domain: r.cfg.Domain, Tool: tool.Name, Arguments: c.Arguments,
		AnswerBudgetBytes: int64(r.cfg.MaxOutput), DryRun: mode.DryRun,
	})
	ended(err == nil && answer.GetFailure() == nil)
	out := gated.Close()
	if out.Refusals.Count > 0 {
		r.cfg.Log.Warn("refused requests beyond what the tool declares", "plugin", tool.Plugin.Name, "tool", tool.Name,
			"call", gated.Number(), "count", out.Refusals.Count)
	}
	result := r.conclude(tool, out, answer, err)
	result.Outcome = out
	if !result.IsError && !mode.DryRun && tool.Effect != pluginv1.EffectRead {
		r.report(&result)
	}
	result.Texts = append(result.Texts, keptTexts(out.Kept)...)
	return result
}

// notRun is the result of a tool that works outside of the tenant and was not run.
func (r *Runner) notRun(tool *catalog.Tool, out egress.Outcome, dry bool) Result {
	result := Result{Texts: []string{`{"would_run":true}`}}
	if !dry {
		result = r.conclude(tool, out, nil, errNotRun)
	}
	result.Outcome = out
	return result
}

var errNotRun = errors.New("the tool was not run")

// keptTexts say where the secrets are that Auth0 answers only once.
func keptTexts(kept []egress.Kept) (texts []string) {
	for _, one := range kept {
		if one.Err != nil {
			texts = append(texts, fmt.Sprintf("%s, the %s, is answered once and could not be kept: %v. It is lost: make a new "+
				"one when that is fixed", one.Marker, one.Member, one.Err))
			continue
		}
		texts = append(texts, fmt.Sprintf("%s, the %s, is answered once. It is kept, encrypted, for %d minutes: the user "+
			"gets it with `auth0-mcp secret get %s --reveal`, or has auth0_save_credentials_to_file (preset developer) "+
			"save it into an env file", one.Marker, one.Member, int(vault.Lifetime.Minutes()),
			redact.Fingerprint(one.Marker)))
	}
	return texts
}

// progress is where a call's progress goes.
type progress struct {
	send func(Progress) // nil: not asked for

	mu   sync.Mutex
	last float64
}

func (p *progress) report(r Progress) {
	if p.send == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// The value must grow, and plugins count as they like.
	if r.Done <= p.last {
		r.Done = p.last + 1e-3
	}
	p.last = r.Done
	if r.Total > 0 {
		r.Total = max(r.Total, r.Done)
	}
	p.send(r)
}

func spec(p *catalog.Plugin) supervisor.Spec {
	return supervisor.Spec{Manifest: p.Manifest, Path: p.Path, Digest: p.Binary, Dev: p.Dev, Remedy: remedy(p),
		Reattach: p.Reattach}
}

// Renew makes another build of a plugin the one that calls from now on reach. Calls in progress end on the old one.
func (r *Runner) Renew(p *catalog.Plugin) { r.supervisor.Renew(spec(p)) }
