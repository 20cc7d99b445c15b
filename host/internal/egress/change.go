package egress

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// bound reports whether the call is one that needs approval.
func (c *Call) bound() bool { return c.grant.DryRun || c.execution != nil }

// change sends a request that may change the tenant, once its target is known and the stored secrets are in its body.
// In a dry run nothing is sent; with a plan, only what the plan has.
func (c *Call) change(ctx context.Context, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
	if c.undoes(r.GetMethod(), r.GetPath()) {
		return c.undo(ctx, r)
	}
	if c.bound() {
		if reason := c.notApprovable(r); reason != "" {
			c.refuseRequest(r.GetMethod(), r.GetPath(), audit.RulePlan, reason)
			return c.fails(pluginv1.Failure_CODE_REFUSED,
				fmt.Sprintf("%s %s was not sent: %s", r.GetMethod(), r.GetPath(), reason))
		}
		r = oneMeaning(r)
	}
	if c.execution != nil {
		return c.carryOut(ctx, r)
	}
	w, answer := c.ready(ctx, r)
	switch {
	case answer != nil:
		return answer
	case c.grant.DryRun:
		w.change.Dependents = c.dependents(ctx, w)
		return c.simulate(w)
	}
	if e := c.mayWrite(w.change.Request(), w.concerns, w.doubts); e != nil {
		c.refuseRequest(w.GetMethod(), w.GetPath(), audit.RuleSecret, e.Error())
		return c.fails(pluginv1.Failure_CODE_REFUSED, e.Error())
	}
	answer, _ = c.write(ctx, w)
	return answer
}

// simulate notes what a dry run would send, and answers it.
func (c *Call) simulate(w *write) *pluginv1.RoundTripResponse {
	if c.simulation.Size()+w.change.Size() > c.gate.maxKept {
		return c.fails(pluginv1.Failure_CODE_REFUSED, fmt.Sprintf("%s %s was not sent: the call changes more than %d "+
			"MiB, too much to be approved at once: do it in parts",
			w.GetMethod(), clipped(w.GetPath()), c.gate.maxKept>>20))
	}
	return simulated(c.simulation.Apply(w.change))
}

// carryOut sends a request if it is the approved plan's next step, one at a time: what
// is sent in one order must not arrive in another.
func (c *Call) carryOut(ctx context.Context, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
	c.stepping.Lock()
	defer c.stepping.Unlock()
	asked := plan.Change{Method: r.GetMethod(), Path: r.GetPath(), Query: r.GetQuery()}
	if reason := c.execution.Expects(asked); reason != "" {
		return c.deviates(r, reason)
	}
	// The plan has what is sent, so stored secrets must be in the body first.
	w, answer := c.ready(ctx, r)
	if answer != nil {
		return answer
	}
	step, reason := c.execution.Take(w.change)
	if reason == "" {
		reason = c.execution.Check(step, w.change)
	}
	if reason != "" {
		return c.deviates(r, reason)
	}
	answer, done := c.write(ctx, w)
	if done == nil {
		return answer
	}
	for _, path := range c.execution.Done(step, *done) {
		c.execution.Left(path, okJSON(c.send(ctx, &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Method: http.MethodGet,
			Path: path})))
	}
	return answer
}

// write sends a request; done is the change that it made, nil if it is not known to have
// made one.
func (c *Call) write(ctx context.Context, w *write) (answer *pluginv1.RoundTripResponse, done *plan.Change) {
	answer, result := c.deliver(ctx, w)
	if result != Done {
		return answer, nil
	}
	change := w.change
	change.After = okJSON(answer)
	c.keepOnce(w, change.After)
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := change
	if c.kept += change.Size(); c.kept > c.gate.maxKept {
		kept = plan.Change{Method: change.Method, Path: change.Path, Query: change.Query}
	}
	c.outcome.Changes = append(c.outcome.Changes, kept)
	return answer, &change
}

func (c *Call) deviates(r *pluginv1.RoundTripRequest, reason string) *pluginv1.RoundTripResponse {
	return c.notAsApproved(r.GetMethod(), r.GetPath(), &DeviationError{r.GetMethod() + " " + r.GetPath(), "sent", reason})
}

func (c *Call) notAsApproved(method, path string, e *DeviationError) *pluginv1.RoundTripResponse {
	c.refuseRequest(method, path, audit.RulePlan, e.Reason)
	c.mu.Lock()
	if c.deviation == nil {
		c.deviation = e
	}
	c.mu.Unlock()
	return c.fails(pluginv1.Failure_CODE_REFUSED, e.Error())
}

const (
	// maxPlanned and maxPlannedBytes bound what approval can be asked for at once.
	maxPlanned      = 100
	maxPlannedBytes = 4 << 20
	// maxKept bounds what a call keeps of its changes, in bytes: bodies, and targets before
	// and after. Beyond it a change that was made is kept by its method and path.
	maxKept = 32 << 20
)

// notApprovable says why approval cannot be asked for a request: what is shown and what
// Auth0 reads must be the same.
func (c *Call) notApprovable(r *pluginv1.RoundTripRequest) string {
	if len(r.GetBody()) > 0 {
		if err := jsondoc.Check(r.GetBody()); err != nil {
			return fmt.Sprintf("its body is not JSON that every reader understands alike (%v), so it cannot be approved", err)
		}
	}
	return c.tooMuch(len(r.GetBody()))
}

// tooMuch says why a dry run does not plan one more change, of that many bytes; "" if it
// does.
func (c *Call) tooMuch(size int) string {
	changes := c.simulation.Changes()
	for _, change := range changes {
		size += len(change.Body)
		if change.Method == plan.MethodWrite {
			size += len(change.Before)
		}
	}
	if c.grant.DryRun && (len(changes) >= maxPlanned || size > maxPlannedBytes) {
		return fmt.Sprintf("the call changes too much to be approved at once (over %d requests or %d bytes): do it in parts",
			maxPlanned, maxPlannedBytes)
	}
	return ""
}

// oneMeaning is a request in the form that is compared with the plan and shown: what
// is sent is exactly that.
func oneMeaning(r *pluginv1.RoundTripRequest) *pluginv1.RoundTripRequest {
	plain := &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Method: r.GetMethod(), Path: r.GetPath(),
		Query: r.GetQuery(), Headers: r.GetHeaders()}
	if body, err := jsondoc.Canonical(r.GetBody()); err == nil {
		plain.Body = body
		plain.Headers = []*pluginv1.Header{{Name: "Content-Type", Values: []string{"application/json"}}}
	}
	return plain
}

// readTarget reads a request's target, and returns the answer; nil if there was
// nothing to read.
func (c *Call) readTarget(ctx context.Context, r *pluginv1.RoundTripRequest,
	change *plan.Change) *pluginv1.RoundTripResponse {
	path := r.GetPath()
	if !plan.HasTarget(r.GetMethod()) {
		// A POST below an existing thing, such as its deployment, acts on that thing; one
		// to a collection makes something. Only an approver needs to know.
		parent, ok := parentPath(path)
		if !c.bound() || r.GetMethod() != http.MethodPost || !ok {
			return nil
		}
		path = parent
	}
	var seen *pluginv1.RoundTripResponse
	if answer, ok := c.simulation.Read(path); ok && c.grant.DryRun {
		seen = simulated(answer)
	} else {
		seen = c.send(ctx, &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Method: http.MethodGet, Path: path})
	}
	if plan.HasTarget(r.GetMethod()) {
		change.Before = okJSON(seen)
	} else if target := okJSON(seen); isObject(target) {
		change.Target = target
	}
	return seen
}

// simulated is an answer of the simulation, as a plugin gets it.
func simulated(a plan.Answer) *pluginv1.RoundTripResponse {
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Response{Response: &pluginv1.HTTPResponse{
		Status: int32(a.Status), Body: a.Body, //nolint:gosec // an HTTP status fits
		Headers: []*pluginv1.Header{{Name: "Content-Type", Values: []string{"application/json; charset=utf-8"}}},
	}}}
}

func isObject(doc []byte) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(doc, &object) == nil && object != nil
}

// mustKnow reports whether a request may not go on because of what a look at its
// target answered. A token that may write and not read is no hindrance, and without a
// plan nothing is: the request itself will tell. What is not there, or cannot be
// looked at, may be made by PUT and removed by DELETE all the same.
func (c *Call) mustKnow(method string, seen *pluginv1.RoundTripResponse) bool {
	if !c.bound() || seen.GetFailure() == nil && method == http.MethodPost {
		return false
	}
	switch status := seen.GetResponse().GetStatus(); status {
	case http.StatusForbidden:
		return false
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return method == http.MethodPatch
	default:
		return status < 200 || status > 299
	}
}

// okJSON is the body of an answer that went well.
func okJSON(answer *pluginv1.RoundTripResponse) json.RawMessage {
	response := answer.GetResponse()
	if response.GetStatus() < 200 || response.GetStatus() > 299 || !jsondoc.Valid(response.GetBody()) {
		return nil
	}
	return response.GetBody()
}
