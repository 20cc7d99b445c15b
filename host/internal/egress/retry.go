package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

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

// budget is how long a request may take, to the last byte of its answer.
func (c *Call) budget(r *pluginv1.RoundTripRequest) time.Duration {
	if !slices.Contains(pluginv1.EffectRead.Methods(), r.GetMethod()) {
		return writeBudget
	}
	return c.patience()
}

// patience is how long attempts are begun.
func (c *Call) patience() time.Duration {
	if c.gate.cfg.ReadBudget > 0 {
		return c.gate.cfg.ReadBudget
	}
	return defaultReadBudget
}

// attempts sends a request until it has an answer worth giving; ctx ends with the
// budget. Reads are repeated on what may pass by itself; a write only if it
// cannot have arrived.
func (c *Call) attempts(ctx context.Context, r *pluginv1.RoundTripRequest, as sender, trail *trail) (*http.Response, error) {
	deadline := time.Now().Add(c.patience())
	reading := slices.Contains(pluginv1.EffectRead.Methods(), r.GetMethod())
	renewed := false
	for delay := firstDelay; ; delay *= 2 {
		request, err := c.request(ctx, r, as)
		if err != nil {
			return nil, err
		}
		if err := trail.Sending(as.domain); err != nil {
			return nil, err
		}
		c.noteWrite(reading)
		// RoundTrip of the transport, not an http.Client: no redirect is followed,
		// so the token goes to the tenant and nowhere else.
		response, err := c.gate.cfg.Transport.RoundTrip(request)
		wait, again := time.Duration(0), false
		switch {
		case ctx.Err() != nil:
			return response, err
		case err != nil:
			wait, again = jitter(delay), maySucceedLater(err) && (reading || neverArrived(err))
		case response.StatusCode == http.StatusUnauthorized:
			// Auth0 refused the request: nothing has happened, so even a write may
			// go again, once, if the source has a newer token.
			if !renewed {
				as, again = c.gate.renewed(ctx, as)
			}
			renewed = true
		case !reading:
		case response.StatusCode == http.StatusTooManyRequests:
			wait, again = untilReset(response.Header, jitter(delay)), true
		case response.StatusCode == http.StatusBadGateway, response.StatusCode == http.StatusServiceUnavailable, response.StatusCode == http.StatusGatewayTimeout:
			wait, again = jitter(delay), true
		}
		if !again || time.Now().Add(wait).After(deadline) {
			return response, err
		}
		if response != nil {
			_ = response.Body.Close()
		}
		if !sleep(ctx, wait) {
			return nil, ctx.Err()
		}
	}
}

func (c *Call) noteWrite(reading bool) {
	if reading {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrote = true
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

// untilReset is how long Auth0 asks to wait: X-RateLimit-Reset (epoch seconds)
// or Retry-After (seconds).
// Source: https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy
func untilReset(h http.Header, otherwise time.Duration) time.Duration {
	if at, ok := resetTime(h); ok {
		return max(time.Until(at), otherwise)
	}
	return otherwise
}

func resetTime(h http.Header) (time.Time, bool) {
	if seconds, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		return time.Unix(seconds, 0), true
	}
	if seconds, err := strconv.ParseInt(h.Get("Retry-After"), 10, 64); err == nil {
		return time.Now().Add(time.Duration(seconds) * time.Second), true
	}
	return time.Time{}, false
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
