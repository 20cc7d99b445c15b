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
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// defaultReadBudget bounds one read, all its attempts and its body: longer than
	// this a person waits for nothing, and many MCP clients give up at 60 s.
	defaultReadBudget = 10 * time.Second
	// writeBudget bounds one write. It is longer: a write that was given up may have
	// happened, and somebody must then look.
	writeBudget = 30 * time.Second
	firstDelay  = 200 * time.Millisecond
)

func isRead(r *pluginv1.RoundTripRequest) bool {
	return slices.Contains(pluginv1.EffectRead.Methods(), r.GetMethod())
}

// budget is how long a request may take, to the last byte of its answer. Waiting
// for its turn is not part of it.
func (c *Call) budget(r *pluginv1.RoundTripRequest) time.Duration {
	switch {
	case isRead(r):
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
// write only if it cannot have arrived, or was turned away at the door.
func (c *Call) attempts(ctx context.Context, r *pluginv1.RoundTripRequest, as sender, trail *trail) (exchange, error) {
	var spent, waited time.Duration
	renewed := false
	for delay := firstDelay; ; delay *= 2 {
		begun := time.Now()
		p, err := c.gate.limiter.Enter(ctx, ratelimit.EndpointOf(as.domain, r.GetMethod(), r.GetPath()), c.gate.cfg.MaxWait-waited, c.waiting)
		waited += time.Since(begun)
		if err != nil {
			return exchange{}, err
		}
		bounded, cancel := context.WithTimeout(ctx, c.budget(r)-spent)
		end := sync.OnceFunc(func() { cancel(); p.Leave() })
		begun = time.Now()
		response, err := c.attempt(bounded, r, as, p, trail)
		spent += time.Since(begun)
		wait, again := time.Duration(0), false
		switch {
		case bounded.Err() != nil:
		case err != nil:
			trail.inDoubt = trail.inDoubt && !neverArrived(err)
			wait, again = jitter(delay), maySucceedLater(err) && (isRead(r) || neverArrived(err))
		case response.StatusCode == http.StatusUnauthorized:
			// Auth0 refused the request: nothing has happened, so even a write may
			// go again, once, if the source has a newer token.
			trail.inDoubt = false
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
			trail.inDoubt = trail.inDoubt && !ratelimit.Exhausted(response.StatusCode, response.Header)
			again = (isRead(r) || ratelimit.Exhausted(response.StatusCode, response.Header)) && p.ResetsWithin(c.gate.cfg.MaxWait-waited)
		case !isRead(r):
		case response.StatusCode == http.StatusBadGateway, response.StatusCode == http.StatusServiceUnavailable, response.StatusCode == http.StatusGatewayTimeout:
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
func (c *Call) attempt(ctx context.Context, r *pluginv1.RoundTripRequest, as sender, p *ratelimit.Place, trail *trail) (*http.Response, error) {
	request, err := c.request(ctx, r, as)
	if err != nil {
		return nil, err
	}
	if err := trail.Sending(as.domain); err != nil {
		return nil, err
	}
	if !c.noteWrite(isRead(r)) {
		return nil, context.Canceled
	}
	trail.inDoubt = !isRead(r)
	var connected atomic.Bool
	request = request.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}))
	// RoundTrip of the transport, not an http.Client: no redirect is followed,
	// so the token goes to the tenant and nowhere else.
	response, err := c.gate.cfg.Transport.RoundTrip(request)
	switch {
	case err == nil:
		p.Observe(response.StatusCode, response.Header)
	case connected.Load():
		err = &sentError{err}
	}
	return response, err
}

// sentError is the failure of a request for which there was a connection: whatever its
// cause, bytes of it may have arrived.
type sentError struct{ err error }

func (e *sentError) Error() string { return e.err.Error() }
func (e *sentError) Unwrap() error { return e.err }

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
func (c *Call) waiting(note string) {
	if c.grant.Waiting != nil {
		c.grant.Waiting(note)
	}
}

// noteWrite is asked before a request is sent. It is false for a write whose call
// has ended: what Wrote says after Close must stay true.
func (c *Call) noteWrite(reading bool) bool {
	if reading {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return false
	}
	c.wrote = true
	return true
}

// renewed tells the source of a refusal and reports whether it has another token.
func (g *Gate) renewed(ctx context.Context, refused sender) (sender, bool) {
	if g.cfg.Refused != nil {
		g.cfg.Refused(refused.token)
	}
	fresh, err := g.sender(ctx)
	return fresh, err == nil && fresh != refused
}

// neverArrived reports whether an error came before a byte of the request was
// sent: the address was not found, the connection or its TLS was not made.
func neverArrived(err error) bool {
	var sent *sentError
	if errors.As(err, &sent) {
		return false
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	return isTLSRefusal(err)
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
