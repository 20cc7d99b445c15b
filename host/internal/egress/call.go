package egress

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Grant says whose call it is and what it may do.
type Grant struct {
	Plugin, PluginVersion string
	Tool                  pluginv1.ToolManifest
	// Arguments are those of the call: what the caller supplied itself is no secret to it.
	Arguments json.RawMessage
	// DryRun lets reads through only: writes are noted and answered by a simulation.
	DryRun bool
	// Plan, if set, is what was approved: no other write is sent.
	Plan *plan.Plan
	// Audit records the call's requests; nil records nothing.
	Audit *audit.Call
	// Progress, if set, hears how far the call has come, and what its requests wait for
	// (done 0), again and again while they do. It may be called from several goroutines.
	Progress func(done, total float64, note string)
}

// Call is one tool call in progress. Requests are let through until Close.
type Call struct {
	gate   *Gate
	id     string
	number uint64
	grant  Grant
	rules  []pluginv1.PathRule
	ctx    context.Context
	cancel context.CancelFunc
	// underWay counts the plugin's requests that have not been answered.
	underWay sync.WaitGroup
	// simulation is what the writes of a dry run led to, and execution how far the
	// approved plan has been carried out, nil without one.
	simulation plan.Simulation
	execution  *plan.Execution
	stepping   sync.Mutex
	secrets    secrets

	mu      sync.Mutex
	outcome Outcome // but for Effect, Plan, Unspent and Err, which Close adds
	kept    int     // the bytes of its changes
	domain  string  // the tenant of the first request
	writing bool    // a write was sent, or is about to be
	// Why something was not carried out: the first deviation, and of the others the
	// latest.
	guarded     *GuardError
	deviation   *DeviationError
	marker      *MarkerError
	approval    *NeedsApprovalError
	noPlace     *NoPlaceError
	notRecorded *NotRecordedError
	signedOut   *SignedOutError
	limited     *RateLimitedError
}

// Open begins a call. Its id cannot be guessed, and serves the granted plugin only.
func (g *Gate) Open(ctx context.Context, grant Grant) (*Call, error) {
	c := &Call{gate: g, id: rand.Text(), grant: grant, secrets: newSecrets(g.cfg.Redact, grant.Arguments),
		outcome: Outcome{answers: map[int]*APIError{}, failures: map[pluginv1.Failure_Code]string{}}}
	var err error
	if c.rules, err = g.parseRules(grant.Tool.Paths); err != nil {
		return nil, fmt.Errorf("tool %s: %w", grant.Tool.Name, err)
	}
	if grant.Plan != nil {
		c.execution = grant.Plan.Execute()
	}
	c.ctx, c.cancel = context.WithCancel(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened++
	c.number = g.opened
	if g.opened == 1 && g.cfg.Prepare != nil {
		go g.cfg.Prepare()
	}
	g.calls[c.id] = c
	return c, nil
}

// parseRules parses each rule once: every call of a tool has the same.
func (g *Gate) parseRules(texts []string) (rules []pluginv1.PathRule, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, text := range texts {
		rule, known := g.rules[text]
		if !known {
			if rule, err = pluginv1.ParsePathRule(text); err != nil {
				return nil, err
			}
			g.rules[text] = rule
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// ID names the call towards the plugin. It lets requests through, so it must not be
// logged.
func (c *Call) ID() string { return c.id }

// Number names the call in the log.
func (c *Call) Number() uint64 { return c.number }

// Tool is the name of the call's tool.
func (c *Call) Tool() string { return c.grant.Tool.Name }

// Report tells the call's caller how far it has come.
func (c *Call) Report(done, total float64, note string) {
	if c.grant.Progress != nil {
		c.grant.Progress(done, total, c.secrets.redact.Text(note))
	}
}

// Find is a plugin's call in progress.
func (g *Gate) Find(id, plugin string) (*Call, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.calls[id]
	return c, c != nil && c.grant.Plugin == plugin
}

// maxRefusals is how many refusals of a call are told: a plugin may go on for as long
// as its call lasts.
const maxRefusals = 20

func (c *Call) noteRefusal(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text = c.secrets.redact.Text(text)
	refusals := &c.outcome.Refusals
	if refusals.Count++; refusals.Count <= maxRefusals {
		refusals.First = append(refusals.First, text)
	}
}

// refuseRequest records that a request was not let out.
func (c *Call) refuseRequest(method, path string, rule audit.Rule, reason string) {
	hide := c.secrets.redact.Text
	c.grant.Audit.RefuseRequest(hide(method), hide(path), rule, hide(reason))
}

// tenant is the one that the call is for: that of its first request, or the one that an
// approver decides about.
func (c *Call) tenant(now string) string {
	if c.bound() {
		return c.gate.cfg.Domain
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.domain == "" {
		c.domain = now
	}
	return c.domain
}
