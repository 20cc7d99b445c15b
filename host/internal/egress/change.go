package egress

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Changes are the requests so far that changed the tenant, or in a dry run those
// that would.
func (c *Call) Changes() []Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.changes)
}

// Deviation says which request was refused because it is not what was approved, or
// because what it is about has changed since; "" if none was.
func (c *Call) Deviation() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.deviation
}

// change sends a request that may change the tenant, once it is known what it is
// about. In a dry run nothing is sent; with a plan, only what the plan has.
func (c *Call) change(ctx context.Context, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
	change := Change{Method: r.GetMethod(), Path: r.GetPath(), Query: r.GetQuery(), Body: r.GetBody()}
	var planned *Change
	if c.grant.Plan != nil {
		if planned = c.take(change); planned == nil {
			return c.deviates(r, "it is not part of what was approved")
		}
	}
	if hasTarget(r.GetMethod()) {
		seen := c.simulated(r.GetPath())
		if change.expected = seen != nil; !change.expected {
			seen = c.send(ctx, &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Method: http.MethodGet, Path: r.GetPath()})
		}
		change.Before = okJSON(seen)
		if change.Before == nil && c.mustKnow(seen) {
			return seen
		}
	}
	switch {
	case c.grant.DryRun:
		return c.simulate(change)
	case planned != nil && planned.Before != nil && !planned.expected && planned.state() != change.state():
		return c.deviates(r, "what it changes is not as it was when the plan was made")
	}
	answer := c.send(ctx, r)
	if status := answer.GetResponse().GetStatus(); status < 200 || status > 299 {
		return answer
	}
	change.After = okJSON(answer)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes = append(c.changes, change)
	if planned != nil {
		c.learn(*planned, change)
	}
	return answer
}

func (c *Call) deviates(r *pluginv1.RoundTripRequest, reason string) *pluginv1.RoundTripResponse {
	text := fmt.Sprintf("%s %s was not sent: %s. Call the tool again to get a new plan", r.GetMethod(), r.GetPath(), reason)
	c.grant.Audit.RefuseRequest(r.GetMethod(), r.GetPath(), audit.RulePlan, reason)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deviation = text
	return failure(pluginv1.Failure_CODE_REFUSED, "%s", text)
}

// mustKnow reports whether a request may not go on because of what a look at its target answered. A
// token that may write and not read is no hindrance, and without a plan nothing is:
// the request itself will tell.
func (c *Call) mustKnow(seen *pluginv1.RoundTripResponse) bool {
	if !c.grant.DryRun && c.grant.Plan == nil {
		return false
	}
	status := seen.GetResponse().GetStatus()
	return status != http.StatusForbidden && (status < 200 || status > 299)
}

// okJSON is the body of an answer that went well.
func okJSON(answer *pluginv1.RoundTripResponse) json.RawMessage {
	response := answer.GetResponse()
	if response.GetStatus() < 200 || response.GetStatus() > 299 || !json.Valid(response.GetBody()) {
		return nil
	}
	return response.GetBody()
}

// planState is how far a call has come with what was approved.
type planState struct {
	left []Change
	// ids are those that Auth0 gave to what the plan has placeholders for.
	ids *strings.Replacer
	had []string
}

func newPlanState(p *Plan) *planState {
	if p == nil {
		return nil
	}
	return &planState{left: slices.Clone(p.Changes), ids: strings.NewReplacer()}
}

// take finds a change in the plan and uses it up; nil if the plan has none such left.
func (c *Call) take(change Change) *Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.plan
	body := canonicalJSON(change.Body)
	i := slices.IndexFunc(p.left, func(one Change) bool {
		return one.Method == change.Method && p.ids.Replace(one.Path) == change.Path && p.ids.Replace(one.Query) == change.Query &&
			p.ids.Replace(canonicalJSON(one.Body)) == body
	})
	if i < 0 {
		return nil
	}
	one := p.left[i]
	p.left = slices.Delete(p.left, i, i+1)
	return &one
}

// learn takes the id that Auth0 gave to what the plan has a placeholder for. The
// caller holds c.mu.
func (c *Call) learn(planned, done Change) {
	var was, is map[string]json.RawMessage
	if planned.Method != http.MethodPost || json.Unmarshal(planned.After, &was) != nil || json.Unmarshal(done.After, &is) != nil {
		return
	}
	for name, value := range was {
		var placeholder, id string
		if json.Unmarshal(value, &placeholder) == nil && strings.HasPrefix(placeholder, placeholderPrefix) && json.Unmarshal(is[name], &id) == nil && id != "" {
			c.plan.had = append(c.plan.had, placeholder, id)
		}
	}
	c.plan.ids = strings.NewReplacer(c.plan.had...)
}
