package egress

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

const (
	// defaultReadBudget bounds one read, all its attempts and its body: longer than
	// this a user waits for nothing, and many MCP clients give up at 60 s.
	defaultReadBudget = 10 * time.Second
	// writeBudget bounds one write. It is longer: a write that was given up may have
	// happened, and a user must then look.
	writeBudget = 30 * time.Second
	firstDelay  = 200 * time.Millisecond
)

// budget is how long a request may take, to the last byte of its answer. Waiting
// for its turn is not part of it.
func (c *Call) budget(q *request) time.Duration {
	switch {
	case q.read:
		return c.patience()
	case c.gate.cfg.WriteBudget > 0:
		return c.gate.cfg.WriteBudget
	}
	return writeBudget
}

// patience is how long attempts are begun.
func (c *Call) patience() time.Duration {
	if c.gate.cfg.ReadBudget > 0 {
		return c.gate.cfg.ReadBudget
	}
	return defaultReadBudget
}

// exchange is an answer whose body is still to be read. end gives its place at the
// tenant to the next.
type exchange struct {
	*http.Response
	end func()
}

// attempts sends a request until it has an answer worth giving, within its budget
// and the tenant's rate limit. Reads are repeated on what may pass by itself; a
// write only if what became of it is known, and it was not carried out.
func (c *Call) attempts(ctx context.Context, q *request, as sender) (exchange, error) {
	var spent, waited time.Duration
	renewed, passed := false, false
	for delay := firstDelay; ; delay *= 2 {
		begun := time.Now()
		endpoint := ratelimit.EndpointOf(as.domain, q.GetMethod(), q.GetPath())
		p, err := c.gate.limiter.Enter(ctx, endpoint, c.gate.cfg.MaxWait-waited, c.waiting)
		waited += time.Since(begun)
		if err != nil {
			return exchange{}, err
		}
		bounded, cancel := context.WithTimeout(ctx, c.budget(q)-spent)
		end := sync.OnceFunc(func() { cancel(); p.Leave() })
		begun = time.Now()
		response, err := c.attempt(bounded, q, as, p)
		rejected := err == nil && rejects(response)
		spent += time.Since(begun)
		wait, again := time.Duration(0), false
		switch {
		case bounded.Err() != nil:
		case err != nil:
			wait, again = jitter(delay), !tenant.FaultOf(as.domain, err, true).Lasting && q.repeatable()
		case response.StatusCode == http.StatusUnauthorized && !rejected:
			// A gateway's answer says nothing about the token, and passes like one of 503.
			wait, again = jitter(delay), q.read && !passed
			passed = true
		case response.StatusCode == http.StatusUnauthorized:
			// Auth0 refused the request: nothing has happened, so even a write may
			// go again, once, if the source has a newer token.
			if !renewed {
				end() // a renewal may take long, and must not hold a place at the tenant
				before := as.domain
				as, again = c.gate.renewed(ctx, as)
				// What was meant for one tenant is not for another, and what was checked for one session not for another.
				again = again && as.domain == before && (q.read || q.as.sameAs(holderOf(as.token)))
			}
			renewed = true
		case response.StatusCode == http.StatusTooManyRequests:
			// The limiter has seen it too, and lets nothing through before the reset.
			wait = jitter(delay)
			again = q.repeatable() && p.ResetsWithin(c.gate.cfg.MaxWait-waited)
		case !q.read:
		case response.StatusCode == http.StatusBadGateway, response.StatusCode == http.StatusServiceUnavailable,
			response.StatusCode == http.StatusGatewayTimeout:
			wait, again = jitter(delay), true
		}
		if spent += wait; !again || spent > c.patience() {
			if err != nil {
				end()
			}
			return exchange{response, end}, err
		}
		if response != nil {
			_ = response.Body.Close()
		}
		end()
		if !sleep(ctx, wait) {
			return exchange{}, ctx.Err()
		}
	}
}

// attempt sends a request once.
func (c *Call) attempt(ctx context.Context, q *request, as sender, p *ratelimit.Place) (*http.Response, error) {
	r, err := c.httpRequest(ctx, q, as)
	if err != nil {
		return nil, err
	}
	if err := q.record.Sending(as.domain); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err() // a transport that began with it could not tell whether it was sent
	}
	var looked, connected, reused, wrote atomic.Bool
	trace := &httptrace.ClientTrace{GetConn: func(string) { looked.Store(true) },
		GotConn:      func(got httptrace.GotConnInfo) { connected.Store(true); reused.Store(got.Reused) },
		WroteHeaders: func() { wrote.Store(true) }}
	q.end = ending{begun: true}
	// RoundTrip of the transport, not an http.Client: no redirect is followed,
	// so the token goes to the tenant and nowhere else.
	response, err := c.gate.cfg.Transport.RoundTrip(r.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		// Without a connection nothing of it was written: that it is made at all means
		// that TLS was finished with the tenant itself. Nor can a request be carried out whose
		// headers were not written to the end.
		fault := tenant.FaultOf(as.domain, err, connected.Load())
		q.end.unreached = !connected.Load() && (looked.Load() || fault.Unsent) || connected.Load() && !wrote.Load() ||
			fault.Handshake && !reused.Load()
		return nil, err
	}
	q.end.status, q.end.header = response.StatusCode, response.Header
	p.Observe(response.StatusCode, response.Header)
	return response, nil
}

// rejects reports whether an answer is Auth0's verdict on the token: a 401 in the form of
// the Management API, and not a gateway's. The body stays readable.
func rejects(response *http.Response) bool {
	const most = 64 << 10
	if response.StatusCode != http.StatusUnauthorized {
		return false
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil || len(body) == most {
		response.Body = prefixed{io.MultiReader(bytes.NewReader(body), response.Body), response.Body}
		return false
	}
	_ = response.Body.Close() // its connection is free during a renewal
	response.Body = io.NopCloser(bytes.NewReader(body))
	_, ok := tenant.ParseRefusal(response.StatusCode, body)
	return ok
}

// prefixed is a body whose beginning was read already.
type prefixed struct {
	io.Reader
	io.Closer
}

// waiting tells the call's caller that a request waits for its turn.
func (c *Call) waiting(note string) { c.Report(0, 0, note) }

// renewed tells the source of a refusal and reports whether it has another token.
func (g *Gate) renewed(ctx context.Context, refused sender) (sender, bool) {
	if g.cfg.Refused != nil {
		g.cfg.Refused(refused.token)
	}
	fresh, err := g.sender(ctx)
	return fresh, err == nil && fresh != refused
}

func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2) //nolint:gosec // spreads retries; nothing secret
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
