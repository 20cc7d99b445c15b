package egress

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Result is how one request to the tenant ended.
type Result int

const (
	// NotSent never reached the tenant.
	NotSent Result = iota
	// Rejected was answered by the tenant and not carried out.
	Rejected
	// Done was carried out.
	Done
	// Unknown may have been carried out or not.
	Unknown
)

func (r Result) String() string {
	return [...]string{"not sent", "rejected", "done", "unknown"}[r]
}

// ending is all that is known of how a request ended, the last attempt at it if there
// were several.
type ending struct {
	// begun says that it was given to the transport.
	begun bool
	// unreached says that the transport made no connection to the tenant for it (no
	// address, a refusal by the proxy, TLS that was never finished), or did not write its headers.
	unreached bool
	// status and header are the answer's; status 0: there was none.
	status int
	header http.Header
}

// result decides what became of a request. Nothing else in the host does.
//
// A 2xx was carried out, whatever became of its body. A 4xx was not, but for a 429 of
// something other than the tenant's rate limiter, which may have passed the request
// on. A redirect, a 5xx and a lost answer say nothing. Sources: RFC 9110, 9.3.6 and
// 15; Auth0's rate limit policy, see [ratelimit.Exhausted].
func (e ending) result() Result {
	switch {
	case !e.begun, e.status == 0 && e.unreached:
		return NotSent
	case e.status == 0, e.status < 200, e.status >= 500:
		return Unknown
	case e.status < 300:
		return Done
	case e.status < 400:
		return Unknown
	case e.status == http.StatusTooManyRequests && !ratelimit.Exhausted(e.status, e.header):
		return Unknown
	}
	return Rejected
}

// Effect is what a call did to the tenant, and to files.
type Effect int

const (
	// NoEffect changed nothing.
	NoEffect Effect = iota
	// Changed made the changes that are listed.
	Changed
	// Uncertain sent at least one write of which it is not known whether it was carried out.
	Uncertain
)

func (e Effect) String() string { return [...]string{"none", "changed", "unknown"}[e] }

// Outcome is what a call did to the tenant, as the gate saw it. It is final: nothing is
// sent afterwards.
type Outcome struct {
	Effect Effect
	// Changes are the requests that changed the tenant, in the order of their answers, and
	// the files that were written, without their contents.
	Changes []plan.Change
	// Uncertain are the writes that may have been carried out or not, "METHOD path".
	Uncertain []string
	// Unsent counts the writes that did not leave the host, or reach the disk.
	Unsent int
	// Plan is what a dry run would change.
	Plan plan.Plan
	// Refusals are the requests beyond what the tool declares.
	Refusals Refusals
	// Unspent are the requests that were approved and not asked for, "METHOD path".
	Unspent []string
	// Err is what kept the call from being carried out, nil if nothing did: a *GuardError, *DeviationError, *MarkerError,
	// *NeedsApprovalError, *NoPlaceError, *NotRecordedError, *SignedOutError or *RateLimitedError.
	Err error

	// Kept are the secrets that Auth0 has answered once.
	Kept []Kept
	// Redact hides all secrets that the call has seen, besides what the host knows.
	Redact *redact.Redactor

	answers  map[int]*APIError                // the last error answer with each status
	failures map[pluginv1.Failure_Code]string // the last failure with each code, in the host's words
}

// Refusals are requests that were refused because the tool does not declare them.
type Refusals struct {
	// First are the first of them, with the reason; Count counts them all.
	First []string
	Count int
}

// maxNamed is how many requests a sentence names.
const maxNamed = 5

// Sentence says what the call did to the tenant: a whole sentence for whoever reads of
// a failure, or of a success that hides something. Empty if it did nothing.
func (o Outcome) Sentence() string {
	var parts, requests, files, runs []string
	for _, change := range o.Changes {
		switch change.Method {
		case plan.MethodWrite:
			files = append(files, clipped(change.Path))
		case plan.MethodRun:
			runs = append(runs, clipped(change.Path))
		default:
			requests = append(requests, clipped(change.Request()))
		}
	}
	if len(requests) > 0 {
		parts = append(parts, fmt.Sprintf("This call changed the tenant: %s.", some(requests)))
	}
	if len(files) > 0 {
		parts = append(parts, fmt.Sprintf("This call wrote files: %s.", some(files)))
	}
	if len(runs) > 0 {
		parts = append(parts, fmt.Sprintf("This call ran %s, which works outside of the tenant.", some(runs)))
	}
	if len(o.Uncertain) > 0 {
		parts = append(parts, fmt.Sprintf("It is not known whether %s was carried out: the change may or may not have "+
			"happened.", some(o.Uncertain)))
	}
	if parts == nil {
		return ""
	}
	check := "Check the tenant before you try again."
	switch external := len(runs) > 0 || slices.ContainsFunc(o.Uncertain, isRun); {
	case external:
		check = "Check what it did before you try again."
	case len(requests)+len(o.Uncertain) == 0:
		check = "Check the files before you try again."
	}
	return strings.Join(append(parts, check), " ")
}

// isRun reports whether "METHOD path" is a tool that works outside of the tenant.
func isRun(request string) bool { return strings.HasPrefix(request, plan.MethodRun+" ") }

// some names the last requests of a list: what came last explains a failure best.
func some(requests []string) string {
	if more := len(requests) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d before", strings.Join(requests[more:], ", "), more)
	}
	return strings.Join(requests, ", ")
}

// Recorded is the outcome in the audit log's terms; failed says that the call was
// answered with an error.
func (o Outcome) Recorded(failed bool) audit.Outcome {
	switch {
	case o.Effect == Uncertain:
		return audit.MayHaveHappened
	case failed && o.Unsent > 0 && len(o.Changes) == 0:
		return audit.NotSent
	case failed:
		return audit.Error
	}
	return audit.OK
}

// DeviationError says that a request was not sent, or a file not written, because it is not
// what was approved, or because its target has changed since.
type DeviationError struct {
	// Request is "METHOD path", Done what was not done to it: "sent" or "written".
	Request, Done, Reason string
}

func (e *DeviationError) Error() string {
	return fmt.Sprintf("%s was not %s: %s. Call the tool again to get a new plan", e.Request, e.Done, e.Reason)
}

// NeedsApprovalError says that a request was not sent because a user must approve it first, whatever the policy is.
type NeedsApprovalError struct {
	// Request is "METHOD path"; Concerns say where a stored secret could go, Doubts why a guard may concern it.
	Request          string
	Concerns, Doubts []string
	// Late is true if a write of the call was sent before: then the call cannot be planned as a whole any more.
	Late bool
}

func (e *NeedsApprovalError) Error() string {
	if len(e.Concerns) == 0 {
		text := fmt.Sprintf("%s was not sent, as it needs a user's approval: %s", e.Request, strings.Join(e.Doubts, "; "))
		if e.Late {
			text += ". Make this change in a call of its own, which a user can approve"
		}
		return text
	}
	text := fmt.Sprintf("%s was not sent, as it could send a stored secret elsewhere: %s. Give the secret itself "+
		"together with the change", e.Request, strings.Join(e.Concerns, "; "))
	if e.Late {
		text += ", or make this change in a call of its own, which a user can approve"
	}
	return text
}

// NotRecordedError says that a write was not sent, or a file not written, because the
// audit log could not be written, or because its call has made as many changes as one call
// may.
type NotRecordedError struct {
	// Request is "METHOD path" or a file, Done what was not done to it: "sent" or "written".
	Request, Done string
	Err           error
}

func (e *NotRecordedError) Error() string {
	return fmt.Sprintf("%s was not %s: %v", e.Request, e.Done, e.Err)
}
func (e *NotRecordedError) Unwrap() error { return e.Err }

// SignedOutError says that the call's latest request was not sent for want of a valid
// token, and how to get one.
type SignedOutError struct {
	Request string
	Err     error
}

func (e *SignedOutError) Error() string { return fmt.Sprintf("%s was not sent: %v", e.Request, e.Err) }
func (e *SignedOutError) Unwrap() error { return e.Err }

// RateLimitedError says that the call's latest request was not carried out because of a
// rate limit.
type RateLimitedError struct {
	// Text says which request, why, and when to try again.
	Text string
	// Busy is true if it was not the tenant's limit, but that too many requests of
	// this server were under way.
	Busy bool
}

func (e *RateLimitedError) Error() string { return e.Text }

// Close ends the call: requests in flight are aborted and waited for, later ones
// refused. A write without an answer then is uncertain.
func (c *Call) Close() Outcome {
	c.gate.mu.Lock()
	delete(c.gate.calls, c.id)
	c.gate.mu.Unlock()
	c.cancel()
	c.underWay.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.outcome
	o.Changes, o.Uncertain = slices.Clone(o.Changes), slices.Clone(o.Uncertain)
	o.Refusals.First = slices.Clone(o.Refusals.First)
	switch {
	case len(o.Uncertain) > 0:
		o.Effect = Uncertain
	case len(o.Changes) > 0:
		o.Effect = Changed
	}
	o.Redact = c.secrets.redact
	o.Plan.Changes = c.simulation.Changes()
	if c.execution != nil {
		o.Unspent = c.execution.Unspent()
	}
	switch {
	case c.guarded != nil:
		o.Err = c.guarded
	case c.deviation != nil:
		o.Err = c.deviation
	case c.marker != nil:
		o.Err = c.marker
	case c.approval != nil:
		o.Err = c.approval
	case c.noPlace != nil:
		o.Err = c.noPlace
	case c.notRecorded != nil:
		o.Err = c.notRecorded
	case c.signedOut != nil:
		o.Err = c.signedOut
	case c.limited != nil && o.Effect != Uncertain:
		o.Err = c.limited // a write that may have happened is what must be told, not that another can be tried later
	}
	return o
}
