package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
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
	renewed := false
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
		spent += time.Since(begun)
		wait, again := time.Duration(0), false
		switch {
		case bounded.Err() != nil:
		case err != nil:
			wait, again = jitter(delay), maySucceedLater(err) && q.repeatable()
		case response.StatusCode == http.StatusUnauthorized:
			// Auth0 refused the request: nothing has happened, so even a write may
			// go again, once, if the source has a newer token.
			if !renewed {
				// A renewal may take long, and must not hold a place at the tenant.
				if err := keepBody(response); err == nil {
					end()
				}
				before := as.domain
				as, again = c.gate.renewed(ctx, as)
				again = again && as.domain == before // what was meant for one tenant is not for another
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
	var looked, connected atomic.Bool
	trace := &httptrace.ClientTrace{GetConn: func(string) { looked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	q.end = ending{begun: true}
	// RoundTrip of the transport, not an http.Client: no redirect is followed,
	// so the token goes to the tenant and nowhere else.
	response, err := c.gate.cfg.Transport.RoundTrip(r.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		// Without a connection nothing of it was written: that it is made at all means
		// that TLS was finished with the tenant itself.
		q.end.unreached = !connected.Load() && (looked.Load() || failedBeforeSending(err))
		return nil, err
	}
	q.end.status, q.end.header = response.StatusCode, response.Header
	p.Observe(response.StatusCode, response.Header)
	return response, nil
}

// keepBody reads a short answer, so that its connection is free.
func keepBody(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	return nil
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

// failedBeforeSending reports whether an error is of a kind that comes before a byte of
// the request was sent, for transports that do not tell of their connections.
func failedBeforeSending(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || isTLSRefusal(err)
}

// maySucceedLater reports whether waiting can help: it does not against a
// certificate that is not trusted or a name that does not exist.
func maySucceedLater(err error) bool {
	var dns *net.DNSError
	return !isTLSRefusal(err) && (!errors.As(err, &dns) || !dns.IsNotFound)
}

func isTLSRefusal(err error) bool {
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &authority)
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
