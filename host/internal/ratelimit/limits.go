package ratelimit

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// longestWindow is beyond every limit of Auth0's: a reset later than that is a
	// broken header or a broken clock.
	longestWindow = 24 * time.Hour
	// believed is how long an answer is acted on. After it one request asks again,
	// so that a single wrong header does not silence the server for a day.
	believed = 5 * time.Minute
	// unknownReset is how long a 429 is heeded that names no time.
	unknownReset = time.Second
	// maxKnown bounds what is remembered: paths come from plugins, limits from
	// answers.
	maxKnown = 256

	// Auth0's headers, in the spelling under which Go finds them at once.
	headerLimit     = "X-Ratelimit-Limit"
	headerRemaining = "X-Ratelimit-Remaining"
	headerReset     = "X-Ratelimit-Reset"
)

// Endpoint is what answers are told apart by: Auth0 has buckets for groups such as
// "write clients" or "read users". Ids are left out; how deep they stand is kept.
type Endpoint struct {
	domain, method, resource string
	depth                    int
}

// EndpointOf is the endpoint of a request to a tenant, whose path is absolute.
func EndpointOf(domain, method, path string) Endpoint {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	rest := strings.TrimPrefix(path, pluginv1.BasePath)
	resource, _, _ := strings.Cut(rest, "/")
	return Endpoint{domain, method, resource, strings.Count(rest, "/")}
}

// limits is what answers have told of the tenant's rate limits.
//
// A tenant has one bucket for all of the Management API, and some Endpoints have
// one of their own, of another size. An answer does not name its bucket. So a bucket
// is told by its size, X-RateLimit-Limit: endpoints whose answers state the same are
// counted together. If that is wrong, because two have buckets of one size, requests
// wait for a reset that was not theirs; the opposite mistake, to count one bucket
// twice, would use up what the tenant's applications need. An endpoint without an
// answer yet counts in the largest bucket, which is the tenant's: the others are
// smaller.
// Source: https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy
type limits struct {
	buckets   map[bucketKey]*bucket
	endpoints map[Endpoint]*bucket
	// unknown are the requests under way that count in no bucket yet: in each, then.
	unknown int
}

// bucketKey tells buckets apart. Size 0 is for a 429 that names none: nothing goes
// to that tenant until its time.
type bucketKey struct {
	domain string
	size   int
}

func newLimits() limits {
	return limits{buckets: map[bucketKey]*bucket{}, endpoints: map[Endpoint]*bucket{}}
}

// bucket is one rate limit, as the latest answer told of it.
type bucket struct {
	size      int
	remaining int
	// epoch is the X-RateLimit-Reset of that answer, by the tenant's clock: it tells
	// which of two answers is newer.
	epoch int64
	// until is when the answer no longer holds, by our clock and not too early;
	// reset is what people are told.
	until, reset time.Time
	underWay     int
	// refused is how many requests had entered when the last 429 came, after whose
	// reset one request asks first; 0 once an answer to a later one is good.
	refused uint64
}

// reserve is what must be left of a bucket. One request may always go: a limit
// of 1 would else be none.
func (b *bucket) reserve(share int) int { return b.size - max(1, b.size*share/100) }

func (b *bucket) room(now time.Time, share, unknown int) bool {
	sent := b.underWay + unknown
	switch {
	case now.Before(b.until):
		return b.size > 0 && b.remaining-sent > b.reserve(share)
	case b.refused > 0:
		return sent == 0 // the reset is announced, not certain: one asks first
	}
	return b.size == 0 || b.size-sent > b.reserve(share)
}

// reads reports whether its requests change nothing.
func (e Endpoint) reads() bool { return e.method == http.MethodGet }

// of is the bucket that an endpoint counts in; nil if none is known.
func (l *limits) of(e Endpoint) *bucket {
	if b := l.endpoints[e]; b != nil {
		return b
	}
	var largest *bucket
	for key, b := range l.buckets {
		if key.domain == e.domain && key.size > 0 && (largest == nil || b.size > largest.size) {
			largest = b
		}
	}
	return largest
}

// inTheWay are the buckets that an endpoint's requests must have room in.
func (l *limits) inTheWay(e Endpoint) [2]*bucket {
	return [2]*bucket{l.of(e), l.buckets[bucketKey{e.domain, 0}]}
}

func (l *limits) room(e Endpoint, now time.Time, share int) bool {
	for _, b := range l.inTheWay(e) {
		if b != nil && !b.room(now, share, l.unknown) {
			return false
		}
	}
	return true
}

// blocked is until when, by the answers so far, an endpoint's requests have no
// room, and when their limit resets; zero if no limit is in their way.
func (l *limits) blocked(e Endpoint, now time.Time, share int) (until, reset time.Time) {
	for _, b := range l.inTheWay(e) {
		if b != nil && now.Before(b.until) && !b.room(now, share, 0) && b.until.After(until) {
			until, reset = b.until, b.reset
		}
	}
	return until, reset
}

// count notes that a request is on its way.
func (l *limits) count(e Endpoint) *bucket {
	b := l.of(e)
	if b == nil {
		l.unknown++
		return nil
	}
	b.underWay++
	return b
}

func (l *limits) uncount(b *bucket) {
	if b == nil {
		l.unknown--
		return
	}
	b.underWay--
}

// answerLimit is what one answer tells.
type answerLimit struct {
	size, remaining int // size 0: it names none
	refused         bool
	epoch           int64
	// wait is how long until the reset; reset when that is, to tell people.
	wait  time.Duration
	reset time.Time
}

// ResetOf is when an answer says that the limit resets, and how long that is; zero
// if it does not say.
func ResetOf(status int, h http.Header, now time.Time) (wait time.Duration, reset time.Time) {
	a := answerOf(status, h, now)
	return a.wait, a.reset
}

// answerOf reads X-RateLimit-Limit, -Remaining and -Reset (epoch seconds) and
// Retry-After (seconds or a date). The tenant's times are taken against its own
// Date: this computer's clock may be wrong, and then either everything would be
// refused or nothing waited for.
func answerOf(status int, h http.Header, now time.Time) answerLimit {
	a := answerLimit{refused: status == http.StatusTooManyRequests}
	tenantNow, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		tenantNow = now
	}
	agree := tenantNow.Sub(now).Abs() < 2*time.Second
	at := func(t time.Time) {
		wait := t.Sub(tenantNow)
		if wait > longestWindow || wait <= a.wait {
			return
		}
		a.wait, a.reset = wait, now.Add(wait)
		if agree {
			a.reset = t // to the second, as the tenant wrote it
		}
	}
	if epoch, err := strconv.ParseInt(h.Get(headerReset), 10, 64); err == nil {
		a.epoch = epoch
		at(time.Unix(epoch, 0))
	}
	if a.refused {
		if after, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil {
			at(tenantNow.Add(time.Duration(after) * time.Second))
		} else if after, err := http.ParseTime(h.Get("Retry-After")); err == nil {
			at(after)
		}
		if a.reset.IsZero() {
			a.wait, a.reset = unknownReset, now.Add(unknownReset)
		}
	}
	size, sizeErr := strconv.Atoi(h.Get(headerLimit))
	remaining, remainingErr := strconv.Atoi(h.Get(headerRemaining))
	if sizeErr == nil && remainingErr == nil && size > 0 && size <= maxSize && remaining >= 0 {
		a.size, a.remaining = size, remaining
	}
	return a
}

// maxSize is beyond any limit that a tenant has: a larger one is a fault somewhere, and
// to reckon with it would overflow.
const maxSize = 1_000_000_000

// Exhausted reports whether a 429 comes from Auth0's limiter itself: it says that
// nothing is left. Auth0's own clients repeat requests of every method after it,
// because the limiter stands before the API and what it refuses is not carried out.
// A 429 of something in between, which may have passed the request on, says no
// such thing.
// Source:
// https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy/rate-limit-use-cases
func Exhausted(status int, h http.Header) bool {
	return status == http.StatusTooManyRequests && h.Get(headerRemaining) == "0"
}

// learn takes an answer in. order is the number of its request, entered that of
// the latest.
func (l *limits) learn(e Endpoint, a answerLimit, now time.Time, order, entered uint64) {
	if a.size == 0 && !a.refused {
		// A tenant that says nothing of limits: a good answer to what came after its
		// refusal ends that.
		if b := l.buckets[bucketKey{e.domain, 0}]; b != nil && order > b.refused && !now.Before(b.until) {
			b.refused = 0
		}
		return
	}
	if a.size > 0 && a.remaining > a.size {
		a.remaining = a.size
	}
	b := l.bucket(bucketKey{e.domain, a.size})
	if a.size > 0 {
		if len(l.endpoints) >= maxKnown {
			clear(l.endpoints)
		}
		l.endpoints[e] = b
	}
	holds := now.Before(b.until)
	if holds && a.epoch < b.epoch && !a.refused {
		return // the answer of an earlier window came late
	}
	if holds && a.epoch == b.epoch {
		a.remaining = min(a.remaining, b.remaining)
	}
	until := now.Add(min(a.wait, believed))
	switch {
	case a.refused:
		a.remaining = 0
		b.refused = max(entered, 1)
		if b.until.After(until) {
			until, a.reset = b.until, b.reset
		}
	case a.wait > believed:
		b.refused = max(entered, 1) // after that long one asks again
	case order > b.refused:
		b.refused = 0
	}
	b.remaining, b.epoch, b.until, b.reset = a.remaining, a.epoch, until, a.reset
}

func (l *limits) bucket(key bucketKey) *bucket {
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= maxKnown {
			clear(l.buckets)
			clear(l.endpoints)
		}
		b = &bucket{size: key.size, remaining: key.size}
		l.buckets[key] = b
	}
	return b
}
