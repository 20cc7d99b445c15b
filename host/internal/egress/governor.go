package egress

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// DefaultRateShare is how much of the tenant's rate limit is used, in percent:
	// the tenant's own applications sign people in with the same limit.
	DefaultRateShare = 50
	// defaultMaxInFlight is how many requests are under way at a time: half of the
	// smallest burst that Auth0 allows (10, on the free plan), because before the
	// first answer nothing is known of the limit.
	defaultMaxInFlight = 5
	// defaultMaxWaiting bounds the queue. It has room for all calls that the transport
	// lets run at once, 64 that read and 16 that write, some with two requests: what has
	// been accepted there is not turned away here.
	defaultMaxWaiting = 128
	// defaultMaxWait is how long one request waits for its turn. With a read's own
	// 10 s it stays below the 60 s after which many MCP clients give a call up.
	defaultMaxWait = 30 * time.Second
	// heartbeat is how often the caller hears that its request still waits.
	heartbeat = 5 * time.Second
)

// governor lets requests through to the tenant within a share of its rate limit,
// a few at a time, first come, first served, but for a place that is kept from reads.
// It runs nothing of its own: whoever
// waits looks after the queue.
type governor struct {
	share, maxInFlight, maxWaiting int

	mu       sync.Mutex
	limits   limits
	inFlight int       // places that are taken
	reads    int       // of these, by reads
	waiting  []*waiter // oldest first
	entered  uint64    // how many requests have entered so far
}

func newGovernor(cfg Config) *governor {
	g := &governor{share: cfg.RateShare, maxInFlight: cfg.MaxInFlight, maxWaiting: cfg.MaxWaiting, limits: newLimits()}
	if g.share == 0 {
		g.share = DefaultRateShare
	}
	if g.maxInFlight == 0 {
		g.maxInFlight = defaultMaxInFlight
	}
	if g.maxWaiting == 0 {
		g.maxWaiting = defaultMaxWaiting
	}
	return g
}

// waiter is a request that waits for its place.
type waiter struct {
	*place
	ready chan struct{} // closed when it has one
	news  chan struct{} // an answer has changed how long the wait is
}

// place is one of the places at the tenant. It is held until the answer has been
// read, so that answers that come slowly count too.
type place struct {
	governor *governor
	endpoint endpoint
	// counted is the bucket that the request counts in until its answer is there;
	// nil if none is known yet.
	counted  *bucket
	order    uint64
	answered bool
}

// limitedError says why a request did not get a place.
type limitedError struct {
	why string
	// reset and wait tell when the limit resets, and how long that is; zero if it is
	// not the limit that is in the way.
	reset time.Time
	wait  time.Duration
}

func (e *limitedError) Error() string {
	if e.reset.IsZero() {
		return e.why + ": try again later, with fewer calls at a time"
	}
	return e.why + ": " + resetText(e.wait, e.reset)
}

// resetText is when to try again.
func resetText(wait time.Duration, reset time.Time) string {
	layout := time.TimeOnly + " UTC"
	if wait > 12*time.Hour {
		layout = time.DateTime + " UTC"
	}
	return fmt.Sprintf("try again in %d s, at %s", seconds(wait), reset.UTC().Format(layout))
}

// seconds rounds up: who comes back a moment too early is refused again.
func seconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

// enter waits until a request may be sent, for as long as patience at most, and
// tells note what for. It fails with a *limitedError, at once if waiting cannot
// help, or as ctx does.
func (g *governor) enter(ctx context.Context, e endpoint, patience time.Duration, note func(string)) (*place, error) {
	p := &place{governor: g, endpoint: e}
	g.mu.Lock()
	now := time.Now()
	if len(g.waiting) == 0 && g.admit(p, now) {
		g.mu.Unlock()
		return p, nil
	}
	if err := g.hopeless(p, now, now.Add(patience)); err != nil {
		g.mu.Unlock()
		return nil, err
	}
	w := &waiter{place: p, ready: make(chan struct{}), news: make(chan struct{}, 1)}
	g.waiting = append(g.waiting, w)
	g.serve(now) // who waits already may wait for another bucket
	g.mu.Unlock()
	return g.wait(ctx, w, now, patience, note)
}

// hopeless says why a request need not begin to wait; nil if it may.
func (g *governor) hopeless(p *place, now, deadline time.Time) error {
	until, reset := g.limits.blocked(p.endpoint, now, g.share)
	if until.After(deadline) {
		return g.usedUp(now, until, reset)
	}
	if len(g.waiting) >= g.maxWaiting {
		return &limitedError{why: fmt.Sprintf("%d requests wait for the tenant already", len(g.waiting)), reset: reset, wait: until.Sub(now)}
	}
	return nil
}

func (g *governor) usedUp(now, until, reset time.Time) error {
	why := "the tenant's rate limit is used up"
	if g.share < 100 {
		why = fmt.Sprintf("the %d %% of the tenant's rate limit that this server may use are used up", g.share)
	}
	return &limitedError{why: why, reset: reset, wait: max(until.Sub(now), reset.Sub(now))}
}

func (g *governor) wait(ctx context.Context, w *waiter, begun time.Time, patience time.Duration, note func(string)) (*place, error) {
	deadline, told, limit := begun.Add(patience), begun, false
	for now := begun; ; now = time.Now() {
		g.mu.Lock()
		g.serve(now)
		until, reset := g.limits.blocked(w.endpoint, now, g.share)
		g.mu.Unlock()
		select {
		case <-w.ready:
			return w.place, nil
		default:
		}
		switch {
		case until.After(deadline):
			g.give(w)
			return nil, g.usedUp(now, until, reset)
		case !now.Before(deadline):
			g.give(w)
			return nil, &limitedError{why: fmt.Sprintf("it waited %d s for earlier requests to the tenant", seconds(now.Sub(begun))), reset: reset, wait: until.Sub(now)}
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
			g.give(w)
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
func (g *governor) admit(p *place, now time.Time) bool {
	if g.inFlight >= g.maxInFlight || !g.limits.room(p.endpoint, now, g.share) {
		return false
	}
	// One place is kept from reads: many slow ones must not keep a write from beginning.
	if p.endpoint.reads() && g.maxInFlight > 1 && g.reads >= g.maxInFlight-1 {
		return false
	}
	g.occupy(p, 1)
	g.entered++
	p.order = g.entered
	p.counted = g.limits.count(p.endpoint)
	return true
}

// occupy takes a place, or with -1 gives it back. The caller holds mu.
func (g *governor) occupy(p *place, n int) {
	g.inFlight += n
	if p.endpoint.reads() {
		g.reads += n
	}
}

// serve gives places to those who wait, in their order; who waits for one bucket
// does not hold up who waits for another. The caller holds mu.
func (g *governor) serve(now time.Time) {
	kept := g.waiting[:0]
	for _, w := range g.waiting {
		if g.admit(w.place, now) {
			close(w.ready)
		} else {
			kept = append(kept, w)
		}
	}
	clear(g.waiting[len(kept):])
	g.waiting = kept
}

// give gives up waiting. A place that came in the same moment goes to the next.
func (g *governor) give(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, w); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
		return
	}
	g.occupy(w.place, -1)
	g.limits.uncount(w.counted)
	g.serve(time.Now())
}

// observe learns from an answer's headers.
func (p *place) observe(status int, h http.Header) {
	g, now := p.governor, time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.answered {
		return
	}
	p.answered = true
	g.limits.uncount(p.counted)
	g.limits.learn(p.endpoint, answerOf(status, h, now), now, p.order, g.entered)
	g.serve(now)
	for _, w := range g.waiting {
		select {
		case w.news <- struct{}{}:
		default: // it has not yet looked at the last
		}
	}
}

// leave gives the place to the next. A request without an answer may have used up
// one of the limit.
func (p *place) leave() {
	g := p.governor
	g.mu.Lock()
	defer g.mu.Unlock()
	g.occupy(p, -1)
	if !p.answered {
		p.answered = true
		g.limits.uncount(p.counted)
		if b := p.counted; b != nil {
			b.remaining = max(0, b.remaining-1)
		}
	}
	g.serve(time.Now())
}

// resetsWithin reports whether the limit in the way of this place's endpoint, if
// there is one, resets so soon.
func (p *place) resetsWithin(d time.Duration) bool {
	g, now := p.governor, time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	until, _ := g.limits.blocked(p.endpoint, now, g.share)
	return !until.After(now.Add(d))
}
