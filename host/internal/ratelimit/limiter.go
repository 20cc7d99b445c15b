// Package ratelimit keeps all that goes out to a tenant within a share of its rate
// limit, as the tenant's answers tell of it.
package ratelimit

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// DefaultShare is how much of the tenant's rate limit is used, in percent:
	// the tenant's own applications sign people in with the same limit.
	DefaultShare = 50
	// defaultMaxInFlight is how many requests are under way at a time: half of the
	// smallest burst that Auth0 allows (10, on the free plan), because before the
	// first answer nothing is known of the limit.
	defaultMaxInFlight = 5
	// defaultMaxWaiting bounds the queue. It has room for all calls that the transport
	// lets run at once, 64 that read and 16 that write, some with two requests: what has
	// been accepted there is not turned away here.
	defaultMaxWaiting = 128
	// DefaultMaxWait is how long one request waits for its turn. With a read's own
	// 10 s it stays below the 60 s after which many MCP clients give a call up.
	DefaultMaxWait = 30 * time.Second
	// heartbeat is how often the caller hears that its request still waits.
	heartbeat = 5 * time.Second
)

// Limiter lets requests through to the tenant within a share of its rate limit,
// a few at a time, first come, first served, but for a place that is kept from reads.
// It runs nothing of its own: whoever
// waits looks after the queue.
type Limiter struct {
	share, maxInFlight, maxWaiting int

	mu       sync.Mutex
	limits   limits
	inFlight int       // places that are taken
	reads    int       // of these, by reads
	waiting  []*waiter // oldest first
	entered  uint64    // how many requests have entered so far
}

// Config is what a Limiter needs. The zero value takes every default.
type Config struct {
	// Share is how much of the tenant's rate limit is used, in percent; the rest is
	// left to the tenant's own applications. Zero: DefaultShare.
	Share int
	// MaxInFlight bounds the requests under way to the tenant, and MaxWaiting those that
	// wait for their turn; zero: 5 and 128.
	MaxInFlight, MaxWaiting int
}

// New makes a Limiter that knows nothing of the tenant's limits yet.
func New(cfg Config) *Limiter {
	return &Limiter{
		share: cmp.Or(cfg.Share, DefaultShare), maxInFlight: cmp.Or(cfg.MaxInFlight, defaultMaxInFlight),
		maxWaiting: cmp.Or(cfg.MaxWaiting, defaultMaxWaiting), limits: newLimits(),
	}
}

// waiter is a request that waits for its place.
type waiter struct {
	*Place
	ready chan struct{} // closed when it has one
	news  chan struct{} // an answer has changed how long the wait is
}

// Place is one of the places at the tenant. It is held until the answer has been
// read, so that answers that come slowly count too.
type Place struct {
	limiter  *Limiter
	endpoint Endpoint
	// counted is the bucket that the request counts in until its answer is there;
	// nil if none is known yet.
	counted  *bucket
	order    uint64
	answered bool
}

// LimitedError says why a request did not get a place.
type LimitedError struct {
	Why string
	// Reset and Wait tell when the limit resets, and how long that is; zero if it is
	// not the tenant's limit but that too many requests of this server are under way.
	Reset time.Time
	Wait  time.Duration
}

func (e *LimitedError) Error() string {
	if e.Reset.IsZero() {
		return e.Why + ": try again later, with fewer calls at a time"
	}
	return e.Why + ": " + ResetText(e.Wait, e.Reset)
}

// ResetText is when to try again.
func ResetText(wait time.Duration, reset time.Time) string {
	layout := time.TimeOnly + " UTC"
	if wait > 12*time.Hour {
		layout = time.DateTime + " UTC"
	}
	return fmt.Sprintf("try again in %d s, at %s", seconds(wait), reset.UTC().Format(layout))
}

// seconds rounds up: who comes back a moment too early is refused again.
func seconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

// Idle reports whether no request holds a place or waits for one.
func (l *Limiter) Idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.limits.buckets {
		if b.underWay != 0 {
			return false
		}
	}
	return l.inFlight == 0 && len(l.waiting) == 0 && l.limits.unknown == 0
}

// Enter waits until a request may be sent, for as long as patience at most, and
// tells note what for. It fails with a *LimitedError, at once if waiting cannot
// help, or as ctx does.
func (l *Limiter) Enter(ctx context.Context, e Endpoint, patience time.Duration, note func(string)) (*Place, error) {
	p := &Place{limiter: l, endpoint: e}
	l.mu.Lock()
	now := time.Now()
	if len(l.waiting) == 0 && l.admit(p, now) {
		l.mu.Unlock()
		return p, nil
	}
	if err := l.hopeless(p, now, now.Add(patience)); err != nil {
		l.mu.Unlock()
		return nil, err
	}
	w := &waiter{Place: p, ready: make(chan struct{}), news: make(chan struct{}, 1)}
	l.waiting = append(l.waiting, w)
	l.serve(now) // who waits already may wait for another bucket
	l.mu.Unlock()
	return l.wait(ctx, w, now, patience, note)
}

// hopeless says why a request need not begin to wait; nil if it may.
func (l *Limiter) hopeless(p *Place, now, deadline time.Time) error {
	until, reset := l.limits.blocked(p.endpoint, now, l.share)
	if until.After(deadline) {
		return l.usedUp(now, until, reset)
	}
	if len(l.waiting) >= l.maxWaiting {
		return &LimitedError{Why: fmt.Sprintf("%d requests wait for the tenant already", len(l.waiting)), Reset: reset,
			Wait: until.Sub(now)}
	}
	return nil
}

func (l *Limiter) usedUp(now, until, reset time.Time) error {
	why := "the tenant's rate limit is used up"
	if l.share < 100 {
		why = fmt.Sprintf("the %d %% of the tenant's rate limit that this server may use are used up", l.share)
	}
	return &LimitedError{Why: why, Reset: reset, Wait: max(until.Sub(now), reset.Sub(now))}
}

func (l *Limiter) wait(ctx context.Context, w *waiter, begun time.Time, patience time.Duration,
	note func(string)) (*Place, error) {
	deadline, told, limit := begun.Add(patience), begun, false
	for now := begun; ; now = time.Now() {
		l.mu.Lock()
		l.serve(now)
		until, reset := l.limits.blocked(w.endpoint, now, l.share)
		l.mu.Unlock()
		select {
		case <-w.ready:
			return w.Place, nil
		default:
		}
		switch {
		case until.After(deadline):
			l.give(w)
			return nil, l.usedUp(now, until, reset)
		case !now.Before(deadline):
			l.give(w)
			return nil, &LimitedError{Why: fmt.Sprintf("it waited %d s for earlier requests to the tenant",
				seconds(now.Sub(begun))), Reset: reset, Wait: until.Sub(now)}
		}
		due := !now.Before(told.Add(heartbeat))
		switch {
		case until.After(now) && (due || !limit):
			note(fmt.Sprintf("waiting for the tenant's rate limit, %d s", seconds(until.Sub(now))))
			told, limit = now, true
		case due:
			note("waiting for earlier requests to the tenant")
			told = now
		}
		wake := earlier(told.Add(heartbeat), deadline)
		if until.After(now) {
			wake = earlier(wake, until)
		}
		timer := time.NewTimer(wake.Sub(now))
		select {
		case <-w.ready:
		case <-w.news:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			l.give(w)
			return nil, context.Cause(ctx)
		}
		timer.Stop()
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// admit gives a request its place if there is one. The caller holds mu.
func (l *Limiter) admit(p *Place, now time.Time) bool {
	if l.inFlight >= l.maxInFlight || !l.limits.room(p.endpoint, now, l.share) {
		return false
	}
	// One place is kept from reads: many slow ones must not keep a write from beginning.
	if p.endpoint.reads() && l.maxInFlight > 1 && l.reads >= l.maxInFlight-1 {
		return false
	}
	l.occupy(p, 1)
	l.entered++
	p.order = l.entered
	p.counted = l.limits.count(p.endpoint)
	return true
}

// occupy takes a place, or with -1 gives it back. The caller holds mu.
func (l *Limiter) occupy(p *Place, n int) {
	l.inFlight += n
	if p.endpoint.reads() {
		l.reads += n
	}
}

// serve gives places to those who wait, in their order; who waits for one bucket
// does not hold up who waits for another. The caller holds mu.
func (l *Limiter) serve(now time.Time) {
	kept := l.waiting[:0]
	for _, w := range l.waiting {
		if l.admit(w.Place, now) {
			close(w.ready)
		} else {
			kept = append(kept, w)
		}
	}
	clear(l.waiting[len(kept):])
	l.waiting = kept
}

// give gives up waiting. A place that came in the same moment goes to the next.
func (l *Limiter) give(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, w); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		return
	}
	l.occupy(w.Place, -1)
	l.limits.uncount(w.counted)
	l.serve(time.Now())
}

// Observe learns from an answer's headers.
func (p *Place) Observe(status int, h http.Header) {
	l, now := p.limiter, time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.answered {
		return
	}
	p.answered = true
	l.limits.uncount(p.counted)
	l.limits.learn(p.endpoint, answerOf(status, h, now), now, p.order, l.entered)
	l.serve(now)
	for _, w := range l.waiting {
		select {
		case w.news <- struct{}{}:
		default: // it has not yet looked at the last
		}
	}
}

// Leave gives the place to the next. A request without an answer may have used up
// one of the limit.
func (p *Place) Leave() {
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	l.occupy(p, -1)
	if !p.answered {
		p.answered = true
		l.limits.uncount(p.counted)
		if b := p.counted; b != nil {
			b.remaining = max(0, b.remaining-1)
		}
	}
	l.serve(time.Now())
}

// ResetsWithin reports whether the limit in the way of this place's endpoint, if
// there is one, resets so soon.
func (p *Place) ResetsWithin(d time.Duration) bool {
	l, now := p.limiter, time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	until, _ := l.limits.blocked(p.endpoint, now, l.share)
	return !until.After(now.Add(d))
}
