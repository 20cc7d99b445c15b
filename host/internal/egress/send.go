package egress

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// requestIDHeader is Auth0's name for the request, which its support asks for.
const requestIDHeader = "X-Auth0-RequestId"

// request is one request of a call on its way to the tenant.
type request struct {
	*pluginv1.RoundTripRequest
	read   bool
	quiet  bool   // an error answer to it is not told
	domain string // the tenant that it goes to; empty before a token is there
	record *audit.Request
	// as is whose session a write was checked for.
	as holder
	// fresh are the members whose secrets its body gives anew.
	fresh []string
	// end is what is known of how it ended.
	end ending
	// refusedBy is the rule by which the host did not send it.
	refusedBy audit.Rule
}

// repeatable reports whether it may be sent again: a write only if it is known not to
// have been carried out. What the host itself refused to send is not tried again.
func (q *request) repeatable() bool {
	result := q.end.result()
	return q.end.begun && (q.read || result == NotSent || result == Rejected)
}

// send lets a request out, records it, and notes in the call's outcome what became of
// it.
func (c *Call) send(ctx context.Context, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
	answer, _ := c.deliver(ctx, &write{RoundTripRequest: r})
	return answer
}

// deliver is send for a request that may change the tenant.
func (c *Call) deliver(ctx context.Context, w *write) (*pluginv1.RoundTripResponse, Result) {
	r := w.RoundTripRequest
	read := isRead(r)
	q := &request{RoundTripRequest: r, read: read, quiet: w.quiet, as: w.as, fresh: w.fresh,
		record: c.grant.Audit.Request(r.GetMethod(), string(c.secrets.redact.Values([]byte(r.GetPath()))), !read)}
	answer := c.exchange(ctx, q)
	result := q.end.result()
	q.record.End(audit.Answer{Status: q.end.status, RequestID: q.end.header.Get(requestIDHeader),
		Outcome: recorded(result, read), Rule: q.refusedBy})
	if read {
		return answer, result
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch result {
	case Unknown:
		c.outcome.Uncertain = append(c.outcome.Uncertain, clipped(r.GetMethod()+" "+r.GetPath()))
	case NotSent:
		c.outcome.Unsent++
	}
	return answer, result
}

// recorded is a result in the audit log's terms. A read changes nothing, so one
// without an answer has failed and no more.
func recorded(result Result, read bool) audit.Outcome {
	switch {
	case result == NotSent:
		return audit.NotSent
	case result == Done:
		return audit.OK
	case result == Unknown && !read:
		return audit.MayHaveHappened
	}
	return audit.Error
}

// exchange sends a request, and answers with what the tenant answered or with why
// there is no answer.
func (c *Call) exchange(ctx context.Context, q *request) *pluginv1.RoundTripResponse {
	begun := time.Now()
	// A renewal of the token, by another process perhaps, has bounds of its own, and
	// so has the wait for the rate limit: neither must take the request's time.
	sender, err := c.gate.sender(ctx)
	var response exchange
	if err == nil {
		if from := c.tenant(sender.domain); from != sender.domain {
			return c.fails(pluginv1.Failure_CODE_REFUSED, fmt.Sprintf("%s was not sent: the profile has gone from the tenant "+
				"%s to %s meanwhile, and a call is for one of them. "+
				"Call the tool again; if that does not help, start the server again", q.name(), from, sender.domain))
		}
		if !q.read && !q.as.sameAs(holderOf(sender.token)) {
			return c.fails(pluginv1.Failure_CODE_REFUSED, q.name()+" was not sent: the profile was signed in anew meanwhile. "+
				"Call the tool again")
		}
		q.domain = sender.domain
		c.noteSignedOut(nil)
		response, err = c.attempts(ctx, q, sender)
	}
	if err != nil {
		return c.unanswered(ctx, q, err)
	}
	defer response.end()
	defer response.Body.Close()
	// Method, path and status only: queries and bodies hold what must not be logged.
	c.gate.cfg.Log.Debug("request", "plugin", c.grant.Plugin, "tool", c.grant.Tool.Name, "method", q.GetMethod(), "path",
		q.GetPath(),
		"status", response.StatusCode, "took", time.Since(begun))
	if response.StatusCode >= 300 && response.StatusCode < 400 && response.StatusCode != http.StatusNotModified {
		return c.fails(pluginv1.Failure_CODE_TRANSPORT, fmt.Sprintf("%s: %s redirects, which is not followed: check the "+
			"tenant's domain", q.name(), q.domain))
	}
	body, err := c.gate.readBody(response.Response)
	if err != nil {
		return c.fails(pluginv1.Failure_CODE_TRANSPORT, transportText(q, tenant.FaultOf(q.domain, err, true)))
	}
	if len(body) > pluginv1.MaxBodyBytes {
		return c.fails(pluginv1.Failure_CODE_TOO_LARGE, tooLarge(q))
	}
	switch {
	case q.quiet && response.StatusCode >= http.StatusBadRequest:
	case response.StatusCode >= http.StatusBadRequest:
		c.noteAPIError(c.parseAPIError(q, body))
	case !c.note(q.domain, q.GetMethod(), q.GetPath(), body, q.fresh):
		return c.fails(pluginv1.Failure_CODE_TOO_LARGE, tooManySecrets(q))
	}
	return c.answer(response, body)
}

// readBody reads an answer's body up to one byte more than it may have.
func (g *Gate) readBody(response *http.Response) ([]byte, error) {
	const most = 1 << 20 // to be kept for the next
	body, ok := g.bodies.Get().(*bytes.Buffer)
	if !ok {
		body = new(bytes.Buffer)
	}
	_, err := body.ReadFrom(io.LimitReader(response.Body, pluginv1.MaxBodyBytes+1))
	read := bytes.Clone(body.Bytes())
	if body.Cap() <= most {
		body.Reset()
		g.bodies.Put(body)
	}
	return read, err
}

// name is the request's method and path.
func (q *request) name() string { return q.GetMethod() + " " + q.GetPath() }

// unanswered is the failure of a request that has no answer.
func (c *Call) unanswered(ctx context.Context, q *request, err error) *pluginv1.RoundTripResponse {
	var tokenErr *tokenError
	var unrecorded *audit.NotRecordedError
	var tooMany *audit.WriteLimitError
	var limited *ratelimit.LimitedError
	switch {
	case errors.As(err, &unrecorded):
		q.refusedBy = audit.RuleAudit
		return c.notRecordedFailure(&NotRecordedError{q.name(), "sent", err})
	case errors.As(err, &tooMany):
		q.refusedBy = audit.RuleWriteLimit
		return c.notRecordedFailure(&NotRecordedError{q.name(), "sent", err})
	case ctx.Err() != nil:
		return c.fails(pluginv1.Failure_CODE_CALL_ENDED, q.name()+" was aborted: the call ended")
	case errors.As(err, &tokenErr):
		e := &SignedOutError{q.name(), tokenErr.err}
		c.noteSignedOut(e)
		return c.fails(pluginv1.Failure_CODE_TRANSPORT, e.Error())
	case errors.As(err, &limited):
		q.refusedBy = audit.RuleRateLimit
		e := &RateLimitedError{fmt.Sprintf("%s was not sent: %v", q.name(), limited), limited.Reset.IsZero()}
		c.noteLimited(e)
		return c.fails(pluginv1.Failure_CODE_TRANSPORT, e.Error())
	}
	return c.fails(pluginv1.Failure_CODE_TRANSPORT, transportText(q, tenant.FaultOf(q.domain, err, !q.end.unreached)))
}

func (c *Call) notRecordedFailure(e *NotRecordedError) *pluginv1.RoundTripResponse {
	c.mu.Lock()
	c.notRecorded = e
	c.mu.Unlock()
	return c.fails(pluginv1.Failure_CODE_REFUSED, e.Error())
}

// fails is a failure in the host's words, which the outcome remembers. They may quote what
// the tenant sent, such as a malformed status line.
func (c *Call) fails(code pluginv1.Failure_Code, text string) *pluginv1.RoundTripResponse {
	text = c.secrets.redact.Text(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcome.failures[code] = text
	return failure(code, "%s", text)
}

func (c *Call) noteSignedOut(e *SignedOutError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signedOut = e
}

func (c *Call) noteLimited(e *RateLimitedError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limited = e
}

func (c *Call) noteAPIError(e *APIError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcome.answers[e.Status] = e
	if e.Status == http.StatusTooManyRequests {
		c.limited = &RateLimitedError{Text: e.Error()}
	}
}

// answer is what the plugin gets of the tenant's answer: nothing in which the token
// is echoed.
func (c *Call) answer(response exchange, body []byte) *pluginv1.RoundTripResponse {
	status := int32(response.StatusCode) //nolint:gosec // an HTTP status fits
	answer := &pluginv1.HTTPResponse{Status: status, Body: c.gate.cfg.Redact.Values(body)}
	for name, values := range response.Header {
		if name == "Set-Cookie" {
			continue
		}
		header := &pluginv1.Header{Name: name}
		for _, value := range values {
			header.Values = append(header.Values, string(c.gate.cfg.Redact.Values([]byte(value))))
		}
		answer.Headers = append(answer.Headers, header)
	}
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Response{Response: answer}}
}

// httpRequest builds what goes out. Of the plugin's headers only those that describe
// the body survive.
func (c *Call) httpRequest(ctx context.Context, r *request, s sender) (*http.Request, error) {
	target := "https://" + s.domain + r.GetPath()
	if r.GetQuery() != "" {
		target += "?" + r.GetQuery()
	}
	request, err := http.NewRequestWithContext(ctx, r.GetMethod(), target, bytes.NewReader(r.GetBody()))
	if err != nil {
		return nil, errors.New("it does not form a valid request")
	}
	for _, header := range r.GetHeaders() {
		if describesBody(header) {
			request.Header[http.CanonicalHeaderKey(header.GetName())] = header.GetValues()
		}
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("User-Agent", c.gate.cfg.UserAgent+" "+c.grant.Plugin+"/"+c.grant.PluginVersion)
	request.Header.Set("Auth0-Client", c.telemetry())
	return request, nil
}

// telemetry is the Auth0-Client header, by which the tenant's log tells who
// called: base64url JSON with name, version and environment, as Auth0's own
// libraries send it.
func (c *Call) telemetry() string {
	type environment struct {
		Go     string `json:"go"`
		Plugin string `json:"plugin"`
	}
	info, err := json.Marshal(struct {
		Name        string      `json:"name"`
		Version     string      `json:"version"`
		Environment environment `json:"env"`
	}{"auth0-mcp", c.gate.cfg.Version, environment{runtime.Version(), c.grant.Plugin + "/" + c.grant.PluginVersion}})
	if err != nil {
		return "" // strings always encode
	}
	return base64.RawURLEncoding.EncodeToString(info)
}
