// Package egress is the only holder of the token on a call's path. Every HTTP
// request of every plugin passes through a Gate, which alone adds the token and
// refuses what goes beyond the call that the request belongs to.
package egress

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
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
	// Prepare, if set, is run once, beside the first call, which starts a plugin meanwhile: what the first request would
	// wait for.
	Prepare func()
	// Redact is told of every token in use; nil: nothing is.
	Redact *redact.Redactor
	// Vault has the key of fingerprints, and keeps what Auth0 answers once; nil: the key is this gate's own, and nothing
	// is kept.
	Vault *vault.Vault
	// UserAgent and Version name the host to the tenant.
	UserAgent, Version string
	// Files are the folders below which files may be written.
	Files fileroot.Roots
	// ReadOnly refuses every request that is not GET or HEAD, and every file, whatever
	// tools declare.
	ReadOnly bool
	// ReadBudget bounds all the attempts of one read, WriteBudget those of a write;
	// zero: 10 s and 30 s.
	ReadBudget, WriteBudget time.Duration
	// RateLimit says how much of the tenant's rate limit is used.
	RateLimit ratelimit.Config
	// MaxWait is how long a request waits for its turn; zero: ratelimit.DefaultMaxWait.
	MaxWait time.Duration
	// SignIn says how to get a valid token, MoreScopes how to get one with more scopes:
	// they end the texts about a rejected token and a missing scope.
	SignIn, MoreScopes string
	// Log gets method, path, status and duration of requests; nil discards.
	Log *slog.Logger
}

// Gate lets requests of calls in progress through to one tenant.
type Gate struct {
	cfg     Config
	limiter *ratelimit.Limiter
	maxKept int // the constant, but in a test
	// bodies are buffers to read answers into, whose sizes are mostly not announced.
	bodies sync.Pool

	mu     sync.Mutex
	rules  map[string]pluginv1.PathRule // those of the tools that were called, by their text
	calls  map[string]*Call             // those in progress, by their ids
	opened uint64                       // how many there were so far
}

// New makes a Gate. It sends nothing.
func New(cfg Config) *Gate {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Redact == nil {
		cfg.Redact = new(redact.Redactor)
	}
	if cfg.Vault == nil {
		cfg.Vault = vault.New("")
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
	return &Gate{cfg: cfg, limiter: ratelimit.New(cfg.RateLimit), maxKept: maxKept, calls: map[string]*Call{},
		rules: map[string]pluginv1.PathRule{}}
}

// RoundTrip sends one request of a plugin's process. plugin is the identity of
// the connection it came on, not what the process claims. Failures are inside
// the response.
func (g *Gate) RoundTrip(ctx context.Context, plugin string, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
	c := g.begin(r.GetCallId(), plugin)
	if c == nil {
		return failure(pluginv1.Failure_CODE_CALL_ENDED, "%s %s was not sent: it belongs to no call of plugin %s in progress",
			clipped(r.GetMethod()), clipped(r.GetPath()), plugin)
	}
	defer c.underWay.Done()
	path, reason := c.policy(r)
	if reason != "" {
		method, asked := clipped(r.GetMethod()), clipped(r.GetPath())
		text := fmt.Sprintf("%s %s was refused: %s", method, asked, reason)
		c.noteRefusal(text)
		c.refuseRequest(method, asked, c.rule(r), reason)
		return c.fails(pluginv1.Failure_CODE_REFUSED, text)
	}
	if len(r.GetBody()) > pluginv1.MaxBodyBytes {
		return c.fails(pluginv1.Failure_CODE_TOO_LARGE,
			fmt.Sprintf("%s %s was not sent: its body is over %d bytes", r.GetMethod(), r.GetPath(), pluginv1.MaxBodyBytes))
	}
	if err := misplaced(r); err != nil {
		return c.refuseMarker(r, err)
	}
	r = atPath(r, path)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	if !isRead(r) {
		return c.change(ctx, r)
	}
	if answer, ok := c.simulation.Read(r.GetPath()); ok && c.grant.DryRun {
		return simulated(answer)
	}
	return c.send(ctx, r)
}

// maxQuoted bounds what a refusal repeats of a request, in bytes: a plugin may send
// any text for a method or a path.
const maxQuoted = 200

func clipped(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	return strings.ToValidUTF8(text[:maxQuoted], "") + "…"
}

// begin finds the call that a request belongs to, and notes that one of its requests
// is under way; nil if there is no such call. A foreign id is answered like a dead
// one: it must not even confirm that the call exists.
func (g *Gate) begin(id, plugin string) *Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.calls[id]
	if c == nil || c.grant.Plugin != plugin {
		return nil
	}
	c.underWay.Add(1)
	return c
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

// tokenError says that the source has no valid token.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

func failure(code pluginv1.Failure_Code, format string, args ...any) *pluginv1.RoundTripResponse {
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Failure{
		Failure: &pluginv1.Failure{Code: code, Message: fmt.Sprintf(format, args...)}}}
}
