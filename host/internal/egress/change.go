package egress

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
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

// bound reports whether the call is one that a person decides about.
func (c *Call) bound() bool { return c.grant.DryRun || c.grant.Plan != nil }

// change sends a request that may change the tenant, once it is known what it is
// about. In a dry run nothing is sent; with a plan, only what the plan has.
func (c *Call) change(ctx context.Context, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
	if c.bound() {
		if reason := c.unclear(r); reason != "" {
			c.grant.Audit.RefuseRequest(r.GetMethod(), r.GetPath(), audit.RulePlan, reason)
			return failure(pluginv1.Failure_CODE_REFUSED, "%s %s was not sent: %s", r.GetMethod(), r.GetPath(), reason)
		}
		r = oneMeaning(r)
	}
	change := Change{Method: r.GetMethod(), Path: r.GetPath(), Query: r.GetQuery(), Body: r.GetBody()}
	var planned *Change
	if c.grant.Plan != nil {
		if planned = c.take(change); planned == nil {
			return c.deviates(r, "it is not part of what was approved")
		}
	}
	if seen := c.lookAt(ctx, r, &change); seen != nil && c.mustKnow(r.GetMethod(), seen) {
		return seen
	}
	switch {
	case c.grant.DryRun:
		return c.simulate(change)
	case planned != nil && !planned.expected && planned.state() != change.state():
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

const (
	// maxPlanned and maxPlannedBytes bound what a person can be asked about at once.
	maxPlanned      = 100
	maxPlannedBytes = 4 << 20
)

// unclear says why a person cannot be asked about a request: what they are shown and
// what Auth0 reads must be the same.
func (c *Call) unclear(r *pluginv1.RoundTripRequest) string {
	if len(r.GetBody()) > 0 {
		if err := jsondoc.Check(r.GetBody()); err != nil {
			return fmt.Sprintf("its body is not JSON that everybody reads alike (%v), so a person cannot approve it", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	size := len(r.GetBody())
	for _, change := range c.changes {
		size += len(change.Body)
	}
	if c.grant.DryRun && (len(c.changes) >= maxPlanned || size > maxPlannedBytes) {
		return fmt.Sprintf("the call changes too much for a person to decide about at once (over %d requests or %d bytes): do it in parts", maxPlanned, maxPlannedBytes)
	}
	return ""
}

// oneMeaning is a request in the form that is compared with the plan and shown: what
// is sent is exactly that.
func oneMeaning(r *pluginv1.RoundTripRequest) *pluginv1.RoundTripRequest {
	plain := &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Method: r.GetMethod(), Path: r.GetPath(), Query: r.GetQuery(), Headers: r.GetHeaders()}
	if len(r.GetBody()) > 0 {
		plain.Body = []byte(canonicalJSON(r.GetBody()))
		plain.Headers = []*pluginv1.Header{{Name: "Content-Type", Values: []string{"application/json"}}}
	}
	return plain
}

// lookAt reads what a request is about, and returns the answer; nil if there was
// nothing to read.
func (c *Call) lookAt(ctx context.Context, r *pluginv1.RoundTripRequest, change *Change) *pluginv1.RoundTripResponse {
	path := r.GetPath()
	if !hasTarget(r.GetMethod()) {
		// A POST below an existing thing, such as its deployment, acts on that thing; one
		// to a collection makes something. Only a person who decides needs to know.
		path = path[:strings.LastIndexByte(path, '/')]
		if !c.bound() || r.GetMethod() != http.MethodPost || !pluginv1.CleanPath(path) {
			return nil
		}
	}
	seen := c.simulated(path)
	if change.expected = seen != nil; !change.expected {
		seen = c.send(ctx, &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Method: http.MethodGet, Path: path})
	}
	if hasTarget(r.GetMethod()) {
		change.Before = okJSON(seen)
	} else if target := okJSON(seen); members(target) != nil {
		change.Target = target
	}
	return seen
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
	if response.GetStatus() < 200 || response.GetStatus() > 299 || !json.Valid(response.GetBody()) {
		return nil
	}
	return response.GetBody()
}

// planState is how far a call has come with what was approved.
type planState struct {
	left []Change
	// inPath and inBody put the ids that Auth0 gave in the place of the plan's
	// placeholders.
	inPath, inBody *strings.Replacer
	pathIDs        []string
	bodyIDs        []string
}

func newPlanState(p *Plan) *planState {
	if p == nil {
		return nil
	}
	return &planState{left: slices.Clone(p.Changes), inPath: strings.NewReplacer(), inBody: strings.NewReplacer()}
}

// Unspent are the requests that were approved and not sent.
func (c *Call) Unspent() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	if c.plan != nil {
		for _, change := range c.plan.left {
			list = append(list, change.Method+" "+c.plan.inPath.Replace(change.Path))
		}
	}
	return list
}

// take finds a change in the plan and uses it up; nil if the plan has none such left,
// or if the call has left its plan before. What is done to one thing is done in the
// plan's order.
func (c *Call) take(change Change) *Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.plan
	if c.deviation != "" {
		return nil
	}
	body := canonicalJSON(change.Body)
	for i, one := range p.left {
		if p.inPath.Replace(one.Path) != change.Path {
			continue
		}
		if one.Method == change.Method && p.inPath.Replace(one.Query) == change.Query && p.inBody.Replace(canonicalJSON(one.Body)) == body {
			p.left = slices.Delete(p.left, i, i+1)
			return &one
		}
		if one.Method != http.MethodPost {
			return nil
		}
	}
	return nil
}

// learn takes the id that Auth0 gave to what the plan has a placeholder for. The
// caller holds c.mu.
func (c *Call) learn(planned, done Change) {
	if planned.placeholder == "" {
		return
	}
	is := members(done.After)
	for _, name := range []string{"id", kindID(planned.Path)} {
		var id string
		if json.Unmarshal(is[name], &id) != nil || id == "" {
			continue
		}
		quoted, err := text(id)
		if err != nil {
			continue
		}
		c.plan.pathIDs = append(c.plan.pathIDs, planned.placeholder, url.PathEscape(id))
		c.plan.bodyIDs = append(c.plan.bodyIDs, planned.placeholder, string(quoted[1:len(quoted)-1]))
		c.plan.inPath, c.plan.inBody = strings.NewReplacer(c.plan.pathIDs...), strings.NewReplacer(c.plan.bodyIDs...)
		return
	}
}
