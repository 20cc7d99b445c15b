package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Drop says when a scripted fault cuts the connection.
type Drop int

const (
	// DropNever leaves the connection alone.
	DropNever Drop = iota
	// DropBefore cuts it before the request has been processed: nothing changed.
	DropBefore
	// DropAfter cuts it after the request has been processed: what it asked for
	// has happened, but the caller never learns.
	DropAfter
	// DropInHeader cuts it after the request has been processed, in the middle of
	// the answer's header. In process, and over HTTP/2, it is DropAfter.
	DropInHeader
	// DropInBody cuts it after the request has been processed, in the middle of the
	// answer's body.
	DropInBody
)

// FaultRule is a scripted fault. It says which requests it meets, how often, and
// what happens to them.
type FaultRule struct {
	// Method is the HTTP method to match; empty matches all.
	Method string
	// Path matches the path as it was sent, for instance "/api/v2/clients/*". A
	// star stands for any run of characters; empty matches all.
	Path string
	// Times is how many requests the rule meets: zero means one, a negative
	// number all, until ClearFaults.
	Times int
	// Status is the status to answer with; the request is then not processed.
	// Zero processes it, after Latency.
	Status int
	// Body is the body of that answer. Empty, it is the usual error body for the
	// status: that of the Authentication API on its paths, else the Management
	// API's; none at all for 204 and 304.
	Body string
	// Header is added to the answer.
	Header http.Header
	// Met, if set, is called for each request that the rule meets, as soon as it has arrived.
	Met func()
	// Latency is waited out before anything else.
	Latency time.Duration
	// Drop cuts the connection instead of answering.
	Drop Drop
	// Reset, if not zero, lets the answer say that the rate limit is used up and
	// that it resets so long after the answer.
	Reset time.Duration
	// Skew is how far the tenant's clock is ahead in this answer: in its Date, and
	// in the time at which the rate limit resets.
	Skew time.Duration
	// SlowHeader and SlowBody are how long the answer's header and its body take,
	// in small pieces. In process, and over HTTP/2, a header comes in one piece.
	SlowHeader, SlowBody time.Duration
	// Malformed leaves the second half of the body out, so that it is no JSON.
	Malformed bool
	// ExtraLength is how many bytes more than it has the answer's Content-Length
	// says; a negative one cuts the body short.
	ExtraLength int
	// Huge, if not zero, replaces the body with a JSON string of so many bytes;
	// Gzip sends it compressed, which is a thousandth of them.
	Huge int64
	Gzip bool
}

// errDropped is a scripted connection drop.
var errDropped = errors.New("sandbox: connection dropped by a fault rule")

// Fail scripts a fault. Rules are tried in the order they were given; the first
// that matches, and is not used up, applies alone.
func (t *Tenant) Fail(rule FaultRule) {
	if rule.Times == 0 {
		rule.Times = 1
	}
	rule.Header = rule.Header.Clone()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, &rule)
}

// ClearFaults removes all scripted faults.
func (t *Tenant) ClearFaults() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = nil
}

// RateLimited is the rule of an exhausted rate limit, in the API's words: one 429
// whose X-RateLimit-Reset is the given time. Set its Times for more.
func RateLimited(method, path string, reset time.Time) FaultRule {
	return FaultRule{
		Method: method,
		Path:   path,
		Status: http.StatusTooManyRequests,
		Header: http.Header{
			headerLimit:     {"10"},
			headerRemaining: {"0"},
			headerReset:     {strconv.FormatInt(reset.Unix(), 10)},
		},
	}
}

// OAuthFault is the rule of one error of the token endpoint, with the status and
// the wording that the tenant itself uses: any code of RFC 6749 section 5.2 or RFC
// 8628 section 3.5, for instance "slow_down" or "invalid_grant"; another code is
// answered with status 400. Set its Times for more than one, its Path for another
// endpoint.
func OAuthFault(code string) FaultRule {
	problem := oauthProblem(code)
	return FaultRule{Method: http.MethodPost, Path: tokenPath, Status: problem.status,
		Body: string(encode(problem.body()))}
}

// takeFault finds the rule for a request and uses it up once.
func (t *Tenant) takeFault(method, path string) (FaultRule, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, rule := range t.faults {
		if rule.Method != "" && !strings.EqualFold(rule.Method, method) {
			continue
		}
		if rule.Path != "" && !globMatch(rule.Path, path) {
			continue
		}
		if rule.Times > 0 {
			rule.Times--
			if rule.Times == 0 {
				t.faults = append(t.faults[:i:i], t.faults[i+1:]...)
			}
		}
		return *rule, true
	}
	return FaultRule{}, false
}

func (rule FaultRule) answer(path string) (int, []byte) {
	if rule.Body != "" || rule.Status == http.StatusNoContent || rule.Status == http.StatusNotModified {
		return rule.Status, []byte(rule.Body)
	}
	if onOAuthPath(path) {
		return rule.Status, encode(oauthFailure(rule.Status).body())
	}
	problem := &apiError{status: rule.Status, message: http.StatusText(rule.Status)}
	if rule.Status == http.StatusTooManyRequests {
		problem.message, problem.code = "Global limit has been reached", "too_many_requests"
	}
	return rule.Status, encode(problem.body())
}

// wait sleeps, unless the request's caller gives up first.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sandbox: wait out scripted latency: %w", context.Cause(ctx))
	}
}

// globMatch matches text against a pattern whose stars stand for any run of
// characters, the empty one and slashes included.
func globMatch(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(text, first) || len(text) < len(first)+len(last) || !strings.HasSuffix(text, last) {
		return false
	}
	rest := text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return true
}
