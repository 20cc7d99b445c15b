// Package egress is the only holder of the token on a call's path. Every HTTP
// request of every plugin passes through a Gate, which alone adds the token and
// refuses what goes beyond the call that the request belongs to.
package egress

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Config is what a Gate needs.
type Config struct {
	// Domain is the tenant, host or host:port. Every request goes to it, over https.
	Domain string
	// Tokens gives the token of every request.
	Tokens oauth2.TokenSource
	// Current, if set, takes the place of Tokens: it gives a token and the tenant
	// that it is for together, so that none is used with another's domain, and
	// waits for a renewal no longer than the call.
	Current func(context.Context) (domain string, token *oauth2.Token, err error)
	// Refused, if set, is told of a token that the tenant answered with 401, before
	// the next is asked for.
	Refused   func(token string)
	Transport http.RoundTripper
	// Redact is told of every token in use; nil: nothing is.
	Redact *redact.Redactor
	// UserAgent and Version name the host to the tenant.
	UserAgent, Version string
	// ReadOnly refuses every request that is not GET or HEAD, whatever tools declare.
	ReadOnly bool
	// ReadBudget bounds all the attempts of one read, WriteBudget those of a write;
	// zero: 10 s and 30 s.
	ReadBudget, WriteBudget time.Duration
	// RateLimit says how much of the tenant's rate limit is used.
	RateLimit ratelimit.Config
	// MaxWait is how long a request waits for its turn; zero: ratelimit.DefaultMaxWait.
	MaxWait time.Duration
	// SignIn says how to get a valid token; it ends the text of a 401.
	SignIn string
	// Log gets method, path, status and duration of requests; nil discards.
	Log *slog.Logger
}

// Gate lets requests of calls in progress through to one tenant.
type Gate struct {
	cfg     Config
	limiter *ratelimit.Limiter

	mu    sync.Mutex
	calls map[string]*Call
}

// New makes a Gate. It sends nothing.
func New(cfg Config) *Gate {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Redact == nil {
		cfg.Redact = new(redact.Redactor)
	}
	if cfg.Current == nil {
		cfg.Current = func(context.Context) (string, *oauth2.Token, error) {
			token, err := cfg.Tokens.Token()
			return cfg.Domain, token, err
		}
	}
	if cfg.MaxWait == 0 {
		cfg.MaxWait = ratelimit.DefaultMaxWait
	}
	return &Gate{cfg: cfg, limiter: ratelimit.New(cfg.RateLimit), calls: map[string]*Call{}}
}

// Grant says whose call it is and what it may do.
type Grant struct {
	Plugin, PluginVersion string
	Tool                  pluginv1.ToolManifest
	// DryRun lets reads through only: writes are noted and answered by a simulation.
	DryRun bool
	// Plan, if set, is what was approved: no other write is sent.
	Plan *plan.Plan
	// Audit records the call's requests; nil records nothing.
	Audit *audit.Call
	// Waiting, if set, is told what a request of the call waits for, again and again
	// while it does. It may be called from several requests at a time.
	Waiting func(note string)
}

// Call is one tool call in progress. Requests are let through until Close.
type Call struct {
	gate   *Gate
	id     string
	grant  Grant
	rules  []pluginv1.PathRule
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	refusals []string // the first maxRefusals
	refused  int      // all of them
	wrote    bool
	// signedOut says why the latest request was not sent for want of a token.
	signedOut   string
	notRecorded string
	// limited says why a request was refused by the rate limit, ours or Auth0's.
	limited *Limited
	// uncertain: a write was sent, and nobody knows what became of it; changing are
	// those whose end is not known yet.
	uncertain bool
	changing  int
	failed    map[int]*apiError // the last error answer with each status
	changes   []plan.Change
	// simulation is what the writes of a dry run led to, and execution how far the
	// approved plan has been carried out, nil without one.
	simulation plan.Simulation
	execution  *plan.Execution
	stepping   sync.Mutex
	deviation  string
	domain     string // the tenant of the first request
}

// Open begins a call. Its id cannot be guessed, and serves the granted plugin only.
func (g *Gate) Open(ctx context.Context, grant Grant) (*Call, error) {
	c := &Call{gate: g, id: rand.Text(), grant: grant, failed: map[int]*apiError{}}
	if grant.Plan != nil {
		c.execution = grant.Plan.Execute()
	}
	for _, rule := range grant.Tool.Paths {
		r, err := pluginv1.ParsePathRule(rule)
		if err != nil {
			return nil, fmt.Errorf("tool %s: %w", grant.Tool.Name, err)
		}
		c.rules = append(c.rules, r)
	}
	c.ctx, c.cancel = context.WithCancel(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls[c.id] = c
	return c, nil
}

// ID names the call towards the plugin.
func (c *Call) ID() string { return c.id }

// Close ends the call: requests in flight are aborted, later ones refused.
func (c *Call) Close() {
	c.gate.mu.Lock()
	delete(c.gate.calls, c.id)
	c.gate.mu.Unlock()
	c.cancel()
}

// maxRefusals is how many refusals of a call are told: a plugin may go on for as long
// as its call lasts.
const maxRefusals = 20

// Refusals are the first requests that were refused during the call, and how many
// there were in all. A plugin may hide a refusal from its caller; the host need not.
func (c *Call) Refusals() (first []string, all int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.refusals), c.refused
}

func (c *Call) noteRefusal(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused++; len(c.refusals) < maxRefusals {
		c.refusals = append(c.refusals, text)
	}
}

// SignedOut says that the latest request was not sent because there is no valid token,
// and what mends it; "" if that did not happen, or a later one had a token.
func (c *Call) SignedOut() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.signedOut
}

// Limited is a request that a rate limit kept from being carried out.
type Limited struct {
	// Text says which request, why, and when to try again.
	Text string
	// Busy is true if it was not the tenant's limit, but that too many requests of
	// this server were under way.
	Busy bool
}

// Limited is the last request of the call that a rate limit kept from being carried
// out; nil if that did not happen, or if worse did: a write that may have happened
// is what must be told, not that another request can be tried later.
func (c *Call) Limited() *Limited {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.uncertain {
		return nil
	}
	return c.limited
}

func (c *Call) noteSignedOut(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signedOut = text
}

func (c *Call) noteLimited(text string, busy bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limited = &Limited{text, busy}
}

// Wrote reports whether a request that may change the tenant was sent.
func (c *Call) Wrote() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wrote
}

// Uncertain reports whether a request was sent that may have changed the tenant or
// not. A change that is among Changes is none of these.
func (c *Call) Uncertain() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.uncertain || c.wrote && c.changing > 0
}

// unsure notes that a request was sent and nobody knows what became of it.
func (c *Call) unsure(r *pluginv1.RoundTripRequest) {
	if isRead(r) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.uncertain = true
}

// beginChange notes that a change is under way until the returned function is called.
func (c *Call) beginChange() (end func()) {
	add := func(n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changing += n
	}
	add(1)
	return func() { add(-1) }
}

// RoundTrip sends one request of a plugin's process. plugin is the identity of
// the connection it came on, not what the process claims. Failures are inside
// the response.
func (g *Gate) RoundTrip(ctx context.Context, plugin string, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
	g.mu.Lock()
	c := g.calls[r.GetCallId()]
	g.mu.Unlock()
	// A foreign id is answered like a dead one: it must not even confirm that
	// the call exists.
	if c == nil || c.grant.Plugin != plugin {
		return failure(pluginv1.Failure_CODE_CALL_ENDED, "%s %s was not sent: it belongs to no call of plugin %s in progress", r.GetMethod(), r.GetPath(), plugin)
	}
	if reason := c.policy(r); reason != "" {
		text := fmt.Sprintf("%s %s was refused: %s", r.GetMethod(), r.GetPath(), reason)
		c.noteRefusal(text)
		c.grant.Audit.RefuseRequest(r.GetMethod(), r.GetPath(), c.rule(r), reason)
		return failure(pluginv1.Failure_CODE_REFUSED, "%s", text)
	}
	if len(r.GetBody()) > pluginv1.MaxBodyBytes {
		return failure(pluginv1.Failure_CODE_TOO_LARGE, "%s %s was not sent: its body is over %d bytes", r.GetMethod(), r.GetPath(), pluginv1.MaxBodyBytes)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	if !slices.Contains(pluginv1.EffectRead.Methods(), r.GetMethod()) {
		defer c.beginChange()()
		return c.change(ctx, r)
	}
	if answer, ok := c.simulation.Read(r.GetPath()); ok && c.grant.DryRun {
		return simulated(answer)
	}
	return c.send(ctx, r)
}

// policy says why a request may not be sent; "" if it may.
func (c *Call) policy(r *pluginv1.RoundTripRequest) string {
	method, tool := r.GetMethod(), c.grant.Tool
	reading := slices.Contains(pluginv1.EffectRead.Methods(), method)
	switch {
	case !pluginv1.CleanPath(r.GetPath()):
		return "its path is not a clean path below " + pluginv1.BasePath
	case c.gate.cfg.ReadOnly && !reading:
		return "the server is read-only"
	case !slices.Contains(tool.Effect.Methods(), method):
		return fmt.Sprintf("%s declares the effect %q", tool.Name, tool.Effect)
	case len(c.rules) > 0 && !slices.ContainsFunc(c.rules, func(rule pluginv1.PathRule) bool { return rule.Match(method, r.GetPath()) }):
		return tool.Name + " does not declare it"
	}
	if _, err := url.ParseQuery(r.GetQuery()); err != nil || strings.ContainsFunc(r.GetQuery(), outsideQuery) {
		return "its query is malformed"
	}
	for _, header := range r.GetHeaders() {
		if slices.ContainsFunc(header.GetValues(), func(value string) bool { return strings.ContainsFunc(value, outsideHeader) }) && describesBody(header) {
			return fmt.Sprintf("its header %s is malformed", http.CanonicalHeaderKey(header.GetName()))
		}
	}
	return ""
}

// describesBody reports whether a plugin's header is sent: everything about
// identity is the host's.
func describesBody(header *pluginv1.Header) bool {
	name := http.CanonicalHeaderKey(header.GetName())
	return name == "Content-Type" || name == "Accept"
}

// outsideHeader reports whether a character cannot stand in a header: a line end
// would begin another one.
func outsideHeader(r rune) bool { return r < ' ' || r > '~' }

// outsideQuery reports whether a character cannot stand in a query as it is: a
// space would end the request line, and what is behind "#" is never sent.
func outsideQuery(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }

func (c *Call) exchange(ctx context.Context, r *pluginv1.RoundTripRequest, trail *trail) *pluginv1.RoundTripResponse {
	begun := time.Now()
	// A renewal of the token, by another process perhaps, has bounds of its own, and
	// so has the wait for the rate limit: neither must take the request's time.
	sender, err := c.gate.sender(ctx)
	var response exchange
	if err == nil {
		if from := c.tenant(sender.domain); from != sender.domain {
			return failure(pluginv1.Failure_CODE_REFUSED, "%s %s was not sent: the profile has gone from the tenant %s to %s meanwhile, and a call is for one of them. Call the tool again; if that does not help, start the server again",
				r.GetMethod(), r.GetPath(), from, sender.domain)
		}
	}
	if err == nil {
		c.noteSignedOut("")
		response, err = c.attempts(ctx, r, sender, trail)
	}
	trail.err = err
	var tokenErr *tokenError
	var unrecorded *audit.NotRecordedError
	var limitedErr *ratelimit.LimitedError
	switch {
	case err == nil:
	case errors.As(err, &unrecorded):
		return c.unrecorded(r, err)
	case ctx.Err() != nil:
		return failure(pluginv1.Failure_CODE_CALL_ENDED, "%s %s was aborted: the call ended", r.GetMethod(), r.GetPath())
	case errors.As(err, &tokenErr):
		text := fmt.Sprintf("%s %s was not sent: %v", r.GetMethod(), r.GetPath(), tokenErr)
		c.noteSignedOut(text)
		return failure(pluginv1.Failure_CODE_TRANSPORT, "%s", text)
	case errors.As(err, &limitedErr):
		text := fmt.Sprintf("%s %s was not sent: %v", r.GetMethod(), r.GetPath(), limitedErr)
		c.noteLimited(text, limitedErr.Reset.IsZero())
		return failure(pluginv1.Failure_CODE_TRANSPORT, "%s", text)
	default:
		return failure(pluginv1.Failure_CODE_TRANSPORT, "%s", c.transportText(r, err))
	}
	defer response.end()
	defer response.Body.Close()
	trail.answered(response.Response)
	// Method, path and status only: queries and bodies hold what must not be logged.
	c.gate.cfg.Log.Debug("request", "plugin", c.grant.Plugin, "tool", c.grant.Tool.Name, "method", r.GetMethod(), "path", r.GetPath(),
		"status", response.StatusCode, "took", time.Since(begun))
	if response.StatusCode >= 300 && response.StatusCode < 400 && response.StatusCode != http.StatusNotModified {
		return failure(pluginv1.Failure_CODE_TRANSPORT, "%s %s: %s redirects, which is not followed: check the tenant's domain", r.GetMethod(), r.GetPath(), c.gate.cfg.Domain)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, pluginv1.MaxBodyBytes+1))
	if err != nil {
		trail.err = err
		return failure(pluginv1.Failure_CODE_TRANSPORT, "%s", c.transportText(r, err))
	}
	switch {
	case len(body) > pluginv1.MaxBodyBytes && !isRead(r):
		c.unsure(r)
		return failure(pluginv1.Failure_CODE_TOO_LARGE, "%s %s was answered with %d and over %d bytes, which are not shown: look before you try again", r.GetMethod(), r.GetPath(), response.StatusCode, pluginv1.MaxBodyBytes)
	case len(body) > pluginv1.MaxBodyBytes:
		return failure(pluginv1.Failure_CODE_TOO_LARGE, "%s %s: the answer is over %d bytes: ask for fewer items or fields", r.GetMethod(), r.GetPath(), pluginv1.MaxBodyBytes)
	}
	if response.StatusCode >= http.StatusBadRequest {
		seen := c.parseAPIError(r, response.Response, body)
		c.mu.Lock()
		c.failed[response.StatusCode] = seen
		c.mu.Unlock()
		if response.StatusCode >= http.StatusInternalServerError {
			c.unsure(r)
		}
		if response.StatusCode == http.StatusTooManyRequests {
			c.noteLimited(seen.text()+". "+c.remedy(seen), false)
		}
	}
	answer := &pluginv1.HTTPResponse{Status: int32(response.StatusCode), Body: body} //nolint:gosec // an HTTP status fits
	for name, values := range response.Header {
		if name != "Set-Cookie" {
			answer.Headers = append(answer.Headers, &pluginv1.Header{Name: name, Values: values})
		}
	}
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Response{Response: answer}}
}

// tenant is the one that the call is for: that of its first request, or the one that a
// person decides about.
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

// tokenError says that the source has no valid token.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// request builds what goes out. Of the plugin's headers only those that describe
// the body survive.
func (c *Call) request(ctx context.Context, r *pluginv1.RoundTripRequest, s sender) (*http.Request, error) {
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

// sender is as whom a request goes out: a token with the tenant that it is for.
type sender struct{ domain, token string }

// sender is the current one. The error is a *tokenError.
func (g *Gate) sender(ctx context.Context) (sender, error) {
	domain, token, err := g.cfg.Current(ctx)
	if err != nil {
		return sender{}, &tokenError{err}
	}
	g.cfg.Redact.Remember(token.AccessToken)
	return sender{domain, token.AccessToken}, nil
}

// telemetry is the Auth0-Client header, by which the tenant's log tells who
// called: base64url JSON with name, version and environment, as Auth0's own
// libraries send it.
func (c *Call) telemetry() string {
	info, err := json.Marshal(map[string]any{"name": "auth0-mcp", "version": c.gate.cfg.Version,
		"env": map[string]string{"go": runtime.Version(), "plugin": c.grant.Plugin + "/" + c.grant.PluginVersion}})
	if err != nil {
		return "" // strings always encode
	}
	return base64.RawURLEncoding.EncodeToString(info)
}

func failure(code pluginv1.Failure_Code, format string, args ...any) *pluginv1.RoundTripResponse {
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Failure{
		Failure: &pluginv1.Failure{Code: code, Message: fmt.Sprintf(format, args...)}}}
}
