package egress

import (
	"encoding/json"
	"errors"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
)

// RunExternal says whether the call's tool, which works outside of the tenant, may run now. The gate cannot see what
// it does, so that running it is the change: one like a request that writes, held back in a dry run, bound to an
// approved plan, and on the audit log's disk before. If run is true the tool runs, and ended must be called before
// Close, with whether it answered with a result; without one it is unknown what it did. If run is false, the call is
// over: it was a dry run, or the outcome says why not.
func (c *Call) RunExternal() (run bool, ended func(answered bool)) {
	tool := c.grant.Tool
	change := plan.Change{Method: plan.MethodRun, Path: c.grant.Plugin + "/" + tool.Name, Body: c.grant.Arguments}
	if len(change.Body) == 0 {
		change.Body = json.RawMessage("{}")
	}
	var step plan.Step
	switch {
	case c.gate.cfg.ReadOnly:
		text := change.Request() + " was refused: the server is read-only"
		c.noteRefusal(text)
		c.refuseRequest(change.Method, change.Path, audit.RuleReadOnly, "the server is read-only")
		return false, nil
	case c.grant.DryRun:
		c.simulation.Apply(change)
		return false, nil
	case c.execution != nil:
		var reason string
		if step, reason = c.execution.Take(change); reason != "" {
			c.notAsApproved(change.Method, change.Path, &DeviationError{change.Request(), "run", reason})
			return false, nil
		}
	}
	record := c.grant.Audit.Request(change.Method, change.Path, true)
	if err := record.Sending(c.gate.cfg.Domain); err != nil {
		rule := audit.RuleAudit
		var tooMany *audit.WriteLimitError
		if errors.As(err, &tooMany) {
			rule = audit.RuleWriteLimit
		}
		record.End(audit.Answer{Outcome: audit.NotSent, Rule: rule})
		c.mu.Lock()
		c.outcome.Unsent++
		c.mu.Unlock()
		c.notRecordedFailure(&NotRecordedError{change.Request(), "run", err})
		return false, nil
	}
	return true, func(answered bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !answered {
			record.End(audit.Answer{Outcome: audit.MayHaveHappened})
			c.outcome.Uncertain = append(c.outcome.Uncertain, change.Request())
			return
		}
		record.End(audit.Answer{Outcome: audit.OK})
		if c.execution != nil {
			c.execution.Done(step, change)
		}
		c.outcome.Changes = append(c.outcome.Changes, plan.Change{Method: change.Method, Path: change.Path})
	}
}
