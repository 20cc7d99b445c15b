package egress

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// requestIDHeader is Auth0's name for the request, which its support asks for.
const requestIDHeader = "X-Auth0-RequestId"

// trail is one request on its way to the audit log.
type trail struct {
	*audit.Request
	reading bool
	// inDoubt: a write was sent, and nothing said since then that it was not carried out.
	inDoubt   bool
	status    int
	requestID string
	err       error // why there is no whole answer
}

func (c *Call) trail(r *pluginv1.RoundTripRequest) *trail {
	reading := isRead(r)
	return &trail{reading: reading, Request: c.grant.Audit.Request(r.GetMethod(), r.GetPath(), !reading)}
}

// send lets a request out, and records it.
func (c *Call) send(ctx context.Context, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
	trail := c.trail(r)
	defer trail.end()
	return c.exchange(ctx, r, trail)
}

// rule is what policy refused a request by.
func (c *Call) rule(r *pluginv1.RoundTripRequest) audit.Rule {
	if c.gate.cfg.ReadOnly && !isRead(r) {
		return audit.RuleReadOnly
	}
	return audit.RulePolicy
}

func (t *trail) answered(response *http.Response) {
	t.status, t.requestID = response.StatusCode, response.Header.Get(requestIDHeader)
}

// end writes what became of the request.
func (t *trail) end() {
	answer := audit.Answer{Status: t.status, RequestID: t.requestID, Outcome: t.outcome()}
	var unrecorded *audit.NotRecordedError
	if errors.As(t.err, &unrecorded) {
		answer.Rule = audit.RuleAudit
	}
	t.End(answer)
}

// outcome is what is known of the request's effect. Auth0 has done nothing where it
// answers below 500; above, and without a whole answer, nobody knows.
func (t *trail) outcome() audit.Outcome {
	refused := t.status >= http.StatusMultipleChoices && t.status < http.StatusInternalServerError && t.status != http.StatusNotModified
	switch {
	case t.Attempts() == 0, t.status == 0 && !t.reading && !t.inDoubt, t.status == 0 && neverArrived(t.err):
		return audit.NotSent
	case refused:
		return audit.Error
	case t.err == nil && t.status < http.StatusInternalServerError:
		return audit.OK
	case t.reading:
		return audit.Error
	}
	return audit.MayHaveHappened
}

// unrecorded notes that a write was not sent because the audit log could not be
// written.
func (c *Call) unrecorded(r *pluginv1.RoundTripRequest, err error) *pluginv1.RoundTripResponse {
	text := fmt.Sprintf("%s %s was not sent: %v", r.GetMethod(), r.GetPath(), err)
	c.mu.Lock()
	c.notRecorded = text
	c.mu.Unlock()
	return failure(pluginv1.Failure_CODE_REFUSED, "%s", text)
}

// NotRecorded says that a write was not sent because the audit log could not be
// written, and what mends that; "" if that did not happen.
func (c *Call) NotRecorded() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notRecorded
}
